"""The job ``compare``: an AI's questions asked of several models, one model after the other, and what comes of it.

Every outcome is kept in a row of its own as soon as it is known, so that a killed comparison goes on after the last one.
The job's result is the comparison. Fans are not touched, nothing is charged to anybody, and no text is kept. Questions that fans agreed to share are asked too where
that is wanted, as long as all models run on this machine: nobody agreed that another model server reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import anyio

from inhouse.accounts import ais
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core import ids
from inhouse.core.errors import InhouseError, NotFound, UsageError
from inhouse.lab import questions
from inhouse.lab.comparing import comparison, kept
from inhouse.lab.comparing.comparison import Comparison
from inhouse.lab.comparing.contenders import Arena, Contender, Standing
from inhouse.lab.comparing.outcomes import Outcome
from inhouse.lab.comparing.prices import Prices
from inhouse.lab.questions import Question, Waiting
from inhouse.releases import cases
from inhouse.releases.dialogue import answers
from inhouse.releases.gate import Bridge
from inhouse.releases.release import NotLive, Release, Route
from inhouse.releases.releases import Releases
from inhouse.runtime.cascade import signs
from inhouse.runtime.engines.base import Priority
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Head, Job, Progress

JOB = "compare"
MOST_MODELS = 6
MOST_QUESTIONS = 500
USUAL_QUESTIONS = 200
#: Nobody said what a right answer to a shared question holds: it takes as long as a case and says nothing of quality.
USUAL_STORED = 0
USUAL_MARGIN = 0.02
_LISTED = 100


class NoCases(InhouseError):
    """There are no cases of {name} to compare models on. Add some: inhouse cases add."""

    status = 409


@dataclass(frozen=True)
class Listed:
    """A comparison as a list tells it."""

    job: Head

    @property
    def models(self) -> tuple[str, ...]:
        """What is compared."""
        return tuple(self.job.payload["models"])

    @property
    def at(self) -> datetime:
        """When it was asked for."""
        return self.job.created_at


@dataclass(frozen=True)
class Stored(Listed):
    """A comparison that is done, or on its way."""

    job: Job
    comparison: Comparison | None


class Comparisons:
    """Comparisons of models, for the operator: they take the machine for a while, and endpoints cost money."""

    def __init__(self, db: Database, arena: Arena) -> None:
        self._db = db
        self._arena = arena

    def choices(self, actor: Actor, ai_id: str) -> list[str]:
        """The names of what an AI could be answered by."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return [one.name for one in self._arena.contenders(tx, ai_id)]

    def queue(
        self,
        actor: Actor,
        ai_id: str,
        models: Sequence[str],
        prices: Prices,
        *,
        margin: float = USUAL_MARGIN,
        most: int = USUAL_QUESTIONS,
        stored: int = USUAL_STORED,
    ) -> Job:
        """Compare these models on at most so many of the AI's cases and of the questions that fans agreed to share.

        An equal one that has not begun is the same.
        """
        names = list(dict.fromkeys(models))
        if not 2 <= len(names) <= MOST_MODELS:
            raise UsageError(reason=f"Name two to {MOST_MODELS} different models.")
        if not 0 < margin <= 0.5 or not 1 <= most <= MOST_QUESTIONS or not 0 <= stored <= MOST_QUESTIONS:
            raise UsageError(
                reason=f"The margin is above 0 and at most 50 points, and there are 1 to {MOST_QUESTIONS} questions."
            )
        payload = {
            "models": names,
            "prices": prices.model_dump(mode="json"),
            "margin": margin,
            "most": most,
            "stored": stored,
        }
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            ai = ais.get(tx, ai_id)
            if not cases.active(tx, ai_id):
                raise NoCases(name=ai.name)
            for name in names:
                self._arena.named(tx, ai_id, name)
            return jobs.enqueue(tx, JOB, payload, ai_id=ai_id, lane="heavy")

    def listing(self, actor: Actor) -> list[Listed]:
        """The newest first, without what they came to."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return [Listed(head) for head in jobs.heads(tx, name=JOB, limit=_LISTED)]

    def get(self, actor: Actor, job_id: str) -> Stored:
        """One of them; ``NotFound`` where there is none."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            job = jobs.get(tx, job_id)
        if job.name != JOB:
            raise NotFound(kind="comparison", name=job_id)
        return stored(job)


def stored(job: Job) -> Stored:
    """A comparison from its job."""
    return Stored(job, Comparison.model_validate(job.result) if job.result is not None else None)


