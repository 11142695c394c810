"""Which AIs of a promotion are checked next: a few at a time, so that nobody's own training waits behind all of them."""

from __future__ import annotations

from sqlalchemy import select

from inhouse.core.errors import NotFound
from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import UNSETTLED, Move, Promotion
from inhouse.releases import routing
from inhouse.releases.tables import releases
from inhouse.releases.tables import routing as routing_table
from inhouse.store import jobs
from inhouse.store.database import Tx
from inhouse.store.jobs import Job

JOB = "move"
#: How many checks wait in the lane of long jobs at a time.
_AT_ONCE = 2

CRASHED = "Its check broke off unexpectedly, so it stays on the old generation. The log says why."
STOPPED = "Its check was stopped by hand, so it is asked again later."


def queue(tx: Tx, promotion: Promotion) -> None:
    """Queue the next checks, in the transaction that settled others. What lost its job is settled or queued again."""
    if not promotion.is_open:
        return
    unsettled = shelf.moves_of(tx, promotion.id, UNSETTLED)
    busy = sum(move.job_id is not None and _is_looked_at(tx, move) for move in unsettled)
    waiting = [move for move in unsettled if move.job_id is None]
    for move in waiting[: max(0, _AT_ONCE - busy)]:
        payload = {"promotion": promotion.id}
        job = jobs.enqueue(tx, JOB, payload, ai_id=move.ai_id, lane="heavy")
        shelf.set_move(tx, move, "waiting", job_id=job.id)


def ask_again(tx: Tx, move: Move, reason: str) -> None:
    """Let an AI wait for another check; ``queue`` then finds it."""
    shelf.set_move(tx, move, "waiting", reason=reason, job_id=None)


def add_newcomers(tx: Tx, promotion: Promotion) -> None:
    """Ask the AIs that are live on another generation and not in the promotion yet, or that went another way since."""
    known = {move.ai_id: move for move in shelf.moves_of(tx, promotion.id)}
    elsewhere = live_elsewhere(tx, promotion.generation_id)
    shelf.add_moves(tx, promotion, [ai_id for ai_id in elsewhere if ai_id not in known])
    for ai_id in elsewhere:
        move = known.get(ai_id)
        if move is not None and move.state in ("skipped", "departed"):
            ask_again(tx, move, move.reason)


def live_elsewhere(tx: Tx, generation_id: str) -> list[str]:
    """The AIs most of whose fans are answered on another generation."""
    same_ai = releases.c.ai_id == routing_table.c.ai_id
    on_it = (
        select(releases.c.id).join(routing_table, same_ai).where(releases.c.generation_id == generation_id)
    )
    there = set(tx.execute(on_it).scalars())
    return [live.ai_id for live in routing.listing(tx) if routing.leading(live.shares) not in there]


def go_on(tx: Tx) -> None:
    """Queue what waits in every promotion that is open, and answer for checks that lost their job."""
    for promotion in shelf.still_open(tx):
        queue(tx, shelf.get(tx, promotion.id, lock=True))


def tend(tx: Tx, serving: str | None) -> None:
    """The same, and ask again those that were skipped: call it as often as you like. ``serving`` is what new releases start on:
    where a newer generation was fetched since, nobody is asked to move to the one that went live before it."""
    for promotion in shelf.still_open(tx):
        locked = shelf.get(tx, promotion.id, lock=True)
        if locked.state == "live" and locked.generation_id != serving:
            continue
        for move in shelf.moves_of(tx, locked.id, ("skipped",)):
            ask_again(tx, move, move.reason)
        if locked.state == "live":
            add_newcomers(tx, locked)
    go_on(tx)


def stop_checks(tx: Tx, promotion: Promotion) -> None:
    """Ask the checks that are under way to stop."""
    for move in shelf.moves_of(tx, promotion.id, UNSETTLED):
        job = _job(tx, move)
        if job is not None and not job.ended:
            jobs.request_stop(tx, job.id)


def _is_looked_at(tx: Tx, move: Move) -> bool:
    """Whether a job is still at it; one that ended without a word is answered for here."""
    job = _job(tx, move)
    if job is not None and not job.ended:
        return True
    if job is not None and job.state == "failed":
        shelf.set_move(tx, move, "left", reason=CRASHED)
    elif job is not None and job.state == "stopped":
        shelf.set_move(tx, move, "skipped", reason=STOPPED)
    else:
        ask_again(tx, move, move.reason)
    return False


def _job(tx: Tx, move: Move) -> Job | None:
    try:
        return jobs.get(tx, move.job_id) if move.job_id else None
    except NotFound:
        return None
