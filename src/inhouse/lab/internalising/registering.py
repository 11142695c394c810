"""Keeping a generation that was made and measured: its weights, its delta, what it was taught, its row, and its description last."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.lab.internalising import report, settling
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.internalising.frozen import Frozen
from inhouse.lab.internalising.report import Built, Data, Learnt, Report
from inhouse.lab.internalising.settling import DATA, TRACES, TakenBack
from inhouse.lab.internalising.workshop import Workshop
from inhouse.lab.making import Making
from inhouse.releases import entries
from inhouse.runtime.profile import LearntTool, Profile, describe
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.tuning import generations, models
from inhouse.tuning.files import read_json, sha256

_MOST_NAME = 120
_WEIGHTS = "adapter_model.safetensors"
#: Of what ships and teaches turns without a tool.
_LICENCES = {"a turn without a tool, shipped": "Apache-2.0", "a question on notes, shipped": "Apache-2.0"}


@dataclass(frozen=True)
class Measured:
    """What came of the making: the one that counts, and all figures."""

    making: Making
    arms: tuple[report.Arm, ...]
    primary: tuple[report.Primary, ...]
    guards: tuple[report.Guard, ...]
    curve: tuple[Learnt, ...]
    margins: str
    rehearsed: int


def register(
    db: Database, blobs: Blobs, workshop: Workshop, frozen: Frozen, measured: Measured
) -> dict[str, Any]:
    """Keep it whatever the verdict: what is "not better" may be looked at, and not promoted. The same again is the same.
    Raises ``TakenBack`` where somebody left since it was settled: then nothing of it is kept."""
    making = measured.making
    found = _report(frozen, measured)
    file_hash = sha256(making.model)
    generation = models.generation_id(file_hash)
    file = workshop.models / f"{generation}.gguf"
    if not file.exists():
        aside = file.with_name(f".{file.name}")
        shutil.copyfile(making.model, aside)
        aside.rename(file)
    delta = {path.name: blobs.put_file(path) for path in sorted(making.shipped.iterdir())}
    data = _data_hashes(blobs, frozen)
    try:
        with db.write() as tx:
            if generations.known(tx, generation) is None:
                settling.standing(tx, frozen)
            generations.add(
                tx,
                generation,
                name=_name(tx, frozen),
                parent=frozen.parent,
                recipe=making.recipe.model_dump(mode="json", exclude={"preference"}),
                data_hashes=data,
                scores=report.stored(found),
                file_hash=file_hash,
                quantisation=making.quantisation,
                delta=delta,
            )
    except TakenBack:
        file.unlink()
        blobs.delete(delta[_WEIGHTS])
        raise
    describe(
        workshop.models,
        generation,
        file.name,
        profile_with(frozen),
        delta.get(_WEIGHTS, file_hash),
    )
    return {"generation": generation, "passed": found.verdict.passed, "reason": found.verdict.reason}


def profile_with(frozen: Frozen) -> Profile:
    """The parent's profile, and the tools that moved in."""
    new = {
        one.tool.name: LearntTool(name=one.tool.name, parameters=one.tool.parameters) for one in frozen.wanted
    }
    old = {one.name: one for one in frozen.profile.tools}
    return frozen.profile.model_copy(update={"tools": tuple((old | new).values())})


def _report(frozen: Frozen, measured: Measured) -> Report:
    making = measured.making
    return Report(
        tools=tuple(
            Built(tool=one.tool.name, extension=one.extension, version=entries.version(one.entry))
            for one in frozen.wanted
        ),
        arms=measured.arms,
        primary=measured.primary,
        guards=measured.guards,
        curve=measured.curve,
        data=Data(
            sha256=frozen.taught.sha256,
            uses=len(frozen.taught.uses),
            sources=frozen.taught.sources(),
            left_out=frozen.taught.left_out,
            licences={kind: of for kind, of in _LICENCES.items() if kind in frozen.taught.sources()},
            rehearsed=measured.rehearsed,
        ),
        margins_sha256=measured.margins,
        verdict=report.judge(measured.primary, measured.guards),
        file_bytes=making.model.stat().st_size,
        parent_bytes=making.parent.stat().st_size,
        delta_bytes=sum(path.stat().st_size for path in making.shipped.iterdir()),
        seconds=_seconds(making.folder / "out" / "manifest.json"),
    )


def _data_hashes(blobs: Blobs, frozen: Frozen) -> dict[str, str]:
    """Where what was taught and what judged came from, as one blob without a word of it, so that it outlives who said it; and
    the data set that says whose traces are in it."""
    sides = {"taught": frozen.taught, "kept": frozen.kept, "before": frozen.before}
    told = {name: {"sha256": side.sha256, "uses": _told(side)} for name, side in sides.items()}
    data = {DATA: blobs.put(json.dumps(told, ensure_ascii=False, sort_keys=True).encode())}
    return data | ({TRACES: frozen.data_set} if frozen.data_set else {})


def _told(side: Dataset) -> list[dict[str, str]]:
    return [{"tool": one.use.call.tool if one.use.call else "", "source": one.source} for one in side.uses]


def _name(tx: Tx, frozen: Frozen) -> str:
    parent = generations.known(tx, frozen.parent)
    name = parent.name if parent else ""
    built = sorted({one.extension for one in frozen.wanted})
    return f"{name or frozen.parent}+{'+'.join(built)}"[:_MOST_NAME]


def _seconds(manifest: Path) -> float:
    metrics: Mapping[str, Any] = read_json(manifest)["metrics"] if manifest.exists() else {}
    return float(metrics.get("sft", {}).get("seconds", 0.0))
