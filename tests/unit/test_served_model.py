"""How generations are described beside their weights, and which is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from inhouse.app import models as house
from inhouse.app.models import fetch_shipped
from inhouse.core.settings import Settings
from inhouse.runtime.profile import (
    CURRENT,
    LearntTool,
    Method,
    NoGeneration,
    NoModel,
    Profile,
    answering,
    describe,
    description,
    descriptions,
    installed,
    make_current,
    write_current,
)
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.tuning import generations, models


def test_an_update_brings_new_thresholds_without_making_the_model_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path)
    made = models.shipped()
    (tmp_path / "gen_1.gguf").write_bytes(b"made already")
    write_current(
        tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED, abstain_above=0.1), made.delta
    )
    served = fetch_shipped(settings, lambda _line: None)
    assert served.profile == Profile.model_validate(made.profile)
    assert (served.generation, served.file) == ("gen_1", tmp_path / "gen_1.gguf")


def _weights(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.gguf").write_bytes(b"weights")


def test_a_description_without_weights_or_under_a_wrong_name_is_none(tmp_path: Path) -> None:
    _weights(tmp_path, "gen_1")
    tool = LearntTool(name="get_weather", parameters={"type": "object", "properties": {}})
    describe(tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED, tools=(tool,)), "made")
    describe(tmp_path, "gen_2", "gen_2.gguf", Profile(method=Method.TRAINED), "made")
    (tmp_path / "gen_3.json").write_text((tmp_path / "gen_1.json").read_text())
    (tmp_path / "gen_4.json").write_text("{")
    [only] = descriptions(tmp_path)
    assert (only.generation, only.file, only.profile.tools) == ("gen_1", tmp_path / "gen_1.gguf", (tool,))
    assert [description(tmp_path, name) for name in ("gen_2", "gen_3", "gen_4", "gen_5")] == [None] * 4
    with pytest.raises(NoGeneration, match="gen_2"):
        make_current(tmp_path, "gen_2")


def test_what_is_current_moves_and_what_it_moved_from_stays_servable(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path)
    _weights(tmp_path, "gen_1", "gen_2")
    with pytest.raises(NoModel):
        installed(settings)
    write_current(tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED), "made")
    (tmp_path / "gen_1.json").unlink()  # as versions before this one left it
    describe(tmp_path, "gen_2", "gen_2.gguf", Profile(method=Method.PROMPTED), "made")
    make_current(tmp_path, "gen_2")
    assert installed(settings).generation == "gen_2"
    assert answering(settings, "gen_1").generation == "gen_1"
    assert answering(settings, None).generation == answering(settings, "gone").generation == "gen_2"
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [CURRENT, "gen_1.json", "gen_2.json"]
    assert not list(tmp_path.glob(".*.json*"))


def test_an_installation_of_an_earlier_version_is_described_when_it_starts(
    db: Database, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path)
    _weights(tmp_path, "gen_1")
    write_current(tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED), "made")
    (tmp_path / "gen_1.json").unlink()
    for _ in range(2):
        house.register(db, settings, Blobs(tmp_path / "blobs"))
        assert description(tmp_path, "gen_1") == installed(settings)
    with db.read() as tx:
        assert [one.id for one in generations.listing(tx)] == ["gen_1"]


def test_fetching_comes_back_to_what_ships_without_making_it_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path)
    _weights(tmp_path, "gen_1", "gen_2")
    profile = Profile(method=Method.TRAINED)
    write_current(tmp_path, "gen_1", "gen_1.gguf", profile, models.shipped().delta)
    write_current(tmp_path, "gen_2", "gen_2.gguf", profile, "fetched")
    assert fetch_shipped(settings, lambda share, line: None).generation == "gen_1"
