"""The routing row: which releases are live, with which shares of the fans, and where a roll-back goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select

from inhouse.accounts.tables import ais
from inhouse.core import clock, ids
from inhouse.core.errors import UsageError
from inhouse.releases.release import Routing, Share
from inhouse.releases.tables import routing, routing_changes
from inhouse.store.database import Tx

ChangeKind = Literal["go_live", "roll_back", "split"]

_MOST_SHARES = 8


class Change(BaseModel):
    """One change of what is live; ``number`` counts from 1 per AI."""

    model_config = ConfigDict(frozen=True)

    ai_id: str
    number: int
    kind: ChangeKind
    shares: tuple[Share, ...]
    reason: str
    changed_at: datetime
    changed_by: str | None


def lock(tx: Tx, ai_id: str) -> None:
    """Let nobody else number or route this AI until the transaction ends (SQLite has one writer anyway)."""
    tx.execute(select(ais.c.id).where(ais.c.id == ai_id).with_for_update(key_share=True)).all()


def get(tx: Tx, ai_id: str) -> Routing | None:
    """What is live, or ``None`` before the first release."""
    row = tx.execute(select(routing).where(routing.c.ai_id == ai_id)).one_or_none()
    if row is None:
        return None
    return _routing(row)


def listing(tx: Tx) -> list[Routing]:
    """What is live at every AI, by the AI's id: for the operator's steps, which concern all of them."""
    return [_routing(row) for row in tx.execute(select(routing).order_by(routing.c.ai_id))]


def put(
    tx: Tx,
    ai_id: str,
    shares: Sequence[Share],
    *,
    kind: ChangeKind,
    by: str | None,
    reason: str = "",
    experiment_id: str | None = None,
) -> Routing:
    """Replace the row and note the change. The AI must be locked."""
    _check(shares)
    values = {
        "shares": [[share.release_id, share.share] for share in shares],
        "changed_at": clock.now(),
        "changed_by": by,
    }
    row = values | {"experiment_id": experiment_id}
    change = routing.update().where(routing.c.ai_id == ai_id).values(row)
    if tx.execute(change).rowcount == 0:
        tx.execute(routing.insert().values(row | {"ai_id": ai_id}))
    last = tx.execute(select(func.max(routing_changes.c.number)).where(routing_changes.c.ai_id == ai_id))
    number = (last.scalar() or 0) + 1
    noted = values | {"ai_id": ai_id, "number": number, "kind": kind, "reason": reason}
    tx.execute(routing_changes.insert().values(noted))
    return Routing(
        ai_id=ai_id,
        shares=tuple(shares),
        experiment_id=experiment_id,
        changed_at=values["changed_at"],
        changed_by=by,
    )


def changes(tx: Tx, ai_id: str, limit: int = 1000) -> list[Change]:
    """Every change of what is live, the newest first."""
    query = select(routing_changes).where(routing_changes.c.ai_id == ai_id)
    newest = query.order_by(routing_changes.c.number.desc()).limit(limit)
    return [_change(row) for row in tx.execute(newest)]


def leading(shares: Sequence[Share]) -> str:
    """The release that serves most fans."""
    return max(shares, key=lambda share: share.share).release_id


def release_of(live: Routing, fan_id: str) -> str:
    """The release that serves this fan: always the same while the row stays.

    A fan keeps a place between 0 and 1, and the releases lie side by side there in the order of the row: widening
    the last share moves only the fans that it takes over. Each experiment draws the places anew, so that what one did
    to its fans is spread evenly over both ways of the next.
    """
    drawn = f"{live.ai_id}:{fan_id}" if live.experiment_id is None else f"{live.experiment_id}:{fan_id}"
    place = int(ids.digest(drawn)[:12], 16) / 16**12
    end = 0.0
    for share in live.shares:
        end += share.share
        if place < end:
            return share.release_id
    return live.shares[-1].release_id


def earlier(history: Sequence[Change]) -> list[str]:
    """Releases that a roll-back may go to, the nearest first; ``history`` is the newest first.

    Going live piles up, rolling back takes off the pile: two roll-backs in a row go back two releases, not to and fro.
    """
    pile: list[str] = []
    for change in reversed(history):
        release_id = leading(change.shares)
        if change.kind == "roll_back" and release_id in pile:
            while pile[-1] != release_id:
                pile.pop()
        elif not pile or pile[-1] != release_id:
            pile.append(release_id)
    current = pile[-1] if pile else None
    return [name for name in dict.fromkeys(reversed(pile[:-1])) if name != current]


def _check(shares: Sequence[Share]) -> None:
    names = {share.release_id for share in shares}
    if not 1 <= len(shares) <= _MOST_SHARES or len(names) != len(shares):
        raise UsageError(reason=f"Name 1 to {_MOST_SHARES} different releases.")
    if any(share.share <= 0 for share in shares) or abs(sum(share.share for share in shares) - 1) > 1e-6:
        raise UsageError(reason="The shares must be above 0 and sum to 1.")


def _routing(row: Row[Any]) -> Routing:
    return Routing(**dict(row._mapping) | {"shares": _shares(row.shares)})


def _shares(stored: Any) -> tuple[Share, ...]:
    return tuple(Share(release_id=release_id, share=share) for release_id, share in stored)


def _change(row: Row[Any]) -> Change:
    return Change(**dict(row._mapping) | {"shares": _shares(row.shares)})
