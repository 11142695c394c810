"""The job ``experiment_replay``: an AI's cases, asked offline of both ways, in an order that the experiment drew.

Each pair is kept as soon as it is known, so that a killed replay goes on after the last one; after every ten it looks,
and stops where the answer is clear. Fans are not touched, and nothing is charged to anybody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from inhouse.accounts import ais
from inhouse.accounts.actors import Actor
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError
from inhouse.core.events import Ended
from inhouse.lab.experiments import deciding, observing, reading, shelf
from inhouse.lab.experiments.design import Experiment, Verdict
from inhouse.lab.experiments.experiments import REPLAY_JOB, Experiments
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.releases import cases
from inhouse.releases import releases as releases_shelf
from inhouse.releases.cases import Case
from inhouse.releases.gate import Bridge
from inhouse.releases.release import Route
from inhouse.releases.releases import Releases
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Answerer, Exchange, answered
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Progress

PAIRS_A_LOOK = 10


class BrokeOff(InhouseError):
    """An answer broke off. Look again to go on: what was asked so far is kept."""

    status = 503


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
        """Ask until it is decided, or there are no more cases."""
        with self._db.read() as tx:
            experiment = shelf.get(tx, str(progress.job.payload["experiment"]))
            if experiment.state != "running":
                return {"pairs": 0, "state": experiment.state}
            waiting = self._waiting(tx, experiment)
        pairs: list[tuple[str, Unit]] = []
        for number, (name, case, routes) in enumerate(waiting):
            progress.report(number / len(waiting), f"asking {number + 1} of {len(waiting)}")
            pairs.append((name, self._pair(experiment, case, routes)))
            if len(pairs) == PAIRS_A_LOOK:
                experiment, pairs = self._look(experiment, pairs, is_last=False), []
                if experiment.state != "running":
                    return {"pairs": number + 1, "state": experiment.state}
        experiment = self._look(experiment, pairs, is_last=True)
        return {"pairs": len(waiting), "state": experiment.state}

    def _waiting(self, tx: Tx, experiment: Experiment) -> list[tuple[str, Case, tuple[Route, Route]]]:
        """Cases that were not asked yet, shuffled by their hash, with both ways' routes as they are now."""
        known, found = shelf.unit_names(tx, experiment.id), []
        still_there = set(shelf.ais_of(tx, experiment))
        for way in experiment.design.ways:
            if way.ai_id not in still_there:
                continue
            ai = ais.get(tx, way.ai_id)
            first, second = way.made_of(
                releases_shelf.get(tx, way.ai_id, way.first), releases_shelf.get(tx, way.ai_id, way.second)
            )
            routes = self._releases.route_of(tx, ai, first), self._releases.route_of(tx, ai, second)
            for case in cases.active(tx, way.ai_id):
                name = ids.digest(f"unit:{experiment.id}:{case.id}")
                if name not in known:
                    found.append((name, case, routes))
        return sorted(found, key=lambda one: one[0])[: experiment.design.most_units]

    def _pair(self, experiment: Experiment, case: Case, routes: tuple[Route, Route]) -> Unit:
        """One case both ways. Which way is asked first is drawn, so that a warm cache favours neither."""
        turned = int(ids.digest(f"order:{experiment.id}:{case.id}")[:8], 16) % 2 == 1
        asked = [self._ask(case, route) for route in (routes[::-1] if turned else routes)]
        first, second = asked[::-1] if turned else asked
        return Unit(
            ai_id=case.ai_id,
            second=False,
            look=len(experiment.looks) + 1,
            values={metric: (first[metric], second[metric]) for metric in experiment.design.metrics},
            history={},
        )

    def _ask(self, case: Case, route: Route) -> dict[Metric, float]:
        async def dialogue() -> Ended | None:
            said: list[Exchange] = []
            ended: Ended | None = None
            for question in case.questions:
                request = route.request(question, history=tuple(said), priority=Priority.GATE)
                ended = await answered(self._answerer, request)
                if ended is None:
                    return None
                said.append(Exchange(question, ended.answer))
            return ended

        began = time.monotonic()
        ended: Ended | None = self._bridge(dialogue)
        seconds = time.monotonic() - began
        if ended is None:
            raise BrokeOff()
        figures = observing.of_answer(ended.model_dump(mode="json"))
        return figures | {Metric.RIGHT: float(not case.expect.faults(ended)), Metric.SECONDS: seconds}

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
