"""Releases: gate, going live, rolling back, revocation."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select
from turnkit import FAILED, OWNER, PASSED, World, world

from inhouse.accounts import audit
from inhouse.brief.brief import Brief, Rival
from inhouse.content import index
from inhouse.content.values import Document, Kind, Section
from inhouse.core import clock
from inhouse.core.errors import Busy, NotFound, UsageError
from inhouse.core.events import Ended
from inhouse.core.passages import Place
from inhouse.releases import amendments, judging, probes, routing
from inhouse.releases import releases as releases_module
from inhouse.releases.amendments import Amendments
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.gate import GateKeeper
from inhouse.releases.judging import Outcome
from inhouse.releases.release import (
    Candidate,
    GateFailed,
    NothingToRollBackTo,
    NotLive,
    Route,
    Share,
    Tainted,
)
from inhouse.releases.revocation import Revocation
from inhouse.releases.shelves import PickScore, VoiceScore
from inhouse.releases.tables import releases as releases_table
from inhouse.runtime.request import ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker

BETTER = VoiceScore(none=2.0, adapter=1.8, interval=(-0.25, -0.15), n=40)
NO_BETTER = VoiceScore(none=2.0, adapter=1.99, interval=(-0.05, 0.03), n=40)


@pytest.fixture
def here(db: Database) -> World:
    return world(db)


def route(here: World, fan_id: str = "fan_1") -> Route:
    with here.db.read() as tx:
        return here.releases.route(tx, here.ai.id, fan_id)


def revoke(here: World, source_id: str) -> None:
    with here.db.write() as tx:
        Revocation(here.adapters).on_source_revoked(tx, here.ai.id, source_id)


def pass_gate(here: World, adapter: str | None = None, **options: Any) -> Any:
    keeper = GateKeeper(here.db, here.releases, here.adapters, here.scripted)
    job = here.releases.propose(OWNER, here.ai.id, adapter, **options)
    Worker(here.db, {"gate": keeper.handler}, "heavy").run_one()
    with here.db.read() as tx:
        return jobs.get(tx, job.id)


def test_going_live_is_one_row_and_is_audited(here: World) -> None:
    with pytest.raises(NotLive):
        route(here)
    first, second = here.release(), here.release()
    assert route(here).release_id == second.id
    here.releases.go_live(OWNER, here.ai.id, first.id)
    assert route(here).release_id == first.id
    with here.db.read() as tx:
        assert [entry.action for entry in audit.listing(tx, ai_id=here.ai.id)][:3] == ["released"] * 3
    assert [listed.share for listed in here.releases.listing(OWNER, here.ai.id)] == [0.0, 1.0]
    assert [change.kind for change in here.releases.changes(OWNER, here.ai.id)] == ["go_live"] * 3


def test_what_did_not_pass_or_is_another_ais_never_goes_live(here: World) -> None:
    failed = here.release(gate=FAILED, live=False)
    with pytest.raises(GateFailed):
        here.releases.go_live(OWNER, here.ai.id, failed.id)
    foreign = here.release(here.other)
    with pytest.raises(NotFound):
        here.releases.go_live(OWNER, here.ai.id, foreign.id)
    with pytest.raises(NotFound):
        here.releases.get(OWNER, here.ai.id, foreign.id)
    with pytest.raises(NotLive):
        route(here)


def test_the_live_release_less_an_extension_is_made_and_not_live(here: World) -> None:
    with pytest.raises(NotLive):
        here.releases.propose_without(OWNER, here.ai.id, "calculator")
    candidate = Candidate(brief_version=1, index_revision=0, extensions=("calculator@1", "prices@2"))
    with here.db.write() as tx:
        live = releases_module.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, live.id)
    with pytest.raises(NotFound):
        here.releases.propose_without(OWNER, here.ai.id, "calc")
    here.releases.propose_without(OWNER, here.ai.id, "calculator")
    keeper = GateKeeper(here.db, here.releases, here.adapters, here.scripted)
    Worker(here.db, {"gate": keeper.handler}, "heavy").run_one()
    newest, *_ = here.releases.listing(OWNER, here.ai.id)
    assert newest.release.extensions == ("prices@2",) and newest.share == 0.0
    assert route(here).release_id == live.id


def test_two_roll_backs_go_back_two_releases(here: World) -> None:
    first, second, third = here.release(), here.release(), here.release()
    assert here.releases.roll_back(OWNER, here.ai.id).id == second.id
    assert here.releases.roll_back(OWNER, here.ai.id).id == first.id
    with pytest.raises(NothingToRollBackTo):
        here.releases.roll_back(OWNER, here.ai.id)
    here.releases.go_live(OWNER, here.ai.id, third.id)
    assert here.releases.roll_back(OWNER, here.ai.id).id == first.id


def test_a_roll_back_passes_over_a_tainted_release(here: World) -> None:
    good = here.release()
    here.release(adapter=here.adapters.put(here.ai.id, "a1", "src_1"))
    here.release()
    revoke(here, "src_1")
    assert here.releases.roll_back(OWNER, here.ai.id).id == good.id


def test_shares_keep_a_fan_where_they_are(here: World) -> None:
    first, second = here.release(), here.release()
    fans = [f"fan_{number}" for number in range(400)]

    def served(share: float) -> set[str]:
        shares = [Share(release_id=first.id, share=1 - share), Share(release_id=second.id, share=share)]
        here.releases.split(OWNER, here.ai.id, shares)
        with here.db.read() as tx:
            return {f for f in fans if here.releases.route(tx, here.ai.id, f).release_id == second.id}

    small, large = served(0.1), served(0.5)
    assert small < large and 15 < len(small) < 70 and 150 < len(large) < 250
    with pytest.raises(UsageError):
        here.releases.split(OWNER, here.ai.id, [Share(release_id=first.id, share=0.7)])


def test_going_live_from_many_sides_at_once_leaves_one_whole_row(here: World) -> None:
    made = [here.release(live=False) for _ in range(6)]
    threads = [
        threading.Thread(target=here.releases.go_live, args=(OWNER, here.ai.id, one.id)) for one in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = here.releases.changes(OWNER, here.ai.id)
    assert sorted(change.number for change in changes) == [1, 2, 3, 4, 5, 6]
    assert route(here).release_id == changes[0].shares[0].release_id


def test_revoking_moves_live_traffic_off_the_adapter_at_once(here: World) -> None:
    adapter = here.adapters.put(here.ai.id, "a1", "src_1")
    made = here.release(adapter=adapter)
    assert route(here).adapter is not None
    revoke(here, "src_1")
    now = route(here)
    assert now.adapter is None and now.release_id == made.id and now.amendment == 2
    assert [a.kind for a in Amendments(here.db).listing(OWNER, here.ai.id)] == ["adapter_off", "revocation"]
    with here.db.read() as tx:
        assert [job.name for job in jobs.listing(tx, ai_id=here.ai.id)] == ["train"]
    with pytest.raises(Tainted):
        here.releases.go_live(OWNER, here.ai.id, made.id)
    with pytest.raises(Tainted):
        here.releases.propose(OWNER, here.ai.id, adapter)
    with pytest.raises(UsageError):
        Amendments(here.db).take_back(OWNER, here.ai.id, 2)


def test_revoking_what_nothing_was_trained_on_trains_nothing(here: World) -> None:
    here.release(adapter=here.adapters.put(here.ai.id, "a1", "src_1"))
    revoke(here, "src_2")
    assert route(here).adapter is not None
    with here.db.read() as tx:
        assert jobs.listing(tx, ai_id=here.ai.id) == []


def test_a_revocation_that_is_rolled_back_leaves_traffic_alone(here: World) -> None:
    here.release(adapter=here.adapters.put(here.ai.id, "a1", "src_1"))
    with pytest.raises(RuntimeError), here.db.write() as tx:
        Revocation(here.adapters).on_source_revoked(tx, here.ai.id, "src_1")
        raise RuntimeError
    with here.db.read() as tx:
        assert amendments.in_force(tx, here.ai.id) == []


def test_a_pinned_answer_holds_until_it_is_taken_back(here: World) -> None:
    here.release()
    service = Amendments(here.db)
    service.pin(OWNER, here.ai.id, "Tea?", "Black.")
    pin = service.pin(OWNER, here.ai.id, "tea? ", "Green.")
    assert [p.answer for p in route(here).pinned] == ["Green."]
    with here.db.read() as tx:
        assert amendments.in_force(tx, here.other.id) == []
    with pytest.raises(NotFound):
        service.take_back(OWNER, here.other.id, pin.number)
    service.take_back(OWNER, here.ai.id, pin.number)
    assert [p.answer for p in route(here).pinned] == ["Black."]
    assert service.pin(OWNER, here.ai.id, "x", "y").number == 3


def test_an_extension_switched_off_is_off_for_the_next_turn(here: World) -> None:
    here.release()
    Amendments(here.db).switch_extension_off(OWNER, here.ai.id, "search")
    assert route(here).amendment == 1


def test_the_first_release_passes_and_goes_live(here: World) -> None:
    job = pass_gate(here, go_live=True)
    assert job.state == "done", job.error
    assert job.result["gate"]["verdict"] == "first"
    assert route(here).release_id == job.result["release_id"]
    checks = {check["name"]: check for check in job.result["gate"]["checks"]}
    assert checks["guard"]["n"] == 3 and checks["guard"]["interval"][0] < 1


def test_an_adapter_that_is_not_better_is_not_released(here: World) -> None:
    live = here.release()
    job = pass_gate(here, here.adapters.put(here.ai.id, "a1", voice=NO_BETTER), go_live=True)
    assert job.result["release_id"] is None and job.result["gate"]["verdict"] == "not better"
    assert route(here).release_id == live.id
    with here.db.read() as tx:
        assert len(tx.execute(select(releases_table)).all()) == 1


def test_a_better_adapter_is_released_with_its_figures(here: World) -> None:
    here.release()
    adapter = here.adapters.put(here.ai.id, "a1", voice=BETTER, picks=PickScore(14, 20))
    job = pass_gate(here, adapter)
    assert job.result["gate"]["verdict"] == "better"
    made = here.releases.get(OWNER, here.ai.id, job.result["release_id"])
    voice, picks = made.gate.checks[:2]
    assert (voice.old, voice.new, voice.n, voice.interval) == (2.0, 1.8, 40, (-0.25, -0.15))
    assert picks.new == 0.7 and picks.n == 20 and picks.interval is not None


def test_a_candidate_that_gets_fewer_cases_right_stays_out(here: World) -> None:
    live = here.release()
    Cases(here.db).add(OWNER, here.ai.id, ["Tea?"], Expect(must_contain=("green",)))
    here.scripted.answer = lambda request: "Coffee." if request.adapter else "Green tea."
    job = pass_gate(here, here.adapters.put(here.ai.id, "a1", voice=BETTER), go_live=True)
    gate = job.result["gate"]
    assert not gate["passed"] and "fewer cases" in gate["reason"]
    cases = next(check for check in gate["checks"] if check["name"] == "cases")
    assert (cases["old"], cases["new"], cases["n"]) == (1.0, 0.0, 1) and cases["of"] == "new - old"
    assert 'lacks "green"' in cases["failures"][0]
    assert route(here).release_id == live.id


def test_an_answer_that_breaks_a_rule_stops_the_release(db: Database) -> None:
    here = world(db, brief=Brief(name="Ada", rivals=(Rival(name="Teapot Inc", domains=("teapot.example",)),)))
    here.scripted.answer = "I recommend Teapot Inc, see teapot.example."
    gate = pass_gate(here).result["gate"]
    assert not gate["passed"] and "breaks a rule" in gate["reason"]
    assert len(probes.of_brief(here.releases._briefs.at(None, "", 1))) == 5  # type: ignore[arg-type]


def test_a_gate_killed_half_way_goes_on_and_makes_one_release(here: World) -> None:
    here.release()
    for number in range(3):
        Cases(here.db).add(OWNER, here.ai.id, [f"Tea {number}?"], Expect(must_contain=("green",)))
    asked: list[str] = []

    def dies_once(request: ReplyRequest) -> str:
        asked.append(request.question)
        if len(asked) == 4:
            raise Busy()
        return "Green."

    here.scripted.answer = dies_once
    job = pass_gate(here)
    assert job.state == "failed" and job.error == Busy().message
    with here.db.write() as tx:
        jobs.retry(tx, job.id)
    keeper = GateKeeper(here.db, here.releases, here.adapters, here.scripted)
    worker = Worker(here.db, {"gate": keeper.handler}, "heavy")
    worker.run_one()
    assert asked.count("Tea 0?") == 2  # once each for the live release and the candidate: not asked again
    with here.db.write() as tx:
        done = jobs.get(tx, job.id)
        tx.execute(jobs.jobs.update().values(state="queued", attempts=0))
    worker.run_one()
    with here.db.read() as tx:
        again = jobs.get(tx, job.id)
        assert len(tx.execute(select(releases_table)).all()) == 2
    assert again.result == done.result


def test_an_adapter_tainted_while_its_gate_runs_is_not_released(here: World) -> None:
    adapter = here.adapters.put(here.ai.id, "a1", "src_1", voice=BETTER)

    def revoked_meanwhile(_request: ReplyRequest) -> str:
        with here.db.write() as tx:
            here.adapters.taint(tx, here.ai.id, "src_1")
        return "Green."

    here.scripted.answer = revoked_meanwhile
    job = pass_gate(here, adapter, go_live=True)
    assert job.result["release_id"] is None and "revoked" in job.result["gate"]["reason"]


def test_judging_says_what_it_rests_on() -> None:
    assert judging.cases([]).n == 0 and judging.cases([]).passed
    mixed = judging.cases([Outcome("a", True, False), Outcome("b", False, True), Outcome("c", True, True)])
    assert mixed.passed and mixed.interval is not None and mixed.interval[0] < 0 < mixed.interval[1]
    assert not judging.picks(None).n
    with_picks = judging.AdapterFacts("a", None, None, False, picks=PickScore(1, 20))  # type: ignore[arg-type]
    assert not judging.picks(with_picks).passed


def test_what_a_case_expects_ignores_letter_case_width_and_spacing() -> None:
    expect = Expect(must_contain=("Green  TEA",), must_not_contain=("コーヒー",), must_abstain=False)
    assert expect.faults(Ended(answer="ｇｒｅｅｎ tea")) == []
    assert len(expect.faults(Ended(answer="コーヒー", abstained=True))) == 3


def test_the_pile_of_releases() -> None:
    def change(number: int, kind: str, name: str) -> routing.Change:
        return routing.Change.model_validate(
            {
                "ai_id": "a",
                "number": number,
                "kind": kind,
                "shares": [{"release_id": name, "share": 1}],
                "reason": "",
            }
            | {"changed_at": "2026-01-01T00:00:00Z", "changed_by": None}
        )

    history = [change(1, "go_live", "r1"), change(2, "go_live", "r2"), change(3, "roll_back", "r1")]
    assert routing.earlier(history[:2][::-1]) == ["r1"]
    assert routing.earlier(history[::-1]) == []
    assert routing.earlier([*history, change(4, "go_live", "r2")][::-1]) == ["r1"]


# -- the index of a release ------------------------------------------------------------------------------------


def write(here: World, text: str, name: str = "doc_1") -> None:
    """Index a document of one sentence."""
    document = Document(
        id=name, ai_id=here.ai.id, source_id="src_1", key=name, title="Kiln", kind=Kind.POST, url=None,
        published_at=None, language="en", question=None, hash="0", imported_at=clock.now(),
    )  # fmt: skip
    with here.db.write() as tx:
        index.put_document(tx, here.ai.id, document, [Section(text=text, place=Place())])


def refresh(here: World) -> Job | None:
    with here.db.write() as tx:
        return here.releases.refresh(tx, here.ai.id)


def waiting(here: World) -> int:
    with here.db.read() as tx:
        return here.releases.waiting(tx, here.ai.id)


def run_gates(here: World) -> None:
    keeper = GateKeeper(here.db, here.releases, here.adapters, here.scripted)
    worker = Worker(here.db, {"gate": keeper.handler}, "heavy")
    while worker.run_one():
        pass


def test_fans_keep_the_index_of_their_release_until_new_content_passed_the_gate(here: World) -> None:
    assert refresh(here) is None  # nothing is live
    write(here, "The kiln is small.")
    pass_gate(here, go_live=True)
    before = route(here)
    assert refresh(here) is None and waiting(here) == 0  # nothing is new
    write(here, "The kiln is large.")
    assert route(here).index_revision == before.index_revision
    assert waiting(here) == 1
    assert refresh(here) is not None
    run_gates(here)
    after = route(here)
    assert after.index_revision > before.index_revision and waiting(here) == 0
    assert (
        here.scripted.requests[-1].index_revision == after.index_revision
    )  # the gate asked on what it released
    here.releases.roll_back(OWNER, here.ai.id)
    assert route(here).index_revision == before.index_revision


def test_new_content_that_makes_cases_worse_stays_out(here: World) -> None:
    cases = Cases(here.db)
    for number in range(12):
        cases.add(OWNER, here.ai.id, [f"Question {number}?"], Expect(must_contain=("small",)))
    here.scripted.answer = lambda request: "small" if request.index_revision in good else "large"
    write(here, "The kiln is small.")
    with here.db.read() as tx:
        good = {index.revision(tx, here.ai.id)}
    pass_gate(here, go_live=True)
    live = route(here).release_id
    write(here, "The kiln is large.")
    refresh(here)
    run_gates(here)
    assert route(here).release_id == live and waiting(here) == 1


def test_a_refresh_does_not_bring_back_what_was_replaced_meanwhile(here: World) -> None:
    write(here, "The kiln is small.")
    here.release()
    write(here, "The kiln is large.")
    refresh(here)
    newer = here.release(adapter=here.adapters.put(here.ai.id, "a1", "src_1", voice=BETTER))
    run_gates(here)
    with here.db.read() as tx:
        made = here.releases.current(tx, here.ai.id)
    assert made is not None and made.number > newer.number
    assert made.adapter_hash == newer.adapter_hash, "what was refreshed is the newer one"
    assert waiting(here) == 0  # the newer release was refreshed in its turn
    here.releases.roll_back(OWNER, here.ai.id)
    assert route(here).release_id == newer.id


def test_split_traffic_keeps_its_index(here: World) -> None:
    write(here, "The kiln is small.")
    first, second = here.release(), here.release()
    shares = [Share(release_id=first.id, share=0.5), Share(release_id=second.id, share=0.5)]
    here.releases.split(OWNER, here.ai.id, shares)
    write(here, "The kiln is large.")
    assert refresh(here) is None


def test_a_refresh_that_was_queued_before_a_split_does_not_end_it(here: World) -> None:
    write(here, "The kiln is small.")
    first, second = here.release(), here.release()
    write(here, "The kiln is large.")
    refresh(here)
    shares = [Share(release_id=second.id, share=0.9), Share(release_id=first.id, share=0.1)]
    here.releases.split(OWNER, here.ai.id, shares)
    run_gates(here)
    with here.db.read() as tx:
        live = routing.get(tx, here.ai.id)
    assert live is not None and list(live.shares) == shares
    here.releases.go_live(OWNER, here.ai.id, second.id)
    run_gates(here)
    assert waiting(here) == 0, "who ends the split asks again"


def test_passages_that_no_release_shows_are_forgotten(here: World) -> None:
    write(here, "The kiln is small.")
    pass_gate(here, go_live=True)
    for text in ("The kiln is large.", "The kiln is sold."):
        write(here, text)
    pass_gate(here, go_live=True)
    with here.db.write() as tx:
        assert here.releases.forget_passages(tx) == 1  # the first is where a roll-back goes
