"""A giant behind what ships: released through its gate, asked on a model server of its own, and missed when that is gone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_parts import model_file

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.app.services import Services, open_home
from inhouse.app.working import finish
from inhouse.conversations.fans import Fan
from inhouse.core.events import Ended, Event, Step
from inhouse.core.settings import Settings
from inhouse.runtime.bridge import waited_for
from inhouse.runtime.cascade.cascade import Cascade, Odds, Router
from inhouse.runtime.profile import NoModel, installed
from inhouse.store.jobs import Job

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

OPERATOR = Actor.local_operator()
#: Sends on what stands in a passage, and nothing else.
ROUTER = Router(small=Odds(intercept=0.0, weights=()), giant=Odds(intercept=0.0, weights=(("cites", 5.0),)))
KILN = "# The kiln\n\nThe kiln is fired with oak in May. It reaches 1,200 degrees after two days.\n"


@pytest.fixture
def giant() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The stock server with the base model: what answers there was trained for nothing of ours."""
    command = [sys.executable, "-m", "inhouse.bench.stock_server", str(model_file()), "1", "1", "2048"]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    yield server, next(line for line in server.stdout if line.startswith("http")).strip()
    server.kill()
    server.wait()


@pytest.fixture
def here(tmp_path: Path, giant: tuple[subprocess.Popen[str], str]) -> Iterator[Services]:
    settings = Settings(
        home=tmp_path / "home",
        models=Settings().models_folder,
        threads=1,
        engine_url=f"{giant[1]}/v1",
        engine_model="base",
    )
    try:
        installed(settings)
    except NoModel:
        pytest.skip("no model: run make setup, or set INHOUSE_MODELS")
    services = open_home(settings)
    yield services
    services.close()


def _done(here: Services, job: Job) -> Job:
    ended = finish(here, job, lambda share, message: None)
    assert ended.state == "done", ended.error
    return ended


def _ai(here: Services, folder: Path) -> Ai:
    (folder / "kiln.md").write_text(KILN)
    team = here.accounts.teams.create(OPERATOR, "Pottery")
    ai = here.ais.create(OPERATOR, team.id, "potter", "Potter", kind="business")
    _done(here, here.library.queue_path(OPERATOR, ai.id, folder / "kiln.md", right="own work"))
    _done(here, here.releases.propose(OPERATOR, ai.id, go_live=True))
    return ai


async def _ask(here: Services, fan: Fan, question: str) -> list[Event]:
    turn = await here.conversations.begin(fan, question)
    return [event async for event in here.conversations.follow(fan, turn.id)]


def _steps(events: list[Event]) -> list[str]:
    return [event.state for event in events if isinstance(event, Step) and event.name == "giant"]


def test_it_is_released_asked_and_missed(
    here: Services, giant: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    ai = _ai(here, tmp_path)
    generation = installed(here.settings).generation
    behind = Cascade(generation=generation, giant="endpoint:base", threshold=0.2, router=ROUTER)
    gate = _done(here, here.releases.propose_behind(OPERATOR, ai.id, behind))
    assert gate.result is not None and gate.result["release_id"], gate.result
    here.releases.go_live(OPERATOR, ai.id, gate.result["release_id"])
    fan, _ = here.fans.welcome(ai.id)

    async def main() -> tuple[list[Event], list[Event], list[Event]]:
        try:
            sent_on = await _ask(here, fan, "What is the kiln fired with?")
            kept = await _ask(here, fan, "Who painted the Mona Lisa?")
            giant[0].kill()
            giant[0].wait()
            return sent_on, kept, await _ask(here, fan, "What is the kiln fired with?")
        finally:
            await here.aclose()

    sent_on, kept, missed = waited_for(main())
    assert _steps(sent_on) == ["begun", "done"] and _steps(kept) == []
    assert _steps(missed) == ["begun", "failed"]
    for events in (sent_on, kept, missed):
        assert isinstance(events[-1], Ended), events[-1]
    assert isinstance(missed[-1], Ended) and "oak" in missed[-1].answer
    assert isinstance(kept[-1], Ended) and kept[-1].abstained
    assert isinstance(sent_on[-1], Ended) and sent_on[-1].timing.prompt_tokens > 100, "both read the passage"
