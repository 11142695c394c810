"""Continuous batching for many AIs on one context: who is admitted, whose turn it is, what goes into a batch."""

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


class Computer(Protocol):
    """What computes batches: the model."""

    def decode(self, rows: list[Row], hidden: bool = False) -> Outputs:
        """Logits of the rows that want them, or their hidden states."""
        ...

    def use_adapter(self, handle: int | None) -> None:
        """Compute with this adapter from the next batch on."""
        ...


@dataclass(frozen=True)
class Limits:
    """What the scheduler keeps to. Tokens, except where it says otherwise."""

    context: int
    """Longest sequence."""
    batch: int
    """Largest batch while nobody else waits."""
    sequences: int
    """Sequences of one AI that are decoded at once."""
    chunk: int = 64
    """Largest batch while another AI waits for its turn."""
    quantum: int = 8
    """What an AI computes before the next one's turn."""
    welcome: int = 128
    """What an AI may compute ahead of the row after a pause."""

    @property
    def active(self) -> int:
        """Jobs under way at once, of all AIs: more than one AI may have, so that a busy one leaves room."""
        return self.sequences + max(1, self.sequences // 2)

    @property
    def queue(self) -> int:
        """Jobs that may wait; one AI's share is half of it."""
        return 32 * self.sequences


@dataclass
class _Running:
    job: Job
    slot: Slot
    handle: int | None

    @property
    def pending(self) -> int:
        return len(self.job.tokens) - len(self.slot.tokens)


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
        self._running: dict[tuple[Priority, str], list[_Running]] = {}
        self._turns = {priority: Turns(limits.quantum, limits.welcome) for priority in Priority}
        self.counts: Counter[str] = Counter()

    @property
    def work(self) -> bool:
        """Whether there is anything to compute."""
        return bool(self._waiting or self._running)

    @property
    def load(self) -> dict[str, int]:
        """Jobs waiting and under way, and totals since the start."""
        active = sum(map(len, self._running.values()))
        return {
            "waiting": len(self._waiting),
            "active": active,
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
        for running in self._running.get(_flow(job), ()):
            if running.job is job:
                self.counts["cancelled"] += 1
                self._end(running)
                return

    def step(self) -> None:
        """Admit what may begin and compute one batch."""
        self._admit()
        flow = self._next()
        if flow is None:
            return
        batch = self._compose(flow)
        rows = [row for running, count in batch for row in _rows(running, count)]
        self._computer.use_adapter(batch[0][0].handle)
        outputs = self._computer.decode(rows, hidden=batch[0][0].job.hidden)
        self._turns[flow[0]].charge(flow[1], len(rows) + 1)  # a batch of one token costs about two
        self.counts["batches"] += 1
        self.counts["tokens"] += len(rows)
        self._hand_out(batch, outputs)
        if all(running.pending <= 1 for running in self._running.get(flow, ())):
            self._turns[flow[0]].settle(flow[1])

    # -- admission --------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        """Let jobs begin, the AI with the fewest under way first."""
        while self._waiting:
            active = Counter({flow: len(jobs) for flow, jobs in self._running.items()})
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
        self._running.setdefault(_flow(job), []).append(_Running(job, slot, handle))
        self._turns[job.priority].join(_flow(job)[1])
        return True

    def _key(self, job: Job) -> str:
        return f"{self._base}:{_name(job)}"

    # -- batches ----------------------------------------------------------------------------------------------

    def _next(self) -> tuple[Priority, str] | None:
        for priority, turns in self._turns.items():
            if (name := turns.next()) is not None:
                return priority, name
        return None

    def _compose(self, flow: tuple[Priority, str]) -> list[tuple[_Running, int]]:
        """Which jobs take part, each with so many tokens: answers under way first, then the shortest prompts."""
        room = self._limits.batch if len(self._running) == 1 else self._limits.chunk
        batch = []
        for running in sorted(self._running[flow], key=lambda running: running.pending):
            count = min(running.pending, room)
            if not count:
                break
            batch.append((running, count))
            room -= count
        # llama.cpp computes neighbouring sequences together, and only where they come in order: else one by one.
        return sorted(batch, key=lambda part: part[0].slot.id)

    def _hand_out(self, batch: list[tuple[_Running, int]], outputs: Outputs) -> None:
        at = 0
        for running, count in batch:
            job, held = running.job, running.slot.tokens
            begin = len(held)
            held.extend(job.tokens[begin : begin + count])
            wanted = max(0, len(held) - max(begin, job.first_output))
            if wanted and job.consume(outputs[at : at + wanted]):
                self.counts["done"] += 1
                self._end(running)
            at += wanted

    def _end(self, running: _Running) -> None:
        job, flow = running.job, _flow(running.job)
        self._slots.release(running.slot)
        if job.adapter:
            self._adapters.release(job.adapter.hash)
        self._running[flow].remove(running)
        if not self._running[flow]:
            del self._running[flow]
            self._turns[flow[0]].leave(flow[1])
        job.close()


def _rows(running: _Running, count: int) -> list[Row]:
    begin = len(running.slot.tokens)
    job, sequence = running.job, running.slot.id
    return [
        Row(token, position, sequence, position >= job.first_output)
        for position, token in enumerate(job.tokens[begin : begin + count], begin)
    ]


def _name(job: Job) -> str:
    return job.adapter.hash if job.adapter else _BASE


def _flow(job: Job) -> tuple[Priority, str]:
    """What shares batches: one adapter, and one kind of output."""
    return job.priority, _name(job) + ("/hidden" if job.hidden else "")
