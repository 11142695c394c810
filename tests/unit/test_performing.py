"""Performing what was agreed to: once, told apart by what is known of it, and not at all where that no longer holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from test_actions import agreed, change, consent, live
from turnkit import OWNER, World, world

from actingkit import ARGUMENTS, Service, proposed, set_up
from inhouse.app import performing
from inhouse.app.performing import Performer
from inhouse.app.schema import metadata
from inhouse.brief.brief import Brief, Rival
from inhouse.conversations import actions
from inhouse.conversations.actions import Deed
from inhouse.conversations.tables import actions as table
from inhouse.core import clock
from inhouse.releases.amendments import Amendments
from inhouse.runtime.extensions.base import Limits, Result, ToolFailed, ToolUnclear
from inhouse.store.database import Database


@pytest.fixture
def db(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """On SQLite alone: the repository is tested on both."""
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('db') / 'inhouse.db'}")
    with made.write() as tx:
        metadata.create_all(tx)
    return made


@pytest.fixture
def here(db: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(performing, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(performing, "_CONNECT_PAUSES", (0.01, 0.01))
    monkeypatch.setattr(performing, "_REPEAT_PAUSES", (0.01,))
    made = world(db, brief=Brief(name="Ada", rivals=(Rival(name="Mudlark Studio"),)))
    live(made, set_up(db, made.ai.id))
    return made


Meanwhile = Callable[[Performer], Awaitable[None]]


def work(here: World, service: Service, meanwhile: Meanwhile | None = None) -> None:
    """Let a performer work until it has nothing to do."""

    async def run() -> None:
        performer = Performer(here.db, here.releases, service, idle_seconds=0.05)
        running = asyncio.create_task(performer.run())
        if meanwhile:
            await meanwhile(performer)
        await asyncio.wait_for(running, 10)

    asyncio.run(run())


def ended(here: World, deed: Deed) -> Deed:
    with here.db.read() as tx:
        found = actions.of_any(tx, deed.id)
    assert found is not None
    return found


def test_what_was_agreed_to_is_done_once_with_its_key(here: World) -> None:
    deed = agreed(here, here.fan())
    service = Service([Result(text="Two places, number 17.")])
    work(here, service)
    work(here, service)
    last = ended(here, deed)
    assert (last.state, last.result, last.attempts) == ("done", "Two places, number 17.", 1)
    assert (service.keys, service.arguments) == ([deed.key], [ARGUMENTS])


def test_what_nobody_agreed_to_is_not_done(here: World) -> None:
    fan = here.fan()
    no, waiting = proposed(here.db, fan), proposed(here.db, fan)
    consent(here).decline(fan, no.id)
    change(here, waiting, expires_at=clock.now() - timedelta(seconds=1))
    service = Service()
    work(here, service)
    assert service.keys == []


@pytest.mark.parametrize(
    ("answer", "state", "line"),
    [
        (ToolFailed(reason="It is booked out."), "failed", "It is booked out."),
        (ToolUnclear(reason="The connection broke."), "unknown", "Nobody knows"),
        (ValueError("a bug"), "unknown", "Nobody knows"),
        (asyncio.Event(), "unknown", "Nobody knows"),
    ],
)
def test_failed_is_certain_and_all_else_is_unknown(
    here: World, answer: object, state: str, line: str
) -> None:
    deed = agreed(here, here.fan())
    service = Service([answer], limits=Limits(seconds=0.1))
    work(here, service)
    work(here, service)
    last = ended(here, deed)
    assert last.state == state and last.line.startswith(line)
    assert len(service.keys) == 1, "never sent again by itself"


def test_what_may_be_repeated_is_called_again_with_the_same_key(here: World) -> None:
    deed = agreed(here, here.fan(), repeatable=True)
    unclear = ToolUnclear(reason="The connection broke.")
    service = Service([unclear, unclear, Result(text="Booked.")], repeatable=True)
    work(here, service)
    last = ended(here, deed)
    assert (last.state, last.attempts) == ("done", 3)
    assert service.keys == [deed.key] * 3


def dead(here: World, deed: Deed, *, sending: bool) -> None:
    """As a performer leaves it that was killed."""
    with here.db.write() as tx:
        assert actions.claim(tx, deed)
        if sending:
            assert actions.begin(tx, deed)
        gone = deed.model_copy(update={"process": "x"})
        tx.execute(
            update(table).where(table.c.id == gone.id).values(beat_at=clock.now() - timedelta(minutes=5))
        )


def test_a_kill_before_sending_costs_nothing(here: World) -> None:
    deed = agreed(here, here.fan())
    dead(here, deed, sending=False)
    service = Service()
    work(here, service)
    assert ended(here, deed).state == "done" and len(service.keys) == 1


def test_a_kill_while_sending_is_unknown_or_repeated(here: World) -> None:
    fan = here.fan()
    once, often = agreed(here, fan), agreed(here, fan, repeatable=True)
    dead(here, once, sending=True)
    dead(here, often, sending=True)
    service = Service(repeatable=True)
    work(here, service)
    assert ended(here, once).state == "unknown"
    assert (ended(here, often).state, ended(here, often).attempts) == ("done", 2)
    assert service.keys == [often.key]


def test_a_server_that_is_away_is_tried_and_then_it_is_certain_that_nothing_was_sent(here: World) -> None:
    fan = here.fan()
    deed = agreed(here, fan)
    work(here, Service(away=2))
    assert ended(here, deed).state == "done"
    other = agreed(here, fan)
    service = Service(away=99)
    work(here, service)
    assert ended(here, other).state == "failed" and service.keys == []


def test_a_tool_that_is_gone_or_an_extension_that_is_not_made_is_not_called(here: World) -> None:
    fan = here.fan()
    deed = agreed(here, fan)
    service = Service(offered=False)
    work(here, service)
    assert ended(here, deed).line == "The tool Book a place is not offered any more. Nothing was sent."
    other = agreed(here, fan)
    change(here, other, extension="gone@1")
    work(here, service)
    assert ended(here, other).state == "failed" and service.keys == []


def test_what_changed_since_the_agreement_is_not_sent(here: World) -> None:
    fan = here.fan()
    forged, old, off = agreed(here, fan), agreed(here, fan), agreed(here, fan)
    change(here, forged, arguments='{"places": 99, "what": "wheel"}')
    change(here, old, agreed_at=clock.now() - timedelta(hours=2))
    service = Service()
    with here.db.read() as tx:
        assert len(actions.orphans(tx)) == 3
    change(here, off, agreed_at=clock.now())
    Amendments(here.db).switch_extension_off(OWNER, here.ai.id, "bookings")
    work(here, service)
    lines = [ended(here, one).line for one in (forged, old, off)]
    assert service.keys == []
    assert lines == [
        "What is kept is not what was agreed to. Nothing was sent.",
        "This could not be sent within an hour of your agreement. Nothing was sent.",
        "It was switched off or changed after you agreed. Nothing was sent.",
    ]


def test_switched_off_between_two_attempts_it_is_not_repeated(here: World) -> None:
    deed = agreed(here, here.fan(), repeatable=True)
    dead(here, deed, sending=True)
    Amendments(here.db).switch_extension_off(OWNER, here.ai.id, "bookings")
    service = Service(repeatable=True)
    work(here, service)
    assert ended(here, deed).state == "unknown" and service.keys == []


def test_told_to_stop_it_ends_what_is_in_flight_and_takes_no_more(here: World) -> None:
    fan = here.fan()
    first = agreed(here, fan)
    hold = asyncio.Event()
    service = Service([hold])

    async def stop(performer: Performer) -> None:
        while not service.keys:
            await asyncio.sleep(0.01)
        performer.stop()
        await asyncio.sleep(0.05)
        second.append(agreed(here, fan))
        hold.set()

    second: list[Deed] = []
    work(here, service, stop)
    assert ended(here, first).state == "done" and ended(here, second[0]).state == "agreed"


def test_an_answer_that_breaks_the_brief_is_not_shown(here: World) -> None:
    deed = agreed(here, here.fan())
    work(here, Service([Result(text="Booked. Mudlark Studio is much better, by the way.")]))
    assert (ended(here, deed).state, ended(here, deed).result) == ("done", "")


def test_one_slow_extension_does_not_take_all_places(here: World) -> None:
    fans = [here.fan() for _ in range(6)]
    for fan in fans:
        agreed(here, fan)
    hold = asyncio.Event()
    service = Service([hold] * 6)

    async def look(performer: Performer) -> None:
        await asyncio.sleep(0.3)
        assert len(service.keys) == 4
        hold.set()

    work(here, service, look)
    assert len(set(service.keys)) == 6
