"""The job ``ledger_repeats``: one AI's calls that are due are made again, and what they brought is kept as a digest.

The clock is handed in, so that dates can be made to pass. A call is due a little less or more than a whole number of days after
its last one: so it comes at every hour of the day, and what depends on the hour is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import select

from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations.traces import SharedTrace, Traces
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError
from inhouse.lab.ledger import repeats
from inhouse.lab.ledger.identity import tool_key
from inhouse.lab.ledger.normalising import digest_of
from inhouse.lab.ledger.probes import Probe, probes
from inhouse.lab.ledger.repeats import Repeat
from inhouse.releases import amendments, entries, extensions
from inhouse.releases.extensions import Version
from inhouse.releases.gate import Bridge
from inhouse.releases.releases import Releases
from inhouse.releases.tables import extensions as extensions_table
from inhouse.runtime.extensions.base import Context
from inhouse.runtime.extensions.calling import Attached, Caller, Outcome, Uncounted
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

REPEATS_JOB = "ledger_repeats"
#: How often an AI's calls are looked through.
_EVERY = timedelta(hours=4) - timedelta(minutes=10)
_DAY = timedelta(days=1)
#: A call that is new is made again soon; later less often.
_FIRST, _SOON, _LATER = 5, timedelta(hours=20), timedelta(hours=76)
#: Of what fans agreed to share, so many of the AI's traces are looked through.
_MOST_TRACES = 500


class RepeatsOff(InhouseError):
    """Repeating calls is switched off: set INHOUSE_REPEATS_DAILY above 0, or switch it on for this AI."""

    status = 409


class Desk(Protocol):
    """Extensions at work in the job's event loop."""

    async def reading(self, ai_id: str, entry: str, tool: str) -> Attached | None:
        """A tool that reads; ``None`` where it can't be made ready."""
        ...


#: The extensions that an AI's fans have now.
Live = Callable[[Tx, str], Sequence[Version]]


class Repeating:
    """Repeats the calls of AIs."""

    def __init__(
        self,
        db: Database,
        live: Live,
        desk: Desk,
        daily: int,
        bridge: Bridge,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """``daily``: calls of one AI's tools that are made again in 24 hours at most; 0 for none."""
        self._db = db
        self._live = live
        self._desk = desk
        self._daily = daily
        self._bridge = bridge
        self._now = now

    @property
    def handler(self) -> Handler:
        """For the worker."""
        return Handler(REPEATS_JOB, "quick", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Make what is due; each is kept as it ends, so that a killed job makes none twice."""
        ai_id = str(progress.job.ai_id)

        def report(number: int, of: int) -> None:
            progress.report(number / of, f"repeating {number + 1} of {of}")

        made = self.repeat(ai_id, report)
        return {"repeated": len(made), "failed": sum(one.state != repeats.DONE for one in made)}

    def repeat(
        self, ai_id: str, report: Callable[[int, int], None] = lambda number, of: None
    ) -> list[Repeat]:
        """Make one AI's calls that are due now, as far as the day's quota reaches."""
        with self._db.write() as tx:
            repeats.forget_old(tx, ai_id, self._now())
        due, made = self._due(ai_id), []
        for number, probe in enumerate(due):
            report(number, len(due))
            repeat = self._made(probe)
            with self._db.write() as tx:
                repeats.keep(tx, repeat)
            made.append(repeat)
        return made

    def _due(self, ai_id: str) -> list[Probe]:
        now = self._now()
        with self._db.read() as tx:
            if repeats.is_off(tx, ai_id):
                return []
            left = self._daily - repeats.count_since(tx, ai_id, now - _DAY)
            versions, known = self._live(tx, ai_id), repeats.known_calls(tx, ai_id)
        if left <= 0 or not versions:
            return []
        traces = self._shared(ai_id)
        due = [
            probe
            for version in versions
            for probe in probes(version, traces, known)
            if now >= _due_at(known, probe.key, now)
        ]
        return sorted(due, key=lambda probe: _last(known, probe.key, now))[:left]

    def _shared(self, ai_id: str) -> Sequence[SharedTrace]:
        return list(islice(Traces(self._db).consented(ai_ids=[ai_id]), _MOST_TRACES))

    def _made(self, probe: Probe) -> Repeat:
        outcome = self._bridge(partial(self._called, probe))
        digest = digest_of(outcome.result, probe.arguments) if outcome and outcome.result else None
        return Repeat(
            ai_id=probe.version.ai_id,
            extension=probe.version.name,
            version=probe.version.version,
            tool=probe.tool.name,
            tool_key=tool_key(probe.tool),
            call=probe.key,
            at=self._now(),
            state=outcome.state if outcome else "failed",
            digest=digest,
            ms=outcome.ms if outcome else 0.0,
        )

    async def _called(self, probe: Probe) -> Outcome | None:
        ai_id = probe.version.ai_id
        attached = await self._desk.reading(ai_id, probe.version.entry, probe.tool.name)
        if attached is None:
            return None
        context = Context(ai_id=ai_id, fan_id=None, call_id=ids.new_id("call"), now=self._now())
        return await Caller(Uncounted()).call(attached, probe.arguments, context)


def live(releases: Releases, tx: Tx, ai_id: str) -> list[Version]:
    """The extensions that fans of an AI have now."""
    release = releases.current(tx, ai_id)
    if release is None:
        return []
    off = amendments.named(amendments.in_force(tx, ai_id), "extension_off", "extension")
    kept = [entry for entry in release.extensions if entries.name(entry) not in off]
    return [extensions.version(tx, ai_id, entry) for entry in kept]


def queue_due(tx: Tx, daily: int) -> list[Job]:
    """Queue the repeating of every AI whose last one is four hours ago; call it as often as you like."""
    if daily <= 0:
        return []
    query = select(extensions_table.c.ai_id).where(extensions_table.c.removed_at.is_(None)).distinct()
    on = (ai_id for ai_id in tx.execute(query).scalars() if not repeats.is_off(tx, ai_id))
    queued = (jobs.enqueue_every(tx, REPEATS_JOB, ai_id, _EVERY) for ai_id in on)
    return [job for job in queued if job]


def queue_now(db: Database, actor: Actor, daily: int, ai_id: str) -> Job:
    """Queue the repeating of one AI, for its team. ``RepeatsOff`` where nothing would be repeated."""
    with db.write() as tx:
        authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
        if daily <= 0 or repeats.is_off(tx, ai_id):
            raise RepeatsOff()
        return jobs.enqueue(tx, REPEATS_JOB, {}, ai_id=ai_id)


def _due_at(known: Mapping[str, Sequence[Repeat]], call: str, now: datetime) -> datetime:
    before = known.get(call, ())
    if not before:
        return now
    if repeats.surprised(before):
        return now
    return before[-1].at + (_SOON if len(before) < _FIRST else _LATER)


def _last(known: Mapping[str, Sequence[Repeat]], call: str, now: datetime) -> datetime:
    """For whom is longest due: who never was called comes first."""
    before = known.get(call, ())
    return before[-1].at if before else now - repeats.KEPT
