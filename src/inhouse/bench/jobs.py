"""``inhouse bench jobs``: jobs of two to five steps, done by an assistant with tools, and judged by what is true.

Twelve templates; names, prices, dates and what is missing are drawn by seed. The seeds reported on, and half of the
wordings, were not used in development. The same jobs are done with the loop held to one step: the way before there was
one. An answer that states what is not so, or what no source bears, is an invention.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from inhouse.bench.jobs_checking import Job, Judged, Verdict, judge
from inhouse.bench.jobs_templates import TEMPLATES
from inhouse.bench.jobs_world import World, world
from inhouse.bench.report import Cell, Report, Say, Table, at_most, mean, share
from inhouse.bench.servers import search_server
from inhouse.bench.workplace import Workplace, workplace
from inhouse.brief.brief import Brief
from inhouse.core import clock
from inhouse.core.events import Ended, Step
from inhouse.core.settings import Settings
from inhouse.lab.readings import xquad
from inhouse.runtime.agent import bounds
from inhouse.runtime.agent.asking import reads
from inhouse.runtime.agent.planning import plan
from inhouse.runtime.engines.base import Engine, Priority
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.extensions.base import Extension, Limits
from inhouse.runtime.extensions.calculator.extension import Calculator
from inhouse.runtime.extensions.calling import Attached, Caller, Uncounted
from inhouse.runtime.extensions.search.extension import SearchExtension
from inhouse.runtime.extensions.search.items import FeedItem
from inhouse.runtime.extensions.search.searxng import SearXNG
from inhouse.runtime.extensions.specialist import Specialist, SpecialistSettings
from inhouse.runtime.extensions.table.extension import Table as ProductTable
from inhouse.runtime.extensions.table.extension import TableSettings
from inhouse.runtime.profile import installed, profile_of
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import ReplyRequest, answered

#: Each draws a world and its jobs.
DEVELOPMENT_SEEDS = (11, 12, 13)
REPORT_SEEDS = (5001, 5002)
#: Jobs of each template in each world, by the number of their wording.
_EACH, _QUICK_EACH = (0, 3, 5, 7, 8, 9), (0, 8)
_SINGLE = 200
_ASSISTANT, _CHEMIST = "ai_assistant", "ai_chemist"
_EXTENSIONS = ("calculator@1", "products@1", "search@1", "chemist@1")
_RESULTS = 5
_MOST_INVENTED = 0.05


@dataclass(frozen=True)
class Worked:
    """What became of a job."""

    job: Job
    ended: Ended
    judged: Judged
    rounds: int
    """Calls and looks, together."""


def run(quick: bool, data: Path, say: Say) -> Report:
    """Do all jobs in both ways."""
    started = time.perf_counter()
    seeds = REPORT_SEEDS[:1] if quick else REPORT_SEEDS
    each = _QUICK_EACH if quick else _EACH
    planned, once = asyncio.run(work(seeds, each, say))
    single = [one.question for one in xquad(data, "report")][: 20 if quick else _SINGLE]
    invented = share([one.judged.verdict is Verdict.INVENTED for one in planned])
    return Report(
        name="jobs",
        quick=quick,
        tables=[
            Table(
                "Jobs by template, with a plan",
                [_row(name, by) for name, by in _by_template(planned).items()],
            ),
            Table(
                "All jobs",
                [
                    _row("with a plan", planned),
                    _row("  wordings used in development", [one for one in planned if not one.job.held_out]),
                    _row("  other wordings", [one for one in planned if one.job.held_out]),
                    _row("one step only", once),
                ],
            ),
            Table("What it takes", [_cost("with a plan", planned), _cost("one step only", once)]),
        ],
        targets=[at_most("inventions with a plan", invented.value, _MOST_INVENTED)],
        notes=[
            f"Seeds reported on: {', '.join(map(str, seeds))}; of development: {', '.join(map(str, DEVELOPMENT_SEEDS))}.",
            f"Single questions that were taken apart: {_taken_apart(single)} of {len(single)} (XQuAD).",
            *(
                f"Invented: {one.job.text} -> {' / '.join(one.judged.invented)}"
                for one in planned
                if one.judged.invented
            ),
        ],
        seconds=time.perf_counter() - started,
    )


async def work(seeds: Sequence[int], each: Sequence[int], say: Say) -> tuple[list[Worked], list[Worked]]:
    """All jobs of these seeds, with a plan and with one step."""
    planned: list[Worked] = []
    once: list[Worked] = []
    today = clock.now().date()
    for seed in seeds:
        made, draw = world(seed, today), random.Random(seed)
        jobs = [template.job(made, draw, today, number) for template in TEMPLATES for number in each]
        with workplace() as place, search_server(news_items(made, today), _RESULTS) as address:
            say(f"seed {seed}: indexing")
            place.index(_ASSISTANT, made.pages(draw))
            place.index(_CHEMIST, made.chemistry())
            async with opened(place, made, address) as (engine, box):
                for name, into, bounded in (
                    ("with a plan", planned, None),
                    ("one step", once, replace(bounds.WORK, steps=1)),
                ):
                    say(f"seed {seed}, {name}: {len(jobs)} jobs")
                    replier = Replier(
                        engine, place.retriever, profile_of(Settings()), box, Caller(Uncounted()), bounded
                    )
                    into += [await _one(replier, job) for job in jobs]
    return planned, once


class Box:
    """What the assistant has: two tools to reckon with, a table, a search, a specialist."""

    def __init__(self, handlers: Sequence[tuple[str, Extension]]) -> None:
        self._handlers = handlers

    async def attached(self, request: ReplyRequest) -> Sequence[Attached]:
        """All of it."""
        return [
            Attached(name, tool, Limits(), handler)
            for name, handler in self._handlers
            for tool in await handler.tools()
            if request.extensions
        ]


@asynccontextmanager
async def opened(place: Workplace, made: World, address: str) -> AsyncGenerator[tuple[Engine, Box]]:
    """The engine that is configured, and the tools."""
    settings = Settings()
    engine = make_engine(settings.model_copy(update={"home": place.folder}), _model(settings))
    chemist = Replier(engine, place.retriever, profile_of(settings))

    async def ask(asker: str, slug: str, question: str, language: str) -> Ended:
        request = ReplyRequest(
            _CHEMIST, "Chemist", "business", Brief(), question, language=language, priority=Priority.BENCH
        )
        ended = await answered(chemist, request)
        assert ended is not None, "a reply always ends"
        return ended

    about = SpecialistSettings(
        ai="chemist",
        about="glazes and the temperature at which each is fired",
        examples=(
            "At what temperature is the clear glaze fired?",
            "What is the firing temperature of the white glaze?",
            "How hot does the matt glaze have to be fired?",
            "Ask the chemist about the ash glaze",
        ),
    )
    handlers: list[tuple[str, Extension]] = [
        ("calculator", Calculator()),
        ("products", ProductTable(TableSettings(title="products", csv=made.csv(), language="en"))),
        ("search", SearchExtension(SearXNG(address))),
        ("chemist", Specialist(about, ask)),
    ]
    try:
        yield engine, Box(handlers)
    finally:
        for _, handler in handlers:
            await handler.aclose()
        await engine.aclose()


def news_items(made: World, today: date) -> list[FeedItem]:
    """The world's news, as a search server holds it."""
    return [
        FeedItem(
            title=title,
            url=f"https://news.example/{number}",
            text=text,
            date=datetime(day.year, day.month, day.day, tzinfo=UTC),
            feed="",
            language="en",
        )
        for number, (title, text, day) in enumerate(made.news(today))
    ]


