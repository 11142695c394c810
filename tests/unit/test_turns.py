"""Turns: stored before they are shown, followed, resumed, stopped, killed, retried, and never shown to another fan."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from turnkit import OWNER, World, world

from inhouse.conversations import turns
from inhouse.conversations.conversations import NotRetriable, StillAnswering
from inhouse.conversations.fans import Fan
from inhouse.conversations.tables import conversations as conversations_table
from inhouse.conversations.tables import fans as fans_table
from inhouse.conversations.tables import turns as turns_table
from inhouse.core import clock
from inhouse.core.errors import Busy, NotFound, TooLarge, TooMany, UsageError
from inhouse.core.events import Ended, Event, Failed, Replaced, Started, Step, Token
from inhouse.releases.release import NotLive
from inhouse.runtime.request import Exchange, ReplyRequest
from inhouse.store.database import Database

DEAD = "999999999@1.00"


@pytest.fixture
def here(db: Database) -> World:
    made = world(db)
    made.release()
    return made


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await act()

    return asyncio.run(main())


def ask(here: World, fan: Fan, question: str = "Tea?", **options: Any) -> list[Event]:
    async def main() -> list[Event]:
        return [event async for event in here.conversations.ask(fan, question, **options)]

    return asyncio.run(main())


def kill_process_of(here: World, turn_id: str, shown: str) -> None:
    """Leave a turn as a process that was killed in mid-stream leaves it."""
    with here.db.write() as tx:
        host = tx.execute(select(turns_table.c.process).where(turns_table.c.id == turn_id)).scalar_one()
        name = f"{(host or turns.processes.this_process()).partition('/')[0]}/{DEAD}"
        change = {"state": "streaming", "process": name, "answer": shown, "seq": 4, "ended": None}
        tx.execute(update(turns_table).where(turns_table.c.id == turn_id).values(change))


def test_a_turn_is_answered_event_by_event_and_stored_with_its_release(here: World) -> None:
    fan = here.fan()
    events = ask(here, fan)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], Started) and isinstance(events[1], Step) and isinstance(events[-1], Ended)
    assert "".join(e.text for e in events if isinstance(e, Token)) == "Green tea, most days."
    turn = here.conversations.turn(fan, events[0].turn_id)
    assert (turn.state, turn.answer, turn.seq) == ("done", "Green tea, most days.", events[-1].seq)
    assert turn.release_id == events[0].release_id is not None
    assert turn.trace is not None and turn.trace["steps"][0]["name"] == "search"
    assert turn.trace["timing"]["prompt_tokens"] == 7


def test_the_work_begins_while_the_question_is_stored_and_nothing_is_shown_before(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, add = threading.Event(), turns.add

    def slow(*args: Any, **options: Any) -> turns.Turn:
        assert asked.wait(5)
        return add(*args, **options)

    def look(_request: ReplyRequest) -> str:
        asked.set()
        return "Green."

    monkeypatch.setattr(turns, "add", slow)
    here.scripted.answer = look

    async def main() -> None:
        fan, turn_id = here.fan(), ""
        async for event in here.conversations.ask(fan, "Tea?"):
            turn_id = event.turn_id if isinstance(event, Started) else turn_id
            assert here.conversations.turn(fan, turn_id).question == "Tea?"
        assert here.conversations.turn(fan, turn_id).answer == "Green."

    asyncio.run(main())


def test_what_can_not_be_stored_is_not_answered(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any, **_options: Any) -> turns.Turn:
        time.sleep(0.05)
        raise OSError("disk full")

    monkeypatch.setattr(turns, "add", full)

    async def main() -> None:
        here.scripted.hold = asyncio.Event()
        with pytest.raises(OSError, match="disk full"):
            await here.conversations.begin(here.fan(), "Tea?")
        assert here.scripted.closed == 1 and not here.conversations._answering._running

    asyncio.run(main())
    with here.db.read() as tx:
        assert tx.execute(select(func.count()).select_from(turns_table)).scalar() == 0


def test_a_server_that_is_told_to_end_leaves_interrupted_turns(here: World) -> None:
    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        await here.conversations.aclose()
        assert here.conversations.turn(fan, turn.id).state == "interrupted"

    asyncio.run(main())


def test_nothing_released_means_not_open_and_nothing_stored(db: Database) -> None:
    here = world(db)
    fan = here.fan()
    with pytest.raises(NotLive):
        ask(here, fan)
    with db.read() as tx:
        assert tx.execute(select(func.count()).select_from(turns_table)).scalar() == 0
        assert tx.execute(select(func.count()).select_from(conversations_table)).scalar() == 0


def test_a_reader_who_leaves_may_come_back_and_misses_nothing(here: World) -> None:
    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        seen = []
        async for event in here.conversations.follow(fan, turn.id):
            seen.append(event)
            if isinstance(event, Token):
                break
        here.scripted.hold.set()
        seen += [event async for event in here.conversations.follow(fan, turn.id, seen[-1].seq)]
        assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
        assert isinstance(seen[-1], Ended) and here.scripted.closed == 0

    asyncio.run(main())


def test_an_answer_goes_on_to_its_end_when_nobody_listens(here: World) -> None:
    async def main() -> None:
        fan = here.fan()
        turn = await here.conversations.begin(fan, "Tea?")
        while here.conversations._answering._running:
            await asyncio.sleep(0.01)
        events = [event async for event in here.conversations.follow(fan, turn.id)]
        assert [event.type for event in events] == ["started", "ended"]
        assert events[-1].answer == "Green tea, most days."  # type: ignore[union-attr]
        assert [e async for e in here.conversations.follow(fan, turn.id, events[-1].seq)] == []

    asyncio.run(main())


def test_a_stop_ends_the_engines_work_and_keeps_what_was_shown(here: World) -> None:
    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        events = []
        async for event in here.conversations.follow(fan, turn.id):
            events.append(event)
            if isinstance(event, Token):
                await here.conversations.stop(fan, turn.id)
        stored = here.conversations.turn(fan, turn.id)
        assert (stored.state, stored.answer, here.scripted.closed) == ("stopped", "Green", 1)
        assert isinstance(events[-1], Ended) and events[-1].finish == "stopped"

    asyncio.run(main())


def test_a_stop_from_another_replica_is_obeyed(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inhouse.conversations.answering._FLUSH_SECONDS", 0.01)

    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        with here.db.write() as tx:
            turns.request_stop(tx, fan, turn.id)
        events = [event async for event in here.conversations.follow(fan, turn.id)]
        assert isinstance(events[-1], Ended) and events[-1].finish == "stopped"

    asyncio.run(main())


def test_what_was_shown_is_kept_while_it_streams(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inhouse.conversations.answering._FLUSH_SECONDS", 0.01)

    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        while here.conversations.turn(fan, turn.id).answer != "Green":
            await asyncio.sleep(0.01)
        assert here.conversations.turn(fan, turn.id).state == "streaming"
        await here.conversations.aclose()

    asyncio.run(main())


def test_a_killed_process_leaves_an_interrupted_turn_that_can_be_retried(here: World) -> None:
    fan = here.fan()
    turn_id = ask(here, fan)[0].turn_id  # type: ignore[union-attr]
    kill_process_of(here, turn_id, "Green")
    assert here.conversations.recover() == 1
    interrupted = here.conversations.turn(fan, turn_id)
    assert (interrupted.state, interrupted.answer, interrupted.retriable) == ("interrupted", "Green", True)

    async def main() -> None:
        told = [event async for event in here.conversations.follow(fan, turn_id)]
        assert [type(event) for event in told] == [Started, Replaced, Failed]
        again = await here.conversations.retry(fan, turn_id)
        assert (again.id, again.attempts) == (turn_id, 2)
        events = [event async for event in here.conversations.follow(fan, turn_id)]
        assert isinstance(events[-1], Ended)

    asyncio.run(main())
    assert here.conversations.turn(fan, turn_id).state == "done"


def test_a_reader_of_a_turn_whose_replica_died_is_told(here: World) -> None:
    fan = here.fan()
    turn_id = ask(here, fan)[0].turn_id  # type: ignore[union-attr]
    kill_process_of(here, turn_id, "Green")

    async def main() -> list[Event]:
        return [event async for event in here.conversations.follow(fan, turn_id)]

    events = asyncio.run(main())
    assert isinstance(events[0], Replaced) and events[0].text == "Green"
    assert isinstance(events[-1], Failed) and events[-1].retriable


def test_a_turn_of_a_living_process_is_not_touched_at_start_up(here: World) -> None:
    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        assert here.conversations.recover() == 0
        with here.db.write() as tx:  # a process of another machine that has been silent
            silent = {"process": "elsewhere/1@1.00", "beat_at": clock.now() - timedelta(minutes=5)}
            tx.execute(update(turns_table).where(turns_table.c.id == turn.id).values(silent))
        assert here.conversations.recover() == 1
        await here.conversations.aclose()

    asyncio.run(main())


def test_an_engine_that_is_busy_fails_the_turn_in_its_own_words(here: World) -> None:
    def busy(_request: ReplyRequest) -> str:
        raise Busy()

    here.scripted.answer = busy
    fan = here.fan()
    events = ask(here, fan)
    assert isinstance(events[-1], Failed)
    assert (events[-1].code, events[-1].message) == ("Busy", Busy().message)
    assert here.conversations.turn(fan, events[0].turn_id).state == "failed"  # type: ignore[union-attr]


def test_a_bug_fails_the_turn_without_showing_its_insides(here: World) -> None:
    def broken(_request: ReplyRequest) -> str:
        raise RuntimeError("password=hunter2")

    here.scripted.answer = broken
    events = ask(here, here.fan())
    assert isinstance(events[-1], Failed) and "hunter2" not in events[-1].model_dump_json()


def test_a_request_dropped_while_its_turn_is_stored_is_answered_all_the_same(here: World) -> None:
    async def main() -> None:
        fan = here.fan()
        asking = asyncio.create_task(here.conversations.begin(fan, "Tea?", key="k1"))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        while (turn := await here.conversations.begin(fan, "Tea?", key="k1")).running:
            await asyncio.sleep(0.01)
        assert turn.state == "done" and len(here.scripted.requests) == 1

    asyncio.run(main())


def test_one_key_is_one_turn_even_when_sent_twice_at_once(here: World) -> None:
    async def main() -> None:
        fan = here.fan()
        first, second = await asyncio.gather(
            here.conversations.begin(fan, "Tea?", key="k1"), here.conversations.begin(fan, "Tea?", key="k1")
        )
        assert first.id == second.id
        events = [event async for event in here.conversations.follow(fan, first.id)]
        assert isinstance(events[-1], Ended) and len(here.scripted.requests) == 1
        other = here.fan()
        third = await here.conversations.begin(other, "Tea?", key="k1")
        assert third.id != first.id
        await here.conversations.aclose()

    asyncio.run(main())


def test_a_follow_up_carries_what_was_said_and_a_client_may_bring_its_own(here: World) -> None:
    fan = here.fan()
    first = ask(here, fan, "Tea?")
    thread = here.conversations.turn(fan, first[0].turn_id).conversation_id  # type: ignore[union-attr]
    ask(here, fan, "Why?", conversation_id=thread)
    assert here.scripted.requests[1].history == (Exchange("Tea?", "Green tea, most days."),)
    ask(here, fan, "And?", history=[Exchange("a", "b")])
    assert here.scripted.requests[2].history == (Exchange("a", "b"),)
    assert [turn.question for turn in here.conversations.history(fan, thread)] == ["Tea?", "Why?"]
    assert all(turn.trace is None for turn in here.conversations.history(fan, thread))


def test_history_stays_within_its_limits() -> None:
    many = [Exchange("q" * 100, str(number)) for number in range(20)]
    assert [exchange.answer for exchange in turns.bounded(many)] == [str(n) for n in range(12, 20)]
    assert turns.bounded([Exchange("q", "a" * 7000), Exchange("q", "b")]) == (Exchange("q", "b"),)


def test_a_second_question_waits_for_the_first_answer(here: World) -> None:
    async def main() -> None:
        fan, here.scripted.hold = here.fan(), asyncio.Event()
        turn = await here.conversations.begin(fan, "Tea?")
        with pytest.raises(StillAnswering):
            await here.conversations.begin(fan, "Well?", conversation_id=turn.conversation_id)
        await asyncio.sleep(0.05)
        assert len(here.scripted.requests) == 1, "what is refused is not begun"
        await here.conversations.aclose()

    asyncio.run(main())


def test_another_fan_or_another_ai_reaches_nothing(here: World) -> None:
    fan, stranger = here.fan(), here.fan()
    turn_id = ask(here, fan)[0].turn_id  # type: ignore[union-attr]
    thread = here.conversations.turn(fan, turn_id).conversation_id
    for intruder in (stranger, here.fan(here.other), Fan(fan.id, here.other.id)):
        with pytest.raises(NotFound):
            here.conversations.turn(intruder, turn_id)
        with pytest.raises(NotFound):
            here.conversations.history(intruder, thread)
        with pytest.raises(NotFound):
            run(lambda intruder=intruder: here.conversations.stop(intruder, turn_id))
        with pytest.raises(NotFound):
            run(lambda intruder=intruder: here.conversations.retry(intruder, turn_id))
    with pytest.raises(NotFound):
        ask(here, stranger, conversation_id=thread)
    with pytest.raises(NotFound):
        here.conversations.read(OWNER, here.other.id, thread)


def test_limits_say_what_to_do(db: Database) -> None:
    here = world(db, fan_turns_per_minute=2, max_question_chars=20)
    here.release()
    fan = here.fan()
    with pytest.raises(UsageError):
        ask(here, fan, "  ")
    with pytest.raises(TooLarge):
        ask(here, fan, "x" * 21)
    ask(here, fan)
    ask(here, fan)
    with pytest.raises(TooMany) as refused:
        ask(here, fan)
    assert 1 <= refused.value.context["seconds"] <= 61
    ask(here, here.fan())
    with db.write() as tx:
        tx.execute(update(turns_table).values(asked_at=clock.now() - timedelta(minutes=2)))
    ask(here, fan)


def test_what_ended_well_is_not_asked_again(here: World) -> None:
    fan = here.fan()
    turn_id = ask(here, fan)[0].turn_id  # type: ignore[union-attr]
    with pytest.raises(NotRetriable):
        run(lambda: here.conversations.retry(fan, turn_id))
    assert len(here.scripted.requests) == 1, "what is refused is not begun"


def test_reading_a_conversation_is_audited(here: World) -> None:
    fan = here.fan()
    turn_id = ask(here, fan, "What tea do you drink?")[0].turn_id  # type: ignore[union-attr]
    (summary,) = here.conversations.listing(OWNER, here.ai.id)
    assert (summary.turns, summary.first_question) == (1, "What tea do you drink?")
    (turn,) = here.conversations.read(OWNER, here.ai.id, summary.id)
    assert turn.id == turn_id and turn.trace is not None
    assert here.conversations.listing(OWNER, here.other.id) == []


def test_a_fan_is_known_again_by_their_token_at_one_ai_only(here: World) -> None:
    fan, token = here.fans.welcome(here.ai.id)
    assert here.fans.known(here.ai.id, token) == fan
    assert here.fans.known(here.other.id, token) is None
    assert here.fans.known(here.ai.id, "guess") is None
    assert here.fans.named(here.ai.id, "key:1:") == here.fans.named(here.ai.id, "key:1:")
    with here.db.read() as tx:
        assert token not in str(tx.execute(select(fans_table)).all())
