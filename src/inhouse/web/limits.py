"""How much and how often: bodies are cut off at a size, and visitors slowed at a rate."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inhouse.core.errors import TooLarge, TooMany

MEGABYTE = 1024 * 1024
#: Largest body of anything that is not an upload.
USUAL_BODY = MEGABYTE
_MOST_KEPT = 50_000


@dataclass(frozen=True)
class Allowance:
    """What is left to somebody after a request that was let through."""

    limit: int
    remaining: int
    reset_seconds: float
    """Until the whole allowance is there again."""


class RateLimit:
    """A bucket of ``per_minute`` tokens for each name, refilled steadily. In this process only: replicas each count."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, count: int = 1) -> Allowance:
        """Use tokens of ``name``; none are used, and ``TooMany`` says the seconds to wait, where there are too few."""
        with self._lock:
            now = self._now()
            tokens, at = self._buckets.pop(name, (float(self.per_minute), now))
            tokens = min(self.per_minute, tokens + (now - at) * self.per_minute / 60)
            taken = tokens >= count
            self._buckets[name] = (tokens - count if taken else tokens, now)
            if len(self._buckets) > _MOST_KEPT:
                self._buckets.popitem(last=False)
        if not taken:
            raise TooMany(seconds=max(1, round((count - tokens) * 60 / self.per_minute)))
        left = tokens - count
        return Allowance(self.per_minute, int(left), (self.per_minute - left) * 60 / self.per_minute)


class BodyLimit:
    """Middleware that stops reading a body at its limit, whatever its headers claim."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        self.app = app
        self.limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_of(scope["path"])
        scope.setdefault("state", {})["body_limit"] = limit
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLarge(what="What you sent", limit=size(limit))
            return message

        await self.app(scope, limited, send)


def size(count: int) -> str:
    """A number of bytes in words."""
    return f"{count // MEGABYTE} MB" if count >= MEGABYTE else f"{count // 1024} KB"
