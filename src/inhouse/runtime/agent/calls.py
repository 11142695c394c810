"""What was decided: calls to make, or none."""

from __future__ import annotations

from dataclasses import dataclass

from inhouse.runtime.extensions.base import Json
from inhouse.runtime.extensions.calling import Attached, Way


@dataclass(frozen=True)
class Call:
    """A call to make. ``id`` is the engine's name for it, or ours."""

    id: str
    attached: Attached
    arguments: Json


@dataclass(frozen=True)
class Prepared:
    """A call that could be made, and how it came about."""

    attached: Attached
    arguments: Json
    way: Way

    @property
    def certain(self) -> bool:
        """Whether the extension itself read it out of the request: its result is told whole then."""
        return self.way == "read"


@dataclass(frozen=True)
class Decision:
    """What to do next: make these calls, side by side where there are several; with none, ``text`` is what the engine says
    instead (empty where it was not asked for words)."""

    calls: tuple[Call, ...] = ()
    text: str = ""
