"""Performing what fans agreed to: each deed is claimed, made ready, marked as sending, called, and its outcome kept.

See ``docs/design/acting.md``. What is written before and after the call is committed, so that a kill at any moment leaves a
row that says what may have happened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Literal, Protocol, TypeVar

from sqlalchemy.exc import DBAPIError

from inhouse.brief.rules import compile_rules
from inhouse.conversations import actions, consent
from inhouse.conversations.actions import Deed
from inhouse.core import clock
from inhouse.core.errors import NotFound
from inhouse.core.proposals import hash_of
from inhouse.releases.release import NotLive
from inhouse.releases.releases import Releases
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.base import Context
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.extensions.performing import perform, unready
from inhouse.runtime.guard.guard import Guard
from inhouse.store.database import Database, Tx

T = TypeVar("T")

log = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
#: Without anything to do for so long, the program ends.
_IDLE_SECONDS = 30.0
_MOST_AT_ONCE = 32
#: Calls that one extension has in flight at a time: a slow server must not take all places.
_MOST_OF_ONE = 4
#: What was agreed to longer ago than this is not begun any more, and not repeated: "tonight" has passed.
_STALE = timedelta(hours=1)
#: Pauses before a server is tried again: one that could not be reached, and one whose answer did not come.
_CONNECT_PAUSES = (1.0, 3.0)
_REPEAT_PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
_END_SECONDS = 130.0


class Hands(Protocol):
    """Makes tools ready."""

    async def acting(self, ai_id: str, entry: str, tool: str) -> Attached | None:
        """A tool that acts; ``None`` where it can't be made ready."""
        ...

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...


@dataclass(frozen=True)
class Attempt:
    """How one attempt at a deed ended; ``again`` where nobody knows and the same call may be made once more."""

    state: actions.Ending | Literal["again"]
    line: str = ""
    text: str = ""


