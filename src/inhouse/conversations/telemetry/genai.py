"""A stored trace in the words of OpenTelemetry's conventions for generative AI (the first standalone version, 0.1.0).

A translation of a value, so that nothing is measured twice: what a collector shows is what the studio shows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from inhouse.accounts.ais import Ai
from inhouse.conversations import trace
from inhouse.conversations.trace import SpanAt, Trace
from inhouse.conversations.turns import Turn
from inhouse.core.events import Ended, Failed

_MOST_CONTENT = 8000
Attribute = str | int | float | bool | list[str]


@dataclass(frozen=True)
class GenAiSpan:
    """One span under its conventional name. Ids follow from the turn's, so that telling a turn twice makes no second trace."""

    name: str
    kind: Literal["internal", "client"]
    trace_id: int
    """128 bits."""
    span_id: int
    """64 bits."""
    parent_id: int | None
    began: datetime
    ended: datetime
    attributes: dict[str, Attribute] = field(default_factory=dict)
    error: str = ""


def spans_of(turn: Turn, ai: Ai, *, content: bool) -> list[GenAiSpan]:
    """The turn's own span first, then its parts. Words of the fan and of the AI are in them only where ``content`` is wanted."""
    traced = trace.read(turn.trace)
    attempt = f"{turn.id}/{turn.attempts}"
    trace_id, root = _id(attempt, 16), _id(f"{attempt}/turn", 8)
    began = traced.began_at or turn.created_at
    made = [
        GenAiSpan(
            name=f"invoke_agent {ai.slug}",
            kind="internal",
            trace_id=trace_id,
            span_id=root,
            parent_id=None,
            began=began,
            ended=began + timedelta(milliseconds=traced.total_ms),
            attributes=_given(_of_turn(turn, ai, traced, content)),
            error=turn.end.code if isinstance(turn.end, Failed) else "",
        )
    ]
    for place, span in enumerate(traced.spans):
        parent = f"{attempt}/{span.parent}" if span.parent is not None else f"{attempt}/turn"
        name, kind, attributes = _of_span(span, content)
        made.append(
            GenAiSpan(
                name=name,
                kind=kind,
                trace_id=trace_id,
                span_id=_id(f"{attempt}/{place}", 8),
                parent_id=_id(parent, 8),
                began=began + timedelta(milliseconds=span.began_ms),
                ended=began + timedelta(milliseconds=span.ended_ms),
                attributes=_given(attributes | {"gen_ai.conversation.id": turn.conversation_id}),
                error=span.error or (str(span.detail["state"]) if span.failed else ""),
            )
        )
    return made


def _of_turn(turn: Turn, ai: Ai, traced: Trace, content: bool) -> dict[str, Any]:
    ended = turn.end if isinstance(turn.end, Ended) else None
    chats = [span.detail for span in traced.spans if span.kind == "chat"]
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": ai.slug,
        "gen_ai.agent.version": str(traced.release) if traced.release is not None else None,
        # The last one answered: a giant that was asked because the first one's answer looked wrong.
        "gen_ai.provider.name": chats[-1].get("provider") if chats else None,
        "gen_ai.request.model": chats[-1].get("model") if chats else traced.generation,
        "gen_ai.conversation.id": turn.conversation_id,
        "gen_ai.usage.input_tokens": traced.timing.prompt_tokens if traced.timing else None,
        "gen_ai.usage.output_tokens": traced.timing.completion_tokens if traced.timing else None,
        "gen_ai.response.finish_reasons": [ended.finish] if ended else None,
        "gen_ai.input.messages": _message("user", turn.question) if content else None,
        "gen_ai.output.messages": _message("assistant", turn.answer) if content else None,
        "inhouse.turn.id": turn.id,
        "inhouse.turn.state": turn.state,
        "inhouse.ai.id": turn.ai_id,
        "inhouse.generation": traced.generation,
        "inhouse.adapter": traced.adapter,
        "inhouse.answer.kind": ended.kind if ended else None,
    }


def _of_span(span: SpanAt, content: bool) -> tuple[str, Literal["internal", "client"], dict[str, Any]]:
    told = span.detail
    if span.kind == "chat":
        return f"chat {told.get('model', '')}", "client", _of_chat(told)
    if span.kind == "tool":
        return f"execute_tool {told.get('tool', '')}", "internal", _of_tool(told, content)
    return "retrieval passages", "internal", _of_retrieval(told, content)


def _of_chat(told: dict[str, Any]) -> dict[str, Any]:
    first = told.get("first_ms")
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": told.get("provider"),
        "gen_ai.request.model": told.get("model"),
        "gen_ai.request.max_tokens": told.get("max_tokens"),
        "gen_ai.request.temperature": told.get("temperature"),
        "gen_ai.request.stream": True,
        "gen_ai.output.type": told.get("output"),
        "gen_ai.response.finish_reasons": [told["finish"]] if "finish" in told else None,
        "gen_ai.response.time_to_first_chunk": first / 1000 if first is not None else None,
        "gen_ai.usage.input_tokens": told.get("prompt_tokens"),
        "gen_ai.usage.output_tokens": told.get("completion_tokens"),
        "gen_ai.usage.cache_read.input_tokens": told.get("cached_tokens"),
        "inhouse.adapter": told.get("adapter"),
    }


def _of_tool(told: dict[str, Any], content: bool) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": told.get("tool"),
        "gen_ai.tool.type": "extension",
        "gen_ai.tool.call.id": told.get("call"),
        "gen_ai.tool.call.arguments": _json(told.get("arguments")) if content else None,
        "gen_ai.tool.call.result": _json(told.get("found")) if content else None,
        "inhouse.extension": told.get("extension"),
        "inhouse.tool.state": told.get("state"),
    }


def _of_retrieval(told: dict[str, Any], content: bool) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": "passages",
        "gen_ai.retrieval.top_k": told.get("k"),
        "gen_ai.retrieval.query.text": _cut(told.get("query")) if content else None,
        "gen_ai.retrieval.documents": _documents(told) if content else None,
        "inhouse.retrieval.found": len(told.get("passages", ())),
    }


def _documents(told: dict[str, Any]) -> str:
    return _json([{"id": name} for name in told.get("passages", ())])


def _message(role: str, text: str) -> str:
    return _json([{"role": role, "parts": [{"type": "text", "content": _cut(text)}]}])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:_MOST_CONTENT]


def _cut(text: Any) -> str | None:
    return str(text)[: _MOST_CONTENT // 2] if text is not None else None


def _given(attributes: dict[str, Any]) -> dict[str, Attribute]:
    return {name: value for name, value in attributes.items() if value is not None}


def _id(name: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:size])
