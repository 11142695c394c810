"""What is known of a table elsewhere, kept ready: requests are read by it at once, while it is renewed behind them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from inhouse.core.errors import InhouseError
from inhouse.runtime.extensions.table.answers import Answers

_RENEWED_AFTER = 600.0
_TRIED_AGAIN_AFTER = 30.0
#: Who makes it waits this long, so that the first request finds it there; a database that hangs costs no more.
_AT_FIRST = 1.0


class Description:
    """A table's answers. Threads may share it."""

    def __init__(self, read: Callable[[], Answers]) -> None:
        self._read = read
        self._turn = threading.Lock()
        self._answers: Answers | None = None
        self._next = 0.0
        self._behind().join(_AT_FIRST)

    def known(self) -> Answers | None:
        """What is there now, without waiting; nothing where the database was never reached."""
        if time.monotonic() >= self._next and not self._turn.locked():
            self._behind()
        return self._answers

    def needed(self) -> Answers:
        """What is there, or what the database says now. Raises ``ToolFailed`` or ``BadTable`` with a sentence."""
        if known := self.known():
            return known
        with self._turn:
            return self._answers or self._renewed()

    def _behind(self) -> threading.Thread:
        thread = threading.Thread(target=self._try, daemon=True, name="table")
        thread.start()
        return thread

    def _try(self) -> None:
        if not self._turn.acquire(blocking=False):
            return
        try:
            with suppress(InhouseError):  # whoever needs it reads it again, and is told
                self._renewed()
        finally:
            self._turn.release()

    def _renewed(self) -> Answers:
        self._next = time.monotonic() + _TRIED_AGAIN_AFTER
        self._answers = self._read()
        self._next = time.monotonic() + _RENEWED_AFTER
        return self._answers