class Comparing:
    """Runs the job. ``bridge`` is the way into the event loop in which contenders stand."""

    def __init__(self, db: Database, releases: Releases, arena: Arena, bridge: Bridge = anyio.run) -> None:
        self._db = db
        self._releases = releases
        self._arena = arena
        self._bridge = bridge

    @property
    def handler(self) -> Handler:
        """For the worker."""
        return Handler(JOB, "heavy", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Ask every model everything, then compare."""
        job = progress.job
        with self._db.read() as tx:
            known = kept.known(tx, job)
            live = self._live(tx, job)
            routes = self._routes(tx, job, live)
            asked = self._asked(tx, job, routes)
        total = len(asked) * len(routes)
        done = kept.count(known)
        for contender, route in routes:
            there = known.setdefault(contender.name, {})
            for outcome in self._outcomes(contender, route, [one for one in asked if one.name not in there]):
                there[outcome.question] = outcome
                done += 1
                with self._db.write() as tx:
                    kept.keep(tx, job, done, contender.name, outcome)
                progress.report(done / total, f"asked {done} of {total}")
        progress.report(1.0, "comparing")
        made = comparison.compare(
            _everywhere(known), Prices.model_validate(job.payload["prices"]), job.payload["margin"]
        )
        return made.model_copy(update={"release_id": live.id}).model_dump(mode="json")

    def _live(self, tx: Tx, job: Job) -> Release:
        live = self._releases.current(tx, str(job.ai_id))
        if live is None:
            raise NotLive(name=ais.get(tx, str(job.ai_id)).name)
        return live

    def _routes(self, tx: Tx, job: Job, live: Release) -> list[tuple[Contender, Route]]:
        ai_id = str(job.ai_id)
        ai = ais.get(tx, ai_id)
        found = []
        for name in job.payload["models"]:
            contender = self._arena.named(tx, ai_id, name)
            changed = live.candidate.model_copy(update={"adapter_hash": contender.adapter_hash})
            found.append((contender, self._releases.route_of(tx, ai, changed)))
        return found

    def _asked(self, tx: Tx, job: Job, routes: Sequence[tuple[Contender, Route]]) -> list[Waiting]:
        ai_id = str(job.ai_id)
        asked = drawn(questions.of_cases(cases.active(tx, ai_id), str), int(job.payload["most"]))
        if not asked:
            raise NoCases(name=ais.get(tx, ai_id).name)
        if all(contender.kind == "generation" for contender, _ in routes):
            asked += drawn(questions.of_fans(tx, ai_id, _hidden), int(job.payload["stored"]))
        return asked

    def _outcomes(self, contender: Contender, route: Route, asked: Sequence[Waiting]) -> Iterator[Outcome]:
        """Each question's outcome as soon as it is known. The contender stands while they are asked and no longer."""
        if not asked:
            return
        standing: Standing = self._bridge(partial(self._arena.stand, contender))
        try:
            for one in asked:
                with self._db.read() as tx:
                    question = questions.read(tx, one)
                    way = questions.routed(tx, one, route) if question else route
                if question is not None:
                    yield self._bridge(partial(_ask, standing, way, one.name, question))
        finally:
            with suppress(InhouseError):
                self._bridge(standing.close)


def drawn(waiting: Sequence[Waiting], most: int) -> list[Waiting]:
    """At most so many, drawn by their hashes so that the same are asked again."""
    return sorted(waiting, key=lambda one: ids.digest(f"compare:{one.name}"))[:most]


def _hidden(turn_id: str) -> str:
    return ids.digest(f"compare:{turn_id}")[:24]


async def _ask(standing: Standing, route: Route, name: str, question: Question) -> Outcome:
    asked = answers(standing.answerer, route, question.said, before=question.before, priority=Priority.BENCH)
    ends = [(ended, standing.ear.take()) async for ended in asked]
    last, heard = ends[-1]
    return Outcome(
        question=name,
        kind=question.kind,
        score=float(not question.expect.faults(last)) if question.expect is not None else None,
        answered=not last.abstained,
        seconds=sum(end.timing.total_ms for end, _ in ends) / 1000,
        prompt_tokens=sum(end.timing.prompt_tokens for end, _ in ends),
        completion_tokens=sum(end.timing.completion_tokens for end, _ in ends),
        signs=signs.of_turn(question.said[-1], len(question.said) > 1 or bool(question.before), last, heard),
    )


def _everywhere(known: Mapping[str, Mapping[str, Outcome]]) -> dict[str, list[Outcome]]:
    """Only of what every model was asked: between two runs of a killed job a case may have been retired."""
    everywhere = set.intersection(*(set(those) for those in known.values()))
    return {
        name: [one for question, one in those.items() if question in everywhere]
        for name, those in known.items()
    }
