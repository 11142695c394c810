"""Picks as the trainer reads them: a dialogue and two answers to it, of which the owner likes one better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inhouse.tuning.trainer import rows
from inhouse.tuning.trainer.rows import BadRow, Encoded, Row, Said, Tokenizer


class PickRow(BaseModel):
    """One pick as it stands in the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    messages: tuple[Said, ...] = Field(min_length=1)
    chosen: str = Field(min_length=1)
    rejected: str = Field(min_length=1)
    split: Literal["train", "held_out"] = "train"

    @property
    def conversation(self) -> dict[str, Any]:
        """The pick as ``trl`` wants it."""
        return {
            "prompt": [said.model_dump() for said in self.messages],
            "chosen": [{"role": "assistant", "content": self.chosen}],
            "rejected": [{"role": "assistant", "content": self.rejected}],
        }


@dataclass(frozen=True)
class Pick:
    """Both answers with their dialogue, as token ids."""

    chosen: Encoded
    rejected: Encoded


def read(path: Path | None, split: str) -> list[PickRow]:
    """The picks of one split; none where there is no file. ``BadRow`` names the line that is wrong."""
    return [pick for pick in _all(path) if pick.split == split] if path is not None else []


def encode(pick: PickRow, tokenizer: Tokenizer, most_tokens: int) -> Pick | None:
    """Token ids of a pick, or ``None`` where one of its answers does not fit the limit."""
    sides = []
    for answer in (pick.chosen, pick.rejected):
        last = Said(role="assistant", content=answer)
        sides.append(rows.encode(_only_last(pick, last), tokenizer, most_tokens))
    chosen, rejected = sides
    return Pick(chosen, rejected) if chosen is not None and rejected is not None else None


def _only_last(pick: PickRow, last: Said) -> Row:
    return Row(messages=(*pick.messages, last), learn="last")


def _all(path: Path) -> Iterator[PickRow]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield PickRow.model_validate_json(line)
            except ValidationError as error:
                raise BadRow(line=number, reason=error.errors()[0]["msg"]) from error
