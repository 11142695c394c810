"""Small first, then the giant: what a comparison learnt, as a release serves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from test_comparing_job import BIG, PRICES, SMALL, FakeArena
from test_serving import House, Plain
from turnkit import OWNER, PASSED, Scripted, World, world
from typer.testing import CliRunner

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.brief.brief import Brief
from inhouse.cli import comparing as command
from inhouse.conversations.picks import Picks, SameAnswers
from inhouse.core.errors import InhouseError, NotAllowed, NotFound, Unavailable, UsageError
from inhouse.core.events import Ended, Event, Replaced, Step, Timing, Token
from inhouse.lab import questions
from inhouse.lab.comparing import cascade as learning
from inhouse.lab.comparing import comparison
from inhouse.lab.comparing.cascade import Pair
from inhouse.lab.comparing.cascades import Cascades
from inhouse.lab.comparing.comparing import Comparisons
from inhouse.lab.comparing.outcomes import Outcome
from inhouse.lab.experiments import asking
from inhouse.lab.experiments.design import Design, Way
from inhouse.lab.experiments.metrics import Metric
from inhouse.releases import releases as repository
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.gate import GateKeeper
from inhouse.releases.release import AnswersSoAlready, Candidate, Release
from inhouse.runtime.answering import Answering
from inhouse.runtime.cascade import small_first
from inhouse.runtime.cascade.cascade import NEVER, Cascade, Odds, Router
from inhouse.runtime.cascade.listening import Listening
from inhouse.runtime.cascade.signs import STANDS
from inhouse.runtime.cascade.small_first import SmallFirst
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.request import Answerer, ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Worker

ALWAYS = Router(
    small=Odds(intercept=0.0, weights=()), giant=Odds(intercept=0.0, weights=(("declined", 2.0),))
)
BEHIND = Cascade(generation="gen_new", giant="gen_old", threshold=0.2, router=ALWAYS)


class Ends:
    """Answers with these events, after which it fails if it is to."""

    def __init__(self, *events: Event, fails: InhouseError | None = None) -> None:
        self.events, self.fails = events, fails
        self.asked: list[ReplyRequest] = []

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        self.asked.append(request)
        for event in self.events:
            yield event
        if self.fails is not None:
            raise self.fails


def _ended(answer: str, **more: object) -> Ended:
    timing = Timing(first_token_ms=10, total_ms=100, prompt_tokens=30, completion_tokens=5)
    return Ended(answer=answer, timing=timing, **{"kind": "grounded", **more})  # type: ignore[arg-type]


KNOWN = (Step(name="search", state="done"), Token(text="At nine."), _ended("At nine."))
DECLINED = (Token(text="I don't know."), _ended("I don't know.", kind="abstained", abstained=True))
GIANT = (Step(name="search", state="done"), Token(text="At "), Token(text="ten."), _ended("At ten."))


def _asked(small: Answerer, giant: Answerer | InhouseError, **more: object) -> list[Event]:
    @contextmanager
    def lent() -> Iterator[Answerer]:
        if isinstance(giant, InhouseError):
            raise giant
        yield giant

    async def main() -> list[Event]:
        both = SmallFirst(BEHIND, small, Listening(FakeEngine(), asks=True), lent)
        request = ReplyRequest("ai_1", "Ada", "business", Brief(name="Ada"), "When?", **more)  # type: ignore[arg-type]
        return [event async for event in both.reply(request)]

    return asyncio.run(main())


def _words(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def test_what_looks_right_is_told_when_it_is_whole_and_nobody_else_is_asked() -> None:
    giant = Ends(*GIANT)
    events = _asked(Ends(*KNOWN), giant)
    assert [type(event) for event in events] == [Step, Token, Ended] and _words(events) == "At nine."
    assert giant.asked == []
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.timing.first_token_ms == 100, "it was held until it was whole"


def test_where_it_looks_wrong_the_giant_answers_and_both_are_paid_for() -> None:
    giant = Ends(*GIANT)
    events = _asked(Ends(*DECLINED), giant)
    assert _words(events) == "At ten."
    assert [(event.name, event.state) for event in events if isinstance(event, Step)] == [
        ("giant", "begun"),
        ("search", "done"),
        ("giant", "done"),
    ]
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.timing == Timing(
        first_token_ms=110, total_ms=200, prompt_tokens=60, completion_tokens=10
    )
    assert (giant.asked[0].generation, giant.asked[0].adapter) == ("gen_old", None)


@pytest.mark.parametrize("shown", [0, 3])
def test_a_giant_that_fails_leaves_the_small_models_answer(shown: int) -> None:
    down = Unavailable(what="The model server", reason="it is down.")
    events = _asked(Ends(*DECLINED), Ends(*GIANT[:shown], fails=down) if shown else down)
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.answer == "I don't know."
    if shown:
        assert Replaced(text="I don't know.", reason="giant") in events
    else:
        assert _words(events) == "I don't know."
    assert Step(name="giant", state="failed", detail={"model": "gen_old"}) in events


def test_who_measures_is_told_that_the_giant_failed() -> None:
    down = Unavailable(what="The model server", reason="it is down.")
    with pytest.raises(Unavailable):
        _asked(Ends(*DECLINED), down, priority=Priority.GATE)


def test_a_giant_that_keeps_the_fan_waiting_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hangs:
        closed = False

        async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
            try:
                yield Step(name="search", state="done")
                await asyncio.sleep(60)
            finally:
                Hangs.closed = True

    monkeypatch.setattr(small_first, "_FIRST_WORDS", 0.05)
    events = _asked(Ends(*DECLINED), Hangs())
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.answer == "I don't know." and Hangs.closed
    assert ended.timing.total_ms >= 150, "waiting in vain took time too"


def test_what_a_fan_gave_to_be_read_goes_to_nobody_else() -> None:
    giant = Ends(*GIANT)
    _asked(Ends(*DECLINED), giant, documents=(object(),))
    assert giant.asked == []


def test_what_the_guard_took_back_is_never_shown() -> None:
    taken = (Token(text="Bad words"), Replaced(text="No.", reason="rival"), _ended("No.", finish="guard"))
    assert _words(_asked(Ends(*taken), Ends(*GIANT))) == "No."


@pytest.mark.parametrize(
    "more",
    [{"own": True}, {"kind": "guarded"}, {"tools": ({"name": "search"},)}, {"finish": "guard"}],
)
def test_the_owners_answers_and_what_a_tool_did_stand(more: dict[str, object]) -> None:
    giant = Ends(*GIANT)
    _asked(Ends(_ended("No.", **{"abstained": True, **more})), giant)
    assert giant.asked == []


def test_a_release_serves_just_what_was_learnt() -> None:
    random = np.random.default_rng(3)
    pairs = [
        Pair(
            f"q{number}",
            {"doubt": float(random.normal()), "size": float(random.random() * 9), STANDS: number % 7 == 0},
            float(random.random() < 0.6),
            float(random.random() < 0.9),
            1.0,
            9.0,
        )
        for number in range(200)
    ]
    learnt = learning.learn(pairs)
    served = Router.model_validate_json(learnt.served.model_dump_json())
    told = [served.need(pair.signs) for pair in pairs]
    assert told == pytest.approx(learnt.need([pair.signs for pair in pairs]).tolist())
    assert {need for need, pair in zip(told, pairs, strict=True) if pair.signs[STANDS]} == {NEVER}


def test_what_stands_is_not_sent_on_to_reach_a_quality() -> None:
    """The giant is better only where nothing may be sent on."""
    random = np.random.default_rng(1)
    pairs = []
    for number in range(400):
        stands = number % 2 == 0
        signs = {STANDS: 1.0} if stands else {"doubt": float(random.normal())}
        small, giant = (0.0, 1.0) if stands else (0.5, 0.5)
        pairs.append(Pair(f"q{number}", signs, small, giant, 1.0, 9.0))
    routed = learning.measure(pairs, resamples=50)
    assert routed.giant.value > routed.small.value + 0.4
    assert [one.threshold for one in routed.operating] == [-1.0, -1.0]
    assert {point.quality.value for point in routed.curve} == {routed.small.value}
    assert routed.curve[-1].cost < 1.0 + 9.0 * 0.6 and not routed.is_better


class Unsure(Plain):
    """Its own answer is that it does not know; a model server's is that it does."""

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        knows = (request.generation or "").startswith("endpoint:")
        yield _ended("Known." if knows else "?", abstained=not knows)


