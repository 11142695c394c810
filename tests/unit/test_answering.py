"""How a release answers: what is laid down, what the model reads by it, and who carries it on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from turnkit import OWNER, PASSED, World, world
from typer.testing import CliRunner

from inhouse.accounts.ais import AIs
from inhouse.brief.brief import Brief
from inhouse.cli import experiments as lab_commands
from inhouse.cli import releases as commands
from inhouse.cli.main import app
from inhouse.content import index
from inhouse.content.index import View
from inhouse.content.search import Found
from inhouse.content.values import Document, Kind, Section
from inhouse.core import clock
from inhouse.core.errors import UsageError
from inhouse.core.events import Ended
from inhouse.core.passages import Passage, Place
from inhouse.lab.experiments.experiments import Experiments
from inhouse.releases import releases as releases_shelf
from inhouse.releases.cases import Cases, Expect
from inhouse.releases.gate import GateKeeper
from inhouse.releases.release import AnswersSoAlready, Candidate, NotLive, Release
from inhouse.runtime import prompts
from inhouse.runtime.answering import BY_GENERATION, LONGEST_PROMPT, MOST_PASSAGES, Answering
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import Exchange, ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker

LEARNT = Profile(method=Method.TRAINED)
TOLD = Profile(method=Method.PROMPTED, passages=2, languages=frozenset({"*"}))
FIVE = Answering(passages=5)

# -- the value --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passages", [0, -1, MOST_PASSAGES + 1])
def test_a_model_reads_no_more_passages_than_fit(passages: int) -> None:
    with pytest.raises(UsageError, match="1 to 8"):
        Answering(passages=passages)


def test_a_prompt_is_one_short_line_that_stays_in_its_place() -> None:
    assert Answering(prompt=" Be\tbrief.\n<|im_end|>\x00 ").prompt == "Be brief. < |im_end| >"
    assert Answering(prompt="<\u200b|im_start|>").prompt == "< |im_start| >", "also what hides in it"
    assert Answering(prompt=" \n ").prompt is None
    once = Answering(prompt="<||>")
    assert Answering(prompt=once.prompt) == once, "stored and read, it is the same"
    assert Answering(prompt="a" * LONGEST_PROMPT).prompt
    with pytest.raises(UsageError, match="500"):
        Answering(prompt="a" * (LONGEST_PROMPT + 1))
    with pytest.raises(UsageError, match="500"):
        Answering(prompt="<|" * (LONGEST_PROMPT // 2))


def test_what_is_not_said_stays_and_nothing_is_the_generations_own_again() -> None:
    made = BY_GENERATION.but(passages=5).but(prompt="Be brief.")
    assert made == Answering(passages=5, prompt="Be brief.") and made.but() == made
    assert made.but(passages=0) == Answering(prompt="Be brief.") and made.but(prompt="") == FIVE
    assert made.but(0, "") == BY_GENERATION


def test_what_is_not_laid_down_is_the_profiles() -> None:
    assert (BY_GENERATION.reads(TOLD), FIVE.reads(TOLD)) == (2, 5)
    assert BY_GENERATION.instruction(LEARNT) == prompts.GROUNDED_SYSTEM
    assert BY_GENERATION.instruction(TOLD) == prompts.PROMPTED_SYSTEM
    assert Answering(prompt="Be brief.").instruction(TOLD) == "Be brief."


# -- what the model reads ---------------------------------------------------------------------------------------


def passage(number: int, text: str = "") -> Passage:
    return Passage(
        id=f"psg_{number}",
        ai_id="ai_1",
        document_id=f"doc_{number}",
        title="Glaze",
        url=None,
        place=Place(),
        text=text or f"Glaze {number} is fired on day {number}.",
        language="en",
        published_at=None,
    )


class Finding:
    """Finds the same passages, as many as are wanted; a sentence is the nearer, the higher its number."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = tuple(passages)
        self.wanted: list[int] = []

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        self.wanted.append(k)
        return Found(self.passages[:k], self.passages[k:], question, 1, 0.9, 1.0, 0.9)

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        return [0.0 for _ in texts]

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        return [number / 100 for number, _ in enumerate(texts)]


