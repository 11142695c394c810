"""Is there one truth about what is live? The promotion, its moves, the routing rows and the file of models are compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import Move, Promotion
from inhouse.releases import routing
from inhouse.store.database import Database, Tx
from inhouse.tuning import models
from inhouse.tuning.files import sha256
from inhouse.tuning.tables import generations


def contradictions(db: Database, folder: Path, at_first: str) -> list[str]:
    """What says otherwise than the promotions' rows do; ``at_first`` is what was current before any of them. The
    installation must have been opened since the last kill."""
    with db.read() as tx:
        promotions = shelf.listing(tx)
        under_way = [one.id for one in promotions if one.state in ("checking", "canary")]
        found = [f"two promotions are under way: {under_way}"] if len(under_way) > 1 else []
        if promotions:
            newest = promotions[0]
            for move in shelf.moves_of(tx, newest.id):
                found += _of_move(tx, newest, move)
        found += _of_files(tx, folder)
        wanted = _current(tx, at_first)
    said = json.loads((folder / "current.json").read_text("utf-8"))["generation"]
    if said != wanted:
        found.append(f"current.json says {said}, the promotions {wanted}")
    return found


def _current(tx: Tx, at_first: str) -> str:
    last = shelf.last_moved(tx)
    if last is None:
        return at_first
    return last.generation_id if last.state == "live" else last.from_generation


def _of_move(tx: Tx, promotion: Promotion, move: Move) -> Iterator[str]:
    """Where an AI's routing row is not what its move and its promotion say."""
    live = routing.get(tx, move.ai_id)
    shares = [(share.release_id, round(share.share, 6)) for share in live.shares] if live else []
    old, new = move.old_release_id, move.new_release_id
    told = f"{move.ai_id} ({move.state}) in a promotion that is {promotion.state}"
    if move.state == "canary":
        share = promotion.share or 0.0
        if promotion.state != "canary" or shares != [(old, round(1 - share, 6)), (new, round(share, 6))]:
            yield f"{told} is routed to {shares}"
    elif move.state == "live":
        if promotion.state != "live" or shares != [(new, 1.0)]:
            yield f"{told} is routed to {shares}"
    elif any(name == new for name, _share in shares):
        yield f"{told} is routed to its new release"
    if promotion.state in ("canary", "live") and move.state == "passed":
        yield f"{told} was left out"


def _of_files(tx: Tx, folder: Path) -> Iterator[str]:
    """Every described generation is whole; every row has its file."""
    for path in folder.glob("gen_*.json"):
        file = folder / json.loads(path.read_text("utf-8"))["file"]
        if not file.exists():
            yield f"{path.name} describes a file that is not there"
        elif not file.is_symlink() and models.generation_id(sha256(file)) != path.stem:
            yield f"{file.name} is not what its name says"
    for row in tx.execute(select(generations.c.id, generations.c.delta)):
        # The base model, which has no delta, needs no file.
        if row.delta and not (folder / f"{row.id}.gguf").exists():
            yield f"{row.id} has a row and no file"
