"""Settling what a generation is made of, once for a job: what goes on after a kill goes on with the same data. Whose consent ended, ``standing`` says."""

from __future__ import annotations

import json
from pathlib import Path

from inhouse.accounts.actors import Actor
from inhouse.conversations import lineage
from inhouse.conversations.exports import Manifest, NothingShared, TraceExports
from inhouse.core import ids
from inhouse.core.errors import InhouseError
from inhouse.lab import curriculum
from inhouse.lab.internalising import dataset, frozen, material
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.internalising.frozen import Frozen
from inhouse.lab.internalising.internalising import NotTeachable
from inhouse.lab.internalising.material import TRACE, Material
from inhouse.lab.internalising.workshop import Workshop
from inhouse.runtime.profile import Installed, Method
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job
from inhouse.tuning import generations

#: Under these names a generation's ``data_hashes`` hold where all that it was taught came from (a blob) and whose traces were in it (a data set).
DATA, TRACES = "dataset", "traces"


class TakenBack(InhouseError):
    """Somebody whose questions went in took their consent back, or was erased. All begins anew without them."""

    status = 409


def settle(db: Database, workshop: Workshop, job: Job, folder: Path) -> Frozen:
    """What this job settled, or settles now."""
    kept = folder / "frozen.json"
    if kept.exists():
        return frozen.read(kept)
    folder.mkdir(parents=True, exist_ok=True)
    parent = workshop.current()
    if parent is None:
        raise NotTeachable()
    made = _settled(db, parent, job, folder)
    made.write(kept)
    return made


def rehearsal(workshop: Workshop, settled: Frozen, folder: Path) -> list[str]:
    """Rows of what the parent knows already, so that it keeps it: grounded answers, where it was trained for them, and plain text.
    As many as there are uses: few uses change little, and rehearsing takes longer than learning them."""
    if settled.profile.method is not Method.TRAINED:
        return []
    file = folder / curriculum.REHEARSAL
    if not file.exists():
        curriculum.write(curriculum.rehearsed(curriculum.written_rehearsal(workshop.embed)), file)
    return file.read_text("utf-8").splitlines()[: len(settled.taught.uses)]


def withdrawn(tx: Tx, blobs: Blobs, generation: generations.Generation) -> int:
    """How many traces that this generation learnt from must not be learnt from any more: it can't unlearn, and its page says so."""
    blob = generation.data_hashes.get(DATA, "")
    if not blob or not blobs.path(blob).exists():
        return 0
    kept = json.loads(blobs.get(blob))
    sources = [one["source"] for side in kept.values() for one in side["uses"]]
    return len(lineage.gone(tx, material.traces_in(sources)))


def standing(tx: Tx, settled: Frozen) -> None:
    """Raises ``TakenBack`` where a trace that went in must not be learnt from any more."""
    every = (*settled.taught.uses, *settled.kept.uses, *settled.before.uses)
    if lineage.gone(tx, material.traces_in(one.source for one in every)):
        raise TakenBack()


def _settled(db: Database, parent: Installed, job: Job, folder: Path) -> Frozen:
    found = material.at_hand(db, job.payload["extensions"], parent.profile.tools)
    for lacking in found.lacking:
        raise lacking
    data_set, left = _noted(db, found, job, folder)
    return Frozen(
        parent=parent.generation,
        profile=parent.profile,
        wanted=found.wanted,
        taught=_only(found.taught, left),
        kept=_only(found.kept, left),
        before=_only(found.before, left),
        data_set=data_set,
    )


def _noted(db: Database, found: Material, job: Job, folder: Path) -> tuple[str, frozenset[str]]:
    """Note whose traces go in, before anything is trained on them, and keep those whose consent stands in that moment."""
    if not found.traces:
        return "", frozenset()
    file = folder / f"internalise-{job.id}.jsonl"
    for path in folder.glob(f"*{file.name}*"):  # a kill left it before anything was settled
        path.unlink()
    used = set(found.traces)
    try:
        manifest: Manifest = TraceExports(db).make(
            Actor.system(), found.ai_ids, file, wanted=lambda one: ids.digest(one.id) in used
        )
    except NothingShared:
        return "", frozenset()
    return manifest.id, frozenset(manifest.lineage)


def _only(data: Dataset, traces: frozenset[str]) -> Dataset:
    """Without traces that nobody noted."""
    kept = [one for one in data.uses if not one.kind.endswith(TRACE) or one.which in traces]
    return data if len(kept) == len(data.uses) else dataset.named(kept, data.left_out)
