"""The job ``internalise``: from the installation's material to a generation with its figures and its verdict.

Each step's file is written last and found again: what was settled, what was trained, the merged model, what each arm and each guard came
to. So a job that was killed goes on after the last of them, and its result is the same. Whether all who shared something still agree is
asked before and after each training, and where the generation is kept: else all begins anew without them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from inhouse.lab.internalising import arms, guards, own_guards, registering, settling
from inhouse.lab.internalising.arms import Arm, Asked, Taught
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.internalising.frozen import Frozen
from inhouse.lab.internalising.guards import Guard
from inhouse.lab.internalising.internalising import CURVE, JOB, MARGIN
from inhouse.lab.internalising.measuring import Measuring
from inhouse.lab.internalising.registering import Measured
from inhouse.lab.internalising.report import ArmKind, Learnt
from inhouse.lab.internalising.settling import TakenBack
from inhouse.lab.internalising.ways import Called, Request
from inhouse.lab.internalising.workshop import Workshop
from inhouse.lab.making import Making
from inhouse.releases.gate import Bridge
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.extensions.base import Limits
from inhouse.runtime.extensions.calling import Attached
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.store.jobs import Handler, Job, Progress
from inhouse.tuning import recipes
from inhouse.tuning.files import read_json, write_json
from inhouse.tuning.jobfile import JobFile
from inhouse.tuning.supervisor import Supervisor

#: Where training begins and ends, and measuring ends, in the job's progress.
_SETTLED, _MADE, _MEASURED = 0.02, 0.6, 0.98

Found = Mapping[ArmKind, tuple[Sequence[Called], Sequence[Called]]]


class MakingJob:
    """Runs the job. ``bridge`` is the way into the event loop in which engines are asked."""

    def __init__(self, db: Database, blobs: Blobs, workshop: Workshop, bridge: Bridge = anyio.run) -> None:
        self._db, self._blobs, self._workshop, self._bridge = db, blobs, workshop, bridge

    @property
    def handler(self) -> Handler:
        """For the worker. Its result: ``generation``, ``passed`` and ``reason``."""
        return Handler(JOB, "heavy", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Settle, train, merge, measure, judge, register."""
        folder = self._workshop.folder / progress.job.id
        done = folder / "result.json"
        while not done.exists():
            progress.report(0.0, "gathering what teaches")
            try:
                write_json(done, self._made(progress, folder))
            except TakenBack:
                shutil.rmtree(folder)
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != done:
                path.unlink()
        result: dict[str, Any] = read_json(done)
        return result

    def _made(self, progress: Progress, folder: Path) -> dict[str, Any]:
        """All of it once. Raises ``TakenBack`` where somebody leaves meanwhile: nothing is kept then."""
        frozen = settling.settle(self._db, self._workshop, progress.job, folder)
        made = self._make(progress.part(_SETTLED, _MADE - _SETTLED), frozen, folder)
        measured = self._measure(progress.part(_MADE, _MEASURED - _MADE), frozen, made, folder)
        progress.report(_MEASURED, "keeping the new generation")
        return registering.register(self._db, self._blobs, self._workshop, frozen, measured)

    def _standing(self, frozen: Frozen) -> None:
        with self._db.read() as tx:
            settling.standing(tx, frozen)

    def _make(self, progress: Progress, frozen: Frozen, folder: Path) -> dict[int, Making]:
        """The generations by the number of their uses: those of the learning curve, and all of them last."""
        whole, job = len(frozen.taught.uses), progress.job
        counts = [*(count for count in CURVE if job.payload["curve"] and count < whole), whole]
        rehearsal = settling.rehearsal(self._workshop, frozen, folder)
        made, at = {}, 0.0
        for count in counts:
            share = count / sum(counts)
            part = progress.part(at, share)
            making = self._making(job, frozen, folder, count)
            some = rehearsal[: len(rehearsal) * count // whole]
            self._standing(frozen)
            self._workshop.build(
                making, frozen.taught.first(count), some, partial(part.report, 1.0), _supervised(part)
            )
            self._standing(frozen)
            made[count] = making
            at += share
        return made

    def _making(self, job: Job, frozen: Frozen, folder: Path, count: int) -> Making:
        return Making(
            name="model",
            parent=self._workshop.models / f"{frozen.parent}.gguf",
            rows=folder / str(count) / "rows.jsonl",
            folder=folder / str(count),
            cache=self._workshop.models / "torch",
            recipe=recipes.recipe(job.payload["recipe"]),
            threads=self._workshop.threads,
        )

    def _measure(
        self, progress: Progress, frozen: Frozen, made: Mapping[int, Making], folder: Path
    ) -> Measured:
        asked, taught = _asked(frozen.kept), self._taught(frozen)
        held = own_guards.of_installation(self._db, registering.profile_with(frozen), self._workshop)
        if frozen.before.uses:
            held.append(guards.built_in_before(frozen.before, frozen.profile))
        margins = guards.laid_down(held, MARGIN)
        write_json(folder / "margins.json", margins)
        *earlier, newest = made.values()
        retriever = self._workshop.retriever

        def of_parent(engine: Engine) -> list[Arm]:
            return arms.of_parent(engine, retriever, taught, asked)

        def of_child(engine: Engine) -> list[Arm]:
            return arms.of_child(engine, retriever, taught, asked)

        old, before = self._ask(progress.part(0.0, 0.5), folder / "parent", newest.parent, of_parent, held)
        new, after = self._ask(progress.part(0.5, 0.4), newest.folder / "asked", newest.model, of_child, held)
        calls = {kind: warm for kind, (warm, _) in (old | new).items()}
        judged = [guards.compare(*one) for one in zip(held, before, after, strict=True)]
        judged.append(guards.no_tool(calls[ArmKind.OUTSIDE], calls[ArmKind.BUILT_IN]))
        return Measured(
            making=newest,
            arms=tuple(arms.figures(kind, *found, taught) for kind, found in (old | new).items()),
            primary=arms.primary(calls, MARGIN),
            guards=tuple(judged),
            curve=tuple(self._curve(progress.part(0.9, 0.1), earlier, list(made), taught, asked, calls)),
            margins=margins,
            rehearsed=_rehearsed(newest),
        )

    def _curve(
        self,
        progress: Progress,
        earlier: Sequence[Making],
        counts: Sequence[int],
        taught: Sequence[Taught],
        asked: Asked,
        calls: Mapping[ArmKind, Sequence[Called]],
    ) -> Iterator[Learnt]:
        for count, making in zip(counts, earlier, strict=False):
            with self._engine(making.model) as engine:
                measuring = Measuring(making.folder / "asked", self._bridge, progress.report)
                yield arms.learnt(count, measuring.arm(arms.of_curve(engine, taught, asked))[0])
        if earlier:
            yield arms.learnt(counts[-1], calls[ArmKind.BUILT_IN])

    def _ask(
        self,
        progress: Progress,
        folder: Path,
        model: Path,
        arms_of: Callable[[Engine], Sequence[Arm]],
        held: Sequence[Guard],
    ) -> tuple[dict[ArmKind, tuple[list[Called], list[Called]]], list[list[float]]]:
        """Every arm and every guard of one model file."""
        with self._engine(model) as engine:
            pieces = arms_of(engine)
            each = 1.0 / (len(pieces) + len(held))
            parts = [progress.part(at * each, each) for at in range(len(pieces) + len(held))]
            found = {}
            for arm, part in zip(pieces, parts, strict=False):
                found[arm.kind] = Measuring(folder, self._bridge, part.report).arm(arm)
            marks = []
            for guard, part in zip(held, parts[len(pieces) :], strict=True):
                marks.append(Measuring(folder, self._bridge, part.report).marks(guard, engine))
            return found, marks

    @contextmanager
    def _engine(self, model: Path) -> Iterator[Engine]:
        engine = self._workshop.engine(model)
        try:
            yield engine
        finally:
            self._bridge(engine.aclose)

    def _taught(self, frozen: Frozen) -> list[Taught]:
        """The tools with their own extension behind them, which reads some requests by itself, as it does for fans. Their
        examples are those that teach: what judges must not be among what the model is shown."""
        judges = {one.use.request for one in frozen.kept.uses}
        found = []
        for at, want in enumerate(frozen.wanted, 1):
            examples = tuple(one for one in want.tool.examples if one.request not in judges)
            tool = want.tool.model_copy(update={"examples": examples})
            handler = self._workshop.handler(want.ai_id, want.entry)
            found.append(Taught(Attached(want.extension, tool, Limits(), handler), f"other_{at}"))
        return found


def _asked(kept: Dataset) -> Asked:
    meant, nothing = [], []
    for one in kept.uses:
        call = one.use.call
        if call is None:
            nothing.append(Request(one.use.request))
        else:
            accepted = {name: [value] for name, value in call.arguments.items()}
            meant.append(Request(one.use.request, call.tool, (accepted,)))
    return Asked(meant, nothing)


def _supervised(progress: Progress) -> Callable[[JobFile], None]:
    """The trainer beside the job: it is told to stop when the job is, and goes on after a kill."""

    def train(job: JobFile) -> None:
        Supervisor(job, progress).run()

    return train


def _rehearsed(making: Making) -> int:
    """Rows of what the parent knew already."""
    rows = (json.loads(line) for line in making.rows.read_text("utf-8").splitlines())
    return sum(row.get("rehearsed", False) for row in rows)
