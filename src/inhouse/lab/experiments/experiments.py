"""Experiments on behalf of an actor: drafting, starting, stopping. Each change of state is one transaction, with the
routing rows that it changes. See ``docs/design/experiments.md``."""

from __future__ import annotations

from inhouse.accounts import ais, audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import clock
from inhouse.core.errors import NotFound, UsageError
from inhouse.lab.experiments import asking, shelf
from inhouse.lab.experiments.design import (
    MOST_AIS,
    Design,
    Experiment,
    NotADraft,
    NotRunning,
    Taken,
    Verdict,
    Way,
)
from inhouse.releases import entries, routing
from inhouse.releases import releases as releases_shelf
from inhouse.releases.release import AnswersSoAlready
from inhouse.releases.releases import Releases
from inhouse.store import jobs
from inhouse.store.database import Database, Tx

LOOK_JOB = "experiment_look"
REPLAY_JOB = "experiment_replay"


class Experiments:
    """The experiments of one installation."""

    def __init__(self, db: Database, releases: Releases) -> None:
        self._db = db
        self._releases = releases

    def draft(self, actor: Actor, design: Design) -> Experiment:
        """Write down what is to be compared; nothing runs yet. The actor must be allowed to release each AI."""
        with self._db.write() as tx:
            for way in design.ways:
                authorise(tx, actor, Action.RELEASE, ai_id=way.ai_id)
                first = releases_shelf.get(tx, way.ai_id, way.first)
                second = releases_shelf.get(tx, way.ai_id, way.second)
                if way.without and way.without not in map(entries.name, first.extensions):
                    raise NotFound(kind="extension", name=way.without)
                if way.answering == second.answering:
                    raise AnswersSoAlready()
            made = shelf.add(tx, design, actor.id)
            self._note(tx, actor, "drafted experiment", made)
            return made

    def way(
        self,
        actor: Actor,
        ai_id: str,
        first: int | None,
        second: int | None,
        without: str = "",
        *,
        passages: int | None = None,
        prompt: str | None = None,
    ) -> Way:
        """Two releases of an AI by their numbers; ``None`` for the one that serves most fans. With ``passages`` or a ``prompt``
        the second answers so (`Answering.but`)."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            live = self._releases.current(tx, ai_id)
        old, new = (
            live if number is None else self._releases.by_number(actor, ai_id, number)
            for number in (first, second)
        )
        if old is None or new is None:
            raise UsageError(reason="Nothing is live yet, so there is nothing to compare with.")
        as_it_is = passages is None and prompt is None
        answering = None if as_it_is else new.answering.but(passages, prompt)
        return Way(ai_id=ai_id, first=old.id, second=new.id, without=without, answering=answering)

    def start(self, actor: Actor, experiment_id: str) -> Experiment:
        """Register the design by its hash, and serve each AI's fans from both ways from their next turn on (online), or
        queue the questions (replay). All of it, or nothing."""
        with self._db.write() as tx:
            experiment = self._locked(tx, actor, experiment_id)
            if experiment.state != "draft":
                raise NotADraft()
            if experiment.design.mode == "online":
                for way in experiment.design.ways:
                    self._split(tx, actor, experiment, way)
            registered = experiment.design.hash(experiment.id)
            begun = shelf.begin(tx, experiment, registered, clock.now())
            if experiment.design.mode == "replay":
                asking.check(tx, experiment.design)
                queue_look(tx, begun)
            self._note(tx, actor, "started experiment", begun)
            return begun

    def stop(self, actor: Actor, experiment_id: str) -> Experiment:
        """End it without a decision: fans go back to the first way."""
        with self._db.write() as tx:
            experiment = self._locked(tx, actor, experiment_id)
            return self.end(tx, actor, experiment, Verdict(outcome="stopped"))

    def discard(self, actor: Actor, experiment_id: str) -> None:
        """Remove a draft."""
        with self._db.write() as tx:
            experiment = self._locked(tx, actor, experiment_id)
            if experiment.state != "draft":
                raise NotADraft()
            shelf.forget_draft(tx, experiment)
            self._note(tx, actor, "discarded experiment", experiment)

    def end(self, tx: Tx, actor: Actor, experiment: Experiment, verdict: Verdict) -> Experiment:
        """End a running one in the caller's transaction, for callers that have authorised already. AIs that were routed
        otherwise meanwhile are left as they are."""
        if experiment.state != "running":
            raise NotRunning()
        adopted = verdict.outcome == "better" and experiment.design.adopt
        for ai_id in sorted(experiment.design.ai_ids):
            routing.lock(tx, ai_id)
        for way in experiment.design.ways:
            live = routing.get(tx, way.ai_id)
            if live is not None and live.is_for(experiment.id):
                self._releases.settle(tx, actor, way.ai_id, way.second if adopted else way.first)
        ended = shelf.end(tx, experiment, verdict)
        self._note(tx, actor, "ended experiment", ended, outcome=verdict.outcome)
        return ended

    def get(self, actor: Actor, experiment_id: str) -> Experiment:
        """One experiment with all its looks, for who may see all its AIs."""
        with self._db.read() as tx:
            experiment = shelf.get(tx, experiment_id)
            self._authorise(tx, actor, Action.VIEW, experiment)
            return experiment

    def listing(self, actor: Actor, ai_id: str | None = None) -> list[Experiment]:
        """The newest first, without their looks: of one AI, or (for the operator) of all."""
        with self._db.read() as tx:
            if ai_id is None:
                authorise(tx, actor, Action.OPERATE)
            else:
                authorise(tx, actor, Action.VIEW, ai_id=ai_id)
            return shelf.listing(tx, ai_id)

    def look(self, actor: Actor, experiment_id: str) -> jobs.Job:
        """Queue a look at a running experiment; as often as one likes."""
        with self._db.write() as tx:
            experiment = shelf.get(tx, experiment_id)
            self._authorise(tx, actor, Action.VIEW, experiment)
            if experiment.state != "running":
                raise NotRunning()
            return queue_look(tx, experiment)

    def _split(self, tx: Tx, actor: Actor, experiment: Experiment, way: Way) -> None:
        if shelf.running_at(tx, way.ai_id) is not None:
            raise Taken(name=ais.get(tx, way.ai_id).name)
        self._releases.make_live(tx, actor, way.ai_id, experiment.design.shares(way), experiment.id)

    def _locked(self, tx: Tx, actor: Actor, experiment_id: str) -> Experiment:
        experiment = shelf.get(tx, experiment_id, lock=True)
        self._authorise(tx, actor, Action.RELEASE, experiment)
        for ai_id in sorted(experiment.design.ai_ids):
            routing.lock(tx, ai_id)
        return experiment

    def _authorise(self, tx: Tx, actor: Actor, action: Action, experiment: Experiment) -> None:
        """Who may not for one of its AIs may not at all. An erased AI has nobody left to ask."""
        here = shelf.ais_of(tx, experiment)
        for ai_id in here:
            authorise(tx, actor, action, ai_id=ai_id)
        if not here:
            authorise(tx, actor, Action.OPERATE)

    def _note(self, tx: Tx, actor: Actor, action: str, experiment: Experiment, **detail: str) -> None:
        for ai_id in experiment.design.ai_ids[:MOST_AIS]:
            audit.record(tx, actor, action, ai_id=ai_id, subject=experiment.id, detail=detail)


def queue_look(tx: Tx, experiment: Experiment) -> jobs.Job:
    """Queue the job that moves a running experiment on."""
    if experiment.design.mode == "replay":
        return jobs.enqueue(tx, REPLAY_JOB, {"experiment": experiment.id}, lane="heavy")
    return jobs.enqueue(tx, LOOK_JOB, {"experiment": experiment.id})


def queue_looks(tx: Tx) -> list[jobs.Job]:
    """Queue a look at every running online experiment; call it as often as you like."""
    running = shelf.listing(tx, state="running")
    return [queue_look(tx, experiment) for experiment in running if experiment.design.mode == "online"]
