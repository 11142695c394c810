"""A client's own tools: deciding that one is meant, and answering from what it brought.

Nothing of them runs here. A call ends the turn without words; the client makes it and asks again with the result.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from inhouse.content.search import Found
from inhouse.core.errors import InhouseError
from inhouse.core.events import ClientCall, Step
from inhouse.runtime.agent.arguments import read
from inhouse.runtime.agent.calls import Call
from inhouse.runtime.agent.deciding import Deciding
from inhouse.runtime.agent.reading import as_found
from inhouse.runtime.clients import CLIENT, ClientResult, ClientTool, ClientTools
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.base import Context, Json, Limits, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Outcome
from inhouse.runtime.grounded import Grounded
from inhouse.runtime.grounding import Support
from inhouse.runtime.request import Retriever

#: How clearly a client's tool must be meant. Less than our own: a program sends along what it expects to be called, and
#: arguments that don't stand in the request stop most false calls (docs/lab-log.md).
_LEAST_MARGIN = -0.01
_LIMITS = Limits()
_MOST_SOURCES = 20
_MOST_TOLD = 2_000
_FOUND_SHOWN = 5


class NoCall(InhouseError):
    """The model could not write a call that fits the tools of this request. Ask in other words, or don't require one."""

    status = 502


class Client:
    """Decides on a client's tools, and reads what they brought."""

    def __init__(self, deciding: Deciding, grounded: Grounded, retriever: Retriever) -> None:
        self._deciding = deciding
        self._grounded = grounded
        self._retriever = retriever

    async def call(self, draft: Draft, client: ClientTools) -> AsyncGenerator[str | Step, None]:
        """Put the calls that are meant into ``draft.client_calls``, a step each. Raises ``NoCall`` where one must be."""
        here = {one.tool.name: one for one in client.tools}
        decision = await self._deciding.decide(
            draft,
            [_attached(one) for one in client.tools],
            [_made(result) for result in client.results],
            must_call=client.must_call,
            parallel=client.parallel,
            least_margin=_LEAST_MARGIN,
        )
        if client.must_call and not decision.calls:
            raise NoCall()
        for call in decision.calls:
            told = here[call.attached.tool.name]
            yield Step(name="client_tool", state="begun", detail=_asked(told.name, call.arguments))
            arguments = json.dumps(call.arguments, ensure_ascii=False)
            draft.client_calls += (ClientCall(id=call.id, name=told.name, arguments=arguments),)
            draft.kind = "tool"

    async def take(self, draft: Draft, client: ClientTools) -> AsyncGenerator[str | Step, None]:
        """Note what was called for this question so far, a step each: the turn keeps it."""
        for result in client.results:
            outcome = _outcome(result)
            draft.calls.append(outcome)
            detail = _asked(outcome.title, outcome.arguments) | {"found": [result.text[:200]]}
            yield Step(name="client_tool", state="done", detail=detail)

    async def tell(self, draft: Draft) -> AsyncGenerator[str | Step, None]:
        """Answer from what was brought: what the question wants of it, else all of it. No text where it is empty."""
        sources = [source for one in draft.calls if one.result for source in one.result.sources]
        if not sources:
            return
        found = await self._ranked(draft, sources)
        said = False
        async with aclosing(self._grounded.answer(draft, found)) as pieces:
            async for piece in pieces:
                said = True
                yield piece
        if not said:
            shown = enumerate(found.passages[:_FOUND_SHOWN], 1)
            draft.citations = tuple(Support(one, one.text, 1.0).citation(number) for number, one in shown)
            yield "\n".join(passage.text for passage in found.passages)[:_MOST_TOLD]
        draft.kind = "tool"

    async def _ranked(self, draft: Draft, sources: Sequence[Source]) -> Found:
        """As notes, those that are most likely to answer the question first: a model reads only a few."""
        near = await self._retriever.relevance(draft.question, [source.text for source in sources])
        order = sorted(zip(near, sources, strict=True), key=lambda pair: -pair[0])
        return as_found(draft, CLIENT, [source for _, source in order])


class _Elsewhere:
    """Stands for what a client does; nothing can call it from here."""

    async def tools(self) -> Sequence[Tool]:
        return ()

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        raise ToolFailed(reason="This tool is its client's to call.")

    async def aclose(self) -> None: ...


def _attached(one: ClientTool) -> Attached:
    return Attached(CLIENT, one.tool, _LIMITS, _Elsewhere())


def _made(result: ClientResult) -> tuple[Call, str]:
    """An earlier call as the engine may read it again; its tool need not be offered any more."""
    call = result.call
    tool = Tool(name="tool", title=call.name[:80], description=call.name[:600], parameters={"type": "object"})
    return Call(
        call.id, Attached(CLIENT, tool, _LIMITS, _Elsewhere()), read(call.arguments) or {}
    ), result.text


def _outcome(told: ClientResult) -> Outcome:
    """What was called and what it brought, as the turn keeps it."""
    return Outcome(
        extension=CLIENT,
        tool=told.call.name,
        title=told.call.name,
        arguments=read(told.call.arguments) or {},
        state="done",
        result=_result(told),
    )


def _result(told: ClientResult) -> Result:
    """A result as sources that can be quoted: one, or one for each object of a JSON list."""
    room = _LIMITS.result_chars
    texts = [text for text in _texts(told.text[:room]) if text.strip()][:_MOST_SOURCES]
    sources = tuple(Source(title=told.call.name, text=text) for text in texts)
    return Result(text=told.text[:room], sources=sources, empty=not sources)


def _texts(text: str) -> list[str]:
    try:
        value = json.loads(text)
        parts = value if isinstance(value, list) and any(isinstance(one, dict) for one in value) else [value]
        return ["; ".join(_lines(part)) for part in parts]
    except (ValueError, RecursionError):
        return [text]


def _lines(value: Any, name: str = "") -> Iterator[str]:
    """JSON in words: every value after the names that it stands under."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, f"{name} {key}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, name)
    elif value is not None and value != "":
        said = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"{name}: {said}" if name else said


def _asked(title: str, arguments: Json) -> dict[str, Any]:
    return {"tool": title, "title": title, "arguments": arguments}
