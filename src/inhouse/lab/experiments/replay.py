"""The job ``experiment_replay``: cases, and questions that fans shared, asked offline both ways in an order that the experiment drew.

After every ten pairs it looks: they are kept with their figures, so that a killed replay goes on after them, and it stops where the
answer is clear. A shared question is read just before it is asked, and not asked where consent has ended. Fans are not touched,
and nothing is charged to anybody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anyio

from inhouse.accounts.actors import Actor
from inhouse.core import clock, ids
from inhouse.core.events import Ended
from inhouse.lab import questions
from inhouse.lab.experiments import asking, deciding, observing, reading, shelf
from inhouse.lab.experiments.asking import Asked
from inhouse.lab.experiments.design import Experiment, Verdict
from inhouse.lab.experiments.experiments import REPLAY_JOB, Experiments
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.lab.questions import Question
from inhouse.releases.dialogue import last_answer
from inhouse.releases.gate import Bridge
from inhouse.releases.release import Route
from inhouse.releases.releases import Releases
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Answerer
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Progress

PAIRS_A_LOOK = 10


class Replaying:
    """Replays experiments. ``bridge`` is the way into the event loop that the answerer's engine lives in."""

    def __init__(
        self,
        db: Database,
        experiments: Experiments,
        releases: Releases,
        answerer: Answerer,
        bridge: Bridge = anyio.run,
    ) -> None:
        self._db = db
        self._experiments = experiments
        self._releases = releases
        self._answerer = answerer
        self._bridge = bridge

    @property
    def handler(self) -> Handler:
        """For the worker."""
        return Handler(REPLAY_JOB, "heavy", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Ask until it is decided, or there is nothing left to ask."""
        with self._db.read() as tx:
            experiment = shelf.get(tx, str(progress.job.payload["experiment"]))
            if experiment.state != "running":
                return {"pairs": 0, "state": experiment.state}
            left = asking.left(tx, self._releases, experiment)
        asked, pairs = 0, list[tuple[str, Unit]]()
        for number, one in enumerate(left):
            progress.report(number / len(left), f"asking {number + 1} of {len(left)}")
            unit = self._pair(experiment, one)
            if unit is None:
                continue
            asked += 1
            pairs.append((one.name, unit))
            if len(pairs) == PAIRS_A_LOOK:
                experiment, pairs = self._look(experiment, pairs, is_last=False), []
                if experiment.state != "running":
                    return {"pairs": asked, "state": experiment.state}
        experiment = self._look(experiment, pairs, is_last=True)
        return {"pairs": asked, "state": experiment.state}

    def _pair(self, experiment: Experiment, one: Asked) -> Unit | None:
        """One question both ways, or nothing where it may not be asked any more. Which way is asked first is drawn, so that
        a warm cache favours neither."""
        with self._db.read() as tx:
            question = questions.read(tx, one.waiting)
            if question is None:
                return None
            routes = [questions.routed(tx, one.waiting, route) for route in one.routes]
        turned = int(ids.digest(f"order:{one.name}")[:8], 16) % 2 == 1
        answers = [self._ask(question, route) for route in (routes[::-1] if turned else routes)]
        first, second = answers[::-1] if turned else answers
        return Unit(
            ai_id=one.waiting.ai_id,
            second=False,
            look=len(experiment.looks) + 1,
            values={
                metric: (first[metric], second[metric])
                for metric in experiment.design.metrics
                if metric in first
            },
            history={},
            shared=one.waiting.is_shared,
        )

    def _ask(self, question: Question, route: Route) -> dict[Metric, float]:
        asking = partial(
            last_answer,
            self._answerer,
            route,
            question.said,
            before=question.before,
            priority=Priority.GATE,
        )
        began = time.monotonic()
        ended: Ended = self._bridge(asking)
        seconds = time.monotonic() - began
        figures = observing.of_answer(ended.model_dump(mode="json")) | {Metric.SECONDS: seconds}
        if question.expect is not None:
            figures[Metric.RIGHT] = float(not question.expect.faults(ended))
        return figures

    def _look(self, seen: Experiment, pairs: Sequence[tuple[str, Unit]], is_last: bool) -> Experiment:
        """Keep the pairs with the figures that they lead to, and end the experiment where that decides it."""
        with self._db.write() as tx:
            experiment = shelf.get(tx, seen.id, lock=True)
            if experiment.state != "running" or len(experiment.looks) != len(seen.looks):
                return experiment
            verdict = self._verdict(tx, experiment, pairs, is_last)
            if verdict is not None:
                self._experiments.end(tx, Actor.system(), experiment, verdict)
            return shelf.get(tx, seen.id)

    def _verdict(
        self, tx: Tx, experiment: Experiment, pairs: Sequence[tuple[str, Unit]], is_last: bool
    ) -> Verdict | None:
        if experiment.hash != experiment.design.hash(experiment.id):
            return Verdict(outcome="changed")
        known = shelf.units(tx, experiment.id)
        figures = reading.read(experiment.design, [*known, *(unit for _name, unit in pairs)])
        if pairs:
            shelf.add_look(tx, experiment, figures, clock.now(), pairs)
        number, relatives = shelf.family(tx, experiment)
        return deciding.decide(experiment.design, figures, is_last, number, relatives)
