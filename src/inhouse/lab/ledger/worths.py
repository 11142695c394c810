"""Gathers the lines of the ledger: of one AI for its team, of all for the operator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.accounts.tables import ais as ais_table
from inhouse.core import clock
from inhouse.core.errors import InhouseError, NotFound, UsageError
from inhouse.lab.experiments.design import Design, Experiment, GuardRail
from inhouse.lab.experiments.experiments import Experiments
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.ledger import control, counting, lifts, repeats, worth
from inhouse.lab.ledger.counting import Calls, Cost
from inhouse.lab.ledger.identity import extension_key, tool_key
from inhouse.lab.ledger.lifts import Lift, Measured
from inhouse.lab.ledger.stability import NOTHING, Stability
from inhouse.lab.ledger.worth import Line, Ranked
from inhouse.releases import extensions
from inhouse.releases.extensions import Version
from inhouse.releases.tables import extensions as extensions_table
from inhouse.runtime.extensions.factory import examples_teach
from inhouse.store.database import Database, Tx

#: What the ledger looks back on.
PERIOD = timedelta(days=90)
#: The smallest gain in right answers that a measurement of ours is registered for; seconds and tokens that it may cost.
_EFFECT, _SLOWER, _LONGER = 0.05, 5.0, 2000.0
#: The keys of the tools that the served generation calls by itself.
BuiltIn = Callable[[], Collection[str]]


@dataclass(frozen=True)
class Counted:
    """All that is known of one AI's extension."""

    version: Version
    calls: Calls
    judged: Sequence[float]
    costs: Sequence[Cost]
    shared: int
    measured: Measured | None

    @property
    def key(self) -> str:
        """Of the extension, over all AIs."""
        return extension_key(self.version.kind, self.version.name, self.version.tools)


