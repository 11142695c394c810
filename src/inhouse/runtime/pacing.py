"""Taking an engine's tokens a few at a time.

On a small machine the engine's threads want every core, and each time that this process wakes up for one token, one of
them is late for the next (docs/lab-log.md). A reader can't tell three words at once from three words in a row.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")

#: Seconds between two looks at the stream. The first part is never late, and the end by this much at most.
_PAUSE = 0.03
#: What took longer to come was not there yet when it was asked for.
_WAITED = 0.001


async def in_gulps(parts: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same parts: after each that had to be waited for, what comes next is left to gather for a while.

    Closes ``parts`` when it is closed itself.
    """
    async with aclosing(parts):
        asked = time.perf_counter()
        async for part in parts:
            waited = time.perf_counter() - asked > _WAITED
            yield part
            if waited:
                await asyncio.sleep(_PAUSE)
            asked = time.perf_counter()
