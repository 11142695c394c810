"""What is looked after while an installation is served, and what is not served at all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inhouse.app import upkeep
from inhouse.app.backup import is_unfinished
from inhouse.app.services import HalfRestored, Services, open_home
from inhouse.conversations import ledger
from inhouse.core.settings import Settings
from inhouse.lab.ledger.telling import NOTICES_JOB, Telling
from inhouse.lab.promoting import current
from inhouse.store import jobs
from inhouse.store.jobs import Worker

_OLD = time.time() - 8 * 24 * 3600


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Services]:
    services = open_home(Settings(home=tmp_path, models=tmp_path / "models"))
    yield services
    services.close()


def test_a_day_brings_one_retention(here: Services) -> None:
    upkeep.look_after(here)
    upkeep.look_after(here)
    with here.db.read() as tx:
        assert len(jobs.listing(tx, name="retention")) == 1


def test_authors_are_looked_after_once_a_day(here: Services) -> None:
    for _ in range(3):
        upkeep.look_after(here)
    with here.db.read() as tx:
        assert len(jobs.listing(tx, name=NOTICES_JOB)) == 1
    handler = Telling(here.notices, lambda: "gen_1").handler
    done = Worker(here.db, {handler.name: handler}, "quick")
    while done.run_one():
        pass
    upkeep.look_after(here)
    with here.db.read() as tx:
        [job] = jobs.listing(tx, name=NOTICES_JOB)
    assert (job.state, job.result) == ("done", {"told": 0})


def test_a_receipt_that_a_kill_kept_from_the_ledger_is_added(here: Services) -> None:
    with here.db.write() as tx:
        receipt = ledger.record(tx, "fan", "fan_1", {"turns": 2})
    assert here.ledger.entries() == []
    upkeep.look_after(here)
    assert here.ledger.entries() == [receipt]


def test_uploads_that_nobody_came_back_for_are_removed(here: Services) -> None:
    old, new = here.staging.folder / "ai_1" / "old", here.staging.folder / "ai_1" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (_OLD, _OLD))
    upkeep.look_after(here)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_a_broken_off_restore_left_is_not_served(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    (tmp_path / "restore.unfinished").write_text("began")
    assert is_unfinished(settings)
    with pytest.raises(HalfRestored, match="Empty that folder"):
        open_home(settings)


def test_the_file_of_models_follows_the_promotions_by_and_by(
    here: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[object] = []
    monkeypatch.setattr(current, "follow", lambda db, settings: followed.append((db, settings)))
    upkeep.look_after(here)
    assert followed == [(here.db, here.settings)]
