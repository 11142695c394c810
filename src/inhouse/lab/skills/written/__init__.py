"""Sets of notes and questions written for training, in the words in which owners write and fans ask.

Encyclopaedias teach *who, what, when, where*. Fans ask whether they may, how it is done, and "and for children?": that
is what these teach. All of it is invented; licence: that of Inhouse. One file a kind of owner, one line a set.
"""

from __future__ import annotations

from importlib import resources

from pydantic import BaseModel, ConfigDict


class Asked(BaseModel):
    """A question on the notes; ``a`` is ``None`` where they don't answer it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: str
    a: str | None
    before: tuple[str, str] | None = None
    """The exchange that a follow-up can't be understood without."""


class WrittenSet(BaseModel):
    """Notes of one owner, each (title, text), and what is asked about them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notes: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...]


def sets() -> list[WrittenSet]:
    """All of them, in a fixed order."""
    files = sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
    return [
        WrittenSet.model_validate_json(line)
        for file in files
        if file.name.endswith(".jsonl")
        for line in file.read_text("utf-8").splitlines()
    ]