async def _say(house: House, generation: str, cascade: Cascade) -> tuple[list[str], str]:
    """The states of the giant, and the answer."""
    asked = ReplyRequest(
        "ai_1",
        "Ada",
        "business",
        Brief(name="Ada"),
        "When?",
        generation=generation,
        answering=Answering(cascade=cascade),
    )
    events = [event async for event in house.serving.reply(asked)]
    await house.engines.aclose()
    ended = events[-1]
    assert isinstance(ended, Ended)
    return [event.state for event in events if isinstance(event, Step)], ended.answer


@pytest.mark.parametrize(
    ("generation", "giant", "states", "answer", "names"),
    [
        ("gen_new", "endpoint:big", ["begun", "done"], "Known.", ["gen_new", "endpoint:big"]),
        ("gen_new", "gen_old", ["begun", "done"], "?", ["gen_new", "gen_old"]),
        ("gen_old", "endpoint:big", [], "?", ["gen_old"]),
        ("gen_new", "gen_gone", ["begun", "failed"], "?", ["gen_new"]),
    ],
)
def test_a_cascade_is_served_on_the_generation_that_it_was_learnt_on(
    tmp_path: Path, generation: str, giant: str, states: list[str], answer: str, names: list[str]
) -> None:
    house = House(tmp_path)
    house.serving._replier = Unsure
    behind = BEHIND.model_copy(update={"giant": giant})
    assert asyncio.run(_say(house, generation, behind)) == (states, answer)
    assert house.names == names


