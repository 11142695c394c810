"""Bringing one AI's routing row to where its promotion stands, and back: each a part of the caller's transaction."""

from __future__ import annotations

from inhouse.accounts.actors import Actor
from inhouse.lab.promoting import queueing, shelf
from inhouse.lab.promoting.promotion import Move, Promotion
from inhouse.releases import releases as releases_shelf
from inhouse.releases import routing
from inhouse.releases.release import Release, Routing, Share
from inhouse.releases.releases import Releases
from inhouse.store.database import Tx

_CHANGED = "It released something else meanwhile, so it is checked again."
_TAINTED = "Content that its adapter rests on was taken back, so it is checked again."
_DEPARTED = "It released something else since, so it is left as it is."


def place(tx: Tx, releases: Releases, actor: Actor, promotion: Promotion, move: Move) -> None:
    """Serve a passed AI's fans as its promotion says: the canary's share of them from the new release, or all.

    An AI that was routed otherwise meanwhile is left as it is and asked again.
    """
    assert move.old_release_id and move.new_release_id
    routing.lock(tx, move.ai_id)
    live = routing.get(tx, move.ai_id)
    if _is_all(live, move.new_release_id):
        shelf.set_move(tx, move, "live")
    elif not (_is_ours(live, promotion) or _is_all(live, move.old_release_id)):
        queueing.ask_again(tx, move, _CHANGED)
    elif releases.is_tainted(tx, releases_shelf.get(tx, move.ai_id, move.new_release_id)):
        if _is_ours(live, promotion):  # a split that stayed would keep the next check from beginning
            releases.settle(tx, actor, move.ai_id, move.old_release_id, "roll_back")
        queueing.ask_again(tx, move, _TAINTED)
    elif promotion.state == "canary":
        assert promotion.share is not None
        shares = (
            Share(release_id=move.old_release_id, share=1 - promotion.share),
            Share(release_id=move.new_release_id, share=promotion.share),
        )
        releases.make_live(tx, actor, move.ai_id, shares, promotion.id)
        shelf.set_move(tx, move, "canary")
    else:
        releases.make_live(tx, actor, move.ai_id, [Share(release_id=move.new_release_id, share=1.0)])
        shelf.set_move(tx, move, "live")
        releases.refresh(tx, move.ai_id)  # what was imported while traffic was split has waited for this


def put_back(tx: Tx, releases: Releases, actor: Actor, promotion: Promotion, move: Move) -> None:
    """Serve all fans again from the release that the AI had; one that released something else since is left alone."""
    assert move.old_release_id and move.new_release_id
    routing.lock(tx, move.ai_id)
    live = routing.get(tx, move.ai_id)
    if _is_ours(live, promotion) or _is_same(tx, move, move.new_release_id, live):
        releases.settle(tx, actor, move.ai_id, move.old_release_id, "roll_back")
    elif not _is_same(tx, move, move.old_release_id, live):
        shelf.set_move(tx, move, "departed", reason=_DEPARTED)
        return
    shelf.set_move(tx, move, "rolled back")


def is_split(tx: Tx, promotion: Promotion, move: Move) -> bool:
    """Whether the AI's fans are split for this promotion, whatever its move says."""
    return _is_ours(routing.get(tx, move.ai_id), promotion)


def _is_ours(live: Routing | None, promotion: Promotion) -> bool:
    return live is not None and live.is_for(promotion.id)


def _is_all(live: Routing | None, release_id: str) -> bool:
    return live is not None and live.is_all(release_id)


def _is_same(tx: Tx, move: Move, release_id: str, live: Routing | None) -> bool:
    """Whether all fans get this release, or the same with a newer index: an import is no change of mind."""
    if live is None or live.is_split:
        return False
    made = releases_shelf.get(tx, move.ai_id, release_id)
    served = releases_shelf.get(tx, move.ai_id, live.shares[0].release_id)
    return _but_index(served) == _but_index(made)


def _but_index(release: Release) -> object:
    return release.candidate.model_copy(update={"index_revision": 0})
