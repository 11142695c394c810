"""The answers that one process is producing: started while their turn is being stored, and stored as they ended.

See ``docs/design/turns.md``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from inhouse.conversations import actions, toolcalls, trace, turns
from inhouse.conversations.running import Running
from inhouse.conversations.telemetry.base import Sink
from inhouse.conversations.turns import State, Turn
from inhouse.core.errors import InhouseError
from inhouse.core.events import Ended, Failed, Started
from inhouse.releases.release import Route
from inhouse.runtime import spans
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.request import Answerer, ReplyRequest
from inhouse.store.database import Database

log = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.5
_ANSWER_SECONDS = 600


@dataclass(frozen=True)
class Work:
    """An answer that may be begun before its turn is stored."""

    turn_id: str
    route: Route
    request: ReplyRequest


@dataclass(frozen=True)
class Stored:
    """A turn, and whether it is the one whose work was ``begun``; else it was there already."""

    turn: Turn
    begun: bool


class AnswerBroke(InhouseError):
    """Something went wrong while this was answered. Ask again; the operator's log names turn {turn}."""

    status = 500


class TookTooLong(InhouseError):
    """The answer took too long and was given up. Ask again."""

    status = 503


class Answering:
    """The running turns of one process, on one event loop."""

    def __init__(self, db: Database, answerer: Answerer, sink: Sink | None = None) -> None:
        """``sink`` is told of every turn that was stored as it ended."""
        self._db = db
        self._answerer = answerer
        self._sink = sink
        self._running: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._flusher: asyncio.Task[None] | None = None
        self._launching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def get(self, turn_id: str) -> Running | None:
        """The turn, where this process answers it."""
        return self._running.get(turn_id)

    async def launch(
        self, look: Callable[[], Work | Turn], store: Callable[[Work], Stored], name: str = ""
    ) -> Turn:
        """Read what an answer needs, begin it, and write the turn meanwhile: whoever writes waits for the disk and for other
        writers. Both run in threads. Where ``look`` finds the turn there already, that is all. Of requests with one ``name``
        the second looks once the first has stored.

        Nobody can follow it before the turn is stored; where that fails, or gives another turn back, the work is given up.
        Shielded: a request that is dropped in between leaves no idle turn.
        """
        return await asyncio.shield(self._launch_alone(look, store, name))

    async def aclose(self) -> None:
        """Give up what is being answered; those turns become ``interrupted``."""
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.gather(self._flusher, return_exceptions=True)

    async def _launch_alone(
        self, look: Callable[[], Work | Turn], store: Callable[[Work], Stored], name: str
    ) -> Turn:
        if not name:
            return await self._launch(look, store)
        lock = self._launching.setdefault(name, asyncio.Lock())
        async with lock:
            return await self._launch(look, store)

    async def _launch(self, look: Callable[[], Work | Turn], store: Callable[[Work], Stored]) -> Turn:
        work = await in_thread(look)
        if isinstance(work, Turn):
            return work
        running = Running(work.turn_id, work.route.release_id)
        producer = running.producer = asyncio.create_task(self._produce(running, work.request))
        await asyncio.sleep(0)  # the engine has the question before a thread competes for the interpreter
        begun = False
        try:
            stored = await in_thread(store, work)
            begun = stored.begun
        finally:
            if begun:
                self._follow_up(running, producer, work.route)
            else:
                producer.cancel()
                await asyncio.gather(producer, return_exceptions=True)
        return stored.turn

    def _follow_up(self, running: Running, producer: asyncio.Task[Ended], route: Route) -> None:
        self._running[running.turn_id] = running
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        task = asyncio.create_task(self._answer(running, producer, route))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _produce(self, running: Running, request: ReplyRequest) -> Ended:
        with spans.recording(running.recorder):
            return await self._end_of(running, request)

    async def _end_of(self, running: Running, request: ReplyRequest) -> Ended:
        events = self._answerer.reply(request)
        ended: Ended | None = None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                async for event in events:
                    if isinstance(event, Ended):
                        ended = event
                    elif not isinstance(event, Started | Failed):
                        running.publish(event)
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()
        if ended is not None:
            return ended
        raise AnswerBroke(turn=running.turn_id)

    async def _answer(self, running: Running, producer: asyncio.Task[Ended], route: Route) -> None:
        """Wait for the answer and store how it ended, whatever happens; the end is told only once it is stored."""
        state, event = await _outcome(running, producer)
        event = event.model_copy(update={"seq": running.seq + 1})
        answer = event.answer if isinstance(event, Ended) else running.shown
        traced = trace.made(running, route, event)
        stored = None
        try:
            stored = await in_thread(self._store_end, running.turn_id, state, answer, event, traced)
        except Exception:
            # The row stays as it is, and the next start-up shows the turn as interrupted.
            log.exception("turn %s could not be stored", running.turn_id)
            error = AnswerBroke(turn=running.turn_id)
            event = Failed(code=error.code, message=error.message)
        finally:
            running.publish(event)
            self._running.pop(running.turn_id, None)
        if stored is not None and self._sink is not None:
            await in_thread(self._tell, self._sink, stored, route)

    def _tell(self, sink: Sink, turn: Turn, route: Route) -> None:
        try:
            sink.take(turn, route.ai)
        except Exception:
            log.exception(
                "turn %s could not be exported", turn.id
            )  # it is stored, and the fan has their answer

    async def _flush(self) -> None:
        """Keep what was shown, at most every half second, so that a kill loses little; obey a stop from elsewhere.

        One transaction for all running turns, as long as there are any: each waits for the disk.
        """
        kept: dict[str, tuple[str, float]] = {}
        while self._running:
            await asyncio.sleep(_FLUSH_SECONDS)
            due = [one for one in self._running.values() if _is_due(one, *kept.get(one.turn_id, ("", 0.0)))]
            now = {one.turn_id: (one.shown, one.elapsed_ms()) for one in due}
            try:
                to_stop = await in_thread(self._save_shown, due) if due else []
            except Exception:
                log.exception("what was shown could not be kept")  # the turns go on; their ends are stored
                continue
            kept = {name: last for name, last in (kept | now).items() if name in self._running}
            for running in to_stop:
                running.stop()  # somebody asked for it, or the turn was erased

    def _save_shown(self, due: Sequence[Running]) -> list[Running]:
        """Returns those that are to stop."""
        with self._db.write() as tx:
            return [
                one
                for one in due
                if turns.save_shown(tx, one.turn_id, one.shown, one.seq) is not False and not one.ended
            ]

    def _store_end(
        self, turn_id: str, state: State, answer: str, event: Ended | Failed, traced: dict[str, Any]
    ) -> Turn | None:
        with self._db.write() as tx:
            ended = turns.end(tx, turn_id, state, answer, event, traced)
            if ended is not None:
                toolcalls.keep(tx, ended)
            if ended is not None and isinstance(event, Ended) and event.proposal is not None:
                actions.propose(tx, ended, event.proposal)
        return ended


def _is_due(running: Running, kept: str, beat: float) -> bool:
    """Whether it shows more than was kept, or has to give a sign of life."""
    return (
        running.shown != kept or running.elapsed_ms() - beat >= turns.BEAT.total_seconds() * 1000
    ) and not running.ended


async def _outcome(running: Running, producer: asyncio.Task[Ended]) -> tuple[State, Ended | Failed]:
    """How the answer ended, as it is to be stored."""
    try:
        ended = await producer
    except asyncio.CancelledError:
        if running.stop_requested:
            return "stopped", Ended(answer=running.shown, finish="stopped")
        return "interrupted", _failed(turns.Interrupted())
    except TimeoutError:
        return "failed", _failed(TookTooLong())
    except InhouseError as error:
        return "failed", _failed(error)
    except Exception:
        log.exception("turn %s failed", running.turn_id)
        return "failed", _failed(AnswerBroke(turn=running.turn_id))
    return "done", ended


def _failed(error: InhouseError) -> Failed:
    return Failed(code=error.code, message=error.message)
