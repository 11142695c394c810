"""What is seen of a canary: the figures of both releases side by side, over all AIs that take part.

The same metrics, streams and intervals as an experiment's, so that one may look as often as one likes. A fan counts once, by
their first turn since the share was set; an AI that came along later counts from when its own fans were split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inhouse.core import clock, ids
from inhouse.lab.experiments import observing, reading
from inhouse.lab.experiments.design import Estimate
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import Move, Promotion
from inhouse.releases import routing
from inhouse.store.database import Tx

#: AIs whose fans are counted at most: enough for narrow intervals, few enough for a page.
_MOST_AIS = 100
_ALPHA = 0.05
_WINDOW = timedelta(days=28)


@dataclass(frozen=True)
class _Shared:
    """How fans came to their release, as figures depend on it."""

    ai_ids: Sequence[str]
    share: float
    alpha: float


@dataclass(frozen=True)
class Watched:
    """A canary so far."""

    ais: int
    fans: tuple[int, int]
    """Those who were answered by the old release, and by the new one."""
    estimates: tuple[Estimate, ...]
    margins: dict[Metric, float]

    @property
    def worse(self) -> tuple[Metric, ...]:
        """What surely got worse: the whole interval lies below zero."""
        return tuple(one.metric for one in self.estimates if one.high is not None and one.high < 0)

    @property
    def broken(self) -> tuple[Metric, ...]:
        """What surely got worse by more than was allowed beforehand."""
        return tuple(
            one.metric
            for one in self.estimates
            if one.high is not None and one.high < -self.margins[one.metric]
        )


def watch(tx: Tx, promotion: Promotion) -> Watched | None:
    """The figures of a promotion that is a canary; ``None`` where it isn't one."""
    if promotion.state != "canary" or promotion.canary_at is None or promotion.share is None:
        return None
    moves, seen = [], []
    for move in shelf.moves_of(tx, promotion.id, ("canary",))[:_MOST_AIS]:
        live = routing.get(tx, move.ai_id)
        if live is not None and live.is_for(promotion.id):  # else it released something else since
            moves.append(move)
            seen += _units(tx, move, promotion.canary_at, max(promotion.canary_at, live.changed_at))
    units = [unit for _at, _name, unit in sorted(seen, key=lambda one: one[:2])]
    margins = promotion.rules.margins
    shared = _Shared([move.ai_id for move in moves], promotion.share, _ALPHA / len(margins))
    estimates = [reading.ways(shared, metric, margin, units) for metric, margin in margins.items()]
    second = sum(unit.second for unit in units)
    return Watched(len(moves), (len(units) - second, second), tuple(estimates), dict(margins))


def _units(tx: Tx, move: Move, began: datetime, since: datetime) -> list[tuple[int, str, Unit]]:
    """The AI's fans since it was split, each with the canary's hour of their first turn and a name that says nothing of them."""
    newcomers = observing.newcomers(tx, move.ai_id, since, since, clock.now())
    first = dict(newcomers)
    found = []
    for fan_id, seen in observing.during(tx, move.ai_id, newcomers, _WINDOW, "first_turn").items():
        hour = int((first[fan_id] - began) / timedelta(hours=1))
        unit = Unit(
            ai_id=move.ai_id,
            second=seen.release_id == move.new_release_id,
            look=hour + 1,
            values=dict(seen.values),
            history={},
        )
        found.append((hour, ids.digest(f"{move.promotion_id}:{fan_id}"), unit))
    return found