class Worths:
    """The ledger of one installation."""

    def __init__(
        self,
        db: Database,
        experiments: Experiments,
        built_in: BuiltIn = frozenset,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._db = db
        self._experiments = experiments
        self._built_in = built_in
        self._now = now

    def of_ai(self, actor: Actor, ai_id: str) -> list[Ranked]:
        """The extensions of one AI, from its own turns, cases and repeats alone."""
        known = self._built_in()
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            lines, discovered = [], control.found(tx)
            for one in _counted(tx, ai_id, self._now() - PERIOD):
                found = repeats.of_ai(tx, ai_id, one.version.name)
                lift = lifts.of_ai(tx, one.measured, discovered) if one.measured else None
                lines.append(_line([one], found, lift, known))
            return worth.ranked(lines)

    def of_all(self, actor: Actor) -> list[Ranked]:
        """Every extension over all AIs that have it, for the operator."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return self.lines(tx)

    def lines(self, tx: Tx) -> list[Ranked]:
        """The same, for callers that have authorised."""
        known, by_key = self._built_in(), dict[str, list[Counted]]()
        for ai_id in _with_extensions(tx):
            for one in _counted(tx, ai_id, self._now() - PERIOD):
                by_key.setdefault(one.key, []).append(one)
        stable, discovered = repeats.of_tools(tx), control.found(tx)
        return worth.ranked(
            _line(same, stable, lifts.over_all(tx, _measured(same), discovered), known)
            for same in by_key.values()
        )

    def knows(self, version: Version) -> bool:
        """Whether the served generation calls all of its tools by itself."""
        return worth.is_built_in([tool_key(tool) for tool in version.tools], self._built_in())

    def measure(self, actor: Actor, ai_id: str, extension: str) -> Experiment:
        """Start a replay of the AI's cases with and without one of its live extensions: its marginal value.
        It may be done again, and each time takes a place in the ledger's family."""
        way = self._experiments.way(actor, ai_id, None, None, without=extension)
        design = Design(
            name=f"{extension} on against off",
            mode="replay",
            ways=(way,),
            primary=Metric.RIGHT,
            effect=_EFFECT,
            family=control.FAMILY,
            guards=(
                GuardRail(metric=Metric.SECONDS, margin=_SLOWER),
                GuardRail(metric=Metric.TOKENS, margin=_LONGER),
            ),
        )
        drafted = self._experiments.draft(actor, design)
        try:
            return self._experiments.start(actor, drafted.id)
        except InhouseError:
            self._experiments.discard(actor, drafted.id)
            raise


def the_one(lines: Sequence[Ranked], name: str) -> Ranked:
    """The line of an extension by its name or its key; ``UsageError`` where several have that name."""
    found = worth.named(lines, name)
    if not found:
        raise NotFound(kind="extension", name=name)
    if len(found) > 1:
        keys = ", ".join(f"{one.line.key} ({one.line.kind}, {one.line.ais} AIs)" for one in found)
        raise UsageError(reason=f'Several extensions are called "{name}". Say which by its key: {keys}.')
    return found[0]


def holders(tx: Tx, key: str) -> list[Version]:
    """The versions that AIs have now of an extension."""
    return [
        one
        for ai_id in _with_extensions(tx)
        for one in _versions(tx, ai_id)
        if extension_key(one.kind, one.name, one.tools) == key
    ]


def holds(tx: Tx, version: Version) -> bool:
    """Whether the AI still has this extension of this author."""
    return version.ai_id in _with_extensions(tx, version.ai_id) and any(
        _is_same(one, version) for one in _versions(tx, version.ai_id)
    )


def holders_of_tools(tx: Tx, keys: Collection[str]) -> list[Version]:
    """The versions that AIs have now with one of these tools."""
    return [
        one
        for ai_id in _with_extensions(tx)
        for one in _versions(tx, ai_id)
        if any(tool_key(tool) in keys for tool in one.tools)
    ]


def _is_same(one: Version, other: Version) -> bool:
    keys = {extension_key(each.kind, each.name, each.tools) for each in (one, other)}
    return len(keys) == 1 and one.author == other.author


def _with_extensions(tx: Tx, ai_id: str | None = None) -> list[str]:
    """AIs that have one; of the one AI alone where it is given."""
    query = (
        select(extensions_table.c.ai_id)
        .distinct()
        .join(ais_table, ais_table.c.id == extensions_table.c.ai_id)
        .where(extensions_table.c.removed_at.is_(None), ais_table.c.erased_at.is_(None))
    )
    if ai_id is not None:
        query = query.where(extensions_table.c.ai_id == ai_id)
    return sorted(tx.execute(query).scalars())


def _versions(tx: Tx, ai_id: str) -> list[Version]:
    return [extensions.version(tx, ai_id, entry) for entry in extensions.current(tx, ai_id)]


def _counted(tx: Tx, ai_id: str, since: datetime) -> list[Counted]:
    called, judged = counting.calls(tx, ai_id, since), counting.judged(tx, ai_id, since)
    measured = lifts.newest(tx, ai_id)
    return [
        Counted(
            version=one,
            calls=called.get(one.name, Calls()),
            judged=judged.get(one.name, ()),
            costs=counting.costs(tx, ai_id, since, one.name) if one.name in called else (),
            shared=counting.learnable(tx, ai_id, one.name) if one.name in called else 0,
            measured=measured.get(one.name),
        )
        for one in _versions(tx, ai_id)
    ]


def _measured(same: Sequence[Counted]) -> list[Measured]:
    return [one.measured for one in same if one.measured]


def _line(
    same: Sequence[Counted], stable: dict[str, Stability], lift: Lift | None, known: Collection[str]
) -> Line:
    """One line of what several AIs (or one) know of the same extension."""
    version = same[0].version
    calls = sum((one.calls for one in same), Calls())
    costs = [cost for one in same for cost in one.costs]
    keys = [tool_key(tool) for tool in version.tools]
    examples = {
        (tool.name, example.request)
        for one in same
        if examples_teach(one.version.kind)
        for tool in one.version.tools
        for example in tool.examples
    }
    return Line(
        key=same[0].key,
        kind=version.kind,
        name=version.name,
        title=version.title,
        tools=tuple(tool.name for tool in version.tools),
        acts=any(tool.effect == "acting" for tool in version.tools),
        ais=len(same),
        called=calls.called,
        done=calls.done,
        failed=calls.failed,
        refused=calls.refused,
        turns=calls.turns,
        rightly=counting.share([figure for one in same for figure in one.judged]),
        lift=lift,
        call_ms=counting.mean(cost.call_ms for cost in costs),
        deciding_ms=counting.mean(cost.deciding_ms for cost in costs),
        deciding_tokens=counting.mean(cost.deciding_tokens for cost in costs),
        examples=len(examples),
        shared=sum(one.shared for one in same),
        held={tool.name: stable.get(tool_key(tool), NOTHING) for tool in version.tools},
        built_in=worth.is_built_in(keys, known),
    )
