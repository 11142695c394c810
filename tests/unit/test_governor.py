"""How many threads compute beside what others compute."""

from __future__ import annotations

from inhouse.core.governor import Governor


def test_threads_follow_what_others_compute() -> None:
    now, busy, own = [0.0], [0.0], [0.0]
    governor = Governor(2, 2, lambda: busy[0], lambda: own[0], lambda: 2, lambda: now[0])

    def second(others: float, ours: float) -> int:
        now[0] += 1
        busy[0] += others + ours
        own[0] += ours
        return governor.look()

    assert second(0.1, 1.9) == 2
    assert second(1.0, 1.0) == 1
    assert second(1.9, 0.1) == 1
    assert second(0.2, 1.0) == 2
    now[0] += 0.01
    busy[0] += 5  # too soon to tell
    assert governor.look() == 2


def test_work_that_begins_looks_at_who_runs_now() -> None:
    now, busy, running = [0.0], [0.0], [2]
    governor = Governor(
        2, 2, lambda: busy[0], lambda: 0.0, lambda: running[0], lambda: now[0], lambda _: None
    )
    now[0], busy[0] = 60.0, 110.0  # while we slept others were busy, and they are gone
    governor.begin()
    assert governor.look() == 2
    running[0] = 4  # we, who asks, and two of a training
    governor.begin()
    assert governor.look() == 1
    now[0], busy[0] = 61.0, 110.1
    assert governor.look() == 2, "from then on what they compute counts"


def test_who_is_gone_in_the_next_moment_takes_no_thread() -> None:
    """A server that has just answered spins a little longer."""
    running = [4, 4, 2, 9]
    governor = Governor(2, 2, lambda: 0.0, lambda: 0.0, lambda: running.pop(0), lambda: 0.0, lambda _: None)
    governor.begin()
    assert (governor.look(), running) == (2, [9])
