"""Taking a turn: it is stored, answered in the background, followed by whoever listens, and stored as it ended.

See ``docs/design/turns.md``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.content.given import Given
from inhouse.conversations import fans, given, threads, turns
from inhouse.conversations.answering import Answering, Stored, Work
from inhouse.conversations.documents import Documents
from inhouse.conversations.fans import Fan
from inhouse.conversations.telemetry.base import Sink
from inhouse.conversations.turns import Conversation, Origin, Turn
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, TooLarge, TooMany, UsageError
from inhouse.core.events import Event, Failed, Replaced, Started
from inhouse.core.settings import Settings
from inhouse.releases.release import MOST_TOKENS, Route
from inhouse.releases.releases import Releases
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.clients import ClientTools
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Answerer, Exchange
from inhouse.store.database import Database, Tx

_POLL_SECONDS = 0.5
_MINUTE = timedelta(minutes=1)
_MOST_KEY = 80
_MOST_ATTEMPTS = 10


class StillAnswering(InhouseError):
    """The last question of this conversation is still being answered. Wait for it, or stop it first."""

    status = 409


class NotRetriable(InhouseError):
    """This turn can't be asked again. Ask a new question instead."""

    status = 409


class Conversations:
    """The turn path of one process. ``begin`` and the rest of the async methods belong to one event loop."""

    def __init__(
        self,
        db: Database,
        releases: Releases,
        answerer: Answerer,
        settings: Settings,
        documents: Documents,
        sink: Sink | None = None,
    ) -> None:
        self._db = db
        self._documents = documents
        self._releases = releases
        self._settings = settings
        self._answering = Answering(db, answerer, sink)

    async def begin(
        self,
        fan: Fan,
        question: str,
        *,
        conversation_id: str | None = None,
        language: str | None = None,
        key: str | None = None,
        history: Sequence[Exchange] | None = None,
        origin: Origin = "page",
        max_tokens: int = MOST_TOKENS,
        priority: Priority = Priority.FAN,
        client: ClientTools | None = None,
        may_act: bool = False,
        documents: Sequence[Given] = (),
    ) -> Turn:
        """Store a question and start answering it; without ``conversation_id`` it opens a conversation.

        ``key`` names the request: the same one again returns the same turn. ``history`` replaces the stored one (for
        clients that keep their own), ``client`` are the tools of the program that asks; ``may_act``: the fan can be asked
        to agree to what a tool would do. ``documents`` are read beside those of the conversation. Raises ``UsageError``
        (empty), ``TooLarge``, ``TooMany``, ``NotLive``, ``NotFound`` (not this fan's conversation) or
        ``StillAnswering``; then nothing is stored.
        """
        self._check(question, key)

        turn_id = ids.new_id("turn")

        def look() -> Work | Turn:
            with self._db.read() as tx:
                # Before the key: a request sent again may find its own turn answering, and gets that.
                busy = conversation_id is not None and turns.is_answering(tx, fan, conversation_id)
                known = turns.by_key(tx, fan, key) if key else None
                if known is not None:
                    return known
                self._limit_rate(tx, fan)
                route = self._releases.route(tx, fan.ai_id, fan.id)
                earlier = _history(tx, fan, conversation_id) if history is None else turns.bounded(history)
                there = self._given(tx, fan, route, conversation_id)
            if busy:
                raise StillAnswering()
            request = route.request(
                question,
                history=earlier,
                language=language,
                max_tokens=max_tokens,
                priority=priority,
                fan_id=fan.id,
                client=client,
                may_act=may_act,
                documents=(*there, *documents),
            )
            return Work(turn_id, route, request)

        def store(work: Work) -> Stored:
            with self._db.write() as tx:
                fans.lock(tx, fan)
                known = turns.by_key(tx, fan, key) if key else None
                if known is not None:
                    return Stored(known, begun=False)
                self._limit_rate(tx, fan)  # again, now that nothing else of this fan's comes between
                turn = turns.add(
                    tx,
                    _thread(tx, fan, conversation_id, origin),
                    turn_id=turn_id,
                    author="ai",
                    state="pending",
                    question=question,
                    language=language,
                    key=key,
                    route=work.route,
                )
                given.touch(tx, fan, [one.id for one in work.request.documents])
                return Stored(turn, begun=True)

        return await self._answering.launch(look, store, f"{fan.id}:{key}" if key else "")

    async def follow(self, fan: Fan, turn_id: str, after: int = 0) -> AsyncIterator[Event]:
        """The events of a turn after number ``after``, to its end; leaving early doesn't stop the answer.

        A turn answered elsewhere, or ended long ago, is told from the database: ``Replaced`` says what was shown.
        """
        running = self._answering.get(turn_id)
        turn = await in_thread(self.turn, fan, turn_id)
        if running is not None:
            async for event in running.follow(after):
                yield event
            return
        while turn.running:
            if turn.answer and turn.seq > after:
                yield Replaced(seq=turn.seq, text=turn.answer, reason="resumed")
                after = turn.seq
            await asyncio.sleep(_POLL_SECONDS)
            turn = await in_thread(self._look_again, fan, turn_id)
        for event in _told(turn):
            if event.seq > after:
                yield event

    async def ask(self, fan: Fan, question: str, **options: Any) -> AsyncIterator[Event]:
        """``begin``, then ``follow``: all events of one new turn."""
        turn = await self.begin(fan, question, **options)
        async for event in self.follow(fan, turn.id):
            yield event

    async def stop(self, fan: Fan, turn_id: str) -> None:
        """Stop the engine's work for a running turn; it is stored as ``stopped`` with what was shown."""

        def mark() -> None:
            with self._db.write() as tx:
                turns.request_stop(tx, fan, turn_id)

        await in_thread(mark)
        if running := self._answering.get(turn_id):
            running.stop()

    async def retry(self, fan: Fan, turn_id: str, *, may_act: bool = False) -> Turn:
        """Answer a stopped, failed or interrupted turn again, as the same turn. One that runs is returned as it is."""

        def look() -> Work | Turn:
            with self._db.read() as tx:
                turn = turns.get(tx, fan, turn_id)
                if turn.running:
                    return turn
                self._check_again(tx, fan, turn)
                route = self._releases.route(tx, fan.ai_id, fan.id)
                thread = turns.conversation(tx, fan, turn.conversation_id)
                earlier = turns.history(tx, thread, before=turn.number)
                there = self._given(tx, fan, route, thread.id)
            request = route.request(
                turn.question,
                history=earlier,
                language=turn.language,
                fan_id=fan.id,
                documents=there,
                may_act=may_act,
            )
            return Work(turn_id, route, request)

        def store(work: Work) -> Stored:
            with self._db.write() as tx:
                fans.lock(tx, fan)
                turn = turns.get(tx, fan, turn_id)
                if turn.running:
                    return Stored(turn, begun=False)
                self._check_again(tx, fan, turn)
                _thread(tx, fan, turn.conversation_id, "page")
                return Stored(turns.restart(tx, turn, work.route), begun=True)

        return await self._answering.launch(look, store, turn_id)

    def turn(self, fan: Fan, turn_id: str) -> Turn:
        """One turn of this fan."""
        with self._db.read() as tx:
            return turns.get(tx, fan, turn_id)

    def history(self, fan: Fan, conversation_id: str) -> list[Turn]:
        """A fan's own conversation, without the traces."""
        with self._db.read() as tx:
            return _bare(turns.of_conversation(tx, turns.conversation(tx, fan, conversation_id)))

    def latest(self, fan: Fan) -> Conversation | None:
        """The conversation that this fan was in last."""
        with self._db.read() as tx:
            return threads.latest(tx, fan)

    def listing(
        self,
        actor: Actor,
        ai_id: str,
        *,
        before: str | None = None,
        limit: int = 50,
        wanted: threads.Filter | None = None,
    ) -> list[threads.Summary]:
        """The AI's conversations for its team, the latest first; ``before`` is the last id of the page before."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            return threads.listing(tx, ai_id, before=before, limit=limit, wanted=wanted)

    def read(self, actor: Actor, ai_id: str, conversation_id: str) -> list[Turn]:
        """One conversation for the team, with traces. That it was read goes into the audit log."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.REVIEW, ai_id=ai_id)
            thread = threads.of_ai(tx, ai_id, conversation_id)
            audit.record(tx, actor, "read conversation", ai_id=ai_id, subject=conversation_id)
            return turns.of_conversation(tx, thread)

    def recover(self) -> int:
        """Mark the turns of dead processes as interrupted; run at start-up. Returns how many there were."""
        with self._db.write() as tx:
            return turns.interrupt_orphans(tx)

    async def aclose(self) -> None:
        """Give up what is being answered; those turns become ``interrupted``."""
        await self._answering.aclose()

    def _given(self, tx: Tx, fan: Fan, route: Route, conversation_id: str | None) -> tuple[Given, ...]:
        """What the fan gave to this conversation; nothing to look for where it is new, or the AI reads none."""
        if conversation_id is None or not route.ai.takes_documents:
            return ()
        return self._documents.of_conversation(tx, fan, conversation_id)

    def _check(self, question: str, key: str | None) -> None:
        if not question.strip():
            raise UsageError(reason="Write a question first.")
        if len(question) > self._settings.max_question_chars:
            raise TooLarge(what="The message", limit=f"{self._settings.max_question_chars} characters")
        if key is not None and not 1 <= len(key) <= _MOST_KEY:
            raise UsageError(reason=f"An idempotency key has 1 to {_MOST_KEY} characters.")

    def _check_again(self, tx: Tx, fan: Fan, turn: Turn) -> None:
        """May this turn be asked again? Looked at before the work begins, and once more under the fan's lock."""
        if not turn.retriable or turn.attempts >= _MOST_ATTEMPTS:
            raise NotRetriable()
        self._limit_rate(tx, fan)

    def _limit_rate(self, tx: Tx, fan: Fan) -> None:
        """Counted in the database, so that all replicas and restarts count together."""
        now = clock.now()
        asked = turns.asked_since(tx, fan, now - _MINUTE)
        most = self._settings.fan_turns_per_minute
        if len(asked) >= most:
            raise TooMany(seconds=max(1, int((asked[-most] + _MINUTE - now).total_seconds() + 1)))

    def _look_again(self, fan: Fan, turn_id: str) -> Turn:
        with self._db.read() as tx:
            if not turns.is_orphan(tx, fan, turn_id):
                return turns.get(tx, fan, turn_id)
        with self._db.write() as tx:
            turns.interrupt_orphans(tx)
            return turns.get(tx, fan, turn_id)


def _thread(tx: Tx, fan: Fan, conversation_id: str | None, origin: Origin) -> Conversation:
    if conversation_id is None:
        return turns.open_conversation(tx, fan, origin)
    thread = turns.conversation(tx, fan, conversation_id)
    turns.interrupt_orphans(tx, thread.id)
    if turns.running_in(tx, thread.id):
        raise StillAnswering()
    return thread


def _history(tx: Tx, fan: Fan, conversation_id: str | None) -> tuple[Exchange, ...]:
    if conversation_id is None:
        return ()
    return turns.history(tx, turns.conversation(tx, fan, conversation_id))


def _told(turn: Turn) -> list[Event]:
    """An ended turn as events: enough for a page that saw only a part, or nothing, of it."""
    told: list[Event] = [Started(seq=1, turn_id=turn.id, release_id=turn.release_id)]
    if turn.end is None:
        return told
    if isinstance(turn.end, Failed) and turn.answer:
        told.append(Replaced(seq=turn.end.seq - 1, text=turn.answer, reason="resumed"))
    return [*told, turn.end]


def _bare(found: list[Turn]) -> list[Turn]:
    return [turn.model_copy(update={"trace": None}) for turn in found]
