"""``inhouse bench tools``: is the right tool asked, with the right arguments, and none where none is meant?

The outside way: nothing is trained. Each step towards what ships is measured on the same requests, so that it shows what
each brought. The lab starts from here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from inhouse.bench import tools_data
from inhouse.bench.report import Cell, Report, Say, Table, mean, quantile, share
from inhouse.bench.tools_data import Request, right
from inhouse.bench.workplace import Workplace, workplace
from inhouse.core.settings import Settings
from inhouse.runtime.agent import arguments as calls
from inhouse.runtime.agent.choosing import Chooser
from inhouse.runtime.agent.deciding import LEAST_MARGIN
from inhouse.runtime.engines.base import Completion, Engine, Message, Piece, Priority, Usage
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.extensions.base import Example, Json
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.profile import installed

_SNIPS, _NOTHING, _BFCL = 700, 300, 120
#: Of the slower ways: fewer.
_SLOW = 210
_NO_TOOL = "none"
_LONGEST = 120


@dataclass(frozen=True)
class Called:
    """What one request led to."""

    request: Request
    tool: str
    arguments: Json | None
    prompt_tokens: int
    first_ms: float
    """To the first token of the call, all that comes before it included; 0 where no model was asked."""

    @property
    def right_tool(self) -> bool:
        return self.tool == self.request.tool

    @property
    def exact(self) -> bool:
        return self.right_tool and right(self.arguments, self.request.accepted)


Way = Callable[[Request], Awaitable[Called]]


def run(quick: bool, data: Path, say: Say) -> Report:
    """Measure every way on the reported requests."""
    started = time.perf_counter()
    size = (14, 10, 6) if quick else (_SNIPS, _NOTHING, _BFCL)
    with workplace() as place:
        rows, bfcl = asyncio.run(_measure(place, data, size, say))
    return Report(
        name="tools",
        quick=quick,
        tables=[Table("SNIPS's seven intents as tools", rows), Table("BFCL: one function offered", bfcl)],
        notes=["No target: this is the line that the lab starts from."],
        seconds=time.perf_counter() - started,
    )


async def _measure(
    place: Workplace, data: Path, size: tuple[int, int, int], say: Say
) -> tuple[list[dict[str, Cell]], list[dict[str, Cell]]]:
    settings = Settings()
    engine = make_engine(settings.model_copy(update={"home": place.folder}), installed(settings).file)
    try:
        meant, nothing = (
            tools_data.snips(data, "report", size[0]),
            tools_data.without_tool(data, "report", size[1]),
        )
        few = [*meant[:: max(1, len(meant) // _SLOW)], *nothing[:: max(1, 2 * len(nothing) // _SLOW)]]
        rows = []
        for name, (way, asked) in _ways(place, engine, data, [*meant, *nothing], few).items():
            say(f"{name}: {len(asked)} requests")
            rows.append(_row(name, [await way(request) for request in asked]))
        say("BFCL")
        return rows, [await _bfcl(place, engine, data, size[2])]
    finally:
        await engine.aclose()


def _ways(
    place: Workplace, engine: Engine, data: Path, every: list[Request], few: list[Request]
) -> dict[str, tuple[Way, list[Request]]]:
    tools = tools_data.attached(tools_data.snips_tools(data))
    chooser = Chooser(place.retriever, LEAST_MARGIN)
    return {
        "all described in the prompt, under a grammar": (_Described(engine, tools).ask, few),
        "chosen by likeness, arguments by description": (_Chosen(engine, chooser, tools, 0, False).ask, few),
        "and its nearest example": (_Chosen(engine, chooser, tools, 1, False).ask, few),
        "and its nearest examples": (_Chosen(engine, chooser, tools, None, False).ask, few),
        "and only what was asked for: what ships": (_Chosen(engine, chooser, tools).ask, every),
    }


class _Described:
    """Every tool's description and schema in the prompt; the grammar lets through one call of one of them, or none."""

    def __init__(self, engine: Engine, tools: Sequence[Attached]) -> None:
        self._engine = engine
        told = [f"{one.tool.name}: {one.tool.description} {json.dumps(one.tool.parameters)}" for one in tools]
        self._system = (
            f"Choose a tool for the request and write its call as JSON, or {_NO_TOOL}.\n" + "\n".join(told)
        )
        self._schema = {
            "anyOf": [*(_call(one.tool.name, one.tool.parameters) for one in tools), _call(_NO_TOOL, {})]
        }

    async def ask(self, request: Request) -> Called:
        """One completion."""
        said = (Message("system", self._system), Message("user", request.text))
        text, tokens, first = await _complete(self._engine, said, self._schema)
        call = calls.read(text) or {}
        tool = str(call.get("tool", ""))
        return Called(request, "" if tool == _NO_TOOL else tool, call.get("arguments"), tokens, first)


class _Chosen:
    """Choose by likeness, then decode the arguments after so many examples (``None``: all that the runtime shows).

    What ``ships`` lets through no more than pieces of the request where a tool's examples copy them, and makes no call
    with values that nobody asked for.
    """

    def __init__(
        self,
        engine: Engine,
        chooser: Chooser,
        tools: Sequence[Attached],
        examples: int | None = None,
        ships: bool = True,
    ) -> None:
        self._engine, self._chooser, self._tools = engine, chooser, tools
        self._examples, self._ships = examples, ships

    async def ask(self, request: Request) -> Called:
        """One choice, and a completion where a tool was chosen."""
        began = time.perf_counter()
        choice = await self._chooser.choose(request.text, self._tools)
        if choice is None:
            return Called(request, "", None, 0, 0.0)
        chosen = (time.perf_counter() - began) * 1000
        examples: Sequence[Example] = choice.examples[: self._examples]
        tool = choice.attached.tool
        said = calls.messages(tool, examples, request.text)
        schema = calls.narrowed(tool, request.text) if self._ships else tool.parameters
        text, tokens, first = await _complete(self._engine, said, schema)
        arguments = calls.made(text, tool, request.text) if self._ships else calls.read(text)
        return Called(request, tool.name if arguments is not None else "", arguments, tokens, chosen + first)


async def _bfcl(place: Workplace, engine: Engine, data: Path, count: int) -> dict[str, Cell]:
    """Functions that bring no examples: chosen by their descriptions."""
    chooser = Chooser(place.retriever, LEAST_MARGIN)
    called = []
    for tool, request in tools_data.bfcl(data, "report", count):
        called.append(await _Chosen(engine, chooser, tools_data.attached([tool])).ask(request))
    return _row("what ships", called)


def _row(way: str, called: Sequence[Called]) -> dict[str, Cell]:
    meant = [one for one in called if one.request.tool]
    nothing = [one for one in called if not one.request.tool]
    asked = [one for one in called if one.first_ms]
    return {
        "way": way,
        "right tool": share([one.right_tool for one in meant]),
        "every argument exact": share([one.exact for one in meant]),
        "false calls": share([bool(one.tool) for one in nothing]),
        "prompt tokens": mean([one.prompt_tokens for one in asked]),
        "first token, p50 ms": quantile([one.first_ms for one in asked], 0.5) if asked else "",
    }


def _call(name: str, parameters: Json) -> Json:
    return {
        "type": "object",
        "properties": {"tool": {"const": name}, **({"arguments": parameters} if parameters else {})},
        "required": ["tool", *(["arguments"] if parameters else [])],
        "additionalProperties": False,
    }


async def _complete(engine: Engine, said: Sequence[Message], schema: Json) -> tuple[str, int, float]:
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
