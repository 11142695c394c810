"""The job ``move``: one AI of a promotion, checked by its own gate on the new generation.

Its steps are kept in the job's detail, and what came of it is one transaction: the release, how the AI stands, its routing
where the promotion has gone on meanwhile, and the next check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from inhouse.accounts import audit
from inhouse.accounts.actors import Actor
from inhouse.core import clock
from inhouse.core.errors import Busy, InhouseError, Unavailable
from inhouse.lab.promoting import placing, queueing, shelf
from inhouse.lab.promoting.measuring import Measuring, Unmeasurable
from inhouse.lab.promoting.promotion import UNSETTLED, Move, MoveState, Promotion, Way
from inhouse.releases import judging, routing
from inhouse.releases import releases as releases_shelf
from inhouse.releases.gate import Facts, GateKeeper
from inhouse.releases.release import Candidate, Gate, Release
from inhouse.releases.releases import Releases
from inhouse.releases.shelves import AdapterFacts, Adapters
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, LeaseLost, Progress, Released, Stopped
from inhouse.tuning import recipes
from inhouse.tuning import shelf as tuning_shelf
from inhouse.tuning.shelf import Adapter as Trained
from inhouse.tuning.supervisor import TrainerKilled, TrainingFailed
from inhouse.tuning.tuning import RECIPE, BrokenResult, NothingToTrain

#: A training that failed fails again: the AI stays where it is.
_FAILED = (NothingToTrain, TrainingFailed, TrainerKilled, BrokenResult)
#: How much of the bar each part takes: hearing the adapter on both generations, its gate, training it anew, the gate again.
_HEARING, _FIRST_GATE, _TRAINING, _LAST_GATE = (0.0, 0.2), (0.2, 0.2), (0.4, 0.4), (0.8, 0.2)

#: How often a check is taken up again that the engine had no time for; each time it has waited for minutes already.
_TRIES = 4

_NOT_LIVE = "Nothing is released."
_SPLIT = "Its fans are split between releases, so it is asked again later."
_TAINTED = "Its adapter rests on what was taken back and is being trained anew, so it is asked again later."
_THERE = "It is on this generation already."
_CHANGED = "It released something else while it was checked, so it is asked again later."


class Trainer(Protocol):
    """Trains the AI of a job within that job: ``tuning.Tuning``."""

    def run(self, progress: Progress, recipe: recipes.Recipe, generation: str | None = None) -> Trained: ...

    def forget(self, job_id: str) -> None:
        """Remove what a training that won't go on left."""
        ...


@dataclass(frozen=True)
class _Start:
    """What a check begins with."""

    promotion: Promotion
    move: Move
    live: Release
    adapter: Trained | None
    facts: AdapterFacts | None
    earlier: str | None
    """An adapter that an earlier check trained on the new generation instead of the one that is live."""

    def candidate(self, adapter_hash: str | None) -> Candidate:
        """What is live, on the new generation; without the giant behind it, whose router knows the old one only."""
        generation = self.promotion.generation_id
        changed = {"generation_id": generation, "adapter_hash": adapter_hash}
        live = self.live.candidate
        return live.model_copy(update=changed).answered_by(live.answering.on(generation))


@dataclass(frozen=True)
class _Found:
    """How a check ended: with a candidate and the gate that it passed, or with neither."""

    state: MoveState
    reason: str
    way: Way | None = None
    candidate: Candidate | None = None
    gate: Gate | None = None


