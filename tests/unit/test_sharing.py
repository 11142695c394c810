"""Consent to share traces, what of them leaves, and the lineage of what has left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from turnkit import OWNER, World, agreed, world

from inhouse.accounts import audit
from inhouse.accounts.actors import Actor
from inhouse.conversations import exports, lineage, sharing_texts, toolcalls
from inhouse.conversations.exports import DataSetExists, NothingShared, TraceExports
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.sharing import Consents, NotAsked, NothingGiven
from inhouse.conversations.tables import tool_calls, trace_consents, trace_exports
from inhouse.conversations.threads import Filter
from inhouse.conversations.traces import SharedTrace, Traces
from inhouse.conversations.turns import Turn
from inhouse.conversations.verdicts import Verdicts
from inhouse.core import ids
from inhouse.core.errors import NotAllowed, NotFound
from inhouse.core.events import Ended, Event, Token
from inhouse.core.passages import Citation, Place
from inhouse.releases.revocation import Revocation
from inhouse.runtime import spans
from inhouse.runtime.request import ReplyRequest
from inhouse.store.database import Database

ASKED = "I'm Anna Smith, where is order 48213?"


class Calling:
    """Answers after a call of a tool, with what it was asked as the argument; ``state`` says what the call comes to."""

    def __init__(self) -> None:
        self.state = "done"
        self.citations: Sequence[Citation] = ()

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        asked = {"call": ids.new_id("call"), "extension": "orders", "tool": "find", "title": "Orders"}
        words = request.question.split()[-1].strip("?.")
        with spans.whole("tool", **asked, arguments={"words": words}) as noted:
            noted |= {"state": self.state, "line": "", "found": ["It is on its way"]}
        yield Token(text="On its way.")
        yield Ended(answer="On its way.", kind="tool", citations=tuple(self.citations))


@pytest.fixture
def here(db: Database) -> World:
    made = world(db)
    made.release()
    made.release(made.other)
    made.conversations._answering._answerer = Calling()
    return made


def ask(here: World, fan: Fan, question: str = ASKED, thread: str | None = None) -> Turn:
    async def main() -> Turn:
        turn = await here.conversations.begin(fan, question, conversation_id=thread)
        async for _event in here.conversations.follow(fan, turn.id):
            pass
        return here.conversations.turn(fan, turn.id)

    return asyncio.run(main())


def shared(here: World) -> list[SharedTrace]:
    return list(Traces(here.db).consented())


def test_nothing_is_shared_before_both_agreed(here: World) -> None:
    fan, consents = here.fan(), Consents(here.db)
    with pytest.raises(NotAsked):
        consents.give_for(fan)
    assert not consents.asks(fan)
    ask(here, fan)
    assert shared(here) == []
    consents.give(OWNER, here.ai.id)
    assert consents.asks(fan)
    ask(here, fan)
    assert shared(here) == []
    consents.give_for(fan)
    assert shared(here) == [], "what was asked before does not count"
    turn = ask(here, fan)
    assert [one.id for one in shared(here)] == [turn.id]


def test_the_fans_yes_is_not_enough_without_the_owners(here: World) -> None:
    fan = agreed(here)
    ask(here, fan)
    Consents(here.db).withdraw(OWNER, here.ai.id)
    assert shared(here) == []
    assert Consents(here.db).of_fan(fan) is not None, "a fan can still take theirs back"
    Consents(here.db).give(OWNER, here.ai.id)
    assert shared(here) == [], "what was asked before the new agreement is not covered by it"
    ask(here, fan)
    assert len(shared(here)) == 1


def test_one_fans_yes_is_no_others_and_no_other_ais(here: World) -> None:
    fan = agreed(here)
    ask(here, here.fan())
    ask(here, here.fan(here.other))
    named = here.fans.named(here.ai.id, "key:key_1:user")
    ask(here, named)  # comes by an API key: never asked, so never agreed
    turn = ask(here, fan)
    assert [one.id for one in shared(here)] == [turn.id]


def test_what_leaves_has_no_personal_data_and_the_copy_is_exact(here: World) -> None:
    fan = agreed(here)
    first = ask(here, fan)
    second = ask(here, fan, "And order 48213?", first.conversation_id)
    Verdicts(here.db).thumb(fan, second.id, "up")
    Verdicts(here.db).correct(OWNER, here.ai.id, second.id, "Anna, order 48213 left on Monday.")
    one, two = shared(here)
    assert one.question == "I'm [NAME_1], where is order [ORDER_1]?"
    assert one.calls[0].arguments == {"words": "[ORDER_1]"} and one.calls[0].state == "done"
    assert two.history[0].question == one.question and two.history[0].answer == "On its way."
    assert (two.thumb, two.correction) == ("up", "[NAME_1], order [ORDER_1] left on Monday.")
    assert two.removed == {"NAME": 1, "ORDER": 1}
    written = two.model_dump_json()
    assert all(word not in written for word in ("Anna", "Smith", "48213", fan.id))


def test_what_was_said_before_the_agreement_is_no_history(here: World) -> None:
    fan = here.fan()
    first = ask(here, fan)
    agreed(here, fan)
    ask(here, fan, "And the other one?", first.conversation_id)
    [one] = shared(here)
    assert one.history == ()


def test_an_answer_whose_source_is_gone_is_no_history(here: World) -> None:
    fan = agreed(here)
    cited = Citation(
        number=1, passage_id="psg_gone", document="Post", url=None, place=Place(), quote="It is."
    )
    here.conversations._answering._answerer.citations = [cited]  # type: ignore[attr-defined]
    first = ask(here, fan)
    ask(here, fan, "And the other one?", first.conversation_id)
    assert [one.history for one in shared(here)] == [(), ()]


def test_a_data_set_is_whole_counted_logged_and_private(here: World, tmp_path: Path) -> None:
    fan = agreed(here)
    turn = ask(here, fan)
    file = tmp_path / "shared.jsonl"
    made = TraceExports(here.db).make(OWNER, [here.ai.id, here.other.id], file)
    [line] = file.read_text().splitlines()
    assert json.loads(line)["id"] == turn.id and "Anna" not in line and fan.id not in line
    manifest = json.loads((tmp_path / "shared.jsonl.manifest.json").read_text())
    assert manifest["sha256"] == made.sha256 == ids.digest(file.read_bytes())
    assert (manifest["traces"], manifest["ais"], manifest["text_version"]) == (1, 1, sharing_texts.VERSION)
    assert manifest["removed"] == {"NAME": 1, "ORDER": 1} and manifest["lineage"] == [ids.digest(turn.id)]
    assert file.stat().st_mode & 0o077 == 0
    with here.db.read() as tx:
        [entry] = audit.listing(tx, ai_id=here.ai.id, action="exported traces")
    assert (entry.subject, entry.detail) == (made.id, {"traces": 1, "text_version": sharing_texts.VERSION})
    with pytest.raises(DataSetExists):
        TraceExports(here.db).make(OWNER, [here.ai.id], file)


def test_only_the_operator_makes_a_data_set(here: World, tmp_path: Path) -> None:
    ask(here, agreed(here))
    somebody = Actor(kind="person", name="Mara", person_id="per_1")
    with pytest.raises(NotAllowed):
        TraceExports(here.db).make(somebody, [here.ai.id], tmp_path / "x.jsonl")
    assert list(tmp_path.glob("*.jsonl*")) == []


def test_withdrawing_holds_at_once_and_the_receipt_tells_where_something_is(
    here: World, tmp_path: Path
) -> None:
    fan = agreed(here)
    turn = ask(here, fan)
    data_sets = TraceExports(here.db)
    made = data_sets.make(OWNER, [here.ai.id], tmp_path / "shared.jsonl")
    receipt = Consents(here.db).withdraw_for(fan)
    [holding] = receipt.exported
    assert (holding.export_id, holding.file, holding.traces) == (made.id, "shared.jsonl", 1)
    assert holding.sha256 == made.sha256 and len(receipt.receipt) == 64
    with pytest.raises(NothingShared):
        data_sets.make(OWNER, [here.ai.id], tmp_path / "later.jsonl")
    assert data_sets.unwanted(OWNER, made.id) == [ids.digest(turn.id)]
    with pytest.raises(NothingGiven):
        Consents(here.db).withdraw_for(fan)
    with pytest.raises(NotFound):
        data_sets.unwanted(OWNER, "dat_none")


def test_who_withdraws_while_a_data_set_is_gathered_is_not_in_it(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fan, stays = agreed(here), agreed(here)
    ask(here, fan)
    kept = ask(here, stays)
    real = exports.traces.still_covered

    def late(tx: Any, found: Sequence[SharedTrace]) -> list[SharedTrace]:
        tx.execute(
            update(trace_consents).where(trace_consents.c.fan_id == fan.id).values(withdrawn_at=kept.asked_at)
        )
        return real(tx, found)

    monkeypatch.setattr(exports.traces, "still_covered", late)
    made = TraceExports(here.db).make(OWNER, [here.ai.id], tmp_path / "shared.jsonl")
    assert made.lineage == (ids.digest(kept.id),)


def test_killed_before_the_file_the_lineage_is_there_and_no_file(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fan = agreed(here)
    ask(here, fan)
    monkeypatch.setattr(exports, "_put", lambda path, data: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        TraceExports(here.db).make(OWNER, [here.ai.id], tmp_path / "shared.jsonl")
    [listed] = TraceExports(here.db).listing(OWNER)
    assert listed.sha256 is None and listed.finished_at is None
    with here.db.read() as tx:
        assert len(lineage.of_fan(tx, fan.id)) == 1
    assert list(tmp_path.glob("*shared*")) == []


def test_erasing_a_fan_leaves_a_lineage_that_names_nobody(here: World, tmp_path: Path) -> None:
    fan = agreed(here)
    turn = ask(here, fan)
    made = TraceExports(here.db).make(OWNER, [here.ai.id], tmp_path / "shared.jsonl")
    fan_data = FanData(here.db, Revocation(here.adapters), Ledger(tmp_path / "erasures.log"))
    assert fan_data.see(fan)["data_sets"][0]["export_id"] == made.id
    receipt = fan_data.erase(fan)
    assert receipt.counts["data_sets"] == 1 and receipt.counts["trace_consents"] == 1
    assert shared(here) == []
    assert TraceExports(here.db).unwanted(OWNER, made.id) == [ids.digest(turn.id)]
    with here.db.read() as tx:
        rows = [
            str(row) for table in (trace_exports, lineage.trace_lineage) for row in tx.execute(select(table))
        ]
    assert fan.id not in "".join(rows) and turn.id not in "".join(rows)


PINNED = {
    (1, "owner", "en"): "9a3baebdad3e",
    (1, "owner", "ja"): "24a13b993021",
    (1, "fan", "en"): "31b9370b196b",
    (1, "fan", "ja"): "6eaa3a38e2a4",
    (2, "owner", "en"): "ab9c0d297e7c",
    (2, "owner", "ja"): "31e8d0a48ac7",
    (2, "fan", "en"): "e1c66e050130",
    (2, "fan", "ja"): "0494b61c07b8",
}


def test_the_texts_are_what_was_agreed_to() -> None:
    """Other words are another version: give ``VERSION`` the next number and keep the old texts."""
    words = {
        (version, who, language): ids.digest("\n".join(sharing_texts.text(who, language, version)))[:12]  # type: ignore[arg-type]
        for version in range(1, sharing_texts.VERSION + 1)
        for who in ("owner", "fan")
        for language in ("en", "ja")
    }
    assert words == PINNED
    assert sharing_texts.text("fan", "fr") == sharing_texts.text("fan", "en")


def test_who_agreed_to_an_earlier_text_is_asked_again_and_can_take_it_back(
    here: World, tmp_path: Path
) -> None:
    fan, consents = agreed(here), Consents(here.db)
    turn = ask(here, fan)
    made = TraceExports(here.db).make(OWNER, [here.ai.id], tmp_path / "shared.jsonl")
    with here.db.write() as tx:
        tx.execute(update(trace_consents).values(text_version=1))
    assert shared(here) == [], "the first text spoke of teaching only"
    found, fans_own = consents.of_ai(OWNER, here.ai.id), consents.of_fan(fan)
    assert found.consent is None and found.earlier is not None and not consents.asks(fan)
    assert fans_own is not None and not fans_own.is_in_force
    assert consents.withdraw_for(fan).consent.text_version == 1
    assert TraceExports(here.db).unwanted(OWNER, made.id) == [ids.digest(turn.id)]
    assert consents.of_fan(fan) is None
    consents.give(OWNER, here.ai.id)
    found = consents.of_ai(OWNER, here.ai.id)
    assert found.consent is not None and found.earlier is None
    consents.give_for(fan)
    again = ask(here, fan)
    assert [one.id for one in shared(here)] == [again.id]


def test_calls_are_counted_by_what_came_of_them(here: World) -> None:
    fan, answerer = here.fan(), here.conversations._answering._answerer
    for state in ("done", "done", "failed", "refused"):
        answerer.state = state  # type: ignore[attr-defined]
        with here.db.write() as tx:
            before = len(tx.execute(select(tool_calls)).all())
        turn = ask(here, fan)
        with here.db.write() as tx:  # as the quota counts a call when it is made
            if state != "refused":
                span = (turn.trace or {})["spans"][0]
                made = {"id": span["detail"]["call"], "ai_id": here.ai.id, "fan_id": fan.id}
                called = {"extension": "orders", "tool": "find", "cost": 0.5, "at": turn.created_at}
                tx.execute(tool_calls.insert().values(made | called))
                toolcalls.keep(tx, turn)
            assert len(tx.execute(select(tool_calls)).all()) == before + 1
    with here.db.read() as tx:
        [count] = toolcalls.counts(tx, here.ai.id)
        assert toolcalls.counts(tx, here.other.id) == []
        assert toolcalls.called(tx, here.ai.id) == ["orders/find"]
    assert (count.called, count.done, count.failed, count.refused, count.cut_off) == (4, 2, 1, 1, 0)
    assert count.cost == 1.5 and count.ms is not None and count.ms >= 0


def test_conversations_are_filtered_by_tool_verdict_and_failure(here: World) -> None:
    fan, answerer = here.fan(), here.conversations._answering._answerer
    up, corrected = ask(here, fan), ask(here, fan)
    answerer.state = "refused"  # type: ignore[attr-defined]
    refused = ask(here, fan)
    Verdicts(here.db).thumb(fan, up.id, "up")
    Verdicts(here.db).correct(OWNER, here.ai.id, corrected.id, "Tomorrow.")

    def listed(**wanted: Any) -> list[str]:
        found = here.conversations.listing(OWNER, here.ai.id, wanted=Filter(**wanted))
        return [one.id for one in found]

    assert listed(verdict="up") == [up.conversation_id]
    assert listed(verdict="down") == []
    assert listed(verdict="corrected") == [corrected.conversation_id]
    assert listed(failed=True) == [refused.conversation_id]
    assert listed(tool="orders/find") == [refused.conversation_id]
    assert listed(tool="orders/find", verdict="up") == []
    assert len(listed()) == 3
