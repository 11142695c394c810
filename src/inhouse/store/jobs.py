"""Durable jobs: a row that commits together with the change that caused it, and a worker that runs it to its end.

A job is a name plus JSON. Handlers must be able to start again from where a killed run left off: a job that was
running when its worker died is claimed anew as soon as its lease ends. See ``docs/design/jobs.md``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    or_,
    select,
    update,
)

from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.store import processes
from inhouse.store.database import Database, Tx
from inhouse.store.schema import Json, Moment, metadata

log = logging.getLogger(__name__)

State = Literal["queued", "running", "done", "failed", "stopped"]
#: Jobs of one lane run one after the other: quick ones never wait behind a training.
Lane = Literal["quick", "heavy"]

LEASE = timedelta(seconds=30)
_BEAT_SECONDS = 5.0
_IDLE_SECONDS = 0.5
_MOST_ATTEMPTS = 5

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("ai_id", String(40), nullable=True, index=True),
    Column("payload", Json, nullable=False),
    Column("state", String(10), nullable=False),
    Column("progress", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("detail", Json, nullable=False),
    Column("result", Json, nullable=True),
    Column("error", Text, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
    Column("worker", String(120), nullable=True),
    Column("leased_until", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index("ix_jobs_state_lane", "state", "lane", "created_at"),
)


@dataclass(frozen=True)
class Head:
    """A job as it stands in the database, but for what it holds. ``progress`` runs from 0 to 1."""

    id: str
    name: str
    lane: Lane
    ai_id: str | None
    payload: Mapping[str, Any]
    state: State
    progress: float
    message: str
    error: str | None
    attempts: int
    stop_requested: bool
    worker: str | None
    leased_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "stopped")


@dataclass(frozen=True)
class Job(Head):
    """A job with what it keeps for going on, and what it came to: these may be large."""

    detail: Mapping[str, Any]
    result: Mapping[str, Any] | None


class Stopped(InhouseError):
    """The job was stopped. Start it again to go on where it was."""


class LeaseLost(InhouseError):
    """Another worker took this job over."""


class Released(InhouseError):
    """This worker is ending. The job goes on with the next one."""


class Progress:
    """What a handler is handed: its job, a place to say how far it is, and the wish to stop."""

    def __init__(self, db: Database, job: Job, ending: threading.Event | None = None) -> None:
        self._db = db
        self.job = job
        self._detail = dict(job.detail)
        self._ending = ending or threading.Event()
        self._start, self._share = 0.0, 1.0

    @property
    def detail(self) -> Mapping[str, Any]:
        """What reports have left so far, those of earlier starts too."""
        return self._detail

    def part(self, start: float, share: float) -> Progress:
        """The same job for one of its steps, which begins at ``start`` and takes this share of the whole."""
        made = Progress(self._db, self.job, self._ending)
        made._detail = self._detail
        made._start, made._share = self._start + start * self._share, share * self._share
        return made

    def report(self, progress: float, message: str, **detail: Any) -> None:
        """Store how far the job is (0 to 1) with a sentence.

        Raises ``Stopped`` where somebody asked for that, and ``Released`` where the worker is ending.
        ``detail`` is merged into what earlier reports left, and must be JSON.
        """
        self._detail.update(detail)
        with self._db.write() as tx:
            row = tx.execute(
                update(jobs)
                .where(_held(self.job))
                .values(
                    progress=self._start + self._share * progress,
                    message=message,
                    detail=self._detail,
                    leased_until=clock.now() + LEASE,
                )
                .returning(jobs.c.stop_requested)
            ).one_or_none()
        if row is None:
            raise LeaseLost()
        if row.stop_requested:
            raise Stopped()
        if self._ending.is_set():
            raise Released()


@dataclass(frozen=True)
class Handler:
    """Runs jobs of one name. What ``run`` returns is stored as the job's result and must be JSON."""

    name: str
    lane: Lane
    run: Callable[[Progress], Mapping[str, Any]]


def enqueue(
    tx: Tx, name: str, payload: Mapping[str, Any], *, ai_id: str | None = None, lane: Lane = "quick"
) -> Job:
    """Add a job in the caller's transaction. An equal one that has not started yet is returned instead."""
    same = and_(jobs.c.name == name, jobs.c.state == "queued", jobs.c.ai_id.is_not_distinct_from(ai_id))
    for row in tx.execute(select(jobs).where(same)):
        if row.payload == dict(payload):
            return _job(row)
    values = {
        "id": ids.new_id("job"),
        "name": name,
        "lane": lane,
        "ai_id": ai_id,
        "payload": dict(payload),
        "state": "queued",
        "progress": 0.0,
        "message": "",
        "detail": {},
        "attempts": 0,
        "stop_requested": False,
        "created_at": clock.now(),
    }
    return _job(tx.execute(jobs.insert().values(values).returning(jobs)).one())


def enqueue_daily(tx: Tx, name: str) -> Job | None:
    """Add today's job of a name, once a day; call it as often as you like."""
    payload = {"day": clock.now().date().isoformat()}
    if any(job.payload == payload for job in listing(tx, name=name, limit=1)):
        return None
    return enqueue(tx, name, payload)


def enqueue_every(tx: Tx, name: str, ai_id: str, every: timedelta) -> Job | None:
    """Add an AI's next job of a name, where the last one has ended and was added so long ago; call it as often as you like."""
    last = heads(tx, ai_id=ai_id, name=name, limit=1)
    if last and (not last[0].ended or last[0].created_at > clock.now() - every):
        return None
    return enqueue(tx, name, {}, ai_id=ai_id)


def get(tx: Tx, job_id: str) -> Job:
    """One job by id."""
    row = tx.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound(kind="job", name=job_id)
    return _job(row)


