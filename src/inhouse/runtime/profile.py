"""What a model can be trusted with: how answers are grounded on it, in which languages it writes, which tools it knows.

Each generation is described by a file beside its weights, so that the runtime needs no database. See
``docs/design/generations.md``.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from inhouse.core import ids
from inhouse.core.errors import InhouseError
from inhouse.core.settings import Settings

#: Names what new releases and trainings start on: a copy of its description.
CURRENT = "current.json"
#: Begins the name of a model of the installation's model server.
ENDPOINT = "endpoint:"


class NoModel(InhouseError):
    """There is no model in {folder}. Run: inhouse models fetch"""

    status = 503


class NoGeneration(InhouseError):
    """The weights or the description of {name} are missing in {folder}. Put them back, or choose another generation."""

    status = 404


class Method(StrEnum):
    """How an answer is got out of passages."""

    TRAINED = "trained"
    """By a generation that was trained for it: `prompts.grounded`, with the probability of "not in the notes"."""
    PROMPTED = "prompted"
    """By instructions alone, for a model that nobody trained for it."""
    EXTRACTIVE = "extractive"
    """Without the model: the passage's own sentence."""


class LearntTool(BaseModel):
    """A tool that a generation calls without its being described. A tool is its name *and* its arguments."""

    model_config = ConfigDict(frozen=True)

    name: str
    parameters: dict[str, Any]
    """JSON schema of the arguments, as it was taught."""


class Profile(BaseModel):
    """A model's profile. The thresholds are chosen on tuning data (``docs/lab-log.md``), and ship with the generation."""

    model_config = ConfigDict(frozen=True)

    method: Method
    languages: frozenset[str] = frozenset({"en"})
    """Languages that the model writes. In every other one the AI quotes its passages."""
    passages: int = 3
    """How many passages the model reads."""
    abstain_above: float = 0.5
    """`TRAINED`: abstain where the model gives "not in the notes" more than this probability."""
    least_support: float = 0.2
    """Abstain where the search gives an answer less than this probability to be there at all."""
    extract_support: float = 0.5
    """`EXTRACTIVE`: the same, where no model reads the passages after the search."""
    tools: tuple[LearntTool, ...] = ()
    """The tools whose use it has learnt."""

    def writes(self, language: str) -> bool:
        """Whether the model writes this language well enough to answer in it."""
        return "*" in self.languages or language in self.languages


class Installed(BaseModel):
    """A model that an installation can serve, as its description says."""

    model_config = ConfigDict(frozen=True)

    generation: str
    """Its id, which follows from the file's content; empty for a model server, which stands for them all."""
    file: Path
    source: str
    """SHA-256 of what it was made from: the delta that ships, or the file itself."""
    profile: Profile


def installed(settings: Settings) -> Installed:
    """The generation that new releases start on; raises ``NoModel`` where none was fetched."""
    folder = settings.models_folder
    found = _read(folder / CURRENT)
    if found is None:
        raise NoModel(folder=folder)
    return found


def answering(settings: Settings, generation: str | None) -> Installed:
    """What answers for a release: the generation that it names, else the current one (it names none, or that one is gone).
    A giant of a cascade may be a model of the model server, beside generations that are served here."""
    if generation is not None and generation.startswith(ENDPOINT):
        return remote(generation)
    if settings.engine == "openai":
        return remote()
    named = description(settings.models_folder, generation) if generation else None
    return named or installed(settings)


def profile_of(settings: Settings) -> Profile:
    """What the current model can be trusted with: a server's, which we don't know, is told what to do, in any language."""
    return answering(settings, None).profile


def of_server() -> Profile:
    """What a model server's model can be trusted with."""
    return Profile(method=Method.PROMPTED, languages=frozenset({"*"}))


def remote(name: str = "") -> Installed:
    """A model of the model server, by its name as a giant; without one, the server that stands for every generation."""
    return Installed(generation=name, file=Path(), source="", profile=of_server())


def description(folder: Path, generation: str) -> Installed | None:
    """A generation that is complete: described, and its weights are there."""
    found = _read(folder / f"{generation}.json")
    return found if found and found.generation == generation and found.file.exists() else None


def descriptions(folder: Path) -> list[Installed]:
    """Every generation that is complete, by id."""
    paths = [path for path in sorted(folder.glob("*.json")) if path.name != CURRENT]
    return [found for path in paths if (found := description(folder, path.stem))]


def describe(folder: Path, generation: str, file: str, profile: Profile, source: str) -> None:
    """Write a generation's description. Last of all: its weights must be in the folder under their name."""
    made = Installed(generation=generation, file=Path(file), source=source, profile=profile)
    _write(folder / f"{generation}.json", made.model_dump_json(indent=1))


def describe_current(folder: Path) -> None:
    """Give what is current its description, which versions before this one did not write."""
    now = _read(folder / CURRENT)
    if now is not None:
        see_described(folder, now)


def see_described(folder: Path, current: Installed) -> None:
    """``describe_current`` for who has read what is current."""
    if not (folder / f"{current.generation}.json").exists():
        describe(folder, current.generation, current.file.name, current.profile, current.source)


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold what is current as it is: other processes that want to change it wait. Needs no right to write."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def make_current(folder: Path, generation: str) -> None:
    """Let new releases and trainings start on this generation. Raises ``NoGeneration`` where it is not complete."""
    describe_current(folder)  # what is left must stay servable
    if description(folder, generation) is None:
        raise NoGeneration(name=generation, folder=folder)
    _write(folder / CURRENT, (folder / f"{generation}.json").read_text("utf-8"))


def write_current(folder: Path, generation: str, file: str, profile: Profile, source: str) -> None:
    """Describe a model file of the folder, and make it the one that new releases start on."""
    describe(folder, generation, file, profile, source)
    with changing(folder):
        make_current(folder, generation)


def _read(path: Path) -> Installed | None:
    try:
        found = Installed.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return found.model_copy(update={"file": path.parent / found.file})


def _write(path: Path, text: str) -> None:
    """Whole or not at all; several processes and threads may write the same."""
    aside = path.with_name(f".{path.name}.{ids.new_id('part')}")
    aside.write_text(text, encoding="utf-8")
    aside.rename(path)
