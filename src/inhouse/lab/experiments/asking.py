"""What a replay asks, and both ways of asking it: an AI's cases, the questions that its fans shared, or both."""

from __future__ import annotations

from dataclasses import dataclass

from inhouse.accounts import ais
from inhouse.conversations import traces
from inhouse.core import ids
from inhouse.core.errors import InhouseError, UsageError
from inhouse.lab import questions, repeatable
from inhouse.lab.experiments import shelf
from inhouse.lab.experiments.design import Design, Experiment, Way
from inhouse.lab.questions import Naming, Waiting
from inhouse.releases import cases, entries
from inhouse.releases import releases as releases_shelf
from inhouse.releases.release import Candidate, Route
from inhouse.releases.releases import Releases
from inhouse.store.database import Tx

Routes = tuple[Route, Route]


class AskedWithout(InhouseError):
    """Shared questions are asked without {extension}: it costs something by the call, asks other AIs, or reads what a fan gave. Compare it on cases."""

    status = 409


class AskedWithoutGiant(InhouseError):
    """Shared questions are asked without a giant: nobody agreed that it reads them again. Compare it on cases."""

    status = 409


@dataclass(frozen=True)
class Asked:
    """Something to ask both ways."""

    waiting: Waiting
    routes: Routes

    @property
    def name(self) -> str:
        """The hash that it is counted under. Nobody who lacks the id of the case, or of the fan's turn, can make it."""
        return self.waiting.name


def check(tx: Tx, design: Design) -> None:
    """Raises an error where there is nothing of what is to be asked, or its answers would tell nothing."""
    if design.asks_cases and not any(cases.active(tx, ai_id) for ai_id in design.ai_ids):
        raise UsageError(reason="There are no cases to replay. Add some first.")
    if not design.asks_fans:
        return
    if not any(traces.covered(tx, ai_id) for ai_id in design.ai_ids):
        raise UsageError(
            reason="There are no shared questions to replay: the owner and fans have to agree to share them first."
        )
    for way in design.ways:
        _check_tells(tx, way)


def left(tx: Tx, releases: Releases, experiment: Experiment) -> list[Asked]:
    """What was not asked yet, shuffled by its hash, of the AIs that are still there, with the routes as they are now."""
    design, known = experiment.design, shelf.unit_names(tx, experiment.id)
    there = set(shelf.ais_of(tx, experiment))

    def name(id_: str) -> str:
        return ids.digest(f"unit:{experiment.id}:{id_}")

    found = [
        Asked(waiting, routes)
        for way in design.ways
        if way.ai_id in there
        for routes in [_routes(tx, releases, way)]
        for waiting in _waiting(tx, design, way.ai_id, name)
        if waiting.name not in known
    ]
    return sorted(found, key=lambda one: one.name)[: design.most_units]


def _waiting(tx: Tx, design: Design, ai_id: str, name: Naming) -> list[Waiting]:
    found: list[Waiting] = []
    if design.asks_cases:
        found += questions.of_cases(cases.active(tx, ai_id), name)
    if design.asks_fans:
        found += questions.of_fans(tx, ai_id, name)
    return found


def _routes(tx: Tx, releases: Releases, way: Way) -> Routes:
    ai = ais.get(tx, way.ai_id)
    first, second = _candidates(tx, way)
    return releases.route_of(tx, ai, first), releases.route_of(tx, ai, second)


def _candidates(tx: Tx, way: Way) -> tuple[Candidate, Candidate]:
    first, second = (releases_shelf.get(tx, way.ai_id, name) for name in (way.first, way.second))
    return way.made_of(first, second)


def _check_tells(tx: Tx, way: Way) -> None:
    """Ways that differ in what no shared question is asked with would be found as good as each other, whatever it is worth."""
    candidates = _candidates(tx, way)
    if len({one.answering.cascade for one in candidates}) > 1:
        raise AskedWithoutGiant()
    first, second = (set(one.extensions) for one in candidates)
    for entry in sorted(first ^ second):
        if not repeatable.entry_is(tx, way.ai_id, entry):
            raise AskedWithout(extension=entries.name(entry))
