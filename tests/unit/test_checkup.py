"""What `inhouse doctor` says of releases whose generation is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from turnkit import OWNER, PASSED, world

from inhouse.app.checkup import Finding, look
from inhouse.core.settings import Settings
from inhouse.releases import releases
from inhouse.releases.release import Candidate
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


def _astray(settings: Settings) -> Finding:
    return next(one for one in look(settings) if one.check == "releases")


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
