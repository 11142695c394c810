"""Continuous batching for many AIs on one context: who is admitted, whose turn it is, what goes into a batch.

Answers under way advance together, one token each, whatever their adapters. Between two such passes prompts are read,
a piece at a time, and ``Turns`` says whose.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from inhouse.core.errors import Busy, InhouseError, TooLarge, UsageError
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.engines.embedded.adapters import Adapters
from inhouse.runtime.engines.embedded.jobs import Job
from inhouse.runtime.engines.embedded.model import Outputs, Row
from inhouse.runtime.engines.embedded.slots import Slot, Slots
from inhouse.runtime.engines.embedded.turns import Turns

_BASE = "-"
#: What a token of an answer costs, in tokens of prompts: so much longer it takes.
_ANSWERED = 2


class Computer(Protocol):
    """What computes batches: the model."""

    def decode(self, rows: list[Row], hidden: bool = False) -> Outputs:
        """Logits of the rows that want them, or their hidden states. Rows of one sequence, or one row a sequence."""
        ...


@dataclass(frozen=True)
class Limits:
    """What the scheduler keeps to. Tokens, except where it says otherwise."""

    context: int
    """Longest sequence."""
    sequences: int
    """Sequences of one AI that are computed at once."""
    chunk: int = 32
    """What is read of a prompt in one pass: longer passes are hardly faster, and everybody waits for them."""
    reading: int = 64
    """What is read of prompts before the answers under way go on."""

    @property
    def active(self) -> int:
        """Jobs under way at once, of all AIs: more than one AI may have, so that a busy one leaves room."""
        return self.sequences + max(1, self.sequences // 2)

    @property
    def queue(self) -> int:
        """Jobs that may wait; one AI's share is half of it."""
        return 32 * self.sequences


@dataclass(eq=False)
class _Running:
    job: Job
    slot: Slot
    handle: int | None

    @property
    def pending(self) -> int:
        return len(self.job.tokens) - len(self.slot.tokens)

    @property
    def reads(self) -> bool:
        """Whether it still reads its prompt; who takes hidden states does nothing else."""
        return self.pending > 1 or self.job.hidden


