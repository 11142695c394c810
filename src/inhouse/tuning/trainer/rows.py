"""Rows of a corpus as token ids: which tokens there are, and which of them the model shall learn to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inhouse.core.errors import InhouseError


class BadRow(InhouseError):
    """Line {line} of the training data cannot be used: {reason}"""


class NothingToLearn(InhouseError):
    """The corpus holds nothing to learn: import more of the owner's own words first."""


class Said(BaseModel):
    """One message of a row."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Literal["system", "user", "assistant"]
    content: str


class Row(BaseModel):
    """A dialogue. The assistant's words in it are what is learnt."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    messages: tuple[Said, ...] = Field(min_length=1)
    split: Literal["train", "held_out"] = "train"
    kind: str = ""
    unit: str = ""
    """What the row was taken from: rows of one unit are not independent of each other."""
    learn: Literal["all", "last"] = "all"
    """Whether every answer of the dialogue is learnt or the last one alone."""
    rehearsed: bool = False
    """Whether the model is held to what it says already, at every token, in place of learning the answers."""


class Tokenizer(Protocol):
    """What is asked of a tokenizer of ``transformers``."""

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any: ...

    def encode(self, text: str, **options: Any) -> list[int]: ...


@dataclass(frozen=True)
class Encoded:
    """Token ids of a row; ``learn[i]`` says that token ``i`` is one to learn. ``learnt_bytes`` in UTF-8."""

    ids: tuple[int, ...]
    learn: tuple[bool, ...]
    learnt_bytes: int
    unit: str = ""
    rehearsed: bool = False


def read(path: Path, split: str) -> Iterator[Row]:
    """The rows of one split; ``BadRow`` names the line that is wrong."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = Row.model_validate_json(line)
            except ValidationError as error:
                raise BadRow(line=number, reason=error.errors()[0]["msg"]) from error
            if row.split == split:
                yield row


def encode(row: Row, tokenizer: Tokenizer, most_tokens: int) -> Encoded | None:
    """Token ids of a row by the model's own chat template; ``None`` where nothing learnable fits the limit.

    Prompt and answer are tokenised apart, as they are at run time, where the prompt is there before the answer.
    """
    ids: list[int] = []
    learn: list[bool] = []
    parts = list(pieces(row.messages, tokenizer))
    for place, (text, answer) in enumerate(parts):
        learnable = answer and (row.learn == "all" or place == len(parts) - 1)
        new = tokenizer.encode(text, add_special_tokens=False)
        ids += new
        learn += [learnable] * len(new)
    # Nothing foresees the first token.
    if len(ids) > most_tokens or not any(learn[1:]):
        return None
    answers = [said.content for said in row.messages if said.role == "assistant"]
    learnt = sum(len(text.encode()) for text in (answers if row.learn == "all" else answers[-1:]))
    return Encoded(tuple(ids), tuple(learn), learnt, row.unit or str(hash(tuple(ids))), row.rehearsed)


def pieces(messages: Sequence[Said], tokenizer: Tokenizer) -> Iterator[tuple[str, bool]]:
    """The rendered dialogue cut into what is given and what is learnt (an answer with its end-of-turn mark)."""
    dialogue = [said.model_dump() for said in messages]
    done = 0
    for index, said in enumerate(messages):
        if said.role != "assistant":
            continue
        before = _render(dialogue[:index], tokenizer, prompt=True) if index else _opening(dialogue, tokenizer)
        after = _render(dialogue[: index + 1], tokenizer, prompt=False)
        if not after.startswith(before):
            raise BadRow(line="?", reason="the model's chat template rewrites earlier messages")
        yield before[done:], False
        # What stands after the end-of-turn mark is never asked of the model.
        yield after[len(before) :].rstrip("\n"), True
        done = len(after.rstrip("\n"))


def _render(dialogue: list[dict[str, str]], tokenizer: Tokenizer, *, prompt: bool) -> str:
    text = tokenizer.apply_chat_template(dialogue, tokenize=False, add_generation_prompt=prompt)
    return str(text)


def _opening(dialogue: list[dict[str, str]], tokenizer: Tokenizer) -> str:
    """What stands before the words of an assistant who speaks first."""
    whole = _render(dialogue[:1], tokenizer, prompt=False)
    return whole[: whole.rindex(dialogue[0]["content"])]
