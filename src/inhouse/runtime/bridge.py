"""The one bridge between async code and the synchronous rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

import anyio.to_thread

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous call in a worker thread and wait for it; its errors are raised here."""
    return await anyio.to_thread.run_sync(partial(call, *args, **kwargs))


def waited_for(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns, for synchronous callers: it runs in a thread and an event loop of its own, so it doesn't
    matter whether the caller's thread has one that runs."""
    with ThreadPoolExecutor(1, thread_name_prefix="apart") as pool:
        return pool.submit(asyncio.run, work).result()
