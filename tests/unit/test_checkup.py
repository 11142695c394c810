"""What `inhouse doctor` says of releases whose generation, or the giant behind it, is not there, and of a silent model server."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from turnkit import OWNER, PASSED, world

from inhouse.app import checkup
from inhouse.app.checkup import Finding, look
from inhouse.core.settings import Settings
from inhouse.releases import releases
from inhouse.releases.release import Candidate
from inhouse.runtime.answering import Answering
from inhouse.runtime.cascade.cascade import Cascade, Odds, Router
from inhouse.runtime.engines.openai import OpenAIEngine
from inhouse.runtime.profile import Method, Profile, describe, write_current
from inhouse.store.database import Database
from inhouse.store.migrations import upgrade


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = Settings(home=tmp_path / "home", models=tmp_path)
    chosen.home.mkdir()
    for name in ("gen_new", "gen_old"):
        (tmp_path / f"{name}.gguf").write_bytes(b"weights")
    describe(tmp_path, "gen_old", "gen_old.gguf", Profile(method=Method.TRAINED), "made")
    write_current(tmp_path, "gen_new", "gen_new.gguf", Profile(method=Method.TRAINED), "made")
    return chosen


def _found(settings: Settings, check: str) -> Finding:
    return next(one for one in look(settings) if one.check == check)


def _astray(settings: Settings) -> Finding:
    return _found(settings, "releases")


def test_releases_in_use_whose_generation_is_gone_are_named(settings: Settings, tmp_path: Path) -> None:
    assert _astray(settings).is_well  # before there is a database
    db = Database(settings.database)
    upgrade(db)
    made = world(db)
    for ai, generation in (
        (made.ai, "gen_old"),
        (made.ai, "gen_new"),
        (made.other, "gen_old"),
        (made.ai, None),
    ):
        candidate = Candidate(generation_id=generation, brief_version=1, index_revision=0)
        with db.write() as tx:
            release = releases.add(tx, ai.id, candidate, PASSED, job_id=None, by=None)
        made.releases.go_live(OWNER, ai.id, release.id)
    db.close()
    assert _astray(settings).is_well
    (tmp_path / "gen_old.json").unlink()
    found = _astray(settings)
    # Ada has left it, so only Bob's release is concerned.
    assert found.said.endswith("adapters: 1") and "release 1 of bob" in found.advice
    assert "gen_old.gguf" in found.advice
    assert _astray(settings.model_copy(update={"engine": "openai"})).is_well


def _behind(settings: Settings, giant: str) -> None:
    """Ada answers with this giant behind her."""
    odds = Odds(intercept=0.0, weights=())
    cascade = Cascade(generation="gen_new", giant=giant, threshold=0.0, router=Router(small=odds, giant=odds))
    candidate = Candidate(
        generation_id="gen_new", brief_version=1, index_revision=0, answering=Answering(cascade=cascade)
    )
    db = Database(settings.database)
    upgrade(db)
    made = world(db)
    with db.write() as tx:
        release = releases.add(tx, made.ai.id, candidate, PASSED, job_id=None, by=None)
    made.releases.go_live(OWNER, made.ai.id, release.id)
    db.close()


def test_a_giant_that_is_gone_is_named_with_both_ways_out(settings: Settings, tmp_path: Path) -> None:
    assert _found(settings, "giants").is_well  # before there is a database
    _behind(settings, "gen_old")
    assert _found(settings, "giants").said.endswith("have one: 1")
    (tmp_path / "gen_old.gguf").unlink()
    found = _found(settings, "giants")
    assert found.said.endswith("alone: 1")
    assert "release 1 of ada: put gen_old.gguf" in found.advice
    assert found.advice.endswith("inhouse release ada --alone")
    assert _found(settings.model_copy(update={"engine": "openai"}), "giants").is_well


def test_a_giant_on_a_model_server_needs_the_server(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _behind(settings, "endpoint:big")
    assert "set INHOUSE_ENGINE_URL" in _found(settings, "giants").advice
    there = settings.model_copy(update={"engine_url": "http://models.test/v1"})
    answers = [200, 401]

    def served(_settings: Settings, model: str) -> OpenAIEngine:
        assert model == "big"
        said = httpx.MockTransport(lambda _: httpx.Response(answers.pop(0), json={"data": []}))
        return OpenAIEngine("http://models.test/v1", model, transport=said)

    monkeypatch.setattr(checkup, "server", served)
    assert _found(there, "giants").is_well
    assert "The model server at models.test" in _found(there, "giants").advice


def test_a_model_server_that_does_not_answer_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def silent(_settings: Settings, model: str) -> OpenAIEngine:
        return OpenAIEngine("http://models.test/v1", model, transport=httpx.MockTransport(refuses))

    monkeypatch.setattr(checkup, "server", silent)
    elsewhere = settings.model_copy(
        update={"engine": "openai", "engine_url": "http://models.test/v1", "engine_model": "big"}
    )
    found = _found(elsewhere, "model")
    assert (found.said, found.is_well) == ("big at http://models.test/v1", False)
    assert "The model server at models.test" in found.advice
