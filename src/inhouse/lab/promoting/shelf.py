"""Repository of promotions and their moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.exc import IntegrityError

from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.lab.promoting.promotion import Move, MoveState, Promotion, Rules, State, Underway
from inhouse.lab.promoting.tables import moves, promotions
from inhouse.store.database import Tx


def add(
    tx: Tx,
    generation_id: str,
    from_generation: str,
    rules: Rules,
    scores: Any,
    *,
    refused: str = "",
    by: str | None,
) -> Promotion:
    """A promotion that begins, or one that was ``refused`` for a reason. One that is under way is enough: ``Underway``."""
    made = ids.new_id("prm")
    now = clock.now()
    values = {
        "id": made,
        "generation_id": generation_id,
        "from_generation": from_generation,
        "state": "refused" if refused else "checking",
        "under_way": None if refused else True,
        "rules": rules.model_dump(mode="json"),
        "hash": rules.hash(made, generation_id, scores),
        "reason": refused,
        "created_at": now,
        "created_by": by,
        "ended_at": now if refused else None,
    }
    try:
        row = tx.execute(promotions.insert().values(values).returning(promotions)).one()
    except IntegrityError as error:
        raise Underway(generation=generation_id) from error
    return _promotion(row)


def get(tx: Tx, promotion_id: str, *, lock: bool = False) -> Promotion:
    """One promotion, else ``NotFound``; with ``lock`` nobody else changes it until the transaction ends."""
    query = select(promotions).where(promotions.c.id == promotion_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(kind="promotion", name=promotion_id)
    return _promotion(row)


def listing(tx: Tx, generation_id: str | None = None, limit: int = 100) -> list[Promotion]:
    """The newest first; of one generation where given."""
    query = select(promotions).order_by(promotions.c.created_at.desc(), promotions.c.id.desc()).limit(limit)
    if generation_id is not None:
        query = query.where(promotions.c.generation_id == generation_id)
    return [_promotion(row) for row in tx.execute(query)]


def under_way(tx: Tx) -> Promotion | None:
    """The one that is being checked or is a canary."""
    row = tx.execute(select(promotions).where(promotions.c.under_way.is_(True))).one_or_none()
    return _promotion(row) if row else None


def last_live(tx: Tx) -> Promotion | None:
    """Of those that are live, the one that went live last: the next one to roll back."""
    query = select(promotions).where(promotions.c.state == "live")
    row = tx.execute(query.order_by(promotions.c.live_at.desc(), promotions.c.id.desc()).limit(1)).first()
    return _promotion(row) if row else None


def last_moved(tx: Tx) -> Promotion | None:
    """The last one that went live or was rolled back from there: it says what new releases start on."""
    moved_at = func.coalesce(promotions.c.ended_at, promotions.c.live_at)
    query = select(promotions).where(promotions.c.live_at.is_not(None))
    row = tx.execute(query.order_by(moved_at.desc(), promotions.c.id.desc()).limit(1)).first()
    return _promotion(row) if row else None


def still_open(tx: Tx) -> list[Promotion]:
    """Those whose AIs are still looked after: the one under way, and the one that went live last."""
    return [one for one in (under_way(tx), last_live(tx)) if one is not None]


def change(tx: Tx, promotion: Promotion, state: State, **values: Any) -> Promotion:
    """Move a promotion on, in the caller's transaction, which has locked it."""
    set_ = values | {"state": state, "under_way": True if state in ("checking", "canary") else None}
    row = tx.execute(
        update(promotions).where(promotions.c.id == promotion.id).values(set_).returning(promotions)
    ).one()
    return _promotion(row)


def add_moves(tx: Tx, promotion: Promotion, ai_ids: Sequence[str]) -> None:
    """Let these AIs wait for their check."""
    now = clock.now()
    rows = [
        {
            "promotion_id": promotion.id,
            "ai_id": ai_id,
            "state": "waiting",
            "reason": "",
            "found": {},
            "seconds": 0.0,
            "changed_at": now,
        }
        for ai_id in ai_ids
    ]
    if rows:
        tx.execute(moves.insert(), rows)


def moves_of(tx: Tx, promotion_id: str, states: Sequence[MoveState] = ()) -> list[Move]:
    """The AIs of a promotion by id, in these states where some are given."""
    query = select(moves).where(moves.c.promotion_id == promotion_id).order_by(moves.c.ai_id)
    if states:
        query = query.where(moves.c.state.in_(states))
    return [_move(row) for row in tx.execute(query)]


def move_of(tx: Tx, promotion_id: str, ai_id: str) -> Move | None:
    """One AI in a promotion; ``None`` where it was erased."""
    query = select(moves).where(moves.c.promotion_id == promotion_id, moves.c.ai_id == ai_id)
    row = tx.execute(query).one_or_none()
    return _move(row) if row else None


def set_move(tx: Tx, move: Move, state: MoveState, **values: Any) -> Move | None:
    """Say how an AI stands now; ``None`` where it was erased."""
    here = (moves.c.promotion_id == move.promotion_id, moves.c.ai_id == move.ai_id)
    set_ = values | {"state": state, "changed_at": clock.now()}
    row = tx.execute(update(moves).where(*here).values(set_).returning(moves)).one_or_none()
    return _move(row) if row else None


def count(tx: Tx, promotion_id: str, states: Sequence[MoveState]) -> int:
    """How many AIs stand in one of these states."""
    query = select(func.count()).where(moves.c.promotion_id == promotion_id, moves.c.state.in_(states))
    return int(tx.execute(query).scalar() or 0)


def _promotion(row: Row[Any]) -> Promotion:
    values = dict(row._mapping)
    values.pop("under_way")
    return Promotion.model_validate(values)


def _move(row: Row[Any]) -> Move:
    return Move.model_validate(dict(row._mapping))