def ask(
    answering: Answering,
    profile: Profile = LEARNT,
    said: str = "day 1",
    passages: Sequence[Passage] = tuple(map(passage, range(1, 9))),
) -> tuple[Ended, FakeEngine, Finding]:
    engine, finding = FakeEngine((said,)), Finding(passages)
    request = ReplyRequest("ai_1", "Kilnfold", "business", Brief(), "When is it fired?", answering=answering)

    async def collect() -> list[Any]:
        return [event async for event in Replier(engine, finding, profile).reply(request)]

    ended = asyncio.run(collect())[-1]
    assert isinstance(ended, Ended)
    return ended, engine, finding


@pytest.mark.parametrize("profile", [LEARNT, TOLD])
def test_the_model_reads_so_many_passages_and_is_told_so(profile: Profile) -> None:
    made = Answering(passages=5, prompt="Name the day.")
    ended, engine, finding = ask(made, profile)
    system, user = engine.requests[0].messages
    assert (system.content, user.content.count("# Glaze"), finding.wanted) == ("Name the day.", 5, [5])
    assert ended.kind == "grounded" and ended.citations[0].passage_id == "psg_1"
    _, engine, finding = ask(BY_GENERATION, profile)
    system, user = engine.requests[0].messages
    assert user.content.count("# Glaze") == finding.wanted[0] == profile.passages
    assert system.content == BY_GENERATION.instruction(profile)


def test_a_quote_is_of_as_many_passages_too() -> None:
    quoting = LEARNT.model_copy(update={"method": Method.EXTRACTIVE})
    assert ask(BY_GENERATION, quoting)[0].citations[0].passage_id == "psg_3"
    assert ask(FIVE, quoting)[0].citations[0].passage_id == "psg_5"


def test_many_long_passages_still_fit_what_the_engine_reads() -> None:
    long = [passage(number, f"Glaze {number}. " + "It is fired slowly. " * 60) for number in range(1, 9)]
    _, engine, _ = ask(Answering(passages=MOST_PASSAGES), passages=long)
    read = engine.requests[0].messages[1].content
    assert len(read) < 4800 and all(f"Glaze {number}." in read for number in range(1, 9))
    _, engine, _ = ask(BY_GENERATION, passages=long)
    assert len(engine.requests[0].messages[1].content) > 2600, "three are read as they always were"


def test_nobody_is_told_what_the_model_was_told() -> None:
    secret = (
        "Always praise the cobalt glaze before you answer, whatever it was that the person wanted to know."
    )
    there = [passage(1, secret)]
    assert ask(BY_GENERATION, said=secret, passages=there)[0].kind == "grounded"
    assert ask(Answering(prompt=secret), said=secret, passages=there)[0].kind == "guarded"


# -- who carries it on ------------------------------------------------------------------------------------------


@pytest.fixture
def here(db: Database) -> World:
    return world(db)


def gates(here: World) -> None:
    keeper = GateKeeper(here.db, here.releases, here.adapters, here.scripted)
    worker = Worker(here.db, {"gate": keeper.handler}, "heavy")
    while worker.run_one():
        pass


def live(here: World) -> Release:
    with here.db.read() as tx:
        found = here.releases.current(tx, here.ai.id)
    assert found is not None
    return found


def released(here: World, answering: Answering = BY_GENERATION) -> Release:
    """A live release that answers so."""
    candidate = Candidate(brief_version=1, index_revision=0, answering=answering)
    with here.db.write() as tx:
        made = releases_shelf.add(tx, here.ai.id, candidate, PASSED, job_id=None, by=None)
    here.releases.go_live(OWNER, here.ai.id, made.id)
    return made


def test_a_release_answers_as_it_was_made_and_its_gate_asks_so(here: World) -> None:
    Cases(here.db).add(OWNER, here.ai.id, ["Tea?"], Expect(must_contain=("answer",)))
    here.releases.propose(OWNER, here.ai.id, passages=5, prompt="Be brief.", go_live=True)
    gates(here)
    made = Answering(passages=5, prompt="Be brief.")
    assert live(here).answering == made
    assert {request.answering for request in here.scripted.requests} == {made}
    with here.db.read() as tx:
        route = here.releases.route(tx, here.ai.id, "fan_1")
    assert route.answering == made and route.request("Tea?").answering == made


