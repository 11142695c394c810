"""Fairness, batching, prefixes and adapters, on a computer that only counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inhouse.core.errors import Busy, InhouseError, TooLarge, UsageError
from inhouse.runtime.engines.base import Adapter, Piece, Priority, Score, Usage
from inhouse.runtime.engines.embedded.adapters import Adapters
from inhouse.runtime.engines.embedded.jobs import Embedding, Generation, Job, Scoring
from inhouse.runtime.engines.embedded.model import Outputs, Row
from inhouse.runtime.engines.embedded.prefixes import Prefixes, State
from inhouse.runtime.engines.embedded.sampling import Sampler
from inhouse.runtime.engines.embedded.scheduler import Limits, Scheduler
from inhouse.runtime.engines.embedded.slots import Slots

VOCABULARY, END = 100, 99
#: Files of adapters, as states are saved with their number.
_NAMES = [None, *(f"{letter}.gguf" for letter in "abcdefgh")]


class Computer:
    """Says that the token after ``n`` is ``n + 1``, and remembers which states each sequence holds."""

    def __init__(self) -> None:
        self.batches: list[list[Row]] = []
        self.hidden: list[bool] = []
        self.states: dict[int, list[tuple[int, int | None]]] = {}
        self.loaded: dict[int, Path] = {}
        self._handles = 0

    def load_adapter(self, path: Path) -> int:
        self._handles += 1
        self.loaded[self._handles] = path
        return self._handles

    def free_adapter(self, handle: int) -> None:
        del self.loaded[handle]

    def decode(self, rows: list[Row], hidden: bool = False) -> Outputs:
        self.hidden.append(hidden)
        self.batches.append(rows)
        sequences = [row.sequence for row in rows]
        assert len(set(sequences)) in (1, len(rows)), "neither one sequence nor one row of each"
        for row in rows:
            name = self.loaded[row.adapter].name if row.adapter else None
            state = self.states.setdefault(row.sequence, [])
            assert row.position == len(state), "a gap in a sequence"
            state.append((row.token, name))  # type: ignore[arg-type]
            assert {adapter for _, adapter in state} == {name}, "a state of another adapter"
        outputs = [row for row in rows if row.output]
        if hidden:
            return np.array([[row.token, 1.0] for row in outputs], np.float32)
        logits = np.zeros((len(outputs), VOCABULARY), np.float32)
        for number, row in enumerate(outputs):
            logits[number, (row.token + 1) % VOCABULARY] = 10
        return logits

    def keep(self, sequence: int, tokens: int) -> None:
        del self.states.setdefault(sequence, [])[tokens:]

    def save(self, sequence: int) -> State:
        return np.array([(token, _NAMES.index(name)) for token, name in self.states[sequence]], np.uint8)

    def restore(self, sequence: int, state: State) -> None:
        assert not self.states.get(sequence)
        self.states[sequence] = [(int(token), _NAMES[code]) for token, code in state]  # type: ignore[misc]

    def piece(self, token: int) -> bytes:
        return b"%d " % token

    def is_end(self, token: int) -> bool:
        return token == END


class Desk:
    """A scheduler with its parts at hand."""

    def __init__(self, folder: Path, sequences: int = 2, budget: int = 1000, **limits: int) -> None:
        self.folder = folder
        self.computer = Computer()
        self.adapters = Adapters(self.computer, budget)
        self.limits = Limits(context=500, sequences=sequences, **limits)
        slots = Slots(self.computer, self.limits.active, Prefixes(10**6))
        self.scheduler = Scheduler(self.computer, self.adapters, slots, "base", self.limits)
        self.ended: list[Job] = []

    def adapter(self, name: str) -> Adapter:
        path = self.folder / f"{name}.gguf"
        path.write_bytes(b"x" * 100)
        return Adapter(name, path)

    def ask(
        self, tokens: list[int], ai: str = "", length: int = 5, **options: Any
    ) -> tuple[Generation, list[Any]]:
        parts: list[Any] = []
        job = Generation(
            list(tokens),
            parts.append,
            self.adapter(ai) if ai else None,
            vocabulary=self.computer,
            sampler=Sampler(0, 1, 0, None),
            max_tokens=length,
            **options,
        )
        self.scheduler.submit(job)
        return job, parts

    def run(self, steps: int = 10_000) -> None:
        for _ in range(steps):
            if not self.scheduler.work:
                return
            self.scheduler.step()


def _text(parts: list[Any]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Piece))


def test_answers_until_length_or_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    _, long = desk.ask([10, 11], length=3)
    _, short = desk.ask([95, 96], length=10)
    desk.run()
    assert (_text(long), long[-1]) == ("12 13 14 ", Usage("length", 2, 3))
    assert (_text(short), short[-1]) == ("97 98 ", Usage("stop", 2, 2))


def test_answers_of_all_ais_advance_together(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=2)
    for ai in ("a", "a", "b"):
        desk.ask([1, 2, 3], ai)
    desk.run()
    assert max(len({row.adapter for row in rows}) for rows in desk.computer.batches) == 2
    assert max(len({row.sequence for row in rows}) for rows in desk.computer.batches) == 3
    assert desk.adapters.loads == 2


def test_a_batchs_sequences_are_neighbours_and_in_order(tmp_path: Path) -> None:
    """Others are computed one by one by llama.cpp (a third to a half of the speed at eight streams)."""
    desk = Desk(tmp_path, sequences=4)
    prompts = [[first, *range(20, 40)] for first in range(10, 14)]
    for prompt in prompts:
        desk.ask(prompt, length=8)
    desk.run()
    desk.computer.batches.clear()
    for prompt in reversed(prompts):  # each goes on in the sequence that holds it, the last one first
        desk.ask(prompt, length=8)
    desk.run()
    for rows in desk.computer.batches:
        sequences = list(dict.fromkeys(row.sequence for row in rows))
        assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


def test_a_quiet_ai_does_not_wait_for_a_busy_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=4)
    for number in range(20):
        desk.ask([number, 1, 2], "a", length=50)
    desk.run(30)
    before = len(desk.computer.batches)
    _, parts = desk.ask([5, 6, 7], "b")
    while not parts:
        desk.scheduler.step()
    assert len(desk.computer.batches) - before <= 2


def test_prompts_take_turns_by_what_their_ai_was_served(tmp_path: Path) -> None:
    """One AI asks without end, the other once: the one's backlog must not stand before the other's prompt."""
    desk = Desk(tmp_path, sequences=4)
    for number in range(4):
        desk.ask([number] * 300, "a", length=2)
    desk.run(4)
    _, parts = desk.ask([5] * 60, "b", length=2)
    before = len(desk.computer.batches)
    while not parts:
        desk.scheduler.step()
    assert len(desk.computer.batches) - before <= 5


def test_answers_go_on_while_prompts_are_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=4)
    _, steady = desk.ask([1, 2], "a", length=90)
    desk.run(3)
    for number in range(3):
        desk.ask([number] * 400, "b", length=2)
    pauses, last = [0], len(steady)
    while len(steady) < 12:
        desk.scheduler.step()
        pauses.append(0 if len(steady) > last else pauses[-1] + 1)
        last = len(steady)
    assert max(pauses) <= desk.limits.reading // desk.limits.chunk + 1


def test_an_ai_that_asks_without_end_does_not_stop_the_others(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=2)
    _, steady = desk.ask([1, 2], "a", length=90)
    answered = 0
    for _ in range(300):
        if not desk.scheduler._waiting and desk.scheduler.load["active"] < 2:
            desk.ask([50 + answered % 40, 1, 2], "b", length=5)
            answered += 1
        desk.scheduler.step()
        if len(steady) > 60:
            break
    assert len(steady) > 60


def test_fans_go_before_benchmarks(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=4)
    desk.ask([1, 2], length=40, priority=Priority.BENCH)
    desk.run(3)
    _, fan = desk.ask([60, 61], length=20, priority=Priority.FAN)
    desk.run(21)
    assert isinstance(fan[-1], Usage)


def test_a_full_queue_says_busy_and_leaves_room_for_other_ais(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=1)
    with pytest.raises(Busy):
        for number in range(100):
            desk.ask([number % 90, 1], "a")
    desk.ask([1, 2], "b")
    assert desk.scheduler.load["refused"] == 1


def test_what_can_never_fit_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(TooLarge, match="500 tokens"):
        desk.ask([1] * 499, length=5)
    with pytest.raises(UsageError):
        desk.ask([])


def test_prefixes_are_reused_by_the_same_ai_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    brief = [number % 90 for number in range(60)]
    usages = {}
    for ai, question in (("a", 91), ("a", 92), ("b", 91), ("", 91)):
        _, parts = desk.ask([*brief, question], ai, length=2)
        desk.run()
        usages[ai, question] = parts[-1].cached_tokens
    assert usages == {("a", 91): 0, ("a", 92): 60, ("b", 91): 0, ("", 91): 0}


def test_prefixes_outlive_their_sequence(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=1)
    brief = [number % 90 for number in range(60)]
    desk.ask([*brief, 91], "a", length=2)
    desk.run()
    for ai in "bcdefg":
        desk.ask([*brief, 92], ai, length=2)
        desk.run()
    _, parts = desk.ask([*brief, 93], "a", length=2)
    desk.run()
    assert parts[-1].cached_tokens == 60


def test_a_prefix_is_copied_from_who_computes_on_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=2)
    brief = [number % 90 for number in range(60)]
    desk.ask([*brief, 91], "a", length=5)
    desk.run(2)
    _, parts = desk.ask([*brief, 92], "a", length=2)
    desk.run()
    assert parts[-1].cached_tokens == 60


def test_adapters_stay_within_the_budget_and_in_use(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=2, budget=250)
    for ai in "abcdefab":
        desk.ask([1, 2], ai, length=30)
    for _ in range(2000):
        desk.run(1)
        assert desk.adapters.size <= 250
    assert not desk.scheduler.work
    assert len(desk.adapters) == 2


def test_an_adapter_that_is_too_large_or_gone_ends_its_job_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget=50)
    _, large = desk.ask([1, 2], "a")
    _, base = desk.ask([1, 2])
    gone, parts = desk.ask([1, 2], "b")
    assert gone.adapter is not None
    gone.adapter.path.unlink()
    desk.run()
    assert isinstance(large[0], TooLarge)
    assert isinstance(parts[0], InhouseError)
    assert isinstance(base[-1], Usage)


def test_cancelling_frees_what_was_held(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=1)
    jobs = [desk.ask([number, 1], "a", length=50)[0] for number in range(6)]
    desk.run(5)
    for job in jobs:
        desk.scheduler.cancel(job)
        desk.scheduler.cancel(job)
    assert not desk.scheduler.work
    assert desk.scheduler.load["busy_sequences"] == 0
    assert desk.scheduler.load["cancelled"] == 6
    desk.ask([1, 2], "b", length=2)
    desk.run()


def test_scores_sum_over_chunks(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    parts: list[Any] = []
    desk.scheduler.submit(Scoring([1, 2], [(3 + number) % 90 for number in range(300)], parts.append))
    desk.run()
    likely = 10 - np.log(np.exp(10) + VOCABULARY - 1)
    assert isinstance(parts[0], Score)
    assert parts[0].tokens == 300
    assert parts[0].logprob == pytest.approx(297 * likely + 3 * (likely - 10), rel=1e-4)


def test_embeddings_are_means_over_chunks_and_share_no_batch_with_answers(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sequences=4, chunk=8)
    _, answer = desk.ask([10, 11], length=3)
    got: list[Any] = []
    for _ in range(2):  # the second finds the first's state and must not use it
        desk.scheduler.submit(Embedding(list(range(20, 60)), got.append))
    desk.run()
    mean = np.array([np.mean(range(20, 60)), 1.0])
    assert all(np.allclose(vector, mean / np.linalg.norm(mean)) for vector in got) and len(got) == 2
    assert _text(answer) == "12 13 14 "
    for hidden, rows in zip(desk.computer.hidden, desk.computer.batches, strict=True):
        assert hidden == all(row.token >= 20 for row in rows)


def test_stop_strings_are_never_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    _, parts = desk.ask([10], length=20, stops=["13 14"])
    desk.run()
    assert _text(parts) == "11 12 "
    assert parts[-1].finish == "stop"
