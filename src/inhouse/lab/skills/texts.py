"""Plain text, said to nobody: rehearsed so that a generation foresees other people's words, in other languages, as well as its parent does."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Row:
    """One text."""

    text: str

    def messages(self) -> list[dict[str, str]]:
        """The row as the trainer reads it: an assistant that speaks first."""
        return [{"role": "assistant", "content": self.text}]


def japanese() -> list[str]:
    """Texts that ship, and that nothing is judged by."""
    return (resources.files(__package__) / "texts_ja.txt").read_text("utf-8").splitlines()