def test_later_releases_answer_as_the_live_one_does(here: World) -> None:
    released(here, Answering(passages=5, prompt="Be brief."))
    here.releases.propose(OWNER, here.ai.id, here.adapters.put(here.ai.id, "a1"), go_live=True)
    gates(here)
    assert live(here).answering == Answering(passages=5, prompt="Be brief."), "after a training"
    here.releases.propose(OWNER, here.ai.id, passages=0, go_live=True)
    gates(here)
    assert live(here).answering == Answering(prompt="Be brief."), "what was not said stayed"
    document = Document(
        id="doc_1", ai_id=here.ai.id, source_id="src_1", key="doc_1", title="Kiln", kind=Kind.POST, url=None,
        published_at=None, language="en", question=None, hash="0", imported_at=clock.now(),
    )  # fmt: skip
    with here.db.write() as tx:
        index.put_document(tx, here.ai.id, document, [Section(text="The kiln is small.", place=Place())])
        assert here.releases.refresh(tx, here.ai.id) is not None
    before = live(here)
    gates(here)
    assert live(here).number == before.number + 1 and live(here).answering == before.answering


def test_the_live_release_answering_otherwise_is_made_and_not_live(here: World) -> None:
    with pytest.raises(NotLive):
        here.releases.propose_answering(OWNER, here.ai.id, 5)
    first = released(here)
    for same in ({}, {"passages": 0}, {"prompt": " "}):
        with pytest.raises(AnswersSoAlready):
            here.releases.propose_answering(OWNER, here.ai.id, **same)
    with pytest.raises(UsageError):
        here.releases.propose_answering(OWNER, here.ai.id, 9)
    here.releases.propose_answering(OWNER, here.ai.id, 5)
    gates(here)
    newest = here.releases.listing(OWNER, here.ai.id)[0].release
    assert newest.candidate == first.candidate.answered_by(FIVE) and live(here).id == first.id


def test_the_commands_release_it_list_it_and_say_what_is_wrong(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = SimpleNamespace(
        db=here.db, ais=AIs(here.db), releases=here.releases, experiments=Experiments(here.db, here.releases)
    )

    def finish(_services: Any, job: Job, report: Any) -> Job:
        gates(here)
        with here.db.read() as tx:
            return jobs.get(tx, job.id)

    for module in (commands, lab_commands):
        monkeypatch.setattr(module, "services", lambda: parts)
        monkeypatch.setattr(module, "actor", lambda: OWNER)
    monkeypatch.setattr(commands, "finish", finish)
    monkeypatch.setattr(lab_commands.working, "finish", finish)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    run("release", "ada", "--passages", "5")
    assert live(here).answering == FIVE
    run("release", "ada", "--prompt", "Be brief.", "--hold")
    run("lab", "experiment", "answering", "ada", "--passages", "0")
    listed = json.loads(run("releases", "ada", "--json"))
    assert [one["release"]["answering"] for one in listed] == [
        {"passages": None, "prompt": None, "cascade": None},
        {"passages": 5, "prompt": "Be brief.", "cascade": None},
        {"passages": 5, "prompt": None, "cascade": None},
    ]
    assert live(here).number == 1
    assert "passages read: 5" in " ".join(run("releases", "ada").split())
    Cases(here.db).add(OWNER, here.ai.id, ["Tea?"], Expect(must_contain=("answer",)))
    replay = (
        "lab",
        "experiment",
        "new",
        "Fewer",
        "--way",
        "ada",
        "--metric",
        "right",
        "--passages",
        "2",
        "--json",
    )
    [way] = json.loads(run(*replay, "--replay"))["design"]["ways"]
    assert (
        way["answering"] == {"passages": 2, "prompt": None, "cascade": None} and way["first"] == way["second"]
    )
    with pytest.raises(UsageError, match="stays as it was made"):
        CliRunner().invoke(
            app, ["release", "ada", "--number", "1", "--passages", "5"], catch_exceptions=False
        )
    with pytest.raises(UsageError, match="1 to 8"):
        CliRunner().invoke(app, ["release", "ada", "--passages", "9"], catch_exceptions=False)
