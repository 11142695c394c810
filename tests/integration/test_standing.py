"""A model stands in a child process of its own, answers, is listened to, and is gone afterwards."""

from __future__ import annotations

from pathlib import Path

import anyio
import psutil
import pytest
from engine_parts import model_file

from inhouse.app.arena import HouseArena
from inhouse.app.services import open_home
from inhouse.brief.brief import Brief
from inhouse.core.settings import Settings
from inhouse.lab.comparing.contenders import Contender
from inhouse.runtime.engines.base import Completion, Message, Piece
from inhouse.runtime.request import ReplyRequest, answered

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


def test_a_model_file_stands_and_goes(tmp_path: Path) -> None:
    model = model_file()
    services = open_home(Settings(home=tmp_path, models=model.parent, engine_context=512, engine_sequences=1))
    arena = HouseArena(services)

    async def main() -> None:
        standing = await arena.stand(Contender(model.stem, "generation"))
        try:
            request = ReplyRequest("ai_1", "Ada", "business", Brief(name="Ada"), "Are you a human?")
            ended = await answered(standing.answerer, request)
            assert ended is not None and ended.answer
            asked = Completion(messages=[Message("user", "Say hello.")], max_tokens=4)
            said = [piece async for piece in standing.ear.complete(asked) if isinstance(piece, Piece)]
            sure = standing.ear.take().confidence
            assert said and sure is not None and sure < 0
            health = await standing.ear.health()
            assert health.ready and psutil.pid_exists(health.detail["pid"])
        finally:
            await standing.close()
        assert not psutil.pid_exists(health.detail["pid"])

    try:
        anyio.run(main)
    finally:
        services.close()