class Performer:
    """Works off what is agreed to, until there is nothing left or it is told to stop."""

    def __init__(
        self, db: Database, releases: Releases, hands: Hands, *, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        self._db = db
        self._releases = releases
        self._hands = hands
        self._idle_seconds = idle_seconds
        self._tasks: dict[asyncio.Task[None], Deed] = {}
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more; what is in flight comes to its end first."""
        self._stop.set()

    async def run(self) -> None:
        """Until nothing was to do for half a minute, or ``stop``."""
        beating = asyncio.create_task(self._beat())
        worked = time.monotonic()
        try:
            while not self._stop.is_set() and time.monotonic() - worked < self._idle_seconds:
                if await self._look() or self._tasks:
                    worked = time.monotonic()
                await self._pause(_POLL_SECONDS)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_END_SECONDS)
        finally:
            beating.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(beating, *self._tasks, return_exceptions=True)
            await self._hands.aclose()

    async def _look(self) -> bool:
        """Take what there is; says whether there is, or soon may be, something to do. Trouble with the database is nothing to
        do: the calls in flight come to their end, and it ends where it lasts."""
        try:
            await self._take()
            return await self._db_read(actions.is_needed)
        except DBAPIError:
            log.exception("the database could not be read")
            return False

    async def _take(self) -> None:
        """Claim what is in nobody's hands, and begin it."""
        found = await self._db_read(actions.orphans)
        busy = Counter((deed.ai_id, deed.extension) for deed in self._tasks.values())
        for deed in found:
            place = (deed.ai_id, deed.extension)
            if len(self._tasks) >= _MOST_AT_ONCE or busy[place] >= _MOST_OF_ONE:
                continue
            if deed.state == "sending" and not deed.repeatable:
                await self._db_write(partial(actions.give_up, deed=deed))
            elif await self._db_write(partial(actions.claim, deed=deed)):
                busy[place] += 1
                task = asyncio.create_task(self._see_to_its_end(deed))
                self._tasks[task] = deed
                task.add_done_callback(self._tasks.pop)

    async def _see_to_its_end(self, deed: Deed) -> None:
        try:
            await self._work(deed)
        except Exception:
            # Nobody says any more that it lives: in a minute it is taken up again, as after a kill.
            log.exception("%s could not be seen to its end", deed.id)

    async def _work(self, deed: Deed) -> None:
        for repeats in count():
            attempt = await self._attempt(deed)
            if attempt is None:
                return  # told to stop: the next performer takes it up
            if attempt.state != "again" or _is_stale(deed):
                await self._keep(deed, attempt)
                return
            deed = deed.model_copy(update={"state": "sending"})
            await self._pause(_REPEAT_PAUSES[min(repeats, len(_REPEAT_PAUSES) - 1)])

    async def _attempt(self, deed: Deed) -> Attempt | None:
        """Make the call once, if it may and can be made."""
        begun = deed.state == "sending"
        attached, line = await self._made_ready(deed)
        if self._stop.is_set():
            return None
        if attached is None:
            return Attempt("again") if begun else Attempt("failed", line)
        guard = await self._db_read(lambda tx: self._guard(tx, deed))
        refused = await self._db_write(lambda tx: self._begin(tx, deed))
        if refused:
            return Attempt("unknown", _uncertain()) if begun else Attempt("failed", refused)
        done = await perform(attached, deed.values, _context(deed))
        if done.state != "unclear":
            shown = done.text if guard is not None and guard.check(done.text) is None else ""
            return Attempt(done.state, done.line, shown)
        return Attempt("again") if deed.repeatable else Attempt("unknown", _uncertain())

    async def _made_ready(self, deed: Deed) -> tuple[Attached | None, str]:
        """The tool with a connection to its server; else a sentence that says why not."""
        line = ""
        for pause in (*_CONNECT_PAUSES, None):
            attached = await self._hands.acting(deed.ai_id, deed.extension, deed.tool)
            if attached is None:
                return None, actions.NotSetUp(title=deed.title).message
            line = await unready(attached, deed.values)
            if not line:
                return attached, ""
            if pause is None or self._stop.is_set():
                break
            await self._pause(pause)
        return None, line

    def _begin(self, tx: Tx, deed: Deed) -> str:
        """Write down that it is sent from now on; else a sentence that says why it is not."""
        if hash_of(deed.extension, deed.tool, deed.arguments) != deed.hash:
            return actions.NotAsAgreed().message
        if _is_stale(deed):
            return actions.TooOld().message
        if not consent.is_on(tx, self._releases, deed):
            return actions.OffMeanwhile().message
        return "" if actions.begin(tx, deed) else actions.OutOfHands().message

    async def _keep(self, deed: Deed, last: Attempt) -> None:
        """Write down what came of it."""
        state: actions.Ending = "unknown" if last.state == "again" else last.state
        line = _uncertain() if last.state == "again" else last.line
        await self._db_write(lambda tx: actions.end(tx, deed, state, line=line, result=last.text))

    def _guard(self, tx: Tx, deed: Deed) -> Guard | None:
        """Reads the tool's answer before the fan does. Made before the call: between its end and its outcome's commit
        nothing may take time."""
        try:
            return Guard(compile_rules(self._releases.route(tx, deed.ai_id, deed.fan_id).brief))
        except (NotFound, NotLive):
            return None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(actions.BEAT.total_seconds())
            try:
                mine = [deed.id for deed in self._tasks.values()]
                if mine:
                    await self._db_write(partial(actions.beat, action_ids=mine))
            except Exception:
                log.exception("no sign of life could be written")

    async def _pause(self, seconds: float) -> None:
        """Wait, but not beyond being told to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _db_read(self, work: Callable[[Tx], T]) -> T:
        def read() -> T:
            with self._db.read() as tx:
                return work(tx)

        return await in_thread(read)

    async def _db_write(self, work: Callable[[Tx], T]) -> T:
        """A transaction, tried again while the database can't take it: an outcome that is lost would be unknown."""

        def write() -> T:
            with self._db.write() as tx:
                return work(tx)

        for pause in (*_REPEAT_PAUSES, None):
            try:
                return await in_thread(write)
            except DBAPIError:
                if pause is None:
                    raise
                log.exception("the database could not be written; trying again")
                await asyncio.sleep(pause)
        raise AssertionError


def _is_stale(deed: Deed) -> bool:
    return deed.agreed_at is None or deed.agreed_at < clock.now() - _STALE


def _context(deed: Deed) -> Context:
    return Context(
        ai_id=deed.ai_id,
        fan_id=deed.fan_id,
        call_id=deed.key,
        now=clock.now(),
        language=deed.language or "en",
    )


def _uncertain() -> str:
    return actions.Uncertain().message
