"""The job and the command that compare models, over a real database with scripted models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from sqlalchemy import select
from turnkit import OWNER, Scripted, World, agreed, world
from typer.testing import CliRunner

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.cli import comparing as command
from inhouse.conversations.fans import Fan
from inhouse.conversations.sharing import Consents
from inhouse.core.errors import InhouseError, NotAllowed, UsageError
from inhouse.core.settings import Settings
from inhouse.lab.comparing.cascades import Cascades
from inhouse.lab.comparing.comparing import JOB, Comparing, Comparisons, NoCases, drawn, stored
from inhouse.lab.comparing.contenders import Contender, Standing, model_of
from inhouse.lab.comparing.prices import Price, Prices
from inhouse.lab.comparing.tables import comparison_outcomes
from inhouse.lab.questions import KINDS, kind_of, of_cases
from inhouse.releases.cases import Cases, Expect
from inhouse.runtime.cascade.listening import Heard, Listening
from inhouse.runtime.engines.base import Completion, Message, Piece, Usage
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.request import ReplyRequest
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Worker

SMALL, BIG, OTHER = "gen_small", "endpoint:big", "gen_other"
PRICES = Prices(models={"gen_small": Price(input=1), "big": Price(input=20)})


class FakeArena:
    """Two models: the small one knows the first half of the questions, the big one all. ``dies_after`` answers of one model
    the process is gone."""

    def __init__(self) -> None:
        self.stood: list[str] = []
        self.closed: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.dies_after: int | None = None
        self.there = True
        self.before: list[str] = []
        self.on_stand: Callable[[str], object] = lambda name: None

    def contenders(self, tx: Tx, ai_id: str) -> list[Contender]:
        return [Contender(SMALL, "generation"), Contender(OTHER, "generation"), Contender(BIG, "endpoint")]

    def named(self, tx: Tx, ai_id: str, name: str) -> Contender:
        known = {one.name: one for one in self.contenders(tx, ai_id)}
        if name not in known:
            raise UsageError(reason=f'There is no model "{name}" here.')
        return known[name]

    def serves(self, name: str) -> bool:
        return self.there

    async def stand(self, contender: Contender) -> Standing:
        self.stood.append(contender.name)
        self.on_stand(contender.name)

        def answer(request: ReplyRequest) -> str:
            self.asked.append((contender.name, request.question))
            if self.dies_after is not None and len(self.asked) > self.dies_after:
                raise KeyboardInterrupt  # nothing catches it, as nothing catches kill -9
            self.before = [one.question for one in request.history]
            number = int(request.question.rstrip("?").split()[-1])
            return f"It is {number}." if contender.name == BIG or number < 10 else "It is blue."

        async def close() -> None:
            self.closed.append(contender.name)

        return Standing(Scripted(answer), Listening(FakeEngine(), asks=False), close)


@pytest.fixture
def here(db: Database) -> Iterator[tuple[World, FakeArena]]:
    made = world(db)
    cases = Cases(db)
    for number in range(20):
        cases.add(OWNER, made.ai.id, [f"What is thing {number}?"], Expect(must_contain=(f"is {number}.",)))
    made.release()
    yield made, FakeArena()


def _run(made: World, arena: FakeArena) -> None:
    Worker(made.db, {JOB: Comparing(made.db, made.releases, arena).handler}, "heavy").run_one()


def _get(made: World, job_id: str) -> jobs.Job:
    with made.db.read() as tx:
        return jobs.get(tx, job_id)


def test_every_model_is_asked_every_case(here: tuple[World, FakeArena]) -> None:
    made, arena = here
    comparisons = Comparisons(made.db, arena)
    job = comparisons.queue(OWNER, made.ai.id, [SMALL, BIG], PRICES)
    [listed] = comparisons.listing(OWNER)
    assert (listed.models, listed.job.state) == ((SMALL, BIG), "queued")
    assert not hasattr(listed.job, "detail"), "a list of a hundred leaves out what each of them holds"
    _run(made, arena)
    found = comparisons.get(OWNER, job.id)
    assert found.comparison is not None and found.models == (SMALL, BIG)
    small = next(model for model in found.comparison.models if model.name == SMALL)
    assert small.quality is not None and small.quality.value == 0.5 and small.quality.n == 20
    assert small.cost == pytest.approx(7e-6)
    assert found.comparison.verdicts[0].word == "worse"
    assert found.comparison.verdicts[0].cheaper == pytest.approx(20)
    assert found.comparison.few_for_cascade
    assert arena.stood == arena.closed == [SMALL, BIG]
    with made.db.read() as tx:
        rows = [dict(row._mapping) for row in tx.execute(select(comparison_outcomes))]
    assert len(rows) == 40 and {row["ai_id"] for row in rows} == {made.ai.id}
    kept = json.dumps([rows, dict(found.job.detail), dict(found.job.result or {})])
    assert "thing" not in kept and "blue" not in kept  # figures only


def test_a_killed_comparison_goes_on_after_the_last_question(here: tuple[World, FakeArena]) -> None:
    made, arena = here
    job = Comparisons(made.db, arena).queue(OWNER, made.ai.id, [SMALL, BIG], PRICES)
    arena.dies_after = 27
    with pytest.raises(KeyboardInterrupt):
        _run(made, arena)
    assert arena.closed == [SMALL, BIG]
    with made.db.write() as tx:  # the lease ends
        tx.execute(jobs.jobs.update().values(state="queued", worker=None, leased_until=None))
    arena.dies_after = None
    _run(made, arena)
    assert stored(_get(made, job.id)).comparison is not None
    assert len(arena.asked) == 41 and arena.stood == [SMALL, BIG, BIG]


def test_what_can_not_be_compared_is_said_at_once(here: tuple[World, FakeArena]) -> None:
    made, arena = here
    comparisons = Comparisons(made.db, arena)
    for wrong in ([SMALL], [SMALL, SMALL], [SMALL, "gen_none"]):
        with pytest.raises(UsageError):
            comparisons.queue(OWNER, made.ai.id, wrong, PRICES)
    with pytest.raises(UsageError):
        comparisons.queue(OWNER, made.ai.id, [SMALL, BIG], PRICES, margin=0.0)
    with pytest.raises(NoCases):
        comparisons.queue(OWNER, made.other.id, [SMALL, BIG], PRICES)
    stranger = Actor(kind="person", name="Sam", person_id="per_1")
    for forbidden in (
        lambda: comparisons.queue(stranger, made.ai.id, [SMALL, BIG], PRICES),
        lambda: comparisons.listing(stranger),
        lambda: comparisons.choices(stranger, made.ai.id),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_shared_questions_are_asked_of_models_on_this_machine_only(here: tuple[World, FakeArena]) -> None:
    made, arena = here
    fan, silent = agreed(made), made.fan()
    thread = _said(made, fan, "Where is thing 3?", None)
    _said(made, fan, "And what of thing 4?", thread)
    _said(made, silent, "Nobody may read thing 5?", None)
    comparisons = Comparisons(made.db, arena)
    job = comparisons.queue(OWNER, made.ai.id, [SMALL, OTHER], PRICES, stored=100)
    _run(made, arena)
    asked = [question for model, question in arena.asked if model == OTHER]
    assert len(asked) == 22 and "And what of thing 4?" in asked and "Nobody may read thing 5?" not in asked
    found = comparisons.get(OWNER, job.id)
    assert found.comparison is not None
    assert (found.comparison.questions, found.comparison.scored) == (22, 20)
    with made.db.read() as tx:
        assert "And what" not in str(tx.execute(select(comparison_outcomes)).all())
    arena.asked.clear()
    comparisons.queue(OWNER, made.ai.id, [SMALL, BIG], PRICES, stored=100)
    _run(made, arena)
    assert len(arena.asked) == 40
    arena.asked.clear()
    comparisons.queue(OWNER, made.ai.id, [SMALL, OTHER], PRICES)
    _run(made, arena)
    assert len(arena.asked) == 40, "they say nothing of quality, so they are asked where that is wanted"


def test_who_withdraws_while_models_are_compared_is_not_asked_any_more(here: tuple[World, FakeArena]) -> None:
    made, arena = here
    fan = agreed(made)
    _said(made, fan, "Where is thing 3?", None)
    job = Comparisons(made.db, arena).queue(OWNER, made.ai.id, [SMALL, OTHER], PRICES, stored=100)
    arena.on_stand = lambda name: Consents(made.db).withdraw_for(fan) if name == OTHER else None
    _run(made, arena)
    assert [model for model, question in arena.asked if question == "Where is thing 3?"] == [SMALL]
    found = stored(_get(made, job.id)).comparison
    assert found is not None and found.questions == 20, "only what every model was asked is compared"


def _said(made: World, fan: Fan, question: str, thread: str | None) -> str:
    async def main() -> str:
        turn = await made.conversations.begin(fan, question, conversation_id=thread)
        async for _event in made.conversations.follow(fan, turn.id):
            pass
        return turn.conversation_id

    return asyncio.run(main())


def test_an_ai_that_is_not_live_is_said_to_be_so(db: Database) -> None:
    made, arena = world(db), FakeArena()
    Cases(db).add(OWNER, made.ai.id, ["What is thing 1?"], Expect(must_contain=("1",)))
    job = Comparisons(db, arena).queue(OWNER, made.ai.id, [SMALL, BIG], PRICES)
    _run(made, arena)
    ended = _get(made, job.id)
    assert ended.state == "failed" and "not open yet" in (ended.error or "")


def test_kinds_of_question(here: tuple[World, FakeArena]) -> None:
    found = [
        kind_of(["Is it warm?", "And today?"], Expect(must_contain=("x",))),
        kind_of(["What is my password?"], Expect(must_abstain=True)),
        kind_of(["営業時間を教えてください"], Expect(must_contain=("9時",))),
        kind_of(["How much is the mug?"], Expect(must_contain=("£18",))),
        kind_of(["Who threw the mug?"], Expect(must_contain=("Nell",))),
    ]
    assert found == list(KINDS)
    made, _ = here
    listed = Cases(made.db).listing(OWNER, made.ai.id)
    assert drawn(of_cases(listed, str), 5) == drawn(of_cases(listed[::-1], str), 5)


def test_an_engine_that_is_listened_to_says_the_same() -> None:
    class Telling(FakeEngine):
        async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
            self.requests.append(request)
            yield Piece("Not", -0.5, (("Not", -0.5), ("The", -1.0)))
            yield Piece(" here", -1.5, ((" here", -1.5),))
            yield Usage("stop", 3, 2)

    async def hear(ear: Listening) -> list[Any]:
        return [piece async for piece in ear.complete(Completion(messages=[Message("user", "Hi")]))]

    engine = Telling()
    ear = Listening(engine, asks=True)
    said = asyncio.run(hear(ear))
    assert [piece.text for piece in said[:-1]] == ["Not", " here"] and engine.requests[0].top_logprobs == 1
    heard = ear.take()
    assert heard.confidence == pytest.approx(-1.0) and heard.doubt == pytest.approx(0.6065, abs=1e-3)
    assert ear.take() == Heard(None, None)
    asyncio.run(hear(Listening(engine, asks=False)))
    assert engine.requests[-1].top_logprobs == 0


def test_names_mean_models() -> None:
    assert [model_of(name) for name in ("gen_a+adapter", "endpoint:org/m", "gen_a")] == [
        "gen_a",
        "org/m",
        "gen_a",
    ]


def test_the_command(here: tuple[World, FakeArena], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, arena = here
    comparisons = Comparisons(made.db, arena)
    services = SimpleNamespace(
        db=made.db,
        ais=AIs(made.db),
        settings=Settings(home=tmp_path),
        comparisons=comparisons,
        cascades=Cascades(made.db, comparisons, made.releases, arena),
    )

    def finish(_services: object, job: jobs.Job, _report: object) -> jobs.Job:
        _run(made, arena)
        return _get(made, job.id)

    monkeypatch.setattr(command, "services", lambda: services)
    monkeypatch.setattr(command, "actor", lambda: OWNER)
    monkeypatch.setattr(command.working, "finish", finish)
    app = typer.Typer()
    app.command()(command.compare)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments))
        if isinstance(result.exception, InhouseError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    assert run("ada").split() == [SMALL, OTHER, BIG]
    (tmp_path / "prices.yaml").write_text("currency: EUR\nmodels: {gen_small: {input: 1}, big: {input: 20}}")
    said = " ".join(run("ada", "--with", SMALL, "--with", BIG, "--to", str(tmp_path / "out.json")).split())
    assert "gen_small is worse than big" in said and "20 times cheaper" in said
    assert "EUR" in said and "0.500" in said
    assert json.loads((tmp_path / "out.json").read_text())["in_money"] is True
    assert json.loads(run("ada", "--with", SMALL, "--with", BIG, "--json"))["questions"] == 20
    with pytest.raises(UsageError):
        run("ada", "--with", SMALL)
