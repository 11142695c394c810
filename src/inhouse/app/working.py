"""Running jobs: the worker process that `inhouse serve` keeps, or this process where none is there."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inhouse.app import upkeep
from inhouse.app.handlers import handlers_of
from inhouse.app.services import Services
from inhouse.core.errors import Conflict
from inhouse.store import jobs
from inhouse.store.jobs import Job, Worker

#: Workers of each lane: a long embedding must not keep another owner's import waiting.
_LANES: tuple[tuple[jobs.Lane, int], ...] = (("quick", 2), ("heavy", 1))
_LOOK_SECONDS = 0.3

Report = Callable[[float, str], None]


class WorkerRunning(Conflict):
    """A worker is running already for this installation. Stop it first."""


@contextmanager
def worker_lock(run_dir: Path) -> Iterator[None]:
    """Hold the installation's one worker place; ``WorkerRunning`` where it is taken."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "worker.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkerRunning() from error
        yield


def is_running(run_dir: Path) -> bool:
    """Whether some process holds the worker place."""
    try:
        with worker_lock(run_dir):
            return False
    except WorkerRunning:
        return True


def run_forever(services: Services, stop: threading.Event) -> None:
    """Run the jobs of every lane until ``stop`` is set."""
    with worker_lock(services.run_dir), handlers_of(services) as handlers:
        threads = [
            threading.Thread(
                target=Worker(services.db, handlers, lane).run_forever, args=(stop,), daemon=True
            )
            for lane, count in _LANES
            for _ in range(count)
        ]
        threads.append(threading.Thread(target=upkeep.run_forever, args=(services, stop), daemon=True))
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join(timeout=10)


def finish(services: Services, job: Job, report: Report) -> Job:
    """See a job to its end, telling how far it is: by the worker where one runs, else in this process."""
    with _somebody_works(services):
        try:
            while not job.ended:
                time.sleep(_LOOK_SECONDS)
                with services.db.read() as tx:
                    job = jobs.get(tx, job.id)
                report(job.progress, job.message)
        except KeyboardInterrupt:
            with services.db.write() as tx:
                jobs.request_stop(tx, job.id)
            raise
    return job


def attend(services: Services, look: Callable[[], tuple[float, str]], report: Report) -> None:
    """See many jobs to their end, which queue each other: until ``look`` says that 1.0 of the work is done. Ctrl-C leaves
    the rest to the worker."""
    with _somebody_works(services):
        while True:
            done, words = look()
            report(done, words)
            if done >= 1.0:
                return
            time.sleep(_LOOK_SECONDS)


def finish_queued(services: Services, ai_id: str, name: str, report: Report) -> None:
    """See the AI's jobs of one name to their end, which other jobs queued."""
    with services.db.read() as tx:
        waiting = [job for job in jobs.listing(tx, ai_id=ai_id, name=name) if not job.ended]
    for job in waiting:
        finish(services, job, report)


@contextmanager
def _somebody_works(services: Services) -> Iterator[None]:
    """By the worker where one runs, else in this process meanwhile."""
    stop = threading.Event()
    own = threading.Thread(target=_work_where_nobody_does, args=(services, stop), daemon=True)
    own.start()
    try:
        yield
    finally:
        stop.set()
        own.join(timeout=30)


def _work_where_nobody_does(services: Services, stop: threading.Event) -> None:
    with suppress(WorkerRunning):
        run_forever(services, stop)
