"""Generations for the operator: the family with who runs on whom, one of them in full, its card, and its export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core.settings import Settings
from inhouse.lab.generations.card import Subject, base_of, card
from inhouse.lab.internalising import report as reports
from inhouse.lab.internalising import settling
from inhouse.lab.internalising.report import Report
from inhouse.releases import in_use
from inhouse.runtime.profile import Installed, NoModel, description, installed
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.tuning import exports, family, generations, models
from inhouse.tuning.exports import Artifact, Form
from inhouse.tuning.family import Branch
from inhouse.tuning.generations import Generation

#: Says what is being written.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Family:
    """All generations. ``running`` names the AIs whose fans each of them answers; ``sizes`` the bytes of the files that are here."""

    roots: tuple[Branch, ...]
    current: str | None
    """What new releases and trainings start on; none where a model server answers."""
    running: Mapping[str, Sequence[str]]
    sizes: Mapping[str, int]

    @cached_property
    def every(self) -> tuple[tuple[int, Branch], ...]:
        """Each with its depth, parents before children."""
        return tuple(one for root in self.roots for one in root.walk())


@dataclass(frozen=True)
class Known:
    """One generation in full."""

    generation: Generation
    parent: Generation | None
    root: Generation
    children: Sequence[Generation]
    report: Report | None
    is_current: bool
    running: Sequence[str]
    file: Path
    bytes: int | None
    """``None`` where its file is not here."""
    languages: Sequence[str]
    withdrawn: int = 0
    """Shared questions that it learnt from and that were taken back since."""

    def subject(self, form: Form | None = None) -> Subject:
        """What its card is about."""
        return Subject(self.generation, self.parent, self.root, self.languages, form)

    def card(self, form: Form | None = None) -> str:
        """Its model card, for one form or for all."""
        return card(self.subject(form))


@dataclass(frozen=True)
class Exported:
    """A folder that was written, or was complete already."""

    form: Form
    folder: Path
    is_new: bool


class Generations:
    """Everything that is shared by all AIs is the operator's to see and to give away."""

    def __init__(self, db: Database, blobs: Blobs, settings: Settings) -> None:
        self._db = db
        self._blobs = blobs
        self._settings = settings

    def family(self, actor: Actor) -> Family:
        """The whole tree."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            found = generations.listing(tx)
            running = in_use.by_generation(tx)
        served = self._served()
        sizes = {one.id: size for one in found if (size := _size(self._file(one.id))) is not None}
        return Family(family.tree(found), served.generation if served else None, running, sizes)

    def get(self, actor: Actor, wanted: str) -> Known:
        """One of them by id or name; ``NotFound`` where there is none."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return self._known(tx, wanted)

    def export(
        self, actor: Actor, wanted: str, folder: Path, forms: Sequence[Form], say: Say
    ) -> list[Exported]:
        """Write these forms (none named: all that there are) into the folder; what is complete stays as it is."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            known = self._known(tx, wanted)
            audit.record(tx, actor, "exported generation", subject=known.generation.id)
        artifact = self._artifact(known)
        made = []
        for form in forms or artifact.forms:
            say(f"{known.generation.name}: {form}")
            made.append(Exported(form, *exports.write(artifact, form, folder, known.card(form))))
        return made

    def _known(self, tx: Tx, wanted: str) -> Known:
        generation = generations.find(tx, wanted)
        every = {one.id: one for one in generations.listing(tx)}
        served = self._served()
        described = description(self._settings.models_folder, generation.id)
        file = self._file(generation.id)
        return Known(
            generation=generation,
            parent=every.get(generation.parent or ""),
            root=_root(generation, every),
            children=[one for one in reversed(every.values()) if one.parent == generation.id],
            report=reports.of(generation.scores),
            is_current=served is not None and served.generation == generation.id,
            running=in_use.by_generation(tx).get(generation.id, ()),
            withdrawn=settling.withdrawn(tx, self._blobs, generation),
            file=file,
            bytes=_size(file),
            languages=sorted(described.profile.languages) if described else (),
        )

    def _artifact(self, known: Known) -> Artifact:
        generation = known.generation
        delta = generation.delta
        return Artifact(
            id=generation.id,
            name=generation.name,
            model=known.file,
            file_hash=generation.file_hash,
            delta={name: self._blobs.path(blob) for name, blob in delta.items()} if delta else None,
            base=base_of(known.subject()),
            cache=self._settings.models_folder / "torch",
            threads=self._settings.threads,
        )

    def _file(self, generation_id: str) -> Path:
        return models.file_of(self._settings.models_folder, generation_id)

    def _served(self) -> Installed | None:
        if self._settings.engine != "embedded":
            return None
        try:
            return installed(self._settings)
        except NoModel:
            return None


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def _root(generation: Generation, every: Mapping[str, Generation]) -> Generation:
    while (parent := every.get(generation.parent or "")) is not None:
        generation = parent
    return generation