def listing(tx: Tx, *, ai_id: str | None = None, name: str | None = None, limit: int = 50) -> list[Job]:
    """The newest jobs first; of one AI and of one name where given."""
    return [_job(row) for row in tx.execute(_newest(select(jobs), ai_id, name, limit))]


def heads(tx: Tx, *, ai_id: str | None = None, name: str | None = None, limit: int = 50) -> list[Head]:
    """The same without what they hold: for lists of many."""
    query = select(*(jobs.c[field.name] for field in fields(Head)))
    return [Head(**row._mapping) for row in tx.execute(_newest(query, ai_id, name, limit))]


def _newest(query: Select[Any], ai_id: str | None, name: str | None, limit: int) -> Select[Any]:
    newest = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    if ai_id is not None:
        newest = newest.where(jobs.c.ai_id == ai_id)
    return newest if name is None else newest.where(jobs.c.name == name)


def request_stop(tx: Tx, job_id: str) -> Job:
    """Ask a job to stop: one that waits is stopped at once, one that runs at its next report."""
    job = get(tx, job_id)
    if job.state == "queued":
        change = {"state": "stopped", "finished_at": clock.now(), "message": "stopped before it started"}
    else:
        change = {"stop_requested": True}
    tx.execute(
        update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(("queued", "running"))).values(change)
    )
    return get(tx, job_id)


def retry(tx: Tx, job_id: str) -> Job:
    """Queue a failed or stopped job again; it goes on where it was."""
    tx.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.in_(("failed", "stopped")))
        .values(state="queued", attempts=0, stop_requested=False, error=None, finished_at=None)
    )
    return get(tx, job_id)


class Worker:
    """Claims jobs of one lane and runs them, one after the other, until told to stop."""

    def __init__(self, db: Database, handlers: Mapping[str, Handler], lane: Lane) -> None:
        self.db = db
        self.handlers = {name: handler for name, handler in handlers.items() if handler.lane == lane}
        self.lane = lane
        self.name = processes.this_process()
        self._ending = threading.Event()

    def run_forever(self, stop: threading.Event) -> None:
        """Run jobs as they come until ``stop`` is set; the one that runs then is left for the next worker."""
        self._ending = stop
        while not stop.is_set():
            if not self.run_one():
                stop.wait(_IDLE_SECONDS)

    def run_one(self) -> bool:
        """Run the next job, if there is one."""
        job = self._claim()
        if job is None:
            return False
        self._run(job)
        return True

    def _claim(self) -> Job | None:
        """Take the oldest waiting job, or one whose worker died."""
        with self.db.write() as tx:
            candidates = (
                select(jobs)
                .where(
                    jobs.c.lane == self.lane,
                    jobs.c.name.in_(sorted(self.handlers)),
                    or_(jobs.c.state == "queued", jobs.c.state == "running"),
                )
                .order_by(jobs.c.created_at, jobs.c.id)
                .with_for_update(skip_locked=True)
            )
            for row in tx.execute(candidates).all():
                if row.state == "queued" or _is_orphan(row):
                    return self._take(tx, row)
        return None

    def _take(self, tx: Tx, row: Row[Any]) -> Job | None:
        if row.attempts >= _MOST_ATTEMPTS:
            error = f"gave up after {row.attempts} attempts that ended in a crash"
            self._end(tx, row.id, state="failed", error=error)
            return None
        return _job(
            tx.execute(
                update(jobs)
                .where(jobs.c.id == row.id)
                .values(
                    state="running",
                    worker=self.name,
                    attempts=row.attempts + 1,
                    started_at=row.started_at or clock.now(),
                    leased_until=clock.now() + LEASE,
                )
                .returning(jobs)
            ).one()
        )

    def _run(self, job: Job) -> None:
        done = threading.Event()
        beat = threading.Thread(target=self._keep_lease, args=(job, done), daemon=True)
        beat.start()
        change: dict[str, Any]
        try:
            result = self.handlers[job.name].run(Progress(self.db, job, self._ending))
            change = {"state": "done", "result": dict(result), "progress": 1.0}
        except Stopped as stopped:
            change = {"state": "stopped", "message": stopped.message}
        except LeaseLost:
            return
        except Released:
            self._release(job)
            return
        except InhouseError as error:
            change = {"state": "failed", "error": error.message}
        except Exception:
            log.exception("job %s (%s) failed", job.id, job.name)
            change = {"state": "failed", "error": f"An unexpected error; the log names job {job.id}."}
        finally:
            done.set()
            beat.join()
        with self.db.write() as tx:
            self._end(tx, job.id, **change)

    def _release(self, job: Job) -> None:
        """Put the job back: it did not crash, so that the attempt doesn't count."""
        with self.db.write() as tx:
            tx.execute(
                update(jobs)
                .where(_held(job))
                .values(state="queued", worker=None, leased_until=None, attempts=job.attempts - 1)
            )

    def _end(self, tx: Tx, job_id: str, **change: Any) -> None:
        tx.execute(
            update(jobs).where(jobs.c.id == job_id).values(finished_at=clock.now(), worker=None, **change)
        )

    def _keep_lease(self, job: Job, done: threading.Event) -> None:
        while not done.wait(_BEAT_SECONDS):
            with self.db.write() as tx:
                tx.execute(update(jobs).where(_held(job)).values(leased_until=clock.now() + LEASE))


def _held(job: Job) -> Any:
    return and_(jobs.c.id == job.id, jobs.c.state == "running", jobs.c.worker == job.worker)


def _is_orphan(row: Row[Any]) -> bool:
    """Its lease ended, or its worker was a process of this machine that is gone."""
    if row.leased_until is None or row.leased_until < clock.now():
        return True
    return processes.is_gone(row.worker or "")


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
