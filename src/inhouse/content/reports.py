"""What an import did."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from inhouse.content.importers.base import Skipped

#: So many skipped items are named; of more only the number is kept.
MOST_NAMED = 500


class ImportReport(BaseModel):
    """Counts of documents, and what was not taken with the reason."""

    model_config = ConfigDict(frozen=True)

    source_id: str
    origin: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped_count: int = 0
    skipped: tuple[Skipped, ...] = ()
    """At most 500 of them by name."""

    @property
    def sentence(self) -> str:
        """Such as ``12 added, 3 changed, 80 unchanged, 1 skipped``."""
        return _sentence(self)


class Tally:
    """Counts while an import runs."""

    def __init__(self) -> None:
        self.added = self.changed = self.unchanged = self.removed = self.skipped_count = 0
        self._skipped: list[Skipped] = []

    @property
    def sentence(self) -> str:
        return _sentence(self)

    def skip(self, skipped: Skipped) -> None:
        self.skipped_count += 1
        if len(self._skipped) < MOST_NAMED:
            self._skipped.append(skipped)

    def report(self, source_id: str, origin: str) -> ImportReport:
        counts = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return ImportReport(source_id=source_id, origin=origin, skipped=tuple(self._skipped), **counts)


def _sentence(counts: ImportReport | Tally) -> str:
    parts = [f"{counts.added} added", f"{counts.changed} changed", f"{counts.unchanged} unchanged"]
    if counts.removed:
        parts.append(f"{counts.removed} removed")
    return ", ".join([*parts, f"{counts.skipped_count} skipped"])
