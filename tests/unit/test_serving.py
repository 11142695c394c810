"""Several generations served side by side: each request on its own, opened once, closed when nobody asks any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from inhouse.brief.brief import Brief
from inhouse.core.errors import Unavailable
from inhouse.core.events import Ended, Event, Token
from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Adapter, Completion, Engine, Health, Message, Piece
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.profile import (
    Installed,
    Method,
    Profile,
    answering,
    describe,
    make_current,
    write_current,
)
from inhouse.runtime.request import ReplyRequest, answered
from inhouse.runtime.serving import Engines, Serving

TRAINED, TOLD = Profile(method=Method.TRAINED), Profile(method=Method.PROMPTED)
ADAPTER = Adapter("hash", Path("adapter.gguf"))


class Rememberer(FakeEngine):
    """A fake that knows how long its child has been quiet, as far as other processes are concerned."""

    quiet: float | None = None

    async def health(self) -> Health:
        return Health(ready=True, quiet_seconds=self.quiet)


class Plain:
    """Says what its engine says, and with what it was asked."""

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self.engine, self.profile = engine, profile

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Event, None]:
        said = f"{self.profile.method.value} {request.adapter.hash if request.adapter else 'bare'}"
        asked = Completion(messages=[Message("user", request.question)], adapter=request.adapter)
        async with aclosing(self.engine.complete(asked)) as stream:
            async for piece in stream:
                if isinstance(piece, Piece):
                    yield Token(text=piece.text)
        yield Ended(answer=said)


class House:
    """Two generations in a folder, and fake engines that are remembered."""

    def __init__(self, folder: Path, quiet: float = 600.0, **settings: str) -> None:
        self.folder = folder
        for name in ("gen_new", "gen_old"):
            (folder / f"{name}.gguf").write_bytes(b"weights")
        write_current(folder, "gen_new", "gen_new.gguf", TRAINED, "made")
        describe(folder, "gen_old", "gen_old.gguf", TOLD, "made")
        self.settings = Settings(home=folder / "home", models=folder, **settings)  # type: ignore[arg-type]
        self.started: list[tuple[str, Rememberer]] = []
        self.engines = Engines(lambda name: answering(self.settings, name), self.start, quiet)
        self.serving = Serving(self.engines, Plain)

    def start(self, model: Installed) -> Engine:
        engine = Rememberer(delay=0.01)
        self.started.append((model.generation, engine))
        return engine

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.started]

    async def ask(self, generation: str | None, adapter: Adapter | None = ADAPTER) -> str:
        asked = ReplyRequest(
            "ai_1", "Ada", "business", Brief(name="Ada"), "one two", adapter=adapter, generation=generation
        )
        ended = await answered(self.serving, asked)
        assert ended is not None
        return ended.answer


def run(house: House, work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        try:
            await work()
        finally:
            await house.engines.aclose()

    asyncio.run(main())


def test_each_release_is_answered_on_its_own_generation(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        assert await house.ask("gen_new") == "trained hash"
        assert await house.ask("gen_old") == "prompted hash"
        assert await house.ask(None, None) == "trained bare"  # none is named: the current one
        assert house.names == ["gen_new", "gen_old"]

    run(house, work)
    assert all(engine.closed for _, engine in house.started)


def test_two_askers_at_once_open_it_once(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        await asyncio.gather(*(house.ask(name) for name in ("gen_old", "gen_new") * 4))
        assert sorted(house.names) == ["gen_new", "gen_old"]

    run(house, work)


def test_a_missing_generation_is_answered_by_the_current_one_without_the_adapter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    (tmp_path / "gen_old.gguf").unlink()

    async def work() -> None:
        with caplog.at_level(logging.WARNING):
            assert await house.ask("gen_old") == "trained bare"
            assert await house.ask("gen_old") == "trained bare"
            assert await house.ask("gen_new") == "trained hash"
        (tmp_path / "gen_old.gguf").write_bytes(b"put back")
        assert await house.ask("gen_old") == "prompted hash"

    run(house, work)
    assert [line.count("gen_old") for line in caplog.messages] == [1]
    assert house.names == ["gen_new", "gen_old"]


def test_an_adapter_goes_only_with_a_generation_that_is_named(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        assert await house.ask(None) == "trained bare"

    run(house, work)


def test_a_model_server_answers_for_all_with_their_adapters(tmp_path: Path) -> None:
    house = House(tmp_path, engine="openai", engine_url="http://127.0.0.1:9/v1", engine_model="big")

    async def work() -> None:
        for name in ("gen_old", "gen_gone", None):
            assert await house.ask(name) == "prompted hash"
        assert house.names == [""]

    run(house, work)


def test_a_failure_while_opening_is_raised_and_the_next_asker_tries_again(tmp_path: Path) -> None:
    house, tries = House(tmp_path), 0

    def start(model: Installed) -> Engine:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable(what="The engine", reason="no memory")
        return house.start(model)

    house.engines = Engines(lambda name: answering(house.settings, name), start)
    house.serving = Serving(house.engines, Plain)

    async def work() -> None:
        with pytest.raises(Unavailable, match="no memory"):
            await house.ask("gen_old")
        assert await house.ask("gen_old") == "prompted hash"

    run(house, work)
    assert tries == 2


def test_what_nobody_asks_is_closed_and_opened_again_when_it_is_asked(tmp_path: Path) -> None:
    house = House(tmp_path, quiet=0.05)

    async def work() -> None:
        await house.ask("gen_old")
        await house.ask("gen_new")
        await asyncio.sleep(0.2)
        open_now = {name: not engine.closed for name, engine in house.started}
        assert open_now == {"gen_old": False, "gen_new": True}  # never what is current
        assert await house.ask("gen_old") == "prompted hash"
        assert house.names == ["gen_old", "gen_new", "gen_old"]
        make_current(tmp_path, "gen_old")  # the base moved: now the other one may go
        await asyncio.sleep(0.2)
        assert [engine.closed for _, engine in house.started] == [True, True, False]

    run(house, work)


def test_nothing_is_closed_while_an_answer_streams(tmp_path: Path) -> None:
    house = House(tmp_path, quiet=0.04)

    async def work() -> None:
        with house.engines.lent("gen_old") as served:
            await asyncio.sleep(0.2)
            assert isinstance(served.engine, Rememberer) and not served.engine.closed
        await asyncio.sleep(0.2)
        assert served.engine.closed

    run(house, work)


def test_nothing_is_closed_that_another_process_asks(tmp_path: Path) -> None:
    house = House(tmp_path, quiet=0.04)

    async def work() -> None:
        await house.ask("gen_old")
        [(_, engine)] = house.started
        engine.quiet = 0.0
        await asyncio.sleep(0.2)
        assert not engine.closed
        engine.quiet = 60.0
        await asyncio.sleep(0.1)
        assert engine.closed

    run(house, work)


def test_an_answer_that_nobody_wants_any_more_lets_its_engine_go(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        request = ReplyRequest("ai_1", "Ada", "business", Brief(name="Ada"), "a b c", generation="gen_old")
        events = house.serving.reply(request)
        await anext(events)
        with house.engines.lent("gen_old") as served:
            assert served.askers == 2
            await events.aclose()
            assert served.askers == 1
        assert house.started[0][1].stopped == 1

    run(house, work)


def test_health_names_the_current_one_first_and_every_other_in_use(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def work() -> None:
        await house.ask("gen_old")
        signs = await house.engines.health()
        assert [(one.generation, one.is_current, one.health.ready) for one in signs] == [
            ("gen_new", True, True),
            ("gen_old", False, True),
        ]

    run(house, work)


def test_the_engine_has_the_question_at_once(tmp_path: Path) -> None:
    """A turn is stored while its answer begins: whoever answers must not wait before the engine is asked."""
    house = House(tmp_path)

    async def work() -> None:
        for asked in (1, 2):  # it is opened for the first, and there for the second
            answer = asyncio.create_task(house.ask("gen_old"))
            await asyncio.sleep(0)
            assert len(house.started[0][1].requests) == asked
            await answer

    run(house, work)
