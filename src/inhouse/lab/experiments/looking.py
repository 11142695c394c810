"""The job ``experiment_look``: counts the fans whose window has closed, and ends the experiment where it is decided.

What was counted, the figures and the end are one transaction. A look that is killed before it left nothing, and the
next one finds the same fans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from inhouse.accounts.actors import Actor
from inhouse.core import clock, ids
from inhouse.lab.experiments import deciding, observing, reading, shelf
from inhouse.lab.experiments.design import Experiment, Figures, Verdict, Way
from inhouse.lab.experiments.experiments import LOOK_JOB, Experiments
from inhouse.lab.experiments.reading import Unit
from inhouse.releases import routing
from inhouse.releases.release import Routing
from inhouse.releases.tables import routing_changes
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Progress

#: A turn that is asked as the window closes has this long to come to its end.
_GRACE = timedelta(minutes=10)


@dataclass(frozen=True)
class _Caught:
    """What a look found before it decides."""

    new: list[tuple[str, Unit]]
    seen_until: datetime
    present: int
    """AIs that still serve both ways."""


class Looking:
    """Looks at running online experiments."""

    def __init__(self, db: Database, experiments: Experiments) -> None:
        self._db = db
        self._experiments = experiments

    @property
    def handler(self) -> Handler:
        """For the worker."""
        return Handler(LOOK_JOB, "quick", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """One look at one experiment; the result says how many fans were new, and how it ended where it did."""
        with self._db.read() as tx:
            experiment = shelf.get(tx, str(progress.job.payload["experiment"]))
            if experiment.state != "running":
                return {"new": 0, "state": experiment.state}
            if experiment.hash != experiment.design.hash(experiment.id):
                caught, known = None, []
            else:
                caught, known = self._catch(tx, experiment), shelf.units(tx, experiment.id)
            number, relatives = shelf.family(tx, experiment)
        if caught is None:
            return self._conclude(experiment, None, None, Verdict(outcome="changed"))
        progress.report(0.5, "reading the figures")
        figures = reading.read(experiment.design, [*known, *(unit for _name, unit in caught.new)])
        verdict = deciding.decide(experiment.design, figures, _is_over(experiment), number, relatives)
        if verdict is None and not caught.present and not caught.new:
            verdict = Verdict(outcome="left")
        if not caught.new and verdict is None:
            return {"new": 0, "state": "running"}
        return self._conclude(experiment, caught, figures, verdict)

    def _conclude(
        self,
        seen: Experiment,
        caught: _Caught | None,
        figures: Figures | None,
        verdict: Verdict | None,
    ) -> Mapping[str, Any]:
        """Write the look and the end, unless somebody ended it or looked meanwhile."""
        with self._db.write() as tx:
            experiment = shelf.get(tx, seen.id, lock=True)
            if experiment.state != "running" or len(experiment.looks) != len(seen.looks):
                return {"new": 0, "state": experiment.state}
            if caught is not None and figures is not None and caught.new:
                shelf.add_look(tx, experiment, figures, caught.seen_until, caught.new)
            if verdict is not None:
                experiment = self._experiments.end(tx, Actor.system(), experiment, verdict)
        outcome = verdict.outcome if verdict else None
        return {"new": len(caught.new) if caught else 0, "state": experiment.state, "outcome": outcome}

    def _catch(self, tx: Tx, experiment: Experiment) -> _Caught:
        """The fans whose window closed since the last look, over all AIs, in an order that says nothing of how they did."""
        window = timedelta(hours=experiment.design.window_hours)
        until = clock.now() - window - _GRACE
        present, lots = 0, []
        for way in experiment.design.ways:
            live, left = routing.get(tx, way.ai_id), _left_at(tx, experiment, way.ai_id)
            present += live is not None and live.is_for(experiment.id)
            last = until if left is None else min(until, left - window)
            lots.append((way, _newcomers(tx, experiment, way, last)))
        full = [fans[-1][1] for _way, fans in lots if len(fans) == observing.MOST_FANS]
        until = min([until, *full])
        new = [
            unit
            for way, fans in lots
            for unit in _units(tx, experiment, way, [fan for fan in fans if fan[1] <= until], window)
        ]
        return _Caught(sorted(new, key=lambda one: one[0]), until, present)


def unit_name(experiment: Experiment, ai_id: str, fan_id: str) -> str:
    """The hash that a fan is counted under. Nobody who lacks the fan's id can make it."""
    return ids.digest(f"unit:{experiment.id}:{ai_id}:{fan_id}")


def _newcomers(tx: Tx, experiment: Experiment, way: Way, last: datetime) -> list[tuple[str, datetime]]:
    started, after = experiment.started_at, experiment.seen_until
    if started is None or after is None or last <= after:
        return []
    return observing.newcomers(tx, way.ai_id, started, after, last)


def _units(
    tx: Tx, experiment: Experiment, way: Way, fans: list[tuple[str, datetime]], window: timedelta
) -> list[tuple[str, Unit]]:
    if not fans or experiment.started_at is None:
        return []
    design, number = experiment.design, len(experiment.looks) + 1
    seen = observing.during(tx, way.ai_id, fans, window, design.unit)
    history = observing.earlier(tx, way.ai_id, list(seen), experiment.started_at)
    drawn = _drawn(experiment, way)
    made = []
    for fan_id, one in seen.items():
        is_second = one.release_id == way.second
        unit = Unit(
            ai_id=way.ai_id,
            second=is_second,
            look=number,
            values={metric: one.values[metric] for metric in design.metrics if metric in one.values},
            history={
                metric: history[fan_id][metric]
                for metric in design.metrics
                if fan_id in history and metric in history[fan_id]
            },
            stray=one.release_id != routing.release_of(drawn, fan_id),
        )
        made.append((unit_name(experiment, way.ai_id, fan_id), unit))
    return made


def _drawn(experiment: Experiment, way: Way) -> Routing:
    """The routing row as the experiment wrote it: what it drew for each fan."""
    assert experiment.started_at is not None
    return Routing(
        ai_id=way.ai_id,
        shares=experiment.design.shares(way),
        experiment_id=experiment.id,
        changed_at=experiment.started_at,
        changed_by=None,
    )


def _left_at(tx: Tx, experiment: Experiment, ai_id: str) -> datetime | None:
    """When somebody routed the AI otherwise; ``None`` where it still serves both ways."""
    query = select(func.min(routing_changes.c.changed_at)).where(
        routing_changes.c.ai_id == ai_id, routing_changes.c.changed_at > experiment.started_at
    )
    left: datetime | None = tx.execute(query).scalar()
    return left


def _is_over(experiment: Experiment) -> bool:
    """Whether the registered days are up, and the windows of those who came last have closed."""
    design = experiment.design
    assert experiment.started_at is not None
    lasts = timedelta(days=design.most_days) + timedelta(hours=design.window_hours) + _GRACE
    return clock.now() >= experiment.started_at + lasts
