"""Releases: proposing one, going live, rolling back, and the route of a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, func, select

from inhouse.accounts import ais, audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.content import index
from inhouse.content.index import View
from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.releases import amendments, entries, extensions, routing
from inhouse.releases.release import (
    AnswersSoAlready,
    Candidate,
    Gate,
    GateFailed,
    NothingToRollBackTo,
    NotLive,
    Release,
    Route,
    Routing,
    Share,
    Tainted,
)
from inhouse.releases.shelves import Adapters, BriefShelf
from inhouse.releases.tables import releases
from inhouse.runtime.answering import BY_GENERATION
from inhouse.runtime.cascade.cascade import Cascade
from inhouse.runtime.engines.base import Adapter
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job


@dataclass(frozen=True)
class Listed:
    """A release as a page shows it: with the share of the fans that it serves, and whether it may go live."""

    release: Release
    share: float
    tainted: bool


class Releases:
    """Releases of one installation, on behalf of an actor."""

    def __init__(self, db: Database, adapters: Adapters, briefs: BriefShelf) -> None:
        self._db = db
        self._adapters = adapters
        self._briefs = briefs

    def propose(
        self,
        actor: Actor,
        ai_id: str,
        adapter_hash: str | None = None,
        *,
        passages: int | None = None,
        prompt: str | None = None,
        alone: bool = False,
        go_live: bool = False,
    ) -> Job:
        """Queue the gate for a release of today's brief and index with this adapter (``None``: without one), answering as the
        live one does but for ``passages`` and ``prompt`` (`Answering.but`), and ``alone`` without the giant behind it.

        Passing makes the release, and with ``go_live`` it is live at once. Raises ``NotFound`` for an adapter that
        is not this AI's and ``Tainted`` for one that may not be released.
        """
        with self._db.write() as tx:
            authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
            made = self.candidate(tx, ai_id, adapter_hash)
            answering = made.answering.but(passages, prompt)
            candidate = made.answered_by(answering.behind(None) if alone else answering)
            return self._enqueue(tx, ai_id, candidate, by=actor.id, go_live=go_live)

    def propose_without(self, actor: Actor, ai_id: str, extension: str) -> Job:
        """Queue the gate for the live release less one of its extensions: the other way of an experiment on its worth.

        Passing makes the release and leaves what is live as it is.
        """
        with self._db.write() as tx:
            live = self._to_release_beside(tx, actor, ai_id)
            candidate = live.without(extension)
            if candidate == live:
                raise NotFound(kind="extension", name=extension)
            return self._enqueue(tx, ai_id, candidate, by=actor.id, go_live=False)

    def propose_answering(
        self, actor: Actor, ai_id: str, passages: int | None = None, prompt: str | None = None
    ) -> Job:
        """The same for the live release answering otherwise (`Answering.but`)."""
        with self._db.write() as tx:
            live = self._to_release_beside(tx, actor, ai_id)
            candidate = live.answered_by(live.answering.but(passages, prompt))
            if candidate == live:
                raise AnswersSoAlready()
            return self._enqueue(tx, ai_id, candidate, by=actor.id, go_live=False)

    def propose_behind(self, actor: Actor, ai_id: str, cascade: Cascade | None) -> Job:
        """The same for the live release with a giant behind it, or with none. A giant is the operator's to choose."""
        with self._db.write() as tx:
            if cascade is not None:
                authorise(tx, actor, Action.OPERATE)
            live = self._to_release_beside(tx, actor, ai_id)
            candidate = live.answered_by(live.answering.behind(cascade))
            if candidate == live:
                raise AnswersSoAlready()
            return self._enqueue(tx, ai_id, candidate, by=actor.id, go_live=False)

    def _to_release_beside(self, tx: Tx, actor: Actor, ai_id: str) -> Candidate:
        """What the live release is made of, for who may release another one beside it."""
        authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
        live = self.current(tx, ai_id)
        if live is None:
            raise NotLive(name=ais.get(tx, ai_id).name)
        return live.candidate

    def candidate(self, tx: Tx, ai_id: str, adapter_hash: str | None) -> Candidate:
        """What a release would be made of now; it answers as the live one does. Raises ``Tainted`` for an adapter that may not be released."""
        live = self.current(tx, ai_id)
        generation_id = self._adapters.generation(tx)
        if adapter_hash is not None:
            facts = self._adapters.get(tx, ai_id, adapter_hash)
            if facts.tainted:
                raise Tainted(number=next_number(tx, ai_id))
            generation_id = facts.generation_id
        return Candidate(
            generation_id=generation_id,
            adapter_hash=adapter_hash,
            brief_version=self._briefs.current_version(tx, ai_id),
            index_revision=index.revision(tx, ai_id),
            extensions=extensions.current(tx, ai_id),
            answering=live.answering.on(generation_id) if live else BY_GENERATION,
        )

    def refresh(self, tx: Tx, ai_id: str) -> Job | None:
        """Queue the gate for what is live on the index as it is when the gate starts: several imports are one refresh.

        Passing makes it live, if nothing else went live since. ``None`` where there is nothing to do: nothing is live,
        nothing changed, or traffic is split (what is being compared stays as it is). An adapter that may not be released is being trained anew, and released with today's index.
        """
        live = routing.get(tx, ai_id)
        if live is None or live.is_split:
            return None
        release = get(tx, ai_id, routing.leading(live.shares))
        if self.is_tainted(tx, release) or not index.differs(tx, View(ai_id, release.index_revision)):
            return None
        return self._enqueue(tx, ai_id, release.candidate, by=None, go_live=True, refreshes=release.id)

    def waiting(self, tx: Tx, ai_id: str) -> int:
        """How many passages of today's index the live release does not show yet; 0 where nothing is live."""
        live = self.current(tx, ai_id)
        return index.unseen(tx, View(ai_id, live.index_revision)) if live else 0

    def forget_passages(self, tx: Tx) -> int:
        """Delete the old passages of all AIs that none of their releases shows; returns how many went."""
        shown: dict[str, set[int]] = {}
        for row in tx.execute(select(releases.c.ai_id, releases.c.index_revision).distinct()):
            shown.setdefault(row.ai_id, set()).add(row.index_revision)
        return sum(index.forget(tx, ai_id, shown.get(ai_id, ())) for ai_id in index.changed(tx))

    def _enqueue(
        self,
        tx: Tx,
        ai_id: str,
        candidate: Candidate,
        *,
        by: str | None,
        go_live: bool,
        refreshes: str | None = None,
    ) -> Job:
        asked = {"by": by, "go_live": go_live, "refreshes": refreshes}
        payload = {"candidate": candidate.model_dump(mode="json")} | asked
        return jobs.enqueue(tx, "gate", payload, ai_id=ai_id, lane="heavy")

    def newest_adapter(self, actor: Actor, ai_id: str) -> str | None:
        """The hash of the newest adapter that may be released, or ``None``."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return self._adapters.newest(tx, ai_id)

    def go_live(self, actor: Actor, ai_id: str, release_id: str) -> Routing:
        """Serve all fans from this release, from their next turn on. ``GateFailed`` or ``Tainted`` say why not."""
        return self.split(actor, ai_id, [Share(release_id=release_id, share=1.0)])

    def split(self, actor: Actor, ai_id: str, shares: Sequence[Share]) -> Routing:
        """Serve the fans from several releases; a fan stays with one of them."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            before = routing.get(tx, ai_id)
            changed = self.make_live(tx, actor, ai_id, shares)
            if before is not None and before.is_split:
                self.refresh(tx, ai_id)  # what was imported while traffic was split has waited for this
            return changed

    def make_live(
        self,
        tx: Tx,
        actor: Actor,
        ai_id: str,
        shares: Sequence[Share],
        experiment_id: str | None = None,
    ) -> Routing:
        """What ``split`` does, in the caller's transaction, for callers that have authorised and locked already."""
        for share in shares:
            self._check_may_go_live(tx, ai_id, share.release_id)
        kind: routing.ChangeKind = "go_live" if len(shares) == 1 else "split"
        return self._change(tx, actor, ai_id, shares, kind, experiment_id)

    def settle(
        self,
        tx: Tx,
        actor: Actor,
        ai_id: str,
        release_id: str,
        kind: Literal["go_live", "roll_back"] = "go_live",
    ) -> None:
        """Serve all fans from a release that serves some of them, or that did before (a ``roll_back``), and refresh it: what
        was imported meanwhile has waited for this. For callers that have authorised and locked already. Nothing is checked
        again: a turn looks at the taint itself, and ending a comparison and going back must always be possible."""
        self._change(tx, actor, ai_id, [Share(release_id=release_id, share=1.0)], kind)
        self.refresh(tx, ai_id)

    def roll_back(self, actor: Actor, ai_id: str) -> Release:
        """Go back to the release that was live before this one and whose adapter may still be used."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.RELEASE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            for release_id in routing.earlier(routing.changes(tx, ai_id)):
                release = get(tx, ai_id, release_id)
                if not self.is_tainted(tx, release):
                    self._change(tx, actor, ai_id, [Share(release_id=release_id, share=1.0)], "roll_back")
                    return release
        raise NothingToRollBackTo()

    def listing(self, actor: Actor, ai_id: str, limit: int = 200) -> list[Listed]:
        """The newest releases first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            live = routing.get(tx, ai_id)
            shares = {share.release_id: share.share for share in live.shares} if live else {}
            query = select(releases).where(releases.c.ai_id == ai_id).order_by(releases.c.number.desc())
            found = [_release(row) for row in tx.execute(query.limit(limit))]
            return [Listed(r, shares.get(r.id, 0.0), self.is_tainted(tx, r)) for r in found]

    def get(self, actor: Actor, ai_id: str, release_id: str) -> Release:
        """One release of one AI."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return get(tx, ai_id, release_id)

    def by_number(self, actor: Actor, ai_id: str, number: int) -> Release:
        """One release of one AI by its number."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            row = tx.execute(
                select(releases).where(releases.c.ai_id == ai_id, releases.c.number == number)
            ).one_or_none()
        if row is None:
            raise NotFound(kind="release", name=number)
        return _release(row)

    def changes(self, actor: Actor, ai_id: str, limit: int = 100) -> list[routing.Change]:
        """What was live when, the newest change first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return routing.changes(tx, ai_id, limit)

    def current(self, tx: Tx, ai_id: str) -> Release | None:
        """The release that serves most fans, or ``None`` before the first one."""
        live = routing.get(tx, ai_id)
        return get(tx, ai_id, routing.leading(live.shares)) if live else None

    def route(self, tx: Tx, ai_id: str, fan_id: str) -> Route:
        """What this fan's next turn begins with; ``NotLive`` where nothing is released."""
        ai = ais.get(tx, ai_id)
        live = routing.get(tx, ai_id)
        if live is None:
            raise NotLive(name=ai.name)
        release = get(tx, ai_id, routing.release_of(live, fan_id))
        return self.route_of(tx, ai, release)

    def route_of(self, tx: Tx, ai: ais.Ai, candidate: Candidate) -> Route:
        """The route of a release or of a candidate, with the amendments in force."""
        force = amendments.in_force(tx, ai.id)
        off = amendments.named(force, "extension_off", "extension")
        release = candidate if isinstance(candidate, Release) else None
        return Route(
            ai=ai,
            release_id=release.id if release else None,
            release_number=release.number if release else None,
            generation_id=candidate.generation_id,
            adapter=self._adapter(tx, ai.id, candidate.adapter_hash, force),
            brief=self._briefs.at(tx, ai.id, candidate.brief_version),
            pinned=amendments.pinned(force),
            extensions=tuple(entry for entry in candidate.extensions if entries.name(entry) not in off),
            amendment=max((a.number for a in force), default=0),
            index_revision=candidate.index_revision,
            answering=candidate.answering,
        )

    def _adapter(
        self, tx: Tx, ai_id: str, adapter_hash: str | None, force: list[amendments.Amendment]
    ) -> Adapter | None:
        """The adapter, unless it is switched off. The taint is looked at too: two locks on one door."""
        if adapter_hash is None or adapter_hash in amendments.named(force, "adapter_off", "adapter_hash"):
            return None
        facts = self._adapters.get(tx, ai_id, adapter_hash)
        return None if facts.tainted else Adapter(facts.hash, facts.path)

    def is_tainted(self, tx: Tx, release: Release) -> bool:
        """Whether it rests on an adapter that was trained on what was taken back since."""
        adapter_hash = release.adapter_hash
        return adapter_hash is not None and self._adapters.get(tx, release.ai_id, adapter_hash).tainted

    def _check_may_go_live(self, tx: Tx, ai_id: str, release_id: str) -> None:
        release = get(tx, ai_id, release_id)
        if not release.gate.passed:
            raise GateFailed(number=release.number, verdict=release.gate.verdict)
        if self.is_tainted(tx, release):
            raise Tainted(number=release.number)

    def _change(
        self,
        tx: Tx,
        actor: Actor,
        ai_id: str,
        shares: Sequence[Share],
        kind: routing.ChangeKind,
        experiment_id: str | None = None,
    ) -> Routing:
        changed = routing.put(tx, ai_id, shares, kind=kind, by=actor.id, experiment_id=experiment_id)
        named = {share.release_id: share.share for share in shares}
        words = {"go_live": "released", "roll_back": "rolled back", "split": "split traffic"}
        audit.record(
            tx, actor, words[kind], ai_id=ai_id, subject=routing.leading(shares), detail={"shares": named}
        )
        return changed


