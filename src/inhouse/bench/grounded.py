"""``inhouse bench grounded``: does an AI answer from its passages, and say so where they hold no answer?

XQuAD through the whole runtime: search, prompt, model, grounding, guard. The articles in odd places of the file report;
those in even places trained the generation and chose the thresholds. "Prompt only" is the base model as it was
published, told in words what to do. Every third of the reported articles is left out of
the index whole: its questions have no answer there, although the other articles offer near misses.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, mean, quantile, share
from inhouse.bench.workplace import Workplace, workplace
from inhouse.brief.brief import Brief
from inhouse.core.events import Ended
from inhouse.core.settings import Settings
from inhouse.lab.reading_score import grounded_f1
from inhouse.lab.readings import Reading, paragraphs, xquad
from inhouse.runtime.engines.base import Engine, Priority
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import Method, Profile, installed
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import ReplyRequest, answered
from inhouse.tuning.models import BASE, fetch

_AI = "ai_xquad"
_ANSWERABLE, _UNANSWERABLE = 300, 150
_QUICK = 10
_SEED = 7


@dataclass(frozen=True)
class Asked:
    """A question with what became of it. ``accepted`` is empty where the index holds no answer."""

    article: str
    accepted: tuple[str, ...]
    answer: str
    abstained: bool
    milliseconds: float

    @property
    def f1(self) -> float:
        return grounded_f1(self.answer, self.abstained, self.accepted)


def run(quick: bool, data: Path, say: Say) -> Report:
    """Ask everything with what ships and with its rivals."""
    started = time.perf_counter()
    questions, indexed = sample(data, quick)
    with workplace() as place:
        say(f"indexing {len(indexed)} paragraphs")
        place.index(_AI, indexed)
        outcomes = asyncio.run(_ask_all(place, questions, say))
    outcomes = {"always abstain": [_abstaining(r, a) for r, a in questions], **outcomes}
    rows = [_row(name, asked) for name, asked in outcomes.items()]
    return Report(
        name="grounded",
        quick=quick,
        tables=[Table("xquad through the whole runtime, reported articles only", rows)],
        targets=_targets(outcomes),
        seconds=time.perf_counter() - started,
    )


def sample(data: Path, quick: bool) -> tuple[list[tuple[Reading, bool]], list[tuple[str, str]]]:
    """The questions (with whether the index holds the answer) and the paragraphs to index."""
    reported = xquad(data, "report")
    articles = list(dict.fromkeys(reading.article for reading in reported))
    absent = set(articles[::3])
    draw = random.Random(_SEED)
    there = [reading for reading in reported if reading.article not in absent]
    gone = [reading for reading in reported if reading.article in absent]
    few = (_QUICK, _QUICK // 2) if quick else (_ANSWERABLE, _UNANSWERABLE)
    questions = [(reading, True) for reading in draw.sample(there, min(few[0], len(there)))]
    questions += [(reading, False) for reading in draw.sample(gone, min(few[1], len(gone)))]
    indexed = paragraphs([*xquad(data, "tune"), *there])
    if quick:
        wanted = {reading.article for reading, _ in questions}
        indexed = [(article, text) for article, text in indexed if article in wanted]
    return questions, indexed


async def _ask_all(
    place: Workplace, questions: Sequence[tuple[Reading, bool]], say: Say
) -> dict[str, list[Asked]]:
    settings = Settings()
    model = installed(settings)
    base = fetch(BASE, settings.models_folder, lambda _share, words: say(words))
    ways = {
        "extractive only": (model.file, model.profile.model_copy(update={"method": Method.EXTRACTIVE})),
        "prompt only": (base, Profile(method=Method.PROMPTED)),
        "what ships": (model.file, model.profile),
    }
    outcomes = {}
    for name, (file, profile) in ways.items():
        engine = make_engine(settings.model_copy(update={"home": place.folder}), file)
        try:
            outcomes[name] = await ask(place, engine, profile, questions, say, name)
        finally:
            await engine.aclose()
    return outcomes


async def ask(
    place: Workplace,
    engine: Engine,
    profile: Profile,
    questions: Sequence[tuple[Reading, bool]],
    say: Say,
    name: str,
) -> list[Asked]:
    """Ask every question with one profile."""
    replier = Replier(engine, place.retriever, profile)
    asked = []
    for number, (reading, there) in enumerate(questions):
        if number % 25 == 0:
            say(f"{name}: {number} of {len(questions)}")
        ended = await _one(replier, reading.question)
        accepted = reading.answers if there else ()
        asked.append(Asked(reading.article, accepted, ended.answer, ended.abstained, ended.timing.total_ms))
    return asked


async def _one(replier: Replier, question: str) -> Ended:
    request = ReplyRequest(
        ai_id=_AI, name="Library", kind="business", brief=Brief(), question=question, priority=Priority.BENCH
    )
    ended = await answered(replier, request)
    assert ended is not None, "a reply always ends"
    return ended


def _abstaining(reading: Reading, there: bool) -> Asked:
    return Asked(reading.article, reading.answers if there else (), "", True, 0.0)


def _row(name: str, asked: Sequence[Asked]) -> dict[str, Cell]:
    there = [one for one in asked if one.accepted]
    gone = [one for one in asked if not one.accepted]
    return {
        "way": name,
        "F1 (abstention right only where due)": mean(
            [one.f1 for one in asked], [one.article for one in asked]
        ),
        "F1 where answerable": mean([one.f1 for one in there], [one.article for one in there]),
        "right abstentions": share([one.abstained for one in gone]),
        "wrong abstentions": share([one.abstained for one in there]),
        "p50 ms": quantile([one.milliseconds for one in asked], 0.5),
    }


def _targets(outcomes: dict[str, list[Asked]]) -> list[Target]:
    ships = _row("", outcomes["what ships"])
    f1 = mean([one.f1 for one in outcomes["what ships"]], [one.article for one in outcomes["what ships"]])
    rivals = {
        name: mean([one.f1 for one in asked], [one.article for one in asked])
        for name, asked in outcomes.items()
        if name != "what ships"
    }
    right, wrong = ships["right abstentions"], ships["wrong abstentions"]
    assert not isinstance(right, str | int | float) and not isinstance(wrong, str | int | float)
    return [
        at_least("F1 through the whole runtime", f1.value, 0.60),
        at_least("right abstentions", right.value, 0.90),
        at_most("wrong abstentions", wrong.value, 0.05),
        *(
            Target(f"beats {name} with intervals apart", f1.low > rival.high, f"{f1} against {rival}")
            for name, rival in rivals.items()
        ),
    ]
