"""What ``/v1/responses`` takes and gives: OpenAI's responses, with one field more, ``inhouse``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.conversations.responses import Response
from inhouse.conversations.turns import Turn
from inhouse.core.errors import UsageError
from inhouse.core.events import ClientCall, Ended, Failed
from inhouse.core.passages import Citation
from inhouse.runtime.clients import CLIENT, MOST_TOOLS, ClientTools, Described
from inhouse.web.api import dialogue, shapes
from inhouse.web.api.dialogue import Dialogue, Item, Returned, Said
from inhouse.web.api.shapes import CallId, Content, ToolName, words_of
from inhouse.web.api.tools import Choice, client_tools

_MOST_ITEMS = 400
_MOST_CHARS = 100_000
#: Tools whose description is longer are told again without their parameters.
_MOST_KEPT = 20_000
_INCOMPLETE = {"length": "max_output_tokens", "guard": "content_filter"}


class UnknownItem(UsageError):
    """An input item "{kind}" is not understood. Send messages, function_call and function_call_output, each with its
    fields."""


class InputItem(BaseModel):
    """A message, a call that the AI asked for (``function_call``) or what it brought (``function_call_output``)."""

    model_config = ConfigDict(extra="ignore")

    type: Annotated[str, Field(max_length=60)] = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Content = None
    call_id: CallId | None = None
    name: ToolName | None = None
    arguments: Annotated[str, Field(max_length=_MOST_CHARS)] = "{}"
    output: Content = None

    def items(self) -> Iterator[Item]:
        """What it adds to the dialogue. Raises ``UsageError`` for a kind that is not understood."""
        if self.type == "message" and self.role is not None:
            if self.role in ("user", "assistant"):
                yield Said("user" if self.role == "user" else "assistant", words_of(self.content))
        elif self.type == "function_call" and self.call_id and self.name:
            yield ClientCall(id=self.call_id, name=self.name, arguments=self.arguments)
        elif self.type == "function_call_output" and self.call_id:
            yield Returned(self.call_id, words_of(self.output))
        else:
            raise UnknownItem(kind=self.type)


class FunctionTool(BaseModel):
    """A function of the client's, described."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["function"]
    name: ToolName
    description: Annotated[str, Field(max_length=_MOST_CHARS)] | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class TextFormat(BaseModel):
    """How the answer is to be written; only text is understood."""

    type: Literal["text"] = "text"


class TextConfig(BaseModel):
    """What the answer is to look like."""

    model_config = ConfigDict(extra="ignore")

    format: TextFormat = TextFormat()


