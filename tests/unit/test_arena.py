"""Which models of an installation can be compared."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert
from turnkit import world

from inhouse.app.arena import HouseArena
from inhouse.core import clock
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.lab.comparing.contenders import Contender
from inhouse.runtime.profile import Method, Profile, describe, write_current
from inhouse.store.database import Database
from inhouse.tuning.tables import adapters, corpora


def _arena(db: Database, folder: Path, **settings: Any) -> tuple[HouseArena, str]:
    made = world(db)
    for name in ("gen_old", "gen_new", "base"):
        (folder / f"{name}.gguf").write_bytes(b"weights")
    write_current(folder, "gen_new", "gen_new.gguf", Profile(method=Method.TRAINED), "made")
    chosen = Settings(home=folder / "home", models=folder, **settings)
    return HouseArena(SimpleNamespace(settings=chosen, releases=made.releases)), made.ai.id  # type: ignore[arg-type]


def _adapter(db: Database, ai_id: str, name: str, generation: str, tainted: bool = False) -> None:
    moment = clock.now()
    values = {"recipe": {}, "metrics": {}, "files": {"adapter.gguf": name}, "created_at": moment}
    known = {"ai_id": ai_id, "hash": name, "corpus_hash": name, "generation_id": generation}
    corpus = {"ai_id": ai_id, "hash": name, "rows": 1, "counts": {}, "sources": [], "created_at": moment}
    with db.write() as tx:
        tx.execute(insert(corpora).values(corpus))
        tx.execute(insert(adapters).values(**known, **values, tainted_at=moment if tainted else None))


def test_model_files_adapters_and_the_server_by_name(db: Database, tmp_path: Path) -> None:
    arena, ai_id = _arena(db, tmp_path, engine_url="http://127.0.0.1:9/v1", engine_model="org/big")
    _adapter(db, ai_id, "first", "gen_new")
    _adapter(db, ai_id, "spoilt", "gen_old", tainted=True)
    with db.read() as tx:
        assert arena.contenders(tx, ai_id) == [
            Contender("gen_new", "generation"),
            Contender("gen_new+adapter", "generation", "first"),
            Contender("base", "generation"),
            Contender("gen_old", "generation"),
            Contender("endpoint:org/big", "endpoint"),
        ]
        assert arena.named(tx, ai_id, "endpoint:other").model == "other"
        for wrong in ("gen_old+adapter", "endpoint:", "../../etc/passwd"):
            with pytest.raises(UsageError, match="gen_new"):
                arena.named(tx, ai_id, wrong)


def test_without_a_server_there_is_no_endpoint(db: Database, tmp_path: Path) -> None:
    arena, ai_id = _arena(db, tmp_path)
    with db.read() as tx, pytest.raises(UsageError):
        arena.named(tx, ai_id, "endpoint:anything")


def test_a_generation_is_trusted_as_it_is_described_and_a_mere_file_is_told_what_to_do(
    db: Database, tmp_path: Path
) -> None:
    arena, _ = _arena(db, tmp_path)
    describe(tmp_path, "gen_old", "gen_old.gguf", Profile(method=Method.TRAINED, passages=2), "made")
    assert arena.model("gen_new").profile.method is Method.TRAINED
    assert arena.model("gen_old").profile.passages == 2
    assert arena.model("base").profile.method is Method.PROMPTED
    assert arena.model("base").file == tmp_path / "base.gguf"
