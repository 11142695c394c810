"""Promotions on behalf of an operator: begin, canary, all, back. Each step is one transaction with the routing rows and the
jobs that belong to it. See ``docs/design/generations.md``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import clock
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings
from inhouse.lab.promoting import current, placing, queueing, ready, shelf
from inhouse.lab.promoting.promotion import (
    BEHIND,
    MOVABLE,
    UNSETTLED,
    LaterOneLive,
    LaterOneUnderway,
    LiveAlready,
    NothingPassed,
    NotPromotable,
    NotPromoted,
    OtherBase,
    Promotion,
    Rules,
    Standing,
    StillChecking,
    Underway,
)
from inhouse.lab.promoting.watching import Watched, watch
from inhouse.releases.releases import Releases
from inhouse.store.database import Database, Tx
from inhouse.tuning import generations

#: Called in the transaction in which a generation goes live, with its id.
OnLive = Callable[[Tx, str], None]


class Promotions:
    """The promotions of one installation. ``on_live`` hooks run in the transaction in which a generation goes live."""

    def __init__(self, db: Database, releases: Releases, settings: Settings) -> None:
        self._db = db
        self._releases = releases
        self._settings = settings
        self.on_live: list[OnLive] = []

    def start(self, actor: Actor, generation: str, rules: Rules | None = None) -> Promotion:
        """Check every live AI on a generation, by its id or name, in the background. No fan sees anything yet.

        Raises ``NotPromotable`` with the reason, which is kept, where the generation may not serve anybody.
        """
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            found = generations.find(tx, generation)
            busy = shelf.under_way(tx)
        if busy is not None:
            raise Underway(generation=busy.generation_id)
        serving = current.current(self._settings)
        refused = ready.refusal(self._settings, found, serving)
        with self._db.write() as tx:
            made = shelf.add(
                tx,
                found.id,
                serving or "",
                rules or Rules(),
                found.scores,
                refused=refused,
                by=actor.id,
            )
            if not refused:
                shelf.add_moves(tx, made, queueing.live_elsewhere(tx, found.id))
                queueing.queue(tx, made)
            _note(tx, actor, "refused promotion" if refused else "began promotion", made, rules=made.hash)
        if refused:
            raise NotPromotable(generation=found.name or found.id, reason=refused)
        return made

    def canary(self, actor: Actor, generation: str, share: float) -> Promotion:
        """Serve this share of every passed AI's fans on the generation; again with another share widens or narrows it."""
        if not 0 < share < 1:
            raise UsageError(reason="The canary is a share of the fans between 0 and 1, such as 0.1.")
        self.go_on()
        with self._db.write() as tx:
            promotion = self._checked(tx, actor, generation)
            changed = shelf.change(tx, promotion, "canary", share=share, canary_at=clock.now())
            self._place_all(tx, actor, changed)
            _note(tx, actor, "began canary", changed, share=share)
        return changed

    def go_live(self, actor: Actor, generation: str) -> Promotion:
        """Serve all fans of every passed AI on the generation; new releases and trainings start on it."""
        self.go_on()
        with self._db.write() as tx:
            promotion = self._checked(tx, actor, generation)
            self._check_base(promotion)
            changed = shelf.change(tx, promotion, "live", share=None, live_at=clock.now())
            self._place_all(tx, actor, changed)
            queueing.add_newcomers(tx, changed)
            queueing.queue(tx, changed)
            for hook in self.on_live:
                hook(tx, changed.generation_id)
            _note(tx, actor, "promoted generation", changed)
        current.follow(self._db, self._settings)
        return changed

    def roll_back(self, actor: Actor, generation: str) -> Standing:
        """Every AI that moved is served again by the release that it had, from its fans' next turn on."""
        with self._db.write() as tx:
            promotion = self._open(tx, actor, generation)
            _check_is_last(tx, promotion)
            queueing.stop_checks(tx, promotion)
            changed = shelf.change(tx, promotion, "rolled back", share=None, ended_at=clock.now())
            for move in shelf.moves_of(tx, changed.id):
                if move.state in MOVABLE or placing.is_split(tx, changed, move):
                    placing.put_back(tx, self._releases, actor, changed, move)
                elif move.state in UNSETTLED:
                    shelf.set_move(tx, move, "rolled back")
            _note(tx, actor, "rolled promotion back", changed)
            standing = Standing(promotion=changed, moves=tuple(shelf.moves_of(tx, changed.id)))
        current.follow(self._db, self._settings)
        return standing

    def ask_again(self, actor: Actor, generation: str) -> Promotion:
        """Check those again that stayed behind or were passed over."""
        with self._db.write() as tx:
            promotion = self._open(tx, actor, generation)
            for move in shelf.moves_of(tx, promotion.id, BEHIND):
                queueing.ask_again(tx, move, "")
            queueing.queue(tx, promotion)
            _note(tx, actor, "asked AIs again", promotion)
        return promotion

    def standing(self, actor: Actor, promotion_id: str) -> Standing:
        """One promotion with how each AI stands."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            promotion = shelf.get(tx, promotion_id)
            return Standing(promotion=promotion, moves=tuple(shelf.moves_of(tx, promotion.id)))

    def listing(self, actor: Actor, generation_id: str | None = None) -> list[Promotion]:
        """The newest first; of one generation where given."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return shelf.listing(tx, generation_id)

    def of_generation(self, actor: Actor, generation: str) -> Promotion:
        """The newest try with a generation that is open, by the generation's id or name; else ``NotPromoted``."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return _newest(tx, generation)

    def watched(self, actor: Actor, promotion_id: str) -> Watched | None:
        """The figures of both releases in a canary; ``None`` where it isn't one."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return watch(tx, shelf.get(tx, promotion_id))

    def go_on(self) -> None:
        """Queue what waits, and answer for checks that lost their job."""
        with self._db.write() as tx:
            queueing.go_on(tx)

    def _checked(self, tx: Tx, actor: Actor, generation: str) -> Promotion:
        """The promotion under way, where nobody waits for a check any more and somebody passed (or nobody is live)."""
        promotion = self._open(tx, actor, generation)
        if promotion.state == "live":
            raise LiveAlready(generation=promotion.generation_id)
        if promotion.state == "checking":
            unsettled = shelf.count(tx, promotion.id, UNSETTLED)
            if unsettled:
                raise StillChecking(n=unsettled)
            everybody = shelf.moves_of(tx, promotion.id)
            if any(move.state in ("left", "skipped") for move in everybody) and not any(
                move.state in (*MOVABLE, "there") for move in everybody
            ):
                raise NothingPassed(generation=promotion.generation_id)
        return promotion

    def _check_base(self, promotion: Promotion) -> None:
        """What was fetched since, or promoted by another process at the same time, must not be replaced unasked."""
        serving = current.current(self._settings) or ""
        if serving != promotion.from_generation:
            raise OtherBase(
                generation=promotion.generation_id, before=promotion.from_generation, now=serving or "nothing"
            )

    def _open(self, tx: Tx, actor: Actor, generation: str) -> Promotion:
        authorise(tx, actor, Action.OPERATE)
        return shelf.get(tx, _newest(tx, generation).id, lock=True)

    def _place_all(self, tx: Tx, actor: Actor, promotion: Promotion) -> None:
        for move in shelf.moves_of(tx, promotion.id, ("passed", "canary")):
            placing.place(tx, self._releases, actor, promotion, move)
        queueing.queue(tx, promotion)


def _check_is_last(tx: Tx, promotion: Promotion) -> None:
    """Only the last step can be taken back: what came after a promotion rests on it."""
    if promotion.state != "live":
        return
    underway, last = shelf.under_way(tx), shelf.last_live(tx)
    if underway is not None:
        raise LaterOneUnderway(later=underway.generation_id)
    if last is not None and last.id != promotion.id:
        raise LaterOneLive(later=last.generation_id)


def _newest(tx: Tx, generation: str) -> Promotion:
    found = generations.find(tx, generation)
    for promotion in shelf.listing(tx, found.id):
        if promotion.is_open:
            return promotion
    raise NotPromoted(generation=found.name or found.id)


def _note(tx: Tx, actor: Actor, action: str, promotion: Promotion, **detail: Any) -> None:
    """One line in the log of the installation; the AIs' own lines are written with their routing."""
    told: Mapping[str, Any] = {"generation": promotion.generation_id, **detail}
    audit.record(tx, actor, action, subject=promotion.id, detail=told)