class ResponseRequest(BaseModel):
    """A question, alone or with what was said before. Settings of sampling and of reasoning are accepted and not used:
    the release fixes them."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={"examples": [{"model": "marrow-and-mast", "input": "Do you ship to Japan?"}]},
    )

    model: Annotated[str, Field(max_length=60, description="The AI's slug.")]
    input: Annotated[
        Annotated[str, Field(max_length=_MOST_CHARS)]
        | Annotated[list[InputItem], Field(min_length=1, max_length=_MOST_ITEMS)],
        Field(
            description="The question, or a list of messages, calls and their outputs with the question last."
        ),
    ]
    instructions: Annotated[
        Any, Field(description="Not read: the AI's own brief stands in place of instructions.")
    ] = None
    previous_response_id: Annotated[
        str | None,
        Field(max_length=60, description="Go on from this response, which the same key has asked for."),
    ] = None
    stream: Annotated[bool | None, Field(description="Send the answer as server-sent events.")] = None
    store: Annotated[
        bool | None, Field(description="Whether the response can be asked for again by its id.")
    ] = None
    background: Annotated[
        bool | None,
        Field(description="Answer at once with the id; ask for the response until it is completed."),
    ] = None
    tools: Annotated[
        list[FunctionTool] | None,
        Field(
            max_length=MOST_TOOLS,
            description="Functions of your own that the AI may ask you to call; its own tools and rules come first.",
        ),
    ] = None
    tool_choice: Annotated[
        Choice, Field(description="none, auto, required, or the function that is to be called.")
    ] = None
    parallel_tool_calls: Annotated[
        bool | None, Field(description="Whether several calls may be asked for at once.")
    ] = None
    max_output_tokens: Annotated[
        int | None, Field(ge=1, le=4096, description="Longest answer, in tokens.")
    ] = None
    metadata: Annotated[
        dict[
            Annotated[str, Field(max_length=64)],
            Annotated[str, Field(max_length=512)],
        ]
        | None,
        Field(max_length=16, description="Up to 16 words of your own that come back with the response."),
    ] = None
    user: Annotated[
        str | None,
        Field(
            max_length=100, description="Your name for the person who asks; one is never joined with another."
        ),
    ] = None
    safety_identifier: Annotated[str | None, Field(max_length=128, description="The same as user.")] = None
    text: Annotated[TextConfig | None, Field(description="The answer's format: text.")] = None
    conversation: Annotated[Any, Field(description="Not supported: use previous_response_id.")] = None
    prompt: Annotated[Any, Field(description="Not supported: the AI's own brief is its prompt.")] = None

    def dialogue(self, before: Sequence[Item]) -> Dialogue:
        """The question, with what came before in this request and in the responses that it goes on from."""
        for name in ("conversation", "prompt"):
            if getattr(self, name) is not None:
                raise UsageError(
                    reason=f'"{name}" is not supported. Send input, and previous_response_id to go on.'
                )
        if isinstance(self.input, str):
            return dialogue.read([*before, Said("user", self.input)])
        return dialogue.read([*before, *(item for one in self.input for item in one.items())])

    def client(self, asked: Dialogue) -> ClientTools | None:
        """What the request says of tools."""
        described = [Described(one.name, one.description or "", one.parameters) for one in self.tools or ()]
        return client_tools(described, self.tool_choice, self.parallel_tool_calls is not False, asked.results)

    @property
    def keeps(self) -> bool:
        return self.store is not False

    @property
    def settings(self) -> dict[str, Any]:
        """What is told again with the response."""
        tools = [tool.model_dump() for tool in self.tools or ()]
        if len(json.dumps(tools)) > _MOST_KEPT:
            tools = [{**tool, "description": None, "parameters": None} for tool in tools]
        return {
            "background": bool(self.background),
            "max_output_tokens": self.max_output_tokens,
            "metadata": self.metadata or {},
            "parallel_tool_calls": self.parallel_tool_calls is not False,
            "store": self.keeps,
            "tool_choice": self.tool_choice or "auto",
            "tools": tools,
            "user": self.user,
        }


class ResponseObject(BaseModel):
    """An answer: ``output`` holds its message, or the calls that you are to make."""

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["completed", "failed", "in_progress", "cancelled", "incomplete"]
    model: str
    output: list[dict[str, Any]]
    usage: dict[str, Any] | None
    inhouse: shapes.Extra | None


class Deleted(BaseModel):
    """A response that can't be asked for any more. Its turn stays among the AI's conversations."""

    id: str
    object: Literal["response"] = "response"
    deleted: bool = True


def items_of(turns: Sequence[Turn]) -> list[Item]:
    """The dialogue that earlier turns were, the oldest first.

    A turn that answers from results tells all that was called for its question, so it stands for those before it.
    """
    items: list[Item] = []
    for number, turn in enumerate(turns):
        following = turns[number + 1] if number + 1 < len(turns) else None
        if following is not None and _results(following):
            continue
        items.append(Said("user", turn.question))
        items += _results(turn)
        if isinstance(turn.end, Ended):
            items += turn.end.client_calls
        if turn.answer:
            items.append(Said("assistant", turn.answer))
    return items


def _results(turn: Turn) -> list[Item]:
    """What a client has called for a turn's question, with what each call brought."""
    if not isinstance(turn.end, Ended):
        return []
    found: list[Item] = []
    for number, told in enumerate(turn.end.tools):
        if told["extension"] == CLIENT:
            name = f"{turn.id}:{number}"
            arguments = json.dumps(told["arguments"], ensure_ascii=False)
            text = (told.get("result") or {}).get("text", "")
            found += [ClientCall(id=name, name=told["tool"], arguments=arguments), Returned(name, text)]
    return found