async def _one(replier: Replier, job: Job) -> Worked:
    request = ReplyRequest(
        ai_id=_ASSISTANT,
        name="Assistant",
        kind="assistant",
        brief=Brief(),
        question=job.text,
        extensions=_EXTENSIONS,
        priority=Priority.BENCH,
    )
    rounds, ended = 0, None
    async with aclosing(replier.reply(request)) as events:
        async for event in events:
            if isinstance(event, Step):
                rounds += event.name in ("tool", "search") and event.state == "begun"
            elif isinstance(event, Ended):
                ended = event
    assert ended is not None, "a reply always ends"
    return Worked(job, ended, judge(job, ended.answer), rounds)


def _by_template(worked: Sequence[Worked]) -> dict[str, list[Worked]]:
    return {
        template.name: [one for one in worked if one.job.template == template.name] for template in TEMPLATES
    }


def _row(name: str, worked: Sequence[Worked]) -> dict[str, Cell]:
    verdicts = [one.judged.verdict for one in worked]
    shares: dict[str, Cell] = {str(v): share([each is v for each in verdicts]) for v in Verdict}
    return {"jobs": name, **shares}


def _cost(name: str, worked: Sequence[Worked]) -> dict[str, Cell]:
    timings = [one.ended.timing for one in worked]
    return {
        "way": name,
        "tasks": mean([max(1, len(one.ended.plan)) for one in worked]),
        "calls of tools": mean([len(one.ended.tools) for one in worked]),
        "calls and looks": mean([one.rounds for one in worked]),
        "seconds": mean([timing.total_ms / 1000 for timing in timings]),
        "tokens": mean([timing.prompt_tokens + timing.completion_tokens for timing in timings]),
    }


def _model(settings: Settings) -> Path:
    """The embedded engine's file; none where an endpoint is configured."""
    return installed(settings).file if settings.engine == "embedded" else Path()


def _taken_apart(questions: Sequence[str]) -> int:
    """How many of these single questions a plan takes apart, where nothing but a calculator understands them."""
    calculator = Calculator()
    tools = [Attached("calculator", tool, Limits(), calculator) for tool in asyncio.run(calculator.tools())]
    return sum(len(plan(question, lambda request: reads(tools, request))) > 1 for question in questions)
