"""Consent and the journal: who may agree to what, until when, and that every transition happens once."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from turnkit import OWNER, PASSED, World, world

from actingkit import ARGUMENTS, offer, proposed, set_up
from inhouse.accounts.actors import Actor, Scope
from inhouse.app import performers
from inhouse.conversations import actions, retention
from inhouse.conversations.actions import Deed
from inhouse.conversations.consent import Actions, DecidedAlready, NotAsShown, SwitchedOff, TooLate
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.quotas import UsedUp
from inhouse.conversations.tables import actions as table
from inhouse.conversations.tables import tool_calls
from inhouse.core import clock
from inhouse.core.errors import NotAllowed, NotFound
from inhouse.core.settings import Settings
from inhouse.releases import releases as release_rows
from inhouse.releases.amendments import Amendments
from inhouse.releases.release import Candidate
from inhouse.releases.revocation import Revocation
from inhouse.runtime.extensions.base import Limits
from inhouse.store import processes
from inhouse.store.database import Database


@pytest.fixture
def here(db: Database) -> World:
    made = world(db)
    live(made, set_up(db, made.ai.id, limits=Limits(fan_daily=2)))
    return made


def live(here: World, *entries: str) -> None:
    candidate = Candidate(brief_version=1, index_revision=0, extensions=entries)
    with here.db.write() as tx:
        made = release_rows.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, made.id)


def consent(here: World) -> Actions:
    return Actions(here.db, here.releases)


def agreed(here: World, fan: Fan, *, repeatable: bool = False) -> Deed:
    deed = proposed(here.db, fan, repeatable=repeatable)
    return consent(here).agree(fan, deed.id, deed.hash)


def change(here: World, deed: Deed, **values: object) -> None:
    with here.db.write() as tx:
        tx.execute(update(table).where(table.c.id == deed.id).values(values))


def test_what_is_agreed_to_is_kept_to_the_letter_and_charged_once(here: World) -> None:
    fan = here.fan()
    deed = proposed(here.db, fan)
    assert (deed.state, deed.values, deed.told) == (
        "proposed",
        ARGUMENTS,
        (("Workshop", "wheel"), ("Places", "2")),
    )
    assert not deed.open
    first = consent(here).agree(fan, deed.id, deed.hash)
    again = consent(here).agree(fan, deed.id, deed.hash)
    assert first.state == again.state == "agreed" and first.agreed_at == again.agreed_at
    with here.db.read() as tx:
        assert [row.id for row in tx.execute(select(tool_calls))] == [deed.key]


def test_only_the_fan_it_concerns_can_agree(here: World) -> None:
    deed = proposed(here.db, here.fan())
    for stranger in (here.fan(), Fan(deed.fan_id, here.other.id)):
        with pytest.raises(NotFound):
            consent(here).agree(stranger, deed.id, deed.hash)
        with pytest.raises(NotFound):
            consent(here).decline(stranger, deed.id)
        with pytest.raises(NotFound):
            consent(here).get(stranger, deed.id)
        assert consent(here).of_turns(stranger, [deed.turn_id]) == {}


def test_other_arguments_than_were_shown_are_not_agreed_to(here: World) -> None:
    fan = here.fan()
    deed = proposed(here.db, fan)
    for shown in ("", offer({"what": "kiln"}).hash):
        with pytest.raises(NotAsShown):
            consent(here).agree(fan, deed.id, shown)
    assert consent(here).get(fan, deed.id).state == "proposed"


def test_a_proposal_runs_out(here: World) -> None:
    fan = here.fan()
    deed = proposed(here.db, fan)
    change(here, deed, expires_at=clock.now() - timedelta(seconds=1))
    assert consent(here).get(fan, deed.id).state == "expired"
    with pytest.raises(TooLate):
        consent(here).agree(fan, deed.id, deed.hash)
    assert [one.id for one in consent(here).listing(OWNER, here.ai.id, ("expired",))] == [deed.id]
    assert consent(here).listing(OWNER, here.ai.id, ("proposed",)) == []
    with here.db.write() as tx:
        assert actions.expire(tx) == 1 and actions.expire(tx) == 0
        assert not actions.is_needed(tx)


def test_declined_stays_declined_and_agreed_stays_agreed(here: World) -> None:
    fan = here.fan()
    no, yes = proposed(here.db, fan), agreed(here, fan)
    assert consent(here).decline(fan, no.id).state == "declined"
    assert consent(here).decline(fan, no.id).state == "declined"
    with pytest.raises(DecidedAlready):
        consent(here).agree(fan, no.id, no.hash)
    with pytest.raises(DecidedAlready):
        consent(here).decline(fan, yes.id)


def test_switching_off_wins_over_agreeing(here: World) -> None:
    fan = here.fan()
    deed = proposed(here.db, fan)
    off = Amendments(here.db).switch_extension_off(OWNER, here.ai.id, "bookings")
    with pytest.raises(SwitchedOff):
        consent(here).agree(fan, deed.id, deed.hash)
    Amendments(here.db).take_back(OWNER, here.ai.id, off.number)
    live(here, "bookings@another")
    with pytest.raises(SwitchedOff):
        consent(here).agree(fan, deed.id, deed.hash)
    with here.db.read() as tx:
        assert tx.execute(select(tool_calls)).all() == []


def test_quotas_are_charged_when_the_fan_agrees(here: World) -> None:
    fan = here.fan()
    third = [proposed(here.db, fan) for _ in range(3)][2]
    agreed(here, fan), agreed(here, fan)
    with pytest.raises(UsedUp):
        consent(here).agree(fan, third.id, third.hash)
    assert consent(here).get(fan, third.id).state == "proposed"


def test_two_browsers_agree_once(here: World) -> None:
    fan = here.fan()
    deed = proposed(here.db, fan)
    threads = [threading.Thread(target=consent(here).agree, args=(fan, deed.id, deed.hash)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with here.db.read() as tx:
        assert len(tx.execute(select(tool_calls)).all()) == 1


def test_one_performer_gets_a_deed_and_only_it_moves_it(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fan = here.fan()
    deed = agreed(here, fan)
    with here.db.write() as tx:
        assert [one.id for one in actions.orphans(tx)] == [deed.id]
        assert actions.claim(tx, deed)
        assert not actions.claim(tx, deed), "its holder lives"
        assert actions.orphans(tx) == []
    monkeypatch.setattr(processes, "this_process", lambda: "elsewhere/1@1.00")
    with here.db.write() as tx:
        assert not actions.begin(tx, deed) and not actions.end(tx, deed, "done")
    monkeypatch.undo()
    with here.db.write() as tx:
        assert actions.begin(tx, deed)
        assert not actions.begin(tx, deed), "once"
        sending = actions.of_fan(tx, fan, deed.id)
        assert not actions.begin(tx, sending), "not repeatable"
        assert actions.end(tx, sending, "done", result="x" * 5000)
        assert not actions.end(tx, sending, "failed")
    last = consent(here).get(fan, deed.id)
    assert (last.state, last.attempts, len(last.result)) == ("done", 1, 2000)


def test_a_dead_performers_call_is_unknown_and_a_live_one_may_still_tell(here: World) -> None:
    fan = here.fan()
    deed = agreed(here, fan)
    with here.db.write() as tx:
        actions.claim(tx, deed) and actions.begin(tx, deed)
    change(here, deed, beat_at=clock.now() - timedelta(minutes=2))
    with here.db.write() as tx:
        [orphan] = actions.orphans(tx)
        assert actions.give_up(tx, orphan) and not actions.give_up(tx, orphan)
        assert actions.unseen(tx, here.ai.id) == 1
    assert consent(here).get(fan, deed.id).line.startswith("Nobody knows")
    with here.db.write() as tx:
        assert actions.end(tx, deed, "done", result="It was slow.")
    assert consent(here).get(fan, deed.id).state == "done"


def test_the_team_reads_the_journal_and_owners_look_into_what_is_unknown(here: World) -> None:
    fan = here.fan()
    deed = agreed(here, fan)
    change(here, deed, state="unknown")
    reviewer = Actor(kind="key", name="r", key_id="key_1", ai_id=here.ai.id, scopes=frozenset({Scope.REVIEW}))
    assert [one.id for one in consent(here).listing(reviewer, here.ai.id)] == [deed.id]
    assert consent(here).listing(OWNER, here.other.id) == []
    with pytest.raises(NotAllowed):
        consent(here).look_into(reviewer, here.ai.id, deed.id)
    with pytest.raises(NotFound):
        consent(here).look_into(OWNER, here.other.id, deed.id)
    assert consent(here).look_into(OWNER, here.ai.id, deed.id).seen_at is not None
    with here.db.read() as tx:
        assert consent(here).unseen(tx, here.ai.id) == 0


def test_nothing_open_is_performed_again_after_a_restore(here: World) -> None:
    fan = here.fan()
    waiting, yes = proposed(here.db, fan), agreed(here, fan)
    with here.db.write() as tx:
        assert actions.after_restore(tx) == 2
        assert actions.orphans(tx) == [] and not actions.is_needed(tx)
    assert consent(here).get(fan, waiting.id).state == "expired"
    assert consent(here).get(fan, yes.id).state == "unknown"


def test_erased_and_outlived_it_is_gone(here: World, tmp_path: Path) -> None:
    fan, other = here.fan(), here.fan()
    mine, kept = agreed(here, fan), agreed(here, other)
    receipt = FanData(here.db, Revocation(here.adapters), Ledger(tmp_path / "log")).erase(fan)
    assert receipt.counts["actions"] == 1
    with here.db.write() as tx:
        assert actions.of_any(tx, mine.id) is None and not actions.begin(tx, mine)
        later = clock.now() + timedelta(days=1)
        assert retention.remove_older(tx, here.ai.id, later)["actions"] == 0, "it is still open"
        actions.claim(tx, kept) and actions.end(tx, kept, "failed")
        assert retention.remove_older(tx, here.ai.id, later)["actions"] == 1


def test_one_performer_a_machine(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert performers.running(settings) is None
    with performers.place(settings) as mine:
        assert mine and performers.running(settings) is not None
    assert performers.running(settings) is None
