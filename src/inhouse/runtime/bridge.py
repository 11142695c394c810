"""The one bridge from async code to the synchronous rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous call in a worker thread and wait for it; its errors are raised here."""
    return await anyio.to_thread.run_sync(partial(call, *args, **kwargs))
