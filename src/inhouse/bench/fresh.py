"""``inhouse bench fresh``: questions on what happened after the model was made, without search, with it always, and where it is needed.

RetrievalQA's contexts lie behind a local server that speaks SearXNG's API: all contexts of all its questions, found by words. The AI's
own index holds XQuAD paragraphs; their questions need no search, and each call for one is a call too many. Rows in odd places report.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inhouse.bench import search_data
from inhouse.bench.report import Cell, Report, Say, Table, mean, quantile, share
from inhouse.bench.servers import search_server
from inhouse.bench.workplace import Workplace, workplace
from inhouse.brief.brief import Brief
from inhouse.core.events import Ended
from inhouse.core.settings import Settings
from inhouse.lab.readings import paragraphs, xquad
from inhouse.runtime.engines.base import Engine, Priority
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.extensions.base import Example, Limits, Tool
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.extensions.search.extension import TOOL, SearchExtension
from inhouse.runtime.extensions.search.searxng import SearXNG
from inhouse.runtime.grounding import folded
from inhouse.runtime.profile import installed
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import ReplyRequest, answered

_AI = "ai_fresh"
_FRESH, _OWN = 125, 60
_RESULTS = 10
_SEED = 5


@dataclass(frozen=True)
class Question:
    """``fresh``: the answer is only to be found by searching."""

    text: str
    accepted: tuple[str, ...]
    fresh: bool


@dataclass(frozen=True)
class Asked:
    """What became of a question."""

    question: Question
    ended: Ended

    @property
    def right(self) -> bool:
        """Whether an accepted answer stands in what was said."""
        said = f" {folded(self.ended.answer)} "
        return any(folded(answer) and folded(answer) in said for answer in self.question.accepted)


class Box:
    """Offers one search to every request."""

    def __init__(self, tool: Tool, handler: SearchExtension) -> None:
        self._attached = Attached("search", tool, Limits(), handler)

    async def attached(self, request: ReplyRequest) -> Sequence[Attached]:
        """The search."""
        return [self._attached] if request.extensions else []


def run(quick: bool, data: Path, say: Say) -> Report:
    """Ask everything in three ways."""
    started = time.perf_counter()
    every = search_data.retrievalqa(data)
    few = (6, 4) if quick else (_FRESH, _OWN)
    reported = xquad(data, "report")
    own = random.Random(_SEED).sample(reported, few[1])
    questions = [Question(one.question, one.accepted, True) for one in every[1::2]][: few[0]]
    questions += [Question(one.question, one.answers, False) for one in own]
    held = {one.article for one in own}
    with workplace() as place, search_server(search_data.contexts(every), _RESULTS) as address:
        say("indexing the AI's own paragraphs")
        place.index(_AI, paragraphs([one for one in reported if one.article in held]))
        asked = asyncio.run(_ask_all(place, address, questions, say))
    table = [_row(name, outcomes) for name, outcomes in asked.items()]
    return Report(
        name="fresh",
        quick=quick,
        tables=[Table("RetrievalQA, with an AI that has content of its own", table)],
        notes=["No target: how often an answer is right with and without search, and what it costs."],
        seconds=time.perf_counter() - started,
    )


async def _ask_all(
    place: Workplace, address: str, questions: Sequence[Question], say: Say
) -> dict[str, list[Asked]]:
    settings = Settings()
    engine = make_engine(settings.model_copy(update={"home": place.folder}), installed(settings).file)
    search = SearchExtension(SearXNG(address))
    outcomes = {}
    try:
        for name, tool in {
            "without search": None,
            "search always": _always(questions),
            "where needed: what ships": TOOL,
        }.items():
            say(f"{name}: {len(questions)} questions")
            replier = _replier(place, engine, Box(tool, search) if tool else None)
            outcomes[name] = [Asked(one, await _one(replier, one.text, bool(tool))) for one in questions]
    finally:
        await search.aclose()
        await engine.aclose()
    return outcomes


def _always(questions: Sequence[Question]) -> Tool:
    """The search with every question as its own example: always meant, and asked in the question's own words."""
    examples = tuple(
        Example(request=one.text[:500], arguments={"query": one.text[:200]}) for one in questions
    )
    return TOOL.model_copy(update={"examples": examples})


def _replier(place: Workplace, engine: Engine, box: Box | None) -> Replier:
    profile = installed(Settings()).profile
    return Replier(engine, place.retriever, profile, box, Caller(Uncounted()) if box else None)


async def _one(replier: Replier, question: str, tools: bool) -> Ended:
    request = ReplyRequest(
        ai_id=_AI,
        name="Library",
        kind="business",
        brief=Brief(),
        question=question,
        extensions=("search@1",) if tools else (),
        priority=Priority.BENCH,
    )
    ended = await answered(replier, request)
    assert ended is not None, "a reply always ends"
    return ended


def _row(way: str, asked: Sequence[Asked]) -> dict[str, Cell]:
    fresh = [one for one in asked if one.question.fresh]
    own = [one for one in asked if not one.question.fresh]
    return {
        "way": way,
        "fresh: right": share([one.right for one in fresh]),
        "fresh: not known": share([one.ended.abstained for one in fresh]),
        "fresh: calls": mean([len(one.ended.tools) for one in fresh]),
        "own: right": share([one.right for one in own]),
        "own: calls": mean([len(one.ended.tools) for one in own]),
        "p50 ms": quantile([one.ended.timing.total_ms for one in asked], 0.5),
    }
