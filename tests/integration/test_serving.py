"""Two generations on the real engine: each in a child of its own, neither ever answered by the other's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import psutil
import pytest
from engine_parts import model_file

from inhouse.core.settings import Settings
from inhouse.runtime.engines.base import Completion, Engine, Message, Piece
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import Installed, NoModel, answering, describe, installed, write_current
from inhouse.runtime.serving import Engines

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

ASKED = Completion(messages=[Message("user", "Say in one sentence what a kiln is for.")], max_tokens=16)
NAMES = ("gen_base", "gen_shipped")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two generations: the base itself, and what ships made of it."""
    base = model_file()
    try:
        shipped = installed(Settings())
    except NoModel:
        pytest.skip("no model: run make setup, or set INHOUSE_MODELS")
    models = tmp_path / "models"
    models.mkdir()
    for name, file in zip(NAMES, (base, shipped.file), strict=True):
        (models / f"{name}.gguf").symlink_to(file)
    describe(models, NAMES[0], "gen_base.gguf", shipped.profile, "a test")
    write_current(models, NAMES[1], "gen_shipped.gguf", shipped.profile, "a test")
    return Settings(home=tmp_path / "home", models=models, threads=1, engine_context=512, engine_sequences=1)


def _engines(settings: Settings, quiet: float = 600.0) -> Engines:
    def start(model: Installed) -> Engine:
        return make_engine(settings, model.file)

    return Engines(partial(answering, settings), start, quiet)


async def _said(engine: Engine) -> str:
    return "".join([part.text async for part in engine.complete(ASKED) if isinstance(part, Piece)])


async def _asked(engines: Engines, names: Sequence[str]) -> list[str]:
    said = []
    for name in names:
        with engines.lent(name) as served:
            said.append(await _said(served.engine))
    return said


async def _alone(settings: Settings, name: str, home: Path) -> str:
    engines = _engines(settings.model_copy(update={"home": home}))
    try:
        return (await _asked(engines, [name]))[0]
    finally:
        await engines.aclose()


def test_two_generations_answer_side_by_side_as_each_does_alone(settings: Settings, tmp_path: Path) -> None:
    async def work() -> None:
        alone = [await _alone(settings, name, tmp_path / name) for name in NAMES]
        assert alone[0] != alone[1]
        engines = _engines(settings)
        try:
            assert await _asked(engines, NAMES * 2) == alone * 2
            assert await asyncio.gather(*(_asked(engines, [name]) for name in NAMES)) == [
                [one] for one in alone
            ]
            children = {one.generation: one.health.detail["pid"] for one in await engines.health()}
            assert set(children) == set(NAMES) and len(set(children.values())) == 2
            # Another process that attaches finds the child of its own generation.
            for name, expected in zip(NAMES, alone, strict=True):
                other = EmbeddedEngine.connect(settings.home / "run" / name)
                assert await _said(other) == expected
                assert (await other.health()).detail["model"] == f"{name}.gguf"
                await other.aclose()
            assert all(map(psutil.pid_exists, children.values()))
        finally:
            await engines.aclose()
        assert not any(map(psutil.pid_exists, children.values()))

    asyncio.run(work())


def test_a_child_that_another_process_asks_is_not_taken_from_it(settings: Settings) -> None:
    async def work() -> None:
        engines = _engines(settings, quiet=2.0)
        other = None
        try:
            await _asked(engines, NAMES[::-1])
            other = EmbeddedEngine.connect(settings.home / "run" / NAMES[0])
            pid = {one.generation: one.health.detail["pid"] for one in await engines.health()}[NAMES[0]]
            until = asyncio.get_running_loop().time() + 4.0
            while asyncio.get_running_loop().time() < until:
                await _said(other)
                await asyncio.sleep(0.25)
            assert psutil.pid_exists(pid)
            await asyncio.sleep(5.0)
            assert not psutil.pid_exists(pid)
            assert [one.generation for one in await engines.health()] == [NAMES[1]]
            assert await _said(other)  # its next question starts the child anew, as its own
        finally:
            if other is not None:
                await other.aclose()
            await engines.aclose()

    asyncio.run(work())
