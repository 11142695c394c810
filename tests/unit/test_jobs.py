"""Durable jobs on both databases."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from inhouse.core.errors import UsageError
from inhouse.store import jobs
from inhouse.store.database import Database
from inhouse.store.jobs import Handler, Progress, Worker


def echo(progress: Progress) -> Mapping[str, Any]:
    progress.report(0.5, "half-way", points=[1, 2])
    return {"said": progress.job.payload["word"]}


def run_all(db: Database, run: Any) -> None:
    worker = Worker(db, {"echo": Handler("echo", "quick", run)}, "quick")
    while worker.run_one():
        pass


def test_a_job_runs_and_keeps_its_result(db: Database) -> None:
    with db.write() as tx:
        job = jobs.enqueue(tx, "echo", {"word": "hello"}, ai_id="ai_1")
    run_all(db, echo)
    with db.read() as tx:
        ended = jobs.get(tx, job.id)
    assert (ended.state, ended.result, ended.detail) == ("done", {"said": "hello"}, {"points": [1, 2]})


def test_a_job_is_gone_when_its_cause_is_rolled_back(db: Database) -> None:
    with pytest.raises(RuntimeError), db.write() as tx:
        jobs.enqueue(tx, "echo", {"word": "hello"})
        raise RuntimeError
    with db.read() as tx:
        assert jobs.listing(tx) == []


def test_an_equal_waiting_job_is_not_queued_twice(db: Database) -> None:
    with db.write() as tx:
        first = jobs.enqueue(tx, "echo", {"word": "hello"}, ai_id="ai_1")
        assert jobs.enqueue(tx, "echo", {"word": "hello"}, ai_id="ai_1").id == first.id
        assert jobs.enqueue(tx, "echo", {"word": "hello"}, ai_id="ai_2").id != first.id


def test_the_users_error_is_the_jobs_error(db: Database) -> None:
    def fail(_progress: Progress) -> Mapping[str, Any]:
        raise UsageError(reason="The file is empty.")

    with db.write() as tx:
        job = jobs.enqueue(tx, "echo", {})
    run_all(db, fail)
    with db.read() as tx:
        assert jobs.get(tx, job.id).error == "The file is empty."


def test_a_stop_is_obeyed_at_the_next_report_and_a_retry_goes_on(db: Database) -> None:
    with db.write() as tx:
        job = jobs.enqueue(tx, "echo", {"word": "hello"})

    def stop_myself(progress: Progress) -> Mapping[str, Any]:
        with db.write() as tx:
            jobs.request_stop(tx, progress.job.id)
        return echo(progress)

    run_all(db, stop_myself)
    with db.write() as tx:
        assert jobs.get(tx, job.id).state == "stopped"
        jobs.retry(tx, job.id)
    run_all(db, echo)
    with db.read() as tx:
        assert jobs.get(tx, job.id).state == "done"


def test_a_job_of_a_dead_worker_is_claimed_again(db: Database) -> None:
    with db.write() as tx:
        job = jobs.enqueue(tx, "echo", {"word": "hello"})
    worker = Worker(db, {"echo": Handler("echo", "quick", echo)}, "quick")
    worker._claim()
    host = worker.name.partition("/")[0]
    with db.write() as tx:
        tx.execute(update(jobs.jobs).values(worker=f"{host}/999999999@1.00"))
    assert Worker(db, worker.handlers, "quick").run_one()
    with db.read() as tx:
        ended = jobs.get(tx, job.id)
    assert (ended.state, ended.attempts) == ("done", 2)


def test_a_job_that_kills_its_worker_again_and_again_is_given_up(db: Database) -> None:
    with db.write() as tx:
        job = jobs.enqueue(tx, "echo", {"word": "hello"})
        tx.execute(update(jobs.jobs).values(attempts=5))
    run_all(db, echo)
    with db.read() as tx:
        assert jobs.get(tx, job.id).state == "failed"


def test_a_worker_that_ends_leaves_its_job_to_the_next(db: Database) -> None:
    with db.write() as tx:
        job = jobs.enqueue(tx, "echo", {"word": "hello"})
    ending = threading.Event()

    def end_in_the_middle(progress: Progress) -> Mapping[str, Any]:
        ending.set()
        return echo(progress)

    Worker(db, {"echo": Handler("echo", "quick", end_in_the_middle)}, "quick").run_forever(ending)
    with db.read() as tx:
        left = jobs.get(tx, job.id)
    assert (left.state, left.attempts) == ("queued", 0)
    run_all(db, echo)
    with db.read() as tx:
        assert jobs.get(tx, job.id).state == "done"
