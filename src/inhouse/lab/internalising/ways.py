"""Ways in which a model may come to a tool's call: described in the prompt, chosen outside, or by itself.

A way takes a request and gives what it led to. What is measured ends at the call: nothing is carried out.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from inhouse.runtime.agent import arguments as calls
from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.asking import UNDERSTOOD_MARGIN, understood
from inhouse.runtime.agent.choosing import LEAST_MARGIN, Chooser
from inhouse.runtime.engines.base import (
    Completion,
    Engine,
    Message,
    Piece,
    Priority,
    Usage,
)
from inhouse.runtime.engines.wrapped import Lent
from inhouse.runtime.extensions.base import Context, Example, Json, Limits, Result, Tool
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.request import Retriever

_NO_TOOL = "none"
_LONGEST = 120


@dataclass(frozen=True)
class Request:
    """Something said. ``tool`` is empty where none is meant; ``accepted`` are the argument values that are right."""

    text: str
    tool: str = ""
    accepted: tuple[Json, ...] = ()
    """For each argument the list of accepted values; ``""`` among them: it may be left out."""


@dataclass(frozen=True)
class Called:
    """What one request led to."""

    request: Request
    tool: str
    """What was called, whether it is there or not; empty for nothing."""
    arguments: Json | None
    prompt_tokens: int
    first_ms: float
    """To the first token of the call, all that comes before it included; 0 where no model was asked."""

    @property
    def right_tool(self) -> bool:
        """Whether the tool that was meant was called, or none where none was."""
        return self.tool == self.request.tool

    @property
    def exact(self) -> bool:
        """Whether every argument is right too."""
        return self.right_tool and right(self.arguments, self.request.accepted)


Way = Callable[[Request], Coroutine[Any, Any, Called]]


class Uncalled:
    """A handler that is never called: what is measured ends at the call."""

    async def tools(self) -> Sequence[Tool]:
        """None."""
        return ()

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Nothing."""
        return Result(text="")

    async def aclose(self) -> None:
        """Nothing to close."""


def attached(tools: Sequence[Tool]) -> list[Attached]:
    """Tools as a request sees them, with nothing behind them."""
    return [Attached(tool.name, tool, Limits(), Uncalled()) for tool in tools]


class Described:
    """Every tool's description and schema in the prompt, with an example each where wanted; the grammar lets through one
    call of one of them, or none."""

    def __init__(self, engine: Engine, tools: Sequence[Tool], examples: bool = False) -> None:
        self._engine = engine
        told = [f"{tool.name}: {tool.description} {json.dumps(tool.parameters)}" for tool in tools]
        shown = [_example(tool.name, tool.examples[0]) for tool in tools if tool.examples and examples]
        self._system = "\n".join(
            [f"Choose a tool for the request and write its call as JSON, or {_NO_TOOL}.", *told, *shown]
        )
        self._schema = {
            "anyOf": [*(_call(tool.name, tool.parameters) for tool in tools), _call(_NO_TOOL, {})]
        }

    async def ask(self, request: Request) -> Called:
        """One completion."""
        said = (Message("system", self._system), Message("user", request.text))
        text, tokens, first = await completed(self._engine, said, self._schema)
        call = calls.read(text) or {}
        tool = str(call.get("tool", ""))
        return Called(request, "" if tool == _NO_TOOL else tool, call.get("arguments"), tokens, first)


