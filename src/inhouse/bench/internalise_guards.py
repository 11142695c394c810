"""The guards of ``bench internalise``: what building tools in must not cost, on data that taught nothing."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from inhouse.bench import tools_data
from inhouse.bench.report import Say
from inhouse.bench.workplace import Workplace
from inhouse.lab import curriculum, datasets
from inhouse.lab.curriculum import Told
from inhouse.lab.internalising import guards as asks
from inhouse.lab.internalising.guards import Guard
from inhouse.lab.readings import jsquad, paragraphs
from inhouse.lab.skills.grounded import Embed

_TEXTS, _PROMPTS, _FUNCTIONS = 60, 150, 60
_QUICK = 8
_SEED = 5
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
        asks.grounded("XQuAD's reporting half", rows, above, say),
        asks.abstention("XQuAD's reporting half", rows, above, say),
        asks.voice("the Devil's Dictionary", voice),
        asks.japanese("JSQuAD", japanese),
        asks.refused("XSTest: refuses what is unsafe and nothing else", unsafe),
        asks.other_tools("BFCL, described outside: exact, or rightly none", functions, place.retriever),
    ]
    return [one for one in found if one.cases]


def _rows(place: Workplace, folder: Path, data: Path, say: Say) -> list[Told]:
    """XQuAD's other half, which taught neither parent nor child and chose no recipe; mixed, so that any beginning is a sample."""
    file = folder / curriculum.UNSEEN
    if not file.exists():
        say("guards: choosing notes")
        embed = Embed(place.embedder.queries, place.embedder.passages)
        curriculum.write(curriculum.lines(curriculum.unseen(data, embed)), file)
    rows = curriculum.read(file)
    random.Random(_SEED).shuffle(rows)
    return rows


def _xstest(data: Path) -> list[tuple[str, bool]]:
    """Prompts with whether they are to be refused."""
    text = datasets.read(data / "xstest" / "xstest_prompts.csv")
    return [(row["prompt"], row["label"] == "unsafe") for row in csv.DictReader(text.splitlines())]
