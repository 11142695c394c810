"""The scripted dialogues, and what each turn of one must hold.

They were written before anybody saw how the runtime answers them. ``reported`` is what the benchmark reports; ``dev`` is
what may be looked at and tuned on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core.passages import Passage

_DATA = Path(__file__).parent / "data" / "dialogues"

TurnKind = Literal["friendly", "statement", "question", "follow_up", "change", "unknown"]
World = Literal["kilnfold", "library", "bank"]


class Turn(BaseModel):
    """One message, with what a right answer to it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: str
    kind: TurnKind
    """``unknown`` asks what no passage holds; ``change`` is a question that leaves the subject of the one before."""
    passage: tuple[tuple[str, ...], ...] = ()
    """Alternatives, each a few words that stand together in a right passage (title and heading included)."""
    contains: str = ""
    """What the answer has to say, where one wording is certain."""

    @property
    def answerable(self) -> bool:
        """Whether "I don't know" would be wrong."""
        return self.kind != "unknown"

    def held_by(self, passages: Sequence[Passage]) -> bool:
        """Whether a right passage is among these."""
        texts = [f"{one.title}\n{one.place.heading or ''}\n{one.text}".casefold() for one in passages]
        return any(all(word.casefold() in text for word in words) for words in self.passage for text in texts)

    def said_in(self, answer: str) -> bool:
        """Whether the answer says what it has to."""
        return self.contains.casefold() in answer.casefold()


class Dialogue(BaseModel):
    """Three to six turns with one AI."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    world: World
    turns: tuple[Turn, ...] = Field(min_length=3, max_length=6)


def dialogues(name: Literal["reported", "dev"]) -> list[Dialogue]:
    """The dialogues of one set, in the order of their file."""
    lines = (_DATA / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [Dialogue.model_validate_json(line) for line in lines]


def bank_texts(data: Path, prefixes: Sequence[str]) -> list[tuple[str, str]]:
    """(title, text) of the bank's documents whose file names begin with one of these."""
    rows = [
        json.loads(file.read_text("utf-8"))
        for file in sorted((data / "bank" / "documents").glob("doc_*.json"))
        if file.stem.removeprefix("doc_").startswith(tuple(prefixes))
    ]
    return [(row["title"], row["content"]) for row in rows]
