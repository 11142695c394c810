"""What the parent says to its child: the OpenAI shape with our extras, as checked values."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.runtime.engines.base import Adapter, Message, Piece, Priority, Usage

#: Longest texts that are taken, in characters. The context is far shorter; this bounds the work of finding that out.
Text = Annotated[str, Field(max_length=1_000_000)]


class Config(BaseModel):
    """How a child is set up. ``context`` is in tokens a sequence."""

    model_config = ConfigDict(frozen=True)

    model: Path
    threads: int = Field(ge=1, le=256)
    context: int = Field(ge=64)
    sequences: int = Field(ge=1, le=40)
    adapter_budget: int = Field(ge=0)
    prefix_budget: int = Field(ge=0)
    """Bytes for the states of prompts that may come again."""


class AdapterBody(BaseModel):
    """An adapter: the hash that names it and the file to load it from."""

    hash: str = Field(min_length=1, max_length=128)
    path: Path

    def adapter(self) -> Adapter:
        """As the engine's value."""
        return Adapter(self.hash, self.path)


class MessageBody(BaseModel):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Asked(BaseModel):
    """What all requests hold: ``prompt`` as it is, or ``messages`` for the model's chat template."""

    messages: list[MessageBody] = Field([], max_length=1000)
    prompt: Text | None = None
    adapter: AdapterBody | None = None
    priority: Priority = Priority.FAN

    def said(self) -> list[Message]:
        """The messages as values."""
        return [Message(message.role, message.content) for message in self.messages]

    def lora(self) -> Adapter | None:
        """The adapter as a value."""
        return self.adapter.adapter() if self.adapter else None


class SchemaBody(BaseModel):
    """OpenAI's wrapping of a JSON schema."""

    schema_: dict[str, Any] = Field(alias="schema")


class FormatBody(BaseModel):
    """``response_format``."""

    type: Literal["text", "json_schema"]
    json_schema: SchemaBody | None = None


class CompletionBody(Asked):
    """``/v1/completions`` (``prompt``) and ``/v1/chat/completions`` (``messages``)."""

    stream: Literal[True]
    max_tokens: int = Field(256, ge=1, le=1_000_000)
    temperature: float = Field(0.0, ge=0, le=10)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = Field(0, ge=0, lt=2**63)
    stop: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=16)
    grammar: str | None = Field(None, max_length=100_000)
    response_format: FormatBody | None = None
    logprobs: bool | int = 0
    top_logprobs: int = Field(0, ge=0, le=100)

    @property
    def top(self) -> int:
        """How many alternatives each piece names: chats say it in one field, completions in the other."""
        return self.top_logprobs if self.messages else min(100, int(self.logprobs))


class ScoreBody(Asked):
    """``/score``: how likely ``continuation`` is."""

    continuation: Text


class EmbeddingsBody(BaseModel):
    """``/v1/embeddings``."""

    input: list[Text] = Field(min_length=1, max_length=256)
    priority: Priority = Priority.FAN


def piece_event(piece: Piece, chat: bool) -> bytes:
    """A piece of text as a server-sent event."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": None}
    if chat:
        choice["delta"] = {"content": piece.text}
    else:
        choice["text"] = piece.text
    if piece.logprob is not None:
        choice["logprobs"] = _chat_logprobs(piece) if chat else _plain_logprobs(piece)
    return _event({"choices": [choice]})


def usage_event(usage: Usage, chat: bool) -> bytes:
    """The end of a stream: why it ended, and what it cost."""
    said: dict[str, Any] = {"delta": {}} if chat else {"text": ""}
    choice = {"index": 0, "finish_reason": usage.finish, **said}
    counted = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
    return _event({"choices": [choice], "usage": counted}) + b"data: [DONE]\n\n"


async def stream_events(queue: asyncio.Queue[Any], chat: bool) -> AsyncIterator[bytes]:
    """The server-sent events of a completion whose parts come through a queue."""
    while True:
        part = await queue.get()
        if isinstance(part, Piece):
            yield piece_event(part, chat)
            continue
        yield usage_event(part, chat) if isinstance(part, Usage) else error_event(part.code, part.message)
        return


def error_body(code: str, message: str) -> dict[str, Any]:
    """An error in OpenAI's shape."""
    return {"error": {"code": code, "message": message}}


def error_event(code: str, message: str) -> bytes:
    """An error in the middle of a stream."""
    return _event(error_body(code, message))


def _chat_logprobs(piece: Piece) -> dict[str, Any]:
    top = [{"token": token, "logprob": logprob} for token, logprob in piece.top]
    return {"content": [{"token": piece.text, "logprob": piece.logprob, "top_logprobs": top}]}


def _plain_logprobs(piece: Piece) -> dict[str, Any]:
    return {"tokens": [piece.text], "token_logprobs": [piece.logprob], "top_logprobs": [dict(piece.top)]}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