class Chosen:
    """Choose by likeness, then decode the arguments after so many examples (``None``: all that the runtime shows).

    What ``ships`` takes a request as the tool's own extension reads it, where it does; else it lets through no more than pieces
    of the request where a tool's examples copy them, and makes no call with values that nobody asked for.
    """

    def __init__(
        self,
        engine: Engine,
        retriever: Retriever,
        tools: Sequence[Attached],
        examples: int | None = None,
        ships: bool = True,
    ) -> None:
        self._engine, self._tools = engine, tools
        self._chooser = Chooser(retriever)
        self._examples, self._ships = examples, ships

    async def ask(self, request: Request) -> Called:
        """One choice, and a completion where a tool was chosen."""
        began = time.perf_counter()
        ranked = await self._chooser.rank(request.text, self._tools)
        for choice in ranked if self._ships else ():
            reading = understood(choice.attached, request.text)
            if reading is not None and reading.certain and choice.margin >= UNDERSTOOD_MARGIN:
                return Called(request, choice.attached.tool.name, reading.arguments, 0, 0.0)
        if not ranked or ranked[0].margin < LEAST_MARGIN:
            return Called(request, "", None, 0, 0.0)
        choice = ranked[0]
        reading = understood(choice.attached, request.text) if self._ships else None
        if reading is not None:
            return Called(request, choice.attached.tool.name, reading.arguments, 0, 0.0)
        chosen = (time.perf_counter() - began) * 1000
        examples: Sequence[Example] = choice.examples[: self._examples]
        tool = choice.attached.tool
        said = calls.messages(tool, examples, request.text)
        schema = calls.narrowed(tool, request.text) if self._ships else tool.parameters
        text, tokens, first = await completed(self._engine, said, schema)
        arguments = calls.made(text, tool, request.text) if self._ships else calls.read(text)
        return Called(request, tool.name if arguments is not None else "", arguments, tokens, chosen + first)


class BuiltIn:
    """Nothing described: the model knows by itself. ``off`` and ``renamed`` as the runtime would say them; no grammar."""

    def __init__(
        self,
        engine: Engine,
        tools: Sequence[Tool],
        off: Callable[[Request], Sequence[str]] = lambda _: (),
        renamed: Callable[[Request], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self._engine = engine
        self._parameters = {tool.name: tool.parameters for tool in tools}
        self._off, self._renamed = off, renamed

    async def ask(self, request: Request) -> Called:
        """One completion of one short prompt."""
        renamed = self._renamed(request)
        said = builtin.messages(request.text, self._off(request), renamed)
        text, tokens, first = await completed(self._engine, said, None)
        known = {renamed.get(name, name): parameters for name, parameters in self._parameters.items()}
        call = builtin.read(text, known)
        return Called(request, builtin.named(text), call.arguments if call else None, tokens, first)


class Salted(Lent):
    """An engine whose every prompt begins with another word, so that nothing of it is in the cache: a cold start."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._numbers = itertools.count(1)

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """As the engine does."""
        first, *rest = request.messages
        salted = Message(first.role, f"{next(self._numbers)} {first.content}")
        async with aclosing(self._engine.complete(replace(request, messages=(salted, *rest)))) as stream:
            async for part in stream:
                yield part


def right(arguments: Json | None, accepted: Sequence[Json]) -> bool:
    """Whether a call has every argument exactly, but for case and outer spaces."""
    return arguments is not None and any(_fits(arguments, one) for one in accepted)


def _fits(arguments: Json, accepted: Json) -> bool:
    if set(arguments) - set(accepted):
        return False
    return all(
        any(_same(arguments[name], value) for value in values) if name in arguments else "" in values
        for name, values in accepted.items()
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
    if isinstance(one, dict) and isinstance(other, dict):
        return _fits(
            one, {name: value if isinstance(value, list) else [value] for name, value in other.items()}
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _call(name: str, parameters: Json) -> Json:
    return {
        "type": "object",
        "properties": {"tool": {"const": name}, **({"arguments": parameters} if parameters else {})},
        "required": ["tool", *(["arguments"] if parameters else [])],
        "additionalProperties": False,
    }


def _example(name: str, example: Example) -> str:
    return f"{example.request} -> {json.dumps({'tool': name, 'arguments': example.arguments})}"


async def completed(engine: Engine, said: Sequence[Message], schema: Json | None) -> tuple[str, int, float]:
    """The text, the tokens of the prompt, and milliseconds to the first token."""
    request = Completion(messages=said, json_schema=schema, max_tokens=_LONGEST, priority=Priority.BENCH)
    began, text, tokens, first = time.perf_counter(), "", 0, 0.0
    async with aclosing(engine.complete(request)) as stream:
        async for part in stream:
            if isinstance(part, Usage):
                tokens = part.prompt_tokens
            elif isinstance(part, Piece):
                first = first or (time.perf_counter() - began) * 1000
                text += part.text
    return text, tokens, first