def response(named: Response, turn: Turn, model: str) -> dict[str, Any]:
    """A response as it is now."""
    end = turn.end
    done = isinstance(end, Ended)
    told = {
        "id": named.id,
        "object": "response",
        "created_at": int(named.created_at.timestamp()),
        "completed_at": int(turn.ended_at.timestamp()) if done and turn.ended_at else None,
        "status": _status(end),
        "error": _error(end) if isinstance(end, Failed) else None,
        "incomplete_details": _incomplete(end) if isinstance(end, Ended) else None,
        "instructions": None,
        "model": model,
        "output": output(turn.id, end) if isinstance(end, Ended) else [],
        "previous_response_id": named.previous,
        "reasoning": {"effort": None, "summary": None},
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "top_p": None,
        "truncation": "disabled",
        "usage": usage(end) if isinstance(end, Ended) else None,
        "inhouse": None,
    }
    if isinstance(end, Ended):
        told["inhouse"] = shapes.extra(end, turn.id, turn.release_id).model_dump(mode="json")
    return told | named.settings


def output(turn_id: str, ended: Ended) -> list[dict[str, Any]]:
    """The message, where there are words, then the calls."""
    status = "incomplete" if _incomplete(ended) or ended.finish == "stopped" else "completed"
    words = [message(turn_id, status, [text_part(ended)])] if ended.answer else []
    return words + [call_item(call, "completed", call.arguments) for call in ended.client_calls]


def message(turn_id: str, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer as an item of the output."""
    return {
        "id": f"msg_{turn_id.partition('_')[2]}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def text_part(ended: Ended | None = None) -> dict[str, Any]:
    """The answer's text with what it cites; empty before there is an answer."""
    return {
        "type": "output_text",
        "text": ended.answer if ended else "",
        "annotations": cited(ended) if ended else [],
        "logprobs": [],
    }


def cited(ended: Ended) -> list[dict[str, Any]]:
    """Citations that have an address; those without are in the field ``inhouse``."""
    return [_annotation(one, one.url, ended.answer) for one in ended.citations if one.url]


def call_item(call: ClientCall, status: str, arguments: str) -> dict[str, Any]:
    """A call as an item of the output."""
    return {
        "id": f"fc_{call.id}"[:64],
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
        "status": status,
    }


def usage(ended: Ended) -> dict[str, Any]:
    """What the answer cost the engine."""
    told = shapes.usage(ended)
    return {
        "input_tokens": told.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": told.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": told.total_tokens,
    }


def _annotation(citation: Citation, url: str, text: str) -> dict[str, Any]:
    """Where the text names the source by its number, else all of the text."""
    mark = f"[{citation.number}]"
    at = text.find(mark)
    start, end = (at, at + len(mark)) if at >= 0 else (0, len(text))
    return {
        "type": "url_citation",
        "url": url,
        "title": citation.document,
        "start_index": start,
        "end_index": end,
    }


def _status(end: Ended | Failed | None) -> str:
    if end is None:
        return "in_progress"
    if isinstance(end, Failed):
        return "failed"
    if end.finish == "stopped":
        return "cancelled"
    return "incomplete" if _incomplete(end) else "completed"


def _incomplete(ended: Ended) -> dict[str, str] | None:
    reason = None if ended.client_calls else _INCOMPLETE.get(ended.finish)
    return {"reason": reason} if reason else None


def _error(failed: Failed) -> dict[str, str]:
    return {
        "code": "rate_limit_exceeded" if failed.code == "Busy" else "server_error",
        "message": failed.message,
    }