class Scheduler:
    """``submit`` jobs, call ``step`` as long as there is ``work``. One thread."""

    def __init__(
        self, computer: Computer, adapters: Adapters, slots: Slots, base: str, limits: Limits
    ) -> None:
        self._computer = computer
        self._adapters = adapters
        self._slots = slots
        self._base = base
        self._limits = limits
        self._waiting: list[Job] = []
        self._running: list[_Running] = []
        self._turns: Turns[tuple[Priority, str]] = Turns()
        self._read = 0
        self.counts: Counter[str] = Counter()

    @property
    def work(self) -> bool:
        """Whether there is anything to compute."""
        return bool(self._waiting or self._running)

    @property
    def load(self) -> dict[str, int]:
        """Jobs waiting and under way, and totals since the start."""
        return {
            "waiting": len(self._waiting),
            "active": len(self._running),
            "busy_sequences": self._slots.busy,
            **self.counts,
        }

    def submit(self, job: Job) -> None:
        """Queue a job. Raises ``Busy`` when the queue is full, ``TooLarge`` when the job can never fit."""
        if not job.tokens:
            raise UsageError(reason="There is nothing to compute: the prompt is empty.")
        if job.room > self._limits.context:
            raise TooLarge(what="The prompt with its answer", limit=f"{self._limits.context} tokens")
        same = sum(_name(other) == _name(job) for other in self._waiting)
        if len(self._waiting) >= self._limits.queue or same >= self._limits.queue // 2:
            self.counts["refused"] += 1
            raise Busy
        self._waiting.append(job)

    def cancel(self, job: Job) -> None:
        """Stop a job wherever it is; one that has ended is left alone."""
        if job in self._waiting:
            self._waiting.remove(job)
            job.close()
            self.counts["cancelled"] += 1
        for running in self._running:
            if running.job is job:
                self.counts["cancelled"] += 1
                self._end(running)
                return

    def step(self) -> None:
        """Admit what may begin and compute one pass."""
        self._admit()
        foremost = min((running.job.priority for running in self._running), default=None)
        ahead = [running for running in self._running if running.job.priority == foremost]
        reading = [running for running in ahead if running.reads]
        answering = [running for running in ahead if not running.reads]
        if reading and (not answering or self._read < self._limits.reading):
            self._pass([self._next(reading)])
        elif answering:
            self._read = 0
            self._pass(answering)

    # -- admission --------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        """Let jobs begin, the AI with the fewest under way first."""
        while self._waiting:
            active = Counter(_flow(running.job) for running in self._running)
            ready = [job for job in self._waiting if self._may_begin(job, active)]
            ready.sort(key=lambda job: (job.priority, active[_flow(job)]))
            if not any(self._begin(job) for job in ready):
                return

    def _may_begin(self, job: Job, active: Counter[tuple[Priority, str]]) -> bool:
        if active[_flow(job)] >= self._limits.sequences:
            return False
        # What nobody waits for takes at most half, so that a fan always finds room.
        share = 1 if job.priority == Priority.FAN else 2
        return active.total() < max(1, self._limits.active // share)

    def _begin(self, job: Job) -> bool:
        """Give a job its adapter and its sequence. False where it has to wait; an error ends it."""
        try:
            handle = self._adapters.acquire(job.adapter.hash, job.adapter.path) if job.adapter else None
        except InhouseError as error:
            self._waiting.remove(job)
            job.close()
            job.sink(error)
            return True
        if job.adapter and handle is None:
            return False
        slot = self._slots.take(self._key(job), job.tokens[: job.first_output + 1])
        if slot is None:
            if job.adapter:
                self._adapters.release(job.adapter.hash)
            return False
        self._waiting.remove(job)
        job.cached = len(slot.tokens)
        self.counts["reused"] += job.cached
        self._running.append(_Running(job, slot, handle))
        self._turns.join(_flow(job))
        return True

    def _key(self, job: Job) -> str:
        return f"{self._base}:{_name(job)}"

    # -- passes -----------------------------------------------------------------------------------------------

    def _next(self, reading: list[_Running]) -> _Running:
        """Whose prompt is read on: the turn is an AI's, within it they come as they came."""
        flow = self._turns.next({_flow(running.job) for running in reading})
        return next(running for running in reading if _flow(running.job) == flow)

    def _pass(self, jobs: list[_Running]) -> None:
        """Compute the next tokens of these jobs: one each, or a piece of the only one's prompt."""
        # llama.cpp computes neighbouring sequences together, and only where they come in order: else one by one.
        jobs = sorted(jobs, key=lambda running: running.slot.id)
        counts = [min(running.pending, self._limits.chunk) for running in jobs]
        rows = [row for running, count in zip(jobs, counts, strict=True) for row in _rows(running, count)]
        outputs = self._computer.decode(rows, hidden=jobs[0].job.hidden)
        self.counts["batches"] += 1
        self.counts["tokens"] += len(rows)
        at = 0
        for running, count in zip(jobs, counts, strict=True):
            at += self._take(running, count, outputs[at:])

    def _take(self, running: _Running, count: int, outputs: Outputs) -> int:
        """Hand a job its outputs. Returns how many those were."""
        job, held, reads = running.job, running.slot.tokens, running.reads
        begin = len(held)
        held.extend(job.tokens[begin : begin + count])
        self._turns.charge(_flow(job), count if reads else _ANSWERED)
        self._read += count if reads else 0
        wanted = max(0, len(held) - max(begin, job.first_output))
        if wanted and job.consume(outputs[:wanted]):
            self.counts["done"] += 1
            self._end(running)
        return wanted

    def _end(self, running: _Running) -> None:
        job = running.job
        self._slots.release(running.slot)
        if job.adapter:
            self._adapters.release(job.adapter.hash)
        self._running.remove(running)
        self._turns.leave(_flow(job))
        job.close()


def _rows(running: _Running, count: int) -> list[Row]:
    begin = len(running.slot.tokens)
    job, sequence = running.job, running.slot.id
    return [
        Row(token, position, sequence, position >= job.first_output, running.handle)
        for position, token in enumerate(job.tokens[begin : begin + count], begin)
    ]


def _name(job: Job) -> str:
    return job.adapter.hash if job.adapter else _BASE


def _flow(job: Job) -> tuple[Priority, str]:
    """What takes turns: an AI (its adapter) among those of its priority."""
    return job.priority, _name(job)
