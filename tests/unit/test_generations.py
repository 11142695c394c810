"""The registry of generations and their family tree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update
from turnkit import OWNER, world

from inhouse.accounts.ais import AIs
from inhouse.app import models as app_models
from inhouse.app.schema import metadata
from inhouse.core.errors import Conflict, NotFound
from inhouse.core.settings import Settings
from inhouse.releases import in_use
from inhouse.releases.release import Share
from inhouse.releases.tables import releases
from inhouse.runtime.profile import Method, Profile, describe, description, write_current
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.migrations import upgrade
from inhouse.tuning import family, generations, models
from inhouse.tuning.generations import Generation

assert metadata.tables


def add(tx: Tx, word: str, parent: str | None = None, **change: Any) -> Generation:
    """A generation of this name and an id to match."""
    values: dict[str, Any] = {
        "name": word,
        "parent": parent,
        "recipe": {"name": "tools"},
        "data_hashes": {},
        "scores": {},
        "file_hash": f"{word}-hash",
        "quantisation": "Q8_0",
    }
    return generations.add(tx, f"gen_{word}", **values | change)


def test_a_generation_is_found_by_its_id_and_by_its_name(db: Database) -> None:
    with db.write() as tx:
        made = add(tx, "one", delta={"adapter_config.json": "a" * 64})
        assert add(tx, "one", name="another name") == made
        assert generations.find(tx, "gen_one") == generations.find(tx, "one") == made
        assert generations.blob_names(tx) == {"a" * 64}
        assert generations.blob_names(tx, "ai_1") == set()
        with pytest.raises(NotFound):
            generations.find(tx, "two")
        with pytest.raises(Conflict):
            add(tx, "one", file_hash="other")


def test_a_row_that_says_nothing_but_its_file_is_completed(db: Database) -> None:
    with db.write() as tx:
        add(tx, "one", name="", recipe={})
        made = add(tx, "one", parent="gen_base")
    assert (made.name, made.parent, made.recipe) == ("one", "gen_base", {"name": "tools"})


def test_the_tree_has_parents_before_children_and_every_generation_once(db: Database) -> None:
    with db.write() as tx:
        add(tx, "base")
        add(tx, "first", "gen_base")
        add(tx, "second", "gen_first")
        add(tx, "failed", "gen_first")
        add(tx, "stray", "gen_nowhere")
        base, stray = family.tree(generations.listing(tx))
    walked = [(depth, one.generation.name) for depth, one in base.walk()]
    assert walked == [(0, "base"), (1, "first"), (2, "second"), (2, "failed")]
    assert stray.generation.name == "stray" and not stray.children


def test_what_ships_is_registered_with_its_delta_below_the_base(db: Database, tmp_path: Path) -> None:
    settings, blobs = Settings(home=tmp_path / "home", models=tmp_path), Blobs(tmp_path / "blobs")
    app_models.register(db, settings, blobs)  # no model yet: nothing to register
    made = models.shipped()
    (tmp_path / "gen_1.gguf").write_bytes(b"merged")
    write_current(tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED), made.delta)
    for _again in range(2):
        app_models.register(db, settings, blobs)
    with db.read() as tx:
        shipped, base = sorted(generations.listing(tx), key=lambda one: one.parent is None)
    assert (shipped.name, shipped.parent, base.name) == (made.name, base.id, models.BASE.name)
    assert shipped.data_hashes == made.data and shipped.scores == made.scores
    assert shipped.delta is not None
    assert {name: blobs.get(blob) for name, blob in shipped.delta.items()} == {
        name: (models.SHIPPED / name).read_bytes() for name in models.DELTA_FILES
    }
    assert shipped.delta["adapter_model.safetensors"] == made.delta


def test_a_file_from_elsewhere_goes_by_the_name_that_it_gives_itself(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path)
    monkeypatch.setattr(models, "own_name", lambda _file: "Mistral 7B")
    (tmp_path / "gen_2.gguf").write_bytes(b"elsewhere")
    write_current(tmp_path, "gen_2", "gen_2.gguf", Profile(method=Method.PROMPTED), "f" * 64)
    app_models.register(db, settings, Blobs(tmp_path / "blobs"))
    with db.read() as tx:
        [found] = generations.listing(tx)
    assert (found.name, found.parent, found.delta) == ("Mistral 7B", None, None)


def test_a_parent_named_by_its_files_hash_is_named_by_its_id_after_the_migration(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'inhouse.db'}")
    upgrade(database, "0009")
    columns = "id, parent, recipe, data_hashes, scores, file_hash, quantisation, created_at"
    row = f"'gen_1', '{models.BASE.sha256}', '{{}}', '{{}}', '{{}}', 'h', 'as fetched', '2026-01-01 00:00:00'"
    with database.write() as tx:
        tx.execute(text(f"INSERT INTO generations ({columns}) VALUES ({row})"))
    upgrade(database)
    with database.read() as tx:
        found = generations.get(tx, "gen_1")
    assert (found.name, found.parent) == ("", models.generation_id(models.BASE.sha256))
    database.close()


def test_an_ai_is_counted_for_each_generation_that_answers_some_of_its_fans(db: Database) -> None:
    here = world(db)
    with db.read() as tx:
        assert in_use.by_generation(tx) == {}
    old, new, bobs = (here.release(ai).id for ai in (here.ai, here.ai, here.other))
    here.release(here.ai, live=False)
    with db.write() as tx:
        for made, generation in ((old, "gen_old"), (new, "gen_new"), (bobs, "gen_old")):
            tx.execute(update(releases).where(releases.c.id == made).values(generation_id=generation))
    with db.read() as tx:
        assert in_use.by_generation(tx) == {"gen_new": [here.ai.id], "gen_old": [here.other.id]}
    both = [Share(release_id=old, share=0.9), Share(release_id=new, share=0.1)]
    here.releases.split(OWNER, here.ai.id, both)
    with db.read() as tx:
        found = in_use.by_generation(tx)
    assert {name: set(ais) for name, ais in found.items()} == {
        "gen_new": {here.ai.id},
        "gen_old": {here.ai.id, here.other.id},
    }
    AIs(db).archive(OWNER, here.other.id)
    with db.read() as tx:
        assert here.other.id not in in_use.by_generation(tx)["gen_old"]


def test_a_description_is_whole_though_threads_write_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "gen_1.gguf").write_bytes(b"weights")

    def write(_: int) -> None:
        for _ in range(50):
            describe(tmp_path, "gen_1", "gen_1.gguf", Profile(method=Method.TRAINED), "f" * 64)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert description(tmp_path, "gen_1") is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gen_1.gguf", "gen_1.json"]
