"""An assistant as it ships: made, opened by its gate, given documents, asked, on the real model and embedder."""

from __future__ import annotations

from pathlib import Path

import pytest

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.app import presets
from inhouse.app.services import Services, open_home
from inhouse.app.working import finish
from inhouse.core.events import Ended
from inhouse.core.settings import Settings
from inhouse.runtime.bridge import waited_for
from inhouse.runtime.profile import NoModel, installed

OPERATOR = Actor.local_operator()
OLD = """# Terms of the library

## Loans

Books may be borrowed for three weeks. Up to five books may be taken at once.

## Fines

A late book costs 20 cents a day. Children pay no fines.
"""
NEW = OLD.replace("three weeks", "four weeks").replace(" Children pay no fines.", "")


@pytest.fixture
def here(tmp_path: Path, socket_enabled: None) -> Services:
    models = Settings().models_folder
    settings = Settings(home=tmp_path, models=models, threads=1)
    try:
        installed(settings)
    except NoModel:
        pytest.skip("no model: run make setup, or set INHOUSE_MODELS")
    return open_home(settings)


def made(here: Services) -> Ai:
    team = here.accounts.teams.create(OPERATOR, "Home")
    ai = here.ais.create(OPERATOR, team.id, "helper", "Helper", kind="assistant")
    furnished = presets.furnish(here, OPERATOR, ai)
    gate = finish(here, furnished.gate, lambda share, message: None)
    assert gate.result is not None and gate.result["release_id"], gate.error
    assert furnished.problems == ()
    return ai


def test_it_compares_quotes_and_computes_without_any_import(here: Services) -> None:
    ai = made(here)
    fan, _ = here.fans.welcome(ai.id)
    first = here.documents.give_file(fan, "terms-2025.md", [OLD.encode()], origin="page")
    here.documents.give_file(
        fan, "terms-2026.md", [NEW.encode()], conversation_id=first.conversation_id, origin="page"
    )

    async def ask(question: str) -> Ended:
        turn = await here.conversations.begin(fan, question, conversation_id=first.conversation_id)
        events = [event async for event in here.conversations.follow(fan, turn.id)]
        assert isinstance(events[-1], Ended), events
        return events[-1]

    async def main() -> tuple[Ended, Ended, Ended]:
        try:
            return (
                await ask("What changed between these two documents?"),
                await ask("What does this document say about penguins?"),
                await ask("What is 15% of 240?"),
            )
        finally:
            await here.aclose()

    changed, nothing, sum_ = waited_for(main())
    here.close()
    assert changed.kind == "tool" and "2 statements changed" in changed.answer
    assert [citation.quote for citation in changed.citations] == [
        "Books may be borrowed for three weeks.",
        "Books may be borrowed for four weeks.",
        "Children pay no fines.",
    ]
    assert nothing.citations == ()
    assert "36" in sum_.answer
