"""Tokens are taken a few at a time: the first at once, none lost, none out of order."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator

import pytest

from inhouse.runtime import pacing
from inhouse.runtime.pacing import in_gulps


async def slow(count: int, every: float, closed: list[bool]) -> AsyncGenerator[int, None]:
    """Numbers on a clock of their own, as a socket's buffer has them: late readers find several."""
    begin = time.perf_counter()
    try:
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + every * (number + 1) - time.perf_counter()))
            yield number
    finally:
        closed.append(True)


def test_parts_come_in_gulps_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_PAUSE", 0.1)

    async def read() -> list[tuple[int, float]]:
        return [(part, time.perf_counter()) async for part in in_gulps(slow(30, 0.01, []))]

    got = asyncio.run(read())
    assert [part for part, _ in got] == list(range(30))
    waits = [after - before for (_, before), (_, after) in itertools.pairwise(got)]
    assert sum(wait > 0.05 for wait in waits) <= 6  # 29 waits without gulps, three or four with them


def test_what_is_there_is_not_waited_for() -> None:
    async def there() -> AsyncGenerator[int, None]:
        for number in range(1000):
            yield number

    async def read() -> int:
        return len([part async for part in in_gulps(there())])

    begin = time.perf_counter()
    assert asyncio.run(read()) == 1000
    assert time.perf_counter() - begin < 1.0


def test_leaving_early_closes_the_stream() -> None:
    closed: list[bool] = []

    async def read() -> None:
        parts = in_gulps(slow(5, 0.01, closed))
        assert await anext(parts) == 0
        await parts.aclose()

    asyncio.run(read())
    assert closed == [True]


def test_trouble_is_raised_where_it_happens() -> None:
    async def breaks() -> AsyncGenerator[int, None]:
        yield 1
        raise ConnectionError("gone")

    async def read() -> list[int]:
        seen = []
        with pytest.raises(ConnectionError):
            async for part in in_gulps(breaks()):
                seen.append(part)
        return seen

    assert asyncio.run(read()) == [1]
