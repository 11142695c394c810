"""The gate as a durable job: asks the candidate and the live release the same things, judges, and releases or not.

Every answer is kept in the job's detail, so that a killed gate goes on after the last question that it asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio
from sqlalchemy import select

from inhouse.accounts import ais, audit
from inhouse.accounts.actors import Actor
from inhouse.content import index
from inhouse.core.events import Ended
from inhouse.releases import cases, judging, probes, releases, routing
from inhouse.releases.cases import Expect
from inhouse.releases.dialogue import last_answer
from inhouse.releases.judging import Outcome
from inhouse.releases.release import Candidate, Gate, Release, Route, Share
from inhouse.releases.releases import Releases
from inhouse.releases.shelves import AdapterFacts, Adapters
from inhouse.releases.tables import releases as releases_table
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Answerer
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

T = TypeVar("T")
#: The adapters that are compared, ``new`` and ``old``; ``None`` for none.
Facts = Mapping[str, AdapterFacts | None]
#: Runs an async call to its end from synchronous code: ``anyio.run``, or a portal into the engine's event loop.
Bridge = Callable[[Callable[[], Awaitable[Any]]], Any]


@dataclass(frozen=True)
class _Item:
    """Something to ask: a case or a probe, in a stable order under a stable name."""

    name: str
    kind: str
    shown: str
    """How a failure is named. A fan's own words are not kept with a release: their case goes by its id."""
    questions: Sequence[str]
    expect: Expect


@dataclass(frozen=True)
class _Bench:
    """All that one gate works with, read once when it starts."""

    candidate: Candidate
    new: Route
    old: Route | None
    live: Release | None
    facts: Facts
    items: Sequence[_Item]


