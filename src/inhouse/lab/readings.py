"""Questions on paragraphs with their answers, from the public sets that teach and test grounded answering.

Every set is split by article, and what a split is for never changes: ``tune`` may train and choose, ``report`` is only
ever reported on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inhouse.lab import datasets

Split = Literal["tune", "report"]


@dataclass(frozen=True)
class Reading:
    """One question with the paragraph that answers it. ``answers`` are the accepted wordings, the usual one first."""

    article: str
    paragraph: str
    question: str
    answers: tuple[str, ...]


def squad(path: Path, split: Split) -> list[Reading]:
    """A file in SQuAD's form. Articles in even places of the file are for tuning, those in odd places for reporting."""
    articles = json.loads(datasets.read(path))["data"]
    return [
        reading
        for place, article in enumerate(articles)
        if (place % 2 == 0) == (split == "tune")
        for reading in _of_article(article)
    ]


def xquad(data: Path, split: Split) -> list[Reading]:
    """English Wikipedia paragraphs (XQuAD, CC BY-SA 4.0)."""
    return squad(data / "xquad" / "xquad.en.json", split)


def jsquad(data: Path, split: Split) -> list[Reading]:
    """Japanese Wikipedia paragraphs (JSQuAD, CC BY-SA 4.0)."""
    return squad(data / "jsquad" / "jsquad-valid-even-articles.json", split)


def qed(data: Path) -> list[Reading]:
    """Questions that people really asked a search engine (QED, text CC BY-SA 3.0): all for tuning."""
    lines = datasets.read(data / "qed" / "qed-dev.jsonlines").splitlines()
    return [reading for line in lines if (reading := _of_qed(json.loads(line))) is not None]


def paragraphs(readings: Sequence[Reading]) -> list[tuple[str, str]]:
    """(article, paragraph) in order, each once."""
    return list(dict.fromkeys((reading.article, reading.paragraph) for reading in readings))


def _of_article(article: dict[str, Any]) -> Iterator[Reading]:
    title = article["title"].replace("_", " ")
    for paragraph in article["paragraphs"]:
        # JSQuAD puts the title and a marker before the text.
        context = paragraph["context"].split("[SEP]")[-1].strip()
        for question in paragraph["qas"]:
            answers = tuple(dict.fromkeys(answer["text"] for answer in question["answers"]))
            yield Reading(title, context, question["question"].strip(), answers)


def _of_qed(row: dict[str, Any]) -> Reading | None:
    spans = [" ".join(part["string"] for part in answer) for answer in row["original_nq_answers"]]
    answers = tuple(dict.fromkeys(_untokenised(span) for span in spans))
    paragraph = _untokenised(row["paragraph_text"])
    if not answers or min(answers, key=len) not in paragraph:
        return None
    return Reading(row["title_text"], paragraph, row["question_text"], tuple(sorted(answers, key=len)))


def _untokenised(text: str) -> str:
    """QED's text has spaces around punctuation and doubled back-ticks for quotation marks: put them right."""
    for wrong, right in (
        (" -- ", " – "), (" ,", ","), (" .", "."), (" ;", ";"), (" :", ":"), (" !", "!"), (" ?", "?"),
        ("( ", "("), (" )", ")"), ("[ ", "["), (" ]", "]"), ("`` ", "“"), (" ''", "”"), (" 's", "'s"), (" n't", "n't"),
        (" - ", "-"), (" '", "'"), (" %", "%"), ("$ ", "$"),
    ):  # fmt: skip
        text = text.replace(wrong, right)
    return text.strip()
