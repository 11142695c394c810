"""Whoever is told of turns that have ended."""

from __future__ import annotations

from typing import Protocol

from inhouse.accounts.ais import Ai
from inhouse.conversations.turns import Turn


class Sink(Protocol):
    """Takes stored turns along, in its own time."""

    def take(self, turn: Turn, ai: Ai) -> None:
        """A turn as it was stored. Called in a worker thread after the fan has the answer; waits for nobody."""
        ...

    def close(self) -> None:
        """Send what waits, for a few seconds at most, and stop."""
        ...
