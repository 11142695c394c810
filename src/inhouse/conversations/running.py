"""An answer that is being produced: its events, kept until it has ended, and everybody who follows them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from inhouse.core import clock
from inhouse.core.events import Ended, Event, Failed, Replaced, Started, Step, Token
from inhouse.runtime.spans import Recorder

_MOST_STEPS = 100
_MOST_DETAIL_CHARS = 4000


class Running:
    """One running turn. Followers may come and go; the answer goes on without them."""

    def __init__(self, turn_id: str, release_id: str | None) -> None:
        self.turn_id = turn_id
        self.shown = ""
        self.ended = False
        self.stop_requested = False
        self.events: list[Event] = []
        self.steps: list[dict[str, Any]] = []
        self.producer: asyncio.Task[Ended] | None = None
        self.began_at = clock.now()
        self.recorder = Recorder()
        self._began = time.perf_counter()
        self._changed = asyncio.Event()
        self.publish(Started(turn_id=turn_id, release_id=release_id))

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return len(self.events)

    def publish(self, event: Event) -> None:
        """Number an event and hand it to all followers."""
        self.events.append(event.model_copy(update={"seq": self.seq + 1}))
        if isinstance(event, Token):
            self.shown += event.text
        elif isinstance(event, Replaced):
            self.shown = event.text
        elif isinstance(event, Step):
            self._note(event)
        self.ended = isinstance(event, Ended | Failed)
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after: int) -> AsyncIterator[Event]:
        """All events after that number, as they come, to the end."""
        while True:
            changed = self._changed
            for event in self.events[after:]:
                yield event
                after = event.seq
            if self.ended and after >= self.seq:
                return
            if after >= self.seq:
                await changed.wait()

    def stop(self) -> None:
        """Stop the engine's work because somebody wanted that; what was shown is kept."""
        self.stop_requested = True
        self.cancel()

    def cancel(self) -> None:
        """Cut the engine's work off."""
        if self.producer is not None:
            self.producer.cancel()

    def elapsed_ms(self) -> float:
        """Milliseconds since the work began."""
        return round((time.perf_counter() - self._began) * 1000, 1)

    def _note(self, step: Step) -> None:
        if len(self.steps) < _MOST_STEPS:
            detail = step.detail if len(json.dumps(step.detail, default=str)) <= _MOST_DETAIL_CHARS else {}
            self.steps.append(
                {"name": step.name, "state": step.state, "at_ms": self.elapsed_ms(), "detail": detail}
            )
