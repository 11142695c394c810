"""From a comparison to a release: the giant that was found worth asking stands behind what is live."""

from __future__ import annotations

from contextlib import suppress

from inhouse.accounts import ais
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core.errors import NotFound, UsageError
from inhouse.lab.comparing import comparison
from inhouse.lab.comparing.comparing import Comparisons, Stored
from inhouse.lab.comparing.contenders import ADAPTER, Arena, model_of
from inhouse.releases import releases as releases_shelf
from inhouse.releases.release import NotLive, Release
from inhouse.releases.releases import Releases
from inhouse.runtime.cascade.cascade import Cascade
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job

USUAL_WANTED = 0.95


class Cascades:
    """Releases with a giant behind them, for the operator: it costs money, and a model server reads what fans ask."""

    def __init__(self, db: Database, comparisons: Comparisons, releases: Releases, arena: Arena) -> None:
        self._db = db
        self._comparisons = comparisons
        self._releases = releases
        self._arena = arena

    def propose(self, actor: Actor, job_id: str, small: str, wanted: float = USUAL_WANTED) -> Job:
        """Queue the gate for the live release of the compared AI with a giant behind it, at the threshold that was chosen for
        ``wanted`` of the giant's quality. Passing makes the release and leaves what is live as it is.

        Raises ``UsageError`` where that was not measured, or not found better than random routing.
        """
        stored = self._comparisons.get(actor, job_id)
        ai_id = str(stored.job.ai_id)
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            made = self._cascade(tx, self._live(tx, ai_id), stored, _found(stored, small), wanted)
        return self._releases.propose_behind(actor, ai_id, made)

    def offered(self, actor: Actor, stored: Stored) -> frozenset[str]:
        """The small models of a comparison that a release could be made of now."""
        found = set()
        with self._db.read() as tx, suppress(NotLive):
            authorise(tx, actor, Action.OPERATE)
            live = self._live(tx, str(stored.job.ai_id))
            for one in stored.comparison.cascades if stored.comparison else ():
                with suppress(UsageError):
                    self._cascade(tx, live, stored, one, one.routed.operating[0].wanted)
                    found.add(one.small)
        return frozenset(found)

    def _live(self, tx: Tx, ai_id: str) -> Release:
        live = self._releases.current(tx, ai_id)
        if live is None:
            raise NotLive(name=ais.get(tx, ai_id).name)
        return live

    def _cascade(
        self, tx: Tx, live: Release, stored: Stored, found: comparison.Cascade, wanted: float
    ) -> Cascade:
        routed = found.routed
        if not routed.is_better:
            raise UsageError(reason="It is not better than random routing, so no release is made of it.")
        if not _is_live(tx, live, stored, found.small) or routed.router is None or not live.generation_id:
            raise UsageError(
                reason="What answers first was compared otherwise than it is live. Compare again."
            )
        if found.giant.endswith(ADAPTER) or not self._arena.serves(found.giant):
            raise UsageError(
                reason="A giant is a model of the model server, or a generation that is installed here, without an adapter."
            )
        for chosen in routed.operating:
            if chosen.wanted == wanted:
                return Cascade(
                    generation=live.generation_id,
                    giant=found.giant,
                    threshold=chosen.threshold,
                    router=routed.router,
                )
        raise UsageError(reason="Choose one of the shares of the giant's quality that were measured.")


def _is_live(tx: Tx, live: Release, stored: Stored, small: str) -> bool:
    """Whether fans are answered by the small model just as it was compared, but for newer content and a newer brief."""
    named = stored.comparison.release_id if stored.comparison else None
    if (
        named is None
        or model_of(small) != live.generation_id
        or small.endswith(ADAPTER) != bool(live.adapter_hash)
    ):
        return False
    return _alone(releases_shelf.get(tx, live.ai_id, named)) == _alone(live)


def _alone(release: Release) -> object:
    """What decides how it answers, without a giant behind it."""
    changed = {"brief_version": 0, "index_revision": 0, "answering": release.answering.behind(None)}
    return release.candidate.model_copy(update=changed)


def _found(stored: Stored, small: str) -> comparison.Cascade:
    for one in stored.comparison.cascades if stored.comparison else ():
        if one.small == small:
            return one
    raise NotFound(kind="cascade", name=small)