def get(tx: Tx, ai_id: str, release_id: str) -> Release:
    """One release of one AI, else ``NotFound``."""
    row = tx.execute(
        select(releases).where(releases.c.ai_id == ai_id, releases.c.id == release_id)
    ).one_or_none()
    if row is None:
        raise NotFound(kind="release", name=release_id)
    return _release(row)


def add(
    tx: Tx, ai_id: str, candidate: Candidate, gate: Gate, *, job_id: str | None, by: str | None
) -> Release:
    """Write a release; the gate job that runs again after a kill finds its own. The AI must be locked."""
    made = tx.execute(select(releases).where(releases.c.job_id == job_id)).one_or_none() if job_id else None
    if made is not None:
        return _release(made)
    values = candidate.model_dump(mode="json") | {
        "id": ids.new_id("rel"),
        "ai_id": ai_id,
        "number": next_number(tx, ai_id),
        "gate": gate.model_dump(mode="json"),
        "job_id": job_id,
        "created_at": clock.now(),
        "created_by": by,
    }
    return _release(tx.execute(releases.insert().values(values).returning(releases)).one())


def next_number(tx: Tx, ai_id: str) -> int:
    """The number that the AI's next release gets."""
    last = tx.execute(select(func.max(releases.c.number)).where(releases.c.ai_id == ai_id)).scalar()
    return (last or 0) + 1


def _release(row: Row[Any]) -> Release:
    values = dict(row._mapping)
    values.pop("job_id")
    return Release(**values)