def _live(here: World, generation: str = SMALL, answering: Answering | None = None) -> Release:
    candidate = Candidate(
        generation_id=generation,
        adapter_hash=None,
        brief_version=1,
        index_revision=0,
        answering=answering or Answering(),
    )
    with here.db.write() as tx:
        made = repository.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, made.id)
    return made


def _compared(here: World, shows: float) -> str:
    """A comparison in which the small model shows so much of being wrong. Returns its id."""
    Cases(here.db).add(OWNER, here.ai.id, ["When?"], Expect(must_contain=("nine",)))
    random = np.random.default_rng(7)
    outcomes = {}
    for name, chance in ((SMALL, 0.6), (BIG, 0.95)):
        right = random.random(300) < chance
        outcomes[name] = [
            Outcome(
                question=f"case_{number}",
                kind="facts in words",
                score=float(one),
                answered=True,
                seconds=1.0,
                prompt_tokens=100,
                completion_tokens=10,
                signs={"doubt": float(random.normal(0.0 if one else shows))},
            )
            for number, one in enumerate(right)
        ]
    job = Comparisons(here.db, FakeArena()).queue(OWNER, here.ai.id, [SMALL, BIG], PRICES)
    with here.db.read() as tx:
        live = here.releases.current(tx, here.ai.id)
    assert live is not None
    made = comparison.compare(outcomes, PRICES, resamples=100)
    result = made.model_copy(update={"release_id": live.id}).model_dump(mode="json")
    with here.db.write() as tx:
        tx.execute(jobs.jobs.update().where(jobs.jobs.c.id == job.id).values(state="done", result=result))
    return job.id


def test_a_release_is_made_of_a_cascade_that_pays(db: Database) -> None:
    here, arena = world(db), FakeArena()
    _live(here)
    cascades = Cascades(db, Comparisons(db, arena), here.releases, arena)
    job = cascades.propose(OWNER, _compared(here, 3.0), SMALL)
    wanted = Candidate.model_validate(job.payload["candidate"]).answering.cascade
    assert wanted is not None and (wanted.generation, wanted.giant) == (SMALL, BIG)
    assert job.payload["go_live"] is False
    assert wanted.asks_giant({"doubt": 4.0}) and not wanted.asks_giant({"doubt": -2.0})
    stranger = Actor(kind="person", name="Sam", person_id="per_1")
    with pytest.raises(NotAllowed):
        cascades.propose(stranger, job.id, SMALL)


