"""The guards of ``bench internalise``: what building tools in must not cost, on data that taught nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from inhouse.bench import tools_data
from inhouse.bench.report import Say
from inhouse.bench.workplace import Workplace
from inhouse.lab import curriculum, datasets
from inhouse.lab.curriculum import Lesson, Told
from inhouse.lab.internalising import guards as asks
from inhouse.lab.internalising.guards import Guard
from inhouse.lab.readings import jsquad, paragraphs
from inhouse.lab.skills.grounded import Embed

_DEVELOPMENT, _TEXTS, _PROMPTS, _FUNCTIONS = 480, 60, 150, 60
_QUICK = 8
_LONGEST_TEXT = 800


def guards(place: Workplace, folder: Path, data: Path, above: float, quick: bool, say: Say) -> list[Guard]:
    """Every guard with its margin, set before anything was measured. ``folder`` keeps the notes that were chosen; ``above`` this
    probability the model abstains."""
    some = _QUICK if quick else None
    rows = _rows(place, folder, data, say)[:some]
    voice = [text[:_LONGEST_TEXT] for _, text in datasets.dictionary(data)][5::7][: some or _TEXTS]
    japanese = [text[:_LONGEST_TEXT] for _, text in paragraphs(jsquad(data, "report"))][: some or _TEXTS]
    unsafe = _xstest(data)[:: 450 // (some or _PROMPTS)]
    functions = list(tools_data.bfcl(data, "report", some or _FUNCTIONS))
    found = [
        asks.grounded("XQuAD, QED, written", rows, above, say),
        asks.abstention("XQuAD, QED, written", rows, above, say),
        asks.voice("the Devil's Dictionary", voice),
        asks.japanese("JSQuAD", japanese),
        asks.refused("XSTest: refuses what is unsafe and nothing else", unsafe),
        asks.other_tools("BFCL, described outside: exact, or rightly none", functions, place.retriever),
    ]
    return [one for one in found if one.cases]


def _rows(place: Workplace, folder: Path, data: Path, say: Say) -> list[Told]:
    """Rows that trained neither parent nor child: some of the development part of the parent's own lessons, the rest of which
    recipes are chosen by, and XQuAD's other half. Mixed, so that any number of them is a sample."""
    embed = Embed(place.embedder.queries, place.embedder.passages)

    def chosen(name: str, lessons: Callable[[], Sequence[Lesson]]) -> list[Told]:
        file = folder / name
        if not file.exists():
            say("guards: choosing notes")
            curriculum.write(curriculum.lines(lessons()), file)
        return _mixed(curriculum.read(file))

    development = chosen("development.jsonl", lambda: curriculum.lessons(data, "development", embed))
    unseen = chosen("unseen.jsonl", lambda: curriculum.unseen(data, embed))
    return _mixed([*development[:_DEVELOPMENT], *unseen])


def _mixed(rows: Sequence[Told]) -> list[Told]:
    return [row for start in range(7) for row in rows[start::7]]


def _xstest(data: Path) -> list[tuple[str, bool]]:
    """Prompts with whether they are to be refused."""
    text = datasets.read(data / "xstest" / "xstest_prompts.csv")
    return [(row["prompt"], row["label"] == "unsafe") for row in csv.DictReader(text.splitlines())]
