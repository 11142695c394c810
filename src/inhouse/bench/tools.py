"""``inhouse bench tools``: is the right tool asked, with the right arguments, and none where none is meant?

The outside way: nothing is trained. Each step towards what ships is measured on the same requests, so that it shows what
each brought. The lab starts from here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from inhouse.bench import tools_data
from inhouse.bench.report import Cell, Report, Say, Table, mean, quantile, share
from inhouse.bench.workplace import Workplace, workplace
from inhouse.core.settings import Settings
from inhouse.lab.internalising import ways
from inhouse.lab.internalising.ways import Called, Chosen, Described, Salted, Way
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import installed

_SNIPS, _NOTHING, _BFCL = 700, 300, 120
#: Of the slower ways: fewer; and fewer still are asked once more with nothing in the engine's cache.
_SLOW, _COLD = 210, 28
_SHIPS = "and only what was asked for: what ships"


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
        cold = meant[:: max(1, len(meant) // _COLD)]
        salted = _ways(place, Salted(engine), data)
        rows = []
        for name, way in _ways(place, engine, data).items():
            asked = [*meant, *nothing] if name == _SHIPS else few
            say(f"{name}: {len(asked)} requests")
            called = [await way(request) for request in asked]
            rows.append(_row(name, called, [await salted[name](request) for request in cold]))
        say("BFCL")
        return rows, [await _bfcl(place, engine, data, size[2])]
    finally:
        await engine.aclose()


def _ways(place: Workplace, engine: Engine, data: Path) -> dict[str, Way]:
    tools = tools_data.snips_tools(data)
    attached, retriever = ways.attached(tools), place.retriever
    return {
        "all described in the prompt, under a grammar": Described(engine, tools).ask,
        "and an example of each": Described(engine, tools, examples=True).ask,
        "chosen by likeness, arguments by description": Chosen(engine, retriever, attached, 0, False).ask,
        "and its nearest example": Chosen(engine, retriever, attached, 1, False).ask,
        "and its nearest examples": Chosen(engine, retriever, attached, None, False).ask,
        _SHIPS: Chosen(engine, retriever, attached).ask,
    }


async def _bfcl(place: Workplace, engine: Engine, data: Path, count: int) -> dict[str, Cell]:
    """Functions that bring no examples: chosen by their descriptions."""
    called = []
    for tool, request in tools_data.bfcl(data, "report", count):
        called.append(await Chosen(engine, place.retriever, ways.attached([tool])).ask(request))
    return _row("what ships", called, [])


def _row(way: str, called: Sequence[Called], cold: Sequence[Called]) -> dict[str, Cell]:
    meant = [one for one in called if one.request.tool]
    nothing = [one for one in called if not one.request.tool]
    asked = [one for one in called if one.first_ms]
    return {
        "way": way,
        "right tool": share([one.right_tool for one in meant]),
        "every argument exact": share([one.exact for one in meant]),
        "false calls": share([bool(one.tool) for one in nothing]),
        "prompt tokens, over all": mean([one.prompt_tokens for one in called]),
        "first token, p50 ms": _p50(asked),
        "cold, p50 ms": _p50(cold),
    }


def _p50(called: Sequence[Called]) -> Cell:
    took = [one.first_ms for one in called if one.first_ms]
    return quantile(took, 0.5) if took else ""
