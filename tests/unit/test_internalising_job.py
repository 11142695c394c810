"""Building tools in: what an installation has to teach, the job that makes a generation of it, and the command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from turnkit import OWNER, World, agreed, world
from typer.testing import CliRunner

from inhouse.accounts.actors import Actor
from inhouse.cli import internalising as command
from inhouse.content.embedding.fake import FakeEmbedder
from inhouse.conversations import lineage
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger
from inhouse.conversations.sharing import Consents
from inhouse.conversations.traces import Traces
from inhouse.conversations.verdicts import Verdicts
from inhouse.core import clock, ids
from inhouse.core.errors import NotAllowed, NotFound, UsageError
from inhouse.core.events import Ended, Event, Token
from inhouse.core.settings import Settings
from inhouse.lab.generations.registry import Generations
from inhouse.lab.internalising import guards as guards_asked
from inhouse.lab.internalising import leftovers as leftovers_module
from inhouse.lab.internalising import making_job, material, own_guards, report, settling
from inhouse.lab.internalising.dataset import Dataset
from inhouse.lab.internalising.internalising import Internalising, NotAnnounced, NotTeachable, Stored
from inhouse.lab.internalising.leftovers import Leftovers
from inhouse.lab.internalising.making_job import MakingJob
from inhouse.lab.internalising.material import SchemasDiffer, TooFewUses, TwoOfOneName
from inhouse.lab.internalising.report import ArmKind, GuardKind
from inhouse.lab.internalising.ways import Uncalled
from inhouse.lab.internalising.workshop import Workshop
from inhouse.lab.making import Making, Say, Train
from inhouse.lab.skills.grounded import Embed
from inhouse.releases import extensions
from inhouse.releases.extensions import Version
from inhouse.releases.revocation import Revocation
from inhouse.runtime import spans
from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Completion
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.extensions.base import Example, Limits, Tool
from inhouse.runtime.profile import Installed, LearntTool, Method, Profile, description
from inhouse.runtime.request import ReplyRequest
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.store.jobs import Job, Worker
from inhouse.tuning import generations

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
TOWNS = [f"Town{n}" for n in range(40)]


def weather(name: str = "get_weather", **more: Any) -> Tool:
    examples = tuple(Example(request=f"Will it rain in {town}?", arguments={"city": town}) for town in TOWNS)
    values = {
        "title": "Weather",
        "description": "Tells the weather.",
        "parameters": WEATHER,
        "examples": examples,
    }
    return Tool(name=name, **(values | more))


def attach(db: Database, ai_id: str, *tools: Tool, name: str = "weather", kind: str = "mcp") -> None:
    made = Version(
        ai_id=ai_id,
        name=name,
        kind=kind,
        title=name,
        version=ids.digest(repr(tools))[:16],
        settings={},
        limits=Limits(),
        tools=tools,
        author=None,
        created_at=clock.now(),
        signature="",
    )
    with db.write() as tx:
        extensions._put(tx, made)


class Calling:
    """Answers after one call of the weather, for the town that the question ends with."""

    def __init__(self) -> None:
        self.state, self.kind, self.tool = "done", "tool", "get_weather"

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
        town = request.question.split()[-1].strip("?.")
        if self.tool:
            asked = {
                "call": ids.new_id("call"),
                "extension": "weather",
                "tool": self.tool,
                "title": "Weather",
            }
            with spans.whole("tool", **asked, arguments={"city": town}) as noted:
                noted |= {"state": self.state, "line": "", "found": ["rain"]}
        yield Token(text="Rain.")
        yield Ended(answer="Rain.", kind=self.kind)  # type: ignore[arg-type]


class Alike:
    """Every request means the first tool as much as any."""

    async def similar(self, question: str, texts: Any) -> list[float]:
        return [1.0 if "rain" in text.lower() and "rain" in question.lower() else 0.0 for text in texts]


class House:
    """An installation whose models answer by script, and whose trainings take no time. ``dies_at``: what is being built when
    the process is gone."""

    def __init__(self, here: World, folder: Path) -> None:
        self.db, self.here, self.models = here.db, here, folder / "models"
        self.models.mkdir()
        (self.models / "gen_parent.gguf").write_bytes(b"parent")
        self.blobs = Blobs(folder / "blobs")
        self.built: list[tuple[int, str]] = []
        self.opened: list[str] = []
        self.dies_at = 0
        self.served = "gen_parent"
        self.meanwhile: Callable[[str], object] = lambda what: None
        """What happens while a model is made or asked."""
        self.embedder = FakeEmbedder()
        self.workshop = Workshop(
            folder=folder / "making",
            models=self.models,
            current=self.current,
            engine=self.engine,
            retriever=Alike(),  # type: ignore[arg-type]
            embed=Embed(self.embedder.queries, self.embedder.passages),
            handler=lambda ai_id, entry: Uncalled(),
            threads=1,
            build=self.build,
        )
        self.service = Internalising(here.db, self.workshop)

    def current(self) -> Installed | None:
        if self.served != "gen_parent":
            return description(self.models, self.served)
        profile = Profile(method=Method.TRAINED)
        return Installed(
            generation="gen_parent", file=self.models / "gen_parent.gguf", source="s", profile=profile
        )

    def build(
        self, making: Making, dataset: Dataset, rehearsal: Iterable[str], say: Say, train: Train | None = None
    ) -> Path:
        self.built.append((len(dataset.uses), dataset.sha256))
        self.taught = dataset
        if len(self.built) == self.dies_at:
            raise KeyboardInterrupt  # nothing catches it, as nothing catches kill -9
        making.shipped.mkdir(parents=True, exist_ok=True)
        taught = [json.dumps({"kind": "tools"})] * (2 * len(dataset.uses))
        making.rows.write_text("".join(f"{line}\n" for line in [*taught, *rehearsal]))
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (making.shipped / name).write_text(dataset.sha256)
        making.model.write_text(f"model of {dataset.sha256}")
        say("merging")
        self.meanwhile("made")
        return making.model

    def engine(self, model: Path) -> FakeEngine:
        self.opened.append(model.name)
        self.meanwhile("asked")
        return FakeEngine([_new if model.name == "model.gguf" else "none"])

    def start(self, *names: str, **more: Any) -> Job:
        return self.service.start(OWNER, names or ("weather",), **more)

    def work(self) -> None:
        worker = Worker(
            self.db, {"internalise": MakingJob(self.db, self.blobs, self.workshop).handler}, "heavy"
        )
        while worker.run_one():
            pass

    def job(self, job_id: str) -> Job:
        with self.db.read() as tx:
            return jobs.get(tx, job_id)


def _new(request: Completion) -> str:
    """A model that knows the weather by itself, copes with other names, and calls nothing that is off."""
    system, asked = request.messages[0].content, request.messages[-1].content
    if builtin.SYSTEM not in system or "rain" not in asked or "Off" in system:
        return "none"
    name = system.split("get_weather is ")[1].rstrip(".") if " is " in system else "get_weather"
    return builtin.written(Call(name, {"city": asked.split()[-1].strip("?")}))


@pytest.fixture
def here(db: Database) -> World:
    made = world(db)
    made.release()
    made.release(made.other)
    return made


@pytest.fixture
def house(here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(making_job, "CURVE", (20,))
    attach(here.db, here.ai.id, weather())
    return House(here, tmp_path)


def asked(here: World, fan: Fan, question: str, calling: Calling) -> str:
    here.conversations._answering._answerer = calling

    async def main() -> str:
        turn = await here.conversations.begin(fan, question)
        async for _ in here.conversations.follow(fan, turn.id):
            pass
        return turn.id

    return asyncio.run(main())


def gathered(house: House, *names: str) -> material.Material:
    with house.db.read() as tx:
        wanted = material.wanted(tx, names or ["weather"])
    shared = list(Traces(house.db).consented(ai_ids=material.ai_ids(wanted)))
    with house.db.read() as tx:
        return material.gather(tx, wanted, shared)


def test_the_same_tool_of_several_ais_is_one(house: House) -> None:
    attach(house.db, house.here.other.id, weather(examples=()))
    [want] = gathered(house).wanted
    assert len(want.ais) == 2
    [alone] = gathered(house, f"{house.here.ai.slug}/weather").wanted
    assert [ai.slug for ai in alone.ais] == [house.here.ai.slug]


def test_one_name_with_two_meanings_is_refused_by_name(house: House) -> None:
    other = {"type": "object", "properties": {"town": {"type": "string"}}}
    attach(house.db, house.here.other.id, weather(parameters=other, examples=()))
    with pytest.raises(SchemasDiffer, match=house.here.other.slug):
        gathered(house)
    attach(house.db, house.here.ai.id, weather(parameters=other, examples=()), name="climate")
    with pytest.raises(TwoOfOneName, match="climate"):
        gathered(house, "climate", f"{house.here.ai.slug}/weather")
    with pytest.raises(NotFound):
        gathered(house, "nothing")
    with pytest.raises(UsageError):
        house.service.preview(OWNER, [" "])


def test_a_fifth_judges_and_teaches_nothing(house: House) -> None:
    found = gathered(house)
    taught, kept = ({one.use.request for one in side.uses} for side in (found.taught, found.kept))
    assert not taught & kept
    towns = sum(one.use.call is not None for one in found.kept.uses)
    assert 2 <= towns <= 16
    assert found.taught.sources()["an example of the tool"] == 40 - towns
    assert any(one.use.call is None for one in found.kept.uses)
    assert not found.lacking


def test_too_few_examples_say_how_many_are_missing(house: House) -> None:
    attach(house.db, house.here.ai.id, weather(examples=weather().examples[:33]))
    with pytest.raises(TooFewUses, match="7 more"):
        house.start()
    assert "7 more" in house.service.preview(OWNER, ["weather"]).lacking[0]


@pytest.mark.parametrize("kind", ["table", "sql-table", "nobody knows it"])
def test_examples_out_of_an_owners_own_rows_are_none(house: House, kind: str) -> None:
    attach(house.db, house.here.other.id, weather("look_up"), name="prices", kind=kind)
    assert "prices" in house.service.choices(OWNER)
    found = gathered(house)
    assert "a request for another tool" not in found.taught.sources()
    assert gathered(house, "prices").lacking


def test_requests_for_other_tools_mean_none(house: House) -> None:
    tram = weather("next_tram", examples=(Example(request="Next tram to Bath?", arguments={"city": "Bath"}),))
    attach(house.db, house.here.other.id, tram, name="trams")
    found = gathered(house)
    [one] = [
        one for one in (*found.taught.uses, *found.kept.uses) if one.kind == "a request for another tool"
    ]
    assert one.use.call is None


def test_only_good_traces_of_who_agreed_teach(house: House) -> None:
    here, fan = house.here, agreed(house.here)
    good = asked(here, fan, "Rain in Lyon?", Calling())
    calling = Calling()
    calling.state = "failed"
    asked(here, fan, "Rain in Metz?", calling)
    bad = asked(here, fan, "Rain in Nice?", Calling())
    Verdicts(here.db).thumb(fan, bad, "down")
    elsewhere = Calling()
    elsewhere.kind = "grounded"
    asked(here, fan, "Rain in Lille?", elsewhere)
    liked = asked(here, fan, "Rain in Tours?", elsewhere)
    Verdicts(here.db).thumb(fan, liked, "up")
    nothing = Calling()
    nothing.tool, nothing.kind = "", "chat"
    quiet = asked(here, fan, "Good day to you", nothing)
    nothing.kind = "abstained"
    asked(here, fan, "Who rules Mars?", nothing)
    asked(here, here.fan(), "Rain in Paris?", Calling())  # never agreed
    found = gathered(house)
    assert set(found.traces) == {ids.digest(turn) for turn in (good, liked, quiet)}
    assert found.taught.left_out["somebody objected"] == 1
    assert found.taught.left_out["the call brought nothing"] == 2
    assert found.taught.left_out["it was not known"] == 1


def test_arguments_that_the_request_does_not_say_teach_nothing(house: House) -> None:
    class Guessing(Calling):
        async def reply(self, request: ReplyRequest) -> AsyncIterator[Event]:
            async for event in Calling.reply(self, ReplyRequest(**{**vars(request), "question": "Oslo"})):
                yield event

    asked(house.here, agreed(house.here), "And how is it there?", Guessing())
    assert gathered(house).taught.left_out == {"arguments that the request does not say": 1}


def test_a_generation_is_made_measured_and_kept(house: House) -> None:
    preview = house.service.preview(OWNER, ["weather"])
    job = house.start(curve=True)
    house.work()
    done = Stored(house.job(job.id))
    assert done.generation is not None
    with house.db.read() as tx:
        row = generations.get(tx, done.generation)
    found = report.of(row.scores)
    assert found is not None and found.data.sha256 == preview.sha256
    assert row.parent == "gen_parent" and row.name.endswith("+weather")
    assert set(row.delta or {}) == {"adapter_config.json", "adapter_model.safetensors"}
    assert [arm.kind for arm in found.arms] == list(ArmKind)
    built_in = found.arm(ArmKind.BUILT_IN)
    assert built_in is not None and built_in.exact is not None and built_in.exact.value == 1
    off = found.arm(ArmKind.OFF)
    assert off is not None and off.not_there is not None and off.not_there.value == 0
    assert found.verdict.passed == done.passed
    there = description(house.models, done.generation)
    assert there is not None and [one.name for one in there.profile.tools] == ["get_weather"]
    assert there.profile.tools[0].parameters == WEATHER
    assert [count for count, _ in house.built] == [20, found.data.uses]
    assert [point.uses for point in found.curve] == [20, found.data.uses]
    assert found.data.rehearsed == found.data.uses, "rows of what the parent knew, and no second row of a use"
    left = list((house.workshop.folder / job.id).iterdir())
    assert [path.name for path in left] == ["result.json"]


@pytest.mark.parametrize("at", [1, 2])
def test_killed_while_it_is_made_it_goes_on_with_the_same(house: House, at: int) -> None:
    house.dies_at = at
    job = house.start(curve=True)
    with pytest.raises(KeyboardInterrupt):
        house.work()
    attach(house.db, house.here.ai.id, weather(examples=weather().examples[:1]))
    with house.db.write() as tx:
        tx.execute(jobs.jobs.update().values(leased_until=clock.now(), worker=None))
    house.work()
    assert house.job(job.id).state == "done"
    assert len({sha for _, sha in house.built}) == 2, (
        "one set for the curve, one whole: what was settled stays"
    )


def test_killed_after_it_was_kept_its_job_only_ends(house: House) -> None:
    job = house.start()
    house.work()
    opened = len(house.opened)
    with house.db.write() as tx:
        tx.execute(jobs.jobs.update().values(state="running", result=None, worker=None, leased_until=None))
    house.work()
    assert house.job(job.id).state == "done"
    assert len(house.opened) == opened


def test_what_was_stopped_goes_on_when_it_is_asked_for_again(house: House) -> None:
    job = house.start()
    with house.db.write() as tx:
        jobs.request_stop(tx, job.id)
    assert house.start().id == job.id
    house.work()
    assert house.job(job.id).state == "done"
    assert house.start().id != job.id


def test_whose_traces_went_in_is_noted_and_who_leaves_is_left_out(house: House) -> None:
    here, fan = house.here, agreed(house.here)
    turn = asked(here, fan, "Rain in Lyon?", Calling())
    house.dies_at = 1
    house.start()
    with pytest.raises(KeyboardInterrupt):
        house.work()
    with here.db.read() as tx:
        assert [one.traces for one in lineage.of_fan(tx, fan.id)] == [1]
    first = house.built[0][1]
    Consents(here.db).withdraw_for(fan)
    with house.db.write() as tx:
        tx.execute(jobs.jobs.update().values(leased_until=clock.now(), worker=None))
    house.work()
    assert [sha == first for _, sha in house.built] == [True, False], "all began anew without it"
    kept = house.blobs.get(_row(house).data_hashes[settling.DATA]).decode()
    assert ids.digest(turn) not in kept and "Lyon" not in kept


@pytest.mark.parametrize("when", ["made", "asked"])
def test_who_leaves_while_it_is_made_is_in_nothing_that_is_kept(house: House, when: str) -> None:
    here, fan = house.here, agreed(house.here)
    turn = asked(here, fan, "Rain in Lyon?", Calling())

    def leave(what: str) -> None:
        if what == when:
            house.meanwhile = lambda what: None
            Consents(here.db).withdraw_for(fan)

    house.meanwhile = leave
    job = house.start()
    house.work()
    assert house.job(job.id).state == "done"
    assert len(house.built) == 2, "all began anew"
    assert len(house.opened) == (2 if when == "made" else 4), "what can't be kept is not measured"
    with house.db.read() as tx:
        [row] = generations.listing(tx)
    assert ids.digest(turn) not in house.blobs.get(row.data_hashes[settling.DATA]).decode()
    assert withdrawn(house, row) == 0
    assert [path.name for path in house.models.glob("gen_*.gguf") if path.stem != "gen_parent"] == [
        f"{row.id}.gguf"
    ]
    first, _ = (sha for _, sha in house.built)
    assert not house.blobs.path(ids.digest(first)).exists(), "nor are the weights"


def test_what_is_left_too_little_by_who_leaves_ends_with_a_sentence(house: House) -> None:
    here, fan = house.here, agreed(house.here)
    attach(house.db, here.ai.id, weather(examples=weather().examples[:39]))
    asked(here, fan, "Rain in Lyon?", Calling())

    def leave(what: str) -> None:
        house.meanwhile = lambda what: None
        Consents(here.db).withdraw_for(fan)

    house.meanwhile = leave
    job = house.start()
    house.work()
    assert house.job(job.id).state == "failed" and "1 more" in (house.job(job.id).error or "")
    with house.db.read() as tx:
        assert not generations.listing(tx)


def test_a_generation_keeps_no_word_of_what_it_was_taught(house: House) -> None:
    turn = asked(house.here, agreed(house.here), "Rain in Lyon?", Calling())
    house.start()
    house.work()
    kept = house.blobs.get(_row(house).data_hashes[settling.DATA]).decode()
    assert ids.digest(turn) in kept
    assert "Lyon" not in kept and "Town1" not in kept


def left(house: House) -> list[str]:
    return [path.name for path in house.workshop.folder.iterdir()]


def broken(house: House) -> str:
    """A job that failed on its way, with its folder."""
    job = house.start()

    def fail(what: str) -> None:
        raise UsageError(reason="The disk is full.")

    house.meanwhile = fail
    house.work()
    house.meanwhile = lambda what: None
    assert house.job(job.id).state == "failed"
    return job.id


def test_words_go_where_who_said_them_leaves(house: House, tmp_path: Path) -> None:
    here, fan = house.here, agreed(house.here)
    asked(here, fan, "Rain in Lyon?", Calling())
    leftovers = Leftovers(house.db, house.workshop.folder)
    job = broken(house)
    assert leftovers.sweep() == 0 and left(house) == [job], "it may be asked for again"
    FanData(here.db, Revocation(here.adapters), Ledger(tmp_path / "erasures")).erase(fan)
    quick = Worker(house.db, {leftovers.handler.name: leftovers.handler}, "quick")
    assert quick.run_one()
    assert left(house) == []
    assert house.start().id == job
    house.work()
    assert house.job(job).state == "done"


def test_what_nobody_goes_on_with_is_not_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    leftovers = Leftovers(house.db, house.workshop.folder)
    first = broken(house)
    running = house.start(curve=True)
    house.dies_at = 2
    with pytest.raises(KeyboardInterrupt):
        house.work()
    assert sorted(left(house)) == sorted([first, running.id])
    assert leftovers.sweep() == 1 and left(house) == [running.id]
    leftovers.remove_all(house.here.ai.id)
    assert left(house) == [running.id], "what runs is its own business"
    with house.db.write() as tx:
        tx.execute(jobs.jobs.update().values(state="failed", finished_at=clock.now()))
    assert leftovers.sweep() == 0
    monkeypatch.setattr(leftovers_module, "_KEPT", timedelta(0))
    assert leftovers.sweep() == 1 and left(house) == []


def test_an_ai_that_is_erased_leaves_no_words_of_its_tools(house: House) -> None:
    broken(house)
    Leftovers(house.db, house.workshop.folder).remove_all(house.here.ai.id)
    assert left(house) == []


def test_tools_of_two_generations_ago_are_taught_and_guarded_still(house: House) -> None:
    tools = {"weather": "Will it rain in", "trams": "Next tram to", "boats": "Any boat to"}
    for name, words in tools.items():
        examples = tuple(Example(request=f"{words} {town}?", arguments={"city": town}) for town in TOWNS)
        attach(house.db, house.here.ai.id, weather(f"get_{name}", examples=examples), name=name)
    for name in tools:
        preview = house.service.preview(OWNER, [name])
        job = house.start(name)
        house.work()
        made = Stored(house.job(job.id)).generation
        assert made is not None
        assert house.taught.sha256 == preview.sha256
        house.served = made
    calls = {one.use.call.tool for one in house.taught.uses if one.use.call is not None}
    assert calls == {f"get_{name}" for name in tools}
    for words in tools.values():
        meant = [one.use.call for one in house.taught.uses if one.use.request.startswith(words)]
        assert meant and None not in meant, "none of them is unlearnt"
    assert house.taught.sources()["taught before, an example of the tool"] > 40
    with house.db.read() as tx:
        row = generations.get(tx, house.served)
    kept = json.loads(house.blobs.get(row.data_hashes[settling.DATA]))["before"]["uses"]
    assert {one["tool"] for one in kept} == {"get_weather", "get_trams"}
    found = report.of(row.scores)
    assert found is not None
    [guard] = [one for one in found.guards if one.measure.startswith("built in before")]
    assert guard.n == len(kept)


WITH_WEATHER = Profile(method=Method.TRAINED, tools=(LearntTool(name="get_weather", parameters={}),))


def test_what_teaches_that_it_means_none_is_not_what_guards_other_tools(house: House) -> None:
    words = [f"Next tram to {town}?" for town in TOWNS]
    examples = tuple(Example(request=one, arguments={"city": one.split()[-1][:-1]}) for one in words)
    attach(house.db, house.here.other.id, weather("next_tram", examples=examples), name="trams")
    taught = {one.use.request for one in gathered(house).taught.uses}
    guards = own_guards.of_installation(house.db, WITH_WEATHER, house.workshop)
    [guard] = [one for one in guards if one.kind is GuardKind.OTHER_TOOLS]
    guarded = {
        case.removeprefix("next_tram ") for case in guard.cases if case.startswith("next_tram ")
    } & set(words)
    assert guarded and taught & set(words)
    assert not guarded & taught


def test_a_generation_knows_what_it_can_no_longer_unlearn(house: House, tmp_path: Path) -> None:
    here, fan = house.here, agreed(house.here)
    asked(here, fan, "Rain in Lyon?", Calling())
    house.start()
    house.work()
    row = _row(house)
    assert withdrawn(house, row) == 0
    FanData(here.db, Revocation(here.adapters), Ledger(tmp_path / "erasures")).erase(fan)
    assert withdrawn(house, row) == 1
    known = Generations(house.db, house.blobs, Settings(home=tmp_path)).get(OWNER, row.id)
    assert known.withdrawn == 1


def withdrawn(house: House, row: generations.Generation) -> int:
    with house.db.read() as tx:
        return settling.withdrawn(tx, house.blobs, row)


def _row(house: House) -> generations.Generation:
    with house.db.read() as tx:
        return generations.listing(tx)[0]


def test_only_the_operator_builds_in(house: House) -> None:
    stranger = Actor(kind="person", name="Sam", person_id="per_1")
    for call in (house.service.choices, house.service.listing):
        with pytest.raises(NotAllowed):
            call(stranger)
    with pytest.raises(NotAllowed):
        house.service.preview(stranger, ["weather"])
    with pytest.raises(NotAllowed):
        house.service.start(stranger, ["weather"])


def test_a_model_server_is_taught_nothing(house: House) -> None:
    house.service._workshop = Workshop(**{**vars(house.workshop), "current": lambda: None})
    with pytest.raises(NotTeachable):
        house.start()


def test_the_ledgers_word_is_shown_and_stops_nothing(house: House) -> None:
    service = Internalising(house.db, house.workshop, lambda tx, tool: "It changes.")
    [tool] = service.preview(OWNER, ["weather"]).tools
    assert tool.stays_outside == "It changes."


def test_nothing_is_built_in_before_its_author_was_told(house: House) -> None:
    service = Internalising(
        house.db, house.workshop, held=lambda tx, actor, tools: f"Not {tools[0].name} yet."
    )
    with pytest.raises(NotAnnounced, match="yet"):
        service.start(OWNER, ["weather"])


@pytest.fixture
def cli(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[typer.Typer]:
    def finish(_services: object, job: Job, report: object) -> Job:
        house.work()
        return house.job(job.id)

    def get(_actor: Actor, wanted: str) -> SimpleNamespace:
        with house.db.read() as tx:
            row = generations.get(tx, wanted)
        return SimpleNamespace(generation=row, report=report.of(row.scores))

    services = SimpleNamespace(internalising=house.service, generations=SimpleNamespace(get=get))
    monkeypatch.setattr(command, "services", lambda: services)
    monkeypatch.setattr(command.working, "finish", finish)
    app = typer.Typer()
    app.command()(command.internalise)
    yield app


def test_the_command_says_what_it_would_be_made_of_and_what_came_of_it(cli: typer.Typer) -> None:
    looked = CliRunner().invoke(cli, ["weather", "--look", "--json"])
    assert json.loads(looked.stdout)["tools"][0]["name"] == "get_weather"
    made = CliRunner().invoke(cli, ["weather", "--json"])
    assert json.loads(made.stdout)["generation"].startswith("gen_")
    told = CliRunner().invoke(cli, ["weather"])
    assert "Old model" in told.stdout and "Not better: " in told.stdout


def test_guards_abstain_as_the_runtime_will(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    async def marks(engine: object, rows: object, above: float, say: object) -> list[float]:
        asked.append(above)
        return []

    monkeypatch.setattr(guards_asked.examination, "marks", marks)
    profile = WITH_WEATHER.model_copy(update={"abstain_above": 0.95})
    for guard in own_guards.of_installation(house.db, profile, house.workshop):
        if guard.kind in (GuardKind.GROUNDED, GuardKind.ABSTENTION):
            asyncio.run(guard.ask(FakeEngine(["x"])))
    assert asked == [0.95, 0.95]


def test_a_guard_without_cases_is_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_guards, "_ROWS", 0)
    guards = own_guards.of_installation(house.db, WITH_WEATHER, house.workshop)
    kinds = {guard.kind for guard in guards}
    assert GuardKind.ABSTENTION not in kinds and GuardKind.REFUSALS in kinds