class GateKeeper:
    """Runs gates. ``bridge`` is the way into the event loop that the answerer's engine lives in."""

    def __init__(
        self,
        db: Database,
        releases: Releases,
        adapters: Adapters,
        answerer: Answerer,
        bridge: Bridge = anyio.run,
    ) -> None:
        self._db = db
        self._releases = releases
        self._adapters = adapters
        self._answerer = answerer
        self._bridge = bridge

    @property
    def handler(self) -> Handler:
        """The handler of the job ``gate``. Its result holds ``gate`` and ``release_id`` (``None`` if not passed)."""
        return Handler("gate", "heavy", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Measure, judge, and write the release where the gate is passed."""
        ai_id = str(progress.job.ai_id)
        with self._db.read() as tx:
            made = tx.execute(
                select(releases_table.c.id).where(releases_table.c.job_id == progress.job.id)
            ).scalar()
            if made is not None:  # killed between the release and the job's end
                release = releases.get(tx, ai_id, made)
                return _result(release.gate, release)
            candidate = _candidate(tx, progress.job)
        progress.report(0.0, "", index_revision=candidate.index_revision)
        return self._conclude(progress, candidate, self.judge(progress, candidate))

    def judge(
        self, progress: Progress, candidate: Candidate, facts: Facts | None = None, kept: str = "outcomes"
    ) -> Gate:
        """Measure a candidate of the job's AI beside what is live, and judge; nothing is written but the answers, which
        the job's detail keeps under the name ``kept``. ``facts`` are those of the adapters ``new`` and ``old``, where they were
        measured anew."""
        with self._db.read() as tx:
            bench = self._prepare(tx, str(progress.job.ai_id), candidate, facts)
        outcomes = self._ask_all(progress, bench, kept)
        return judging.verdict(
            (
                judging.voice(bench.facts["new"], bench.facts["old"]),
                judging.picks(bench.facts["new"]),
                judging.cases(outcomes["case"]),
                judging.guard(outcomes["probe"]),
            ),
            bench.facts,
            bench.live,
        )

    def _prepare(self, tx: Tx, ai_id: str, candidate: Candidate, facts: Facts | None) -> _Bench:
        ai = ais.get(tx, ai_id)
        live = self._releases.current(tx, ai_id)
        new = self._releases.route_of(tx, ai, candidate)
        items = [_of_case(case) for case in cases.active(tx, ai_id)]
        for number, probe in enumerate(probes.of_brief(new.brief)):
            asked = (probe.question,)
            items.append(_Item(f"probe_{number}", "probe", probe.question, asked, probe.expect))
        return _Bench(
            candidate=candidate,
            new=new,
            old=self._releases.route_of(tx, ai, live) if live else None,
            live=live,
            facts=facts
            or {
                "new": self._facts(tx, ai_id, candidate),
                "old": self._facts(tx, ai_id, live) if live else None,
            },
            items=items,
        )

    def _facts(self, tx: Tx, ai_id: str, candidate: Candidate) -> AdapterFacts | None:
        return self._adapters.get(tx, ai_id, candidate.adapter_hash) if candidate.adapter_hash else None

    def _ask_all(self, progress: Progress, bench: _Bench, kept: str) -> dict[str, list[Outcome]]:
        known: dict[str, Any] = dict(progress.detail.get(kept, {}))
        outcomes: dict[str, list[Outcome]] = {"case": [], "probe": []}
        for number, item in enumerate(bench.items):
            message = f"asking {number + 1} of {len(bench.items)}"
            progress.report(number / len(bench.items), message, **{kept: known})
            if item.name not in known:
                known[item.name] = list(self._compare(bench, item))
            old, new, faults = known[item.name]
            outcomes[item.kind].append(Outcome(item.shown, old, new, faults))
        progress.report(1.0, "judging", **{kept: known})
        return outcomes

    def _compare(self, bench: _Bench, item: _Item) -> Iterator[Any]:
        """Whether the live release is right, whether the candidate is, and the candidate's faults."""
        old = bench.old if item.kind == "case" else None
        yield not self._faults(old, item) if old else None
        faults = self._faults(bench.new, item)
        yield not faults
        yield faults

    def _faults(self, route: Route, item: _Item) -> list[str]:
        ended: Ended = self._bridge(
            partial(last_answer, self._answerer, route, item.questions, priority=Priority.GATE)
        )
        return item.expect.faults(ended)

    def _conclude(self, progress: Progress, candidate: Candidate, gate: Gate) -> Mapping[str, Any]:
        """Write the release and, where that was asked for, make it live: one transaction."""
        job, actor = progress.job, Actor.system()
        ai_id = str(job.ai_id)
        with self._db.write() as tx:
            routing.lock(tx, ai_id)
            if self._is_overtaken(tx, ai_id, _refreshes(job)):
                audit.record(tx, actor, "refresh overtaken", ai_id=ai_id, detail={"job": job.id})
                self._releases.refresh(tx, ai_id)
                return _result(gate, None)
            facts = self._facts(tx, ai_id, candidate)
            if facts is not None and facts.tainted:
                gate = _revoked(gate)
            detail = {"job": job.id, "verdict": gate.verdict, "by": job.payload["by"]}
            if not gate.passed:
                audit.record(tx, actor, "gate not passed", ai_id=ai_id, detail=detail)
                return _result(gate, None)
            made = releases.add(tx, ai_id, candidate, gate, job_id=job.id, by=job.payload["by"])
            audit.record(tx, actor, "made release", ai_id=ai_id, subject=made.id, detail=detail)
            if job.payload["go_live"]:
                self._releases.make_live(tx, actor, ai_id, [Share(release_id=made.id, share=1.0)])
        return _result(gate, made)

    def _is_overtaken(self, tx: Tx, ai_id: str, refreshes: str | None) -> bool:
        """Whether the release that was to be refreshed is no longer what all fans get: it must not come back, and a split
        must not end by it. Who ends the split asks for the refresh again."""
        if refreshes is None:
            return False
        live = routing.get(tx, ai_id)
        return live is None or not live.is_all(refreshes)


def _refreshes(job: Job) -> str | None:
    """The release that the job refreshes; a job that was queued before there were refreshes names none."""
    named: str | None = job.payload.get("refreshes")
    return named


def _candidate(tx: Tx, job: Job) -> Candidate:
    """What the job asks for; a refresh has the index of its first start, also when it was killed since."""
    candidate = Candidate.model_validate(job.payload["candidate"])
    if _refreshes(job) is None:
        return candidate
    revision = job.detail.get("index_revision") or index.revision(tx, str(job.ai_id))
    return candidate.model_copy(update={"index_revision": revision})


def _of_case(case: cases.Case) -> _Item:
    shown = case.id if case.fan_id else case.questions[-1]
    return _Item(case.id, "case", shown, case.questions, case.expect)


def _revoked(gate: Gate) -> Gate:
    reason = "Not released: content that the adapter was trained on was revoked meanwhile. Train again."
    return gate.model_copy(update={"passed": False, "verdict": "not better", "reason": reason})


def _result(gate: Gate, release: Release | None) -> Mapping[str, Any]:
    return {
        "gate": gate.model_dump(mode="json"),
        "release_id": release.id if release else None,
        "number": release.number if release else None,
    }
