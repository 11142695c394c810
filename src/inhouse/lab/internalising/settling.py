"""Settling what a generation is made of, once for a job: what goes on after a kill goes on with the same data, unless consent ended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from inhouse.accounts.actors import Actor
from inhouse.conversations import lineage
from inhouse.conversations.exports import Manifest, NothingShared, TraceExports
from inhouse.conversations.traces import Traces
from inhouse.core import ids
from inhouse.lab import curriculum
from inhouse.lab.internalising import dataset, frozen, material
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.internalising.frozen import Frozen
from inhouse.lab.internalising.internalising import NotTeachable
from inhouse.lab.internalising.material import TRACE, Material, Wanted
from inhouse.lab.internalising.workshop import Workshop
from inhouse.runtime.profile import Installed, Method
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job
from inhouse.tuning import generations

#: Under these names a generation's ``data_hashes`` hold what it was taught (a blob) and whose traces were in it (a data set).
DATA, TRACES = "dataset", "traces"
_BEFORE = "taught before"


def settle(db: Database, blobs: Blobs, workshop: Workshop, job: Job, folder: Path) -> Frozen:
    """What this job settled, or settles now. Where somebody whose traces went in took their consent back, all begins anew."""
    kept = folder / "frozen.json"
    if kept.exists():
        found = frozen.read(kept)
        if not _gone(db, _traces(found.taught, found.kept, found.before)):
            return found
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parent = workshop.current()
    if parent is None:
        raise NotTeachable()
    made = _settled(db, blobs, parent, job, folder)
    made.write(kept)
    return made


def rehearsal(blobs: Blobs, db: Database, workshop: Workshop, settled: Frozen, folder: Path) -> list[str]:
    """Rows of what the parent knows already, so that it keeps it: grounded answers, where it was trained for them. As many as
    there are uses: few uses change little, and rehearsing takes longer than learning them."""
    if settled.profile.method is not Method.TRAINED:
        return []
    file = folder / "rehearsal.jsonl"
    if not file.exists():
        aside = file.with_suffix(".part")
        curriculum.write(curriculum.written_rehearsal(workshop.embed), aside)
        aside.rename(file)
    return file.read_text("utf-8").splitlines()[: len(settled.taught.uses)]


def withdrawn(tx: Tx, blobs: Blobs, generation: generations.Generation) -> int:
    """How many traces that this generation learnt from must not be learnt from any more: it can't unlearn, and its page says so."""
    taught, kept = _data_of(blobs, generation)
    return len(lineage.gone(tx, _traces(taught, kept)))


def _settled(db: Database, blobs: Blobs, parent: Installed, job: Job, folder: Path) -> Frozen:
    with db.read() as tx:
        wanted = material.wanted(tx, job.payload["extensions"])
    shared = list(Traces(db).consented(ai_ids=material.ai_ids(wanted)))
    with db.read() as tx:
        found = material.gather(tx, wanted, shared)
    for lacking in found.lacking:
        raise lacking
    data_set, left = _noted(db, found, wanted, job, folder)
    names = {want.tool.name for want in wanted}
    taught_before, kept_before = _before(db, blobs, parent.generation, names)
    return Frozen(
        parent=parent.generation,
        profile=parent.profile,
        wanted=tuple(wanted),
        taught=_with(_only(found.taught, left), taught_before),
        kept=_only(found.kept, left),
        before=dataset.named(kept_before, {}),
        data_set=data_set,
    )


def _noted(
    db: Database, found: Material, wanted: list[Wanted], job: Job, folder: Path
) -> tuple[str, frozenset[str]]:
    """Note whose traces go in, before anything is trained on them, and keep those whose consent stands in that moment."""
    if not found.traces:
        return "", frozenset()
    file = folder / f"internalise-{job.id}.jsonl"
    for path in folder.glob(f"*{file.name}*"):  # a kill left it before anything was settled
        path.unlink()
    used = set(found.traces)
    try:
        manifest: Manifest = TraceExports(db).make(
            Actor.system(), material.ai_ids(wanted), file, wanted=lambda one: ids.digest(one.id) in used
        )
    except NothingShared:
        return "", frozenset()
    return manifest.id, frozenset(manifest.lineage)


def _only(data: Dataset, traces: frozenset[str]) -> Dataset:
    """Without traces that nobody noted."""
    kept = [one for one in data.uses if one.kind != TRACE or one.which in traces]
    return data if len(kept) == len(data.uses) else dataset.named(kept, data.left_out)


def _with(data: Dataset, more: list[Sourced]) -> Dataset:
    if not more:
        return data
    return dataset.noted(dataset.build([*data.uses, *more], ()), data.left_out)


def _before(db: Database, blobs: Blobs, parent: str, anew: set[str]) -> tuple[list[Sourced], list[Sourced]]:
    """What the parent was taught of other tools, and what judged that: traces that must not be learnt from any more are left out."""
    with db.read() as tx:
        known = next((one for one in generations.listing(tx) if one.id == parent), None)
    if known is None:
        return [], []
    taught, judged = _data_of(blobs, known)
    gone = _gone(db, _traces(taught, judged))
    return list(_standing(taught, anew, gone)), list(_standing(judged, anew, gone))


def _standing(data: Dataset, anew: set[str], gone: frozenset[str]) -> Iterator[Sourced]:
    for one in data.uses:
        call = one.use.call
        if call is not None and call.tool not in anew and one.which not in gone:
            yield Sourced(one.use, one.source if one.kind.startswith(_BEFORE) else f"{_BEFORE}, {one.source}")


def _data_of(blobs: Blobs, generation: generations.Generation) -> tuple[Dataset, Dataset]:
    """What taught and what judged a generation that was made here; empty for any other."""
    blob = generation.data_hashes.get(DATA, "")
    if not blob or not blobs.path(blob).exists():
        return dataset.named((), {}), dataset.named((), {})
    kept = json.loads(blobs.get(blob))
    return frozen.uses_of(kept["taught"]), frozen.uses_of(kept["kept"])


def _traces(*sides: Dataset) -> list[str]:
    return [one.which for data in sides for one in data.uses if one.kind.endswith(TRACE)]


def _gone(db: Database, traces: list[str]) -> frozenset[str]:
    """Those that must not be learnt from any more, in whichever data set they stand."""
    with db.read() as tx:
        return lineage.gone(tx, traces)
