"""The headings that a piece of text stands below."""

from __future__ import annotations


class Headings:
    """Headings by level, entered in reading order: ``Shipping > Abroad``."""

    def __init__(self) -> None:
        self._levels: dict[int, str] = {}

    def enter(self, level: int, text: str) -> None:
        """A heading begins: those of its level and below it end."""
        self._levels = {known: name for known, name in self._levels.items() if known < level}
        self._levels[level] = text

    @property
    def path(self) -> str | None:
        """All of them from the top, ``None`` where there is none."""
        return " > ".join(name for _, name in sorted(self._levels.items()) if name)[:300] or None