def test_the_command_runs_its_gate(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    here, arena = world(db), FakeArena()
    _live(here)
    cascades = Cascades(db, Comparisons(db, arena), here.releases, arena)
    compared = _compared(here, 3.0)

    def finish(_services: object, job: jobs.Job, _report: object) -> jobs.Job:
        keeper = GateKeeper(db, here.releases, here.adapters, Scripted("At nine."))
        Worker(db, {"gate": keeper.handler}, "heavy").run_one()
        with db.read() as tx:
            return jobs.get(tx, job.id)

    monkeypatch.setattr(command, "services", lambda: SimpleNamespace(ais=AIs(db), cascades=cascades))
    monkeypatch.setattr(command, "actor", lambda: OWNER)
    monkeypatch.setattr(command.working, "finish", finish)
    app = typer.Typer()
    app.command()(command.cascade)
    said = CliRunner().invoke(app, [compared, "--small", SMALL])
    assert said.exit_code == 0 and "Release 2 is made." in said.stdout, said.output
    with db.read() as tx:
        live, made = (
            here.releases.current(tx, here.ai.id),
            here.releases.listing(OWNER, here.ai.id)[0].release,
        )
    assert live is not None and live.answering.cascade is None
    assert made.answering.cascade is not None and made.answering.cascade.giant == BIG


def test_what_was_not_found_worth_it_is_not_released(db: Database) -> None:
    here, arena = world(db), FakeArena()
    _live(here)
    cascades = Cascades(db, Comparisons(db, arena), here.releases, arena)
    pays, idle = _compared(here, 3.0), _compared(here, 0.0)
    with pytest.raises(UsageError, match="not better than random"):
        cascades.propose(OWNER, idle, SMALL)
    with pytest.raises(NotFound):
        cascades.propose(OWNER, pays, "gen_none")
    with pytest.raises(UsageError, match="were measured"):
        cascades.propose(OWNER, pays, SMALL, 0.5)
    arena.there = False
    with pytest.raises(UsageError, match="installed here"):
        cascades.propose(OWNER, pays, SMALL)
    _live(here, "gen_other")
    with pytest.raises(UsageError, match="Compare again"):
        cascades.propose(OWNER, pays, SMALL)


def test_a_giant_is_the_operators_to_choose_and_goes_with_a_release(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world(db)
    monkeypatch.setattr(here.adapters, "generation", lambda tx: "gen_new")
    release = _live(here, answering=Answering(passages=2, cascade=BEHIND))
    with pytest.raises(AnswersSoAlready):
        here.releases.propose_behind(OWNER, here.ai.id, BEHIND)
    job = here.releases.propose_behind(OWNER, here.ai.id, None)
    assert Candidate.model_validate(job.payload["candidate"]).answering == Answering(passages=2)
    again = here.releases.propose(OWNER, here.ai.id, passages=3)
    assert Candidate.model_validate(again.payload["candidate"]).answering.cascade == BEHIND
    alone = here.releases.propose(OWNER, here.ai.id, alone=True)
    assert Candidate.model_validate(alone.payload["candidate"]).answering.cascade is None
    with db.read() as tx:
        route = here.releases.route_of(tx, here.ai, release)
    assert route.answering.cascade == BEHIND and route.alone.answering == Answering(passages=2)


def test_shared_questions_and_picks_are_not_given_to_a_giant(db: Database) -> None:
    here = world(db)
    first = _live(here)
    second = _live(here, answering=Answering(cascade=BEHIND))
    design = Design(
        name="Giant",
        mode="replay",
        asks="shared",
        ways=(Way(ai_id=here.ai.id, first=first.id, second=second.id),),
        primary=Metric.ANSWERED,
        effect=0.1,
    )
    case = Cases(db).add(OWNER, here.ai.id, ["When?"], Expect(must_contain=("nine",)))
    with db.read() as tx:
        with pytest.raises(asking.AskedWithoutGiant):
            asking._check_tells(tx, design.ways[0])
        route = here.releases.route_of(tx, here.ai, second)
        asked = [
            questions.routed(tx, waiting, route).answering.cascade
            for waiting in (
                questions.Waiting("x", here.ai.id, turn_id="turn_1"),
                questions.Waiting("y", here.ai.id, case=case),
            )
        ]
    assert asked == [None, BEHIND], "what the team made a case is asked as fans would ask it"
    with pytest.raises(SameAnswers):
        asyncio.run(Picks(db, here.releases, here.scripted).propose(OWNER, here.ai.id, "Tea?"))
    assert [one.answering.cascade for one in here.scripted.requests] == [None, None]
    with db.read() as tx:
        moved = here.releases.candidate(tx, here.ai.id, None)
    assert moved.answering.cascade is None, "its router was learnt on another generation"


def test_what_was_registered_before_there_were_cascades_hashes_as_it_did() -> None:
    way = Way(ai_id="ai_1", first="rel_1", second="rel_1", answering=Answering(passages=2))
    design = Design(name="Two", mode="replay", ways=(way,), primary=Metric.RIGHT, effect=0.1)
    assert design.hash("exp_1") == "32e8ceb427655a3f42a75c34090322f109356439a968fc1f3695f6af67a88016"


def test_an_answerer_by_script_is_left_alone() -> None:
    assert _words(_asked(Ends(), Scripted("x"))) == "", "an answer that broke off stays broken off"