class Moving:
    """Checks AIs on a new generation."""

    def __init__(
        self,
        db: Database,
        releases: Releases,
        adapters: Adapters,
        gate: GateKeeper,
        measuring: Measuring,
        trainer: Trainer,
    ) -> None:
        self._db = db
        self._releases = releases
        self._adapters = adapters
        self._gate = gate
        self._measuring = measuring
        self._trainer = trainer

    @property
    def handler(self) -> Handler:
        """For the worker. The result says how the AI stands."""
        return Handler(queueing.JOB, "heavy", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Check one AI; what can't be checked now is asked again later, and says so."""
        begun = self._begin(progress.job)
        if begun is None:
            return self._result(progress.job)
        if isinstance(begun, _Found):
            self._conclude(progress, None, begun)
        else:
            self._check_and_conclude(progress, begun)
        return self._result(progress.job)

    def _check_and_conclude(self, progress: Progress, start: _Start) -> None:
        """However a check ends, its AI is settled and the next one queued; only what will go on is left as it is."""
        try:
            found = self._patiently(progress, start)
        except (LeaseLost, Released):
            raise
        except Stopped:
            self._trainer.forget(progress.job.id)
            self._conclude(progress, start, _Found("skipped", queueing.STOPPED))
            raise
        except InhouseError as error:
            found = _Found("skipped", error.message)
        except Exception:
            self._conclude(progress, start, _Found("left", queueing.CRASHED))
            raise
        self._conclude(progress, start, found)

    def _patiently(self, progress: Progress, start: _Start) -> _Found:
        """Fans come first: the engine may not get to a check for minutes. What it was asked until then is kept."""
        for _ in range(_TRIES - 1):
            try:
                return self._check(progress, start)
            except (Busy, Unavailable) as error:
                progress.report(progress.job.progress, error.message)
        return self._check(progress, start)

    def _begin(self, job: Job) -> _Start | _Found | None:
        """What is checked; or why there is nothing to check; ``None`` where that is settled already."""
        ai_id = str(job.ai_id)
        with self._db.write() as tx:
            promotion = shelf.get(tx, str(job.payload["promotion"]))
            move = shelf.move_of(tx, promotion.id, ai_id)
            if move is None or not promotion.is_open or move.state not in UNSETTLED:
                return None
            shelf.set_move(tx, move, "checking")
            live = routing.get(tx, ai_id)
            if live is None:
                return _Found("skipped", _NOT_LIVE)
            release = releases_shelf.get(tx, ai_id, routing.leading(live.shares))
            if live.is_split:
                return _Found("skipped", _SPLIT)
            if release.generation_id == promotion.generation_id:
                return _Found("there", _THERE)
            if self._releases.is_tainted(tx, release):
                return _Found("skipped", _TAINTED)
            name = release.adapter_hash
            return _Start(
                promotion,
                move,
                release,
                tuning_shelf.get(tx, ai_id, name) if name else None,
                self._adapters.get(tx, ai_id, name) if name else None,
                self._earlier(tx, move, name),
            )

    def _earlier(self, tx: Tx, move: Move, live: str | None) -> str | None:
        """What was trained instead of the adapter that is live; instead of another one, it would bring that one back."""
        anew = move.found.get("anew") or {}
        if live is None or anew.get("instead_of") != live:
            return None
        name = str(anew["adapter"])
        return None if self._adapters.get(tx, move.ai_id, name).tainted else name

    def _check(self, progress: Progress, start: _Start) -> _Found:
        if progress.detail.get("live", start.live.id) != start.live.id:
            return _Found("skipped", _CHANGED)  # what a killed check measured was beside another release
        progress.report(0.0, "", live=start.live.id)
        if start.adapter is None:
            candidate = start.candidate(None)
            return _concluded(candidate, self._gate.judge(progress, candidate), "straight")
        kept = self._try_same(progress, start, start.adapter)
        return kept if kept is not None else self._try_anew(progress, start, start.adapter)

    def _try_same(self, progress: Progress, start: _Start, adapter: Trained) -> _Found | None:
        """The adapter as it is, where it is worth on the new generation what it was on the old one."""
        try:
            facts = self._heard(progress.part(*_HEARING), start, adapter)
        except (
            Unmeasurable
        ):  # its generation or what it was trained on is gone: the AI must not wait for that for ever
            return None
        checks = (judging.voice(facts["new"], facts["old"]), judging.picks(facts["new"]))
        candidate = start.candidate(adapter.hash)
        if not all(check.passed for check in checks):
            return None
        gate = self._gate.judge(progress.part(*_FIRST_GATE), candidate, facts, "kept_outcomes")
        return _concluded(candidate, gate, "kept") if gate.passed else None

    def _heard(self, progress: Progress, start: _Start, adapter: Trained) -> Facts:
        """The adapter on both generations, measured alike, and kept for who asks why."""
        assert start.facts is not None
        promotion, most = start.promotion, start.promotion.rules.held_out
        old_generation = start.live.generation_id or promotion.from_generation
        old = self._measuring.facts(progress.part(0, 0.5), adapter, start.facts, old_generation, most)
        new = self._measuring.facts(
            progress.part(0.5, 0.5), adapter, start.facts, promotion.generation_id, most
        )
        progress.report(1.0, "measured", heard={"old": _told(old), "new": _told(new)})
        return {"old": old, "new": new}

    def _try_anew(self, progress: Progress, start: _Start, old: Trained) -> _Found:
        """A new adapter on the new generation, from what the AI is made of today."""
        rules, generation = start.promotion.rules, start.promotion.generation_id
        recipe = _recipe(old).within(rules.train_seconds)
        try:
            name = start.earlier or self._trainer.run(progress.part(*_TRAINING), recipe, generation).hash
        except _FAILED as error:
            return _Found("left", error.message)
        judged = progress.part(*_LAST_GATE)
        judged.report(0.0, "", anew={"instead_of": old.hash, "adapter": name})
        candidate = start.candidate(name)
        gate = self._gate.judge(judged, candidate)
        return _concluded(candidate, gate, "retrained")

    def _conclude(self, progress: Progress, start: _Start | None, found: _Found) -> None:
        """Write what came of it, unless the promotion ended meanwhile; where it has gone on, this AI follows at once."""
        job, actor = progress.job, Actor.system()
        ai_id = str(job.ai_id)
        with self._db.write() as tx:
            promotion = shelf.get(tx, str(job.payload["promotion"]), lock=True)
            move = shelf.move_of(tx, promotion.id, ai_id)
            if move is None or not promotion.is_open or move.state not in UNSETTLED:
                return
            routing.lock(tx, ai_id)
            found, release = self._released(tx, job, start, found)
            made = {"way": found.way, "new_release_id": release.id} if release else {}
            began = {"old_release_id": start.live.id, "found": _kept(progress, move, found)} if start else {}
            settled = shelf.set_move(
                tx, move, found.state, reason=found.reason, seconds=_seconds(job), **made, **began
            )
            told = {"state": found.state, "way": found.way, "job": job.id, "promotion": promotion.id}
            subject = release.id if release else promotion.id
            audit.record(tx, actor, "checked on generation", ai_id=ai_id, subject=subject, detail=told)
            if settled is not None and release is not None and promotion.state in ("canary", "live"):
                placing.place(tx, self._releases, actor, promotion, settled)
            queueing.queue(tx, promotion)

    def _released(
        self, tx: Tx, job: Job, start: _Start | None, found: _Found
    ) -> tuple[_Found, Release | None]:
        """The release, if it passed and is still what the AI's fans may get; the AI is locked."""
        if start is None or found.candidate is None or found.gate is None:
            return found, None
        ai_id = str(job.ai_id)
        live = routing.get(tx, ai_id)
        if live is None or not live.is_all(start.live.id):
            return _Found("skipped", _CHANGED), None
        name = found.candidate.adapter_hash
        if name is not None and self._adapters.get(tx, ai_id, name).tainted:
            return _Found("skipped", _TAINTED), None
        made = releases_shelf.add(tx, ai_id, found.candidate, found.gate, job_id=job.id, by=None)
        return found, made

    def _result(self, job: Job) -> Mapping[str, Any]:
        with self._db.read() as tx:
            move = shelf.move_of(tx, str(job.payload["promotion"]), str(job.ai_id))
        return {"state": move.state, "way": move.way, "reason": move.reason} if move else {"state": None}


def _concluded(candidate: Candidate, gate: Gate, way: Way) -> _Found:
    if not gate.passed:
        return _Found("left", gate.reason)
    return _Found("passed", gate.reason, way, candidate, gate)


def _recipe(adapter: Trained) -> recipes.Recipe:
    """How it was trained, if that recipe is still there."""
    name = str(adapter.recipe.get("name", ""))
    return recipes.recipe(name if name in recipes.names() else RECIPE)


def _kept(progress: Progress, move: Move, found: _Found) -> dict[str, Any]:
    """What the move keeps of a check: what was heard, and the adapter that was trained, so that a check which ended without
    a verdict is no second training. One that was judged and stays behind is trained anew when it is asked again."""
    anew = progress.detail.get("anew") or move.found.get("anew")
    heard = dict(progress.detail.get("heard", {}))
    return heard | {"anew": anew} if anew and found.state != "left" else heard


def _told(facts: AdapterFacts) -> dict[str, Any]:
    voice, picks = facts.voice, facts.picks
    return {
        "generation": facts.generation_id,
        "voice": {"none": voice.none, "adapter": voice.adapter, "interval": voice.interval, "n": voice.n}
        if voice
        else None,
        "picks": {"wins": picks.wins, "n": picks.n} if picks else None,
    }


def _seconds(job: Job) -> float:
    return (clock.now() - job.started_at).total_seconds() if job.started_at else 0.0
