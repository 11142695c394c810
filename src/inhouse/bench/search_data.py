"""Questions that want a search, with the texts that a search server of this machine holds for them.

RetrievalQA asks for what happened after models were made, and has contexts for each question. FireAct's trajectories say what was
searched for a question, and what that found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.lab import datasets
from inhouse.runtime.extensions.search.items import FeedItem

_FIRST = re.compile(r"Action: search\[(.*?)\]\nObservation: (.*)")


@dataclass(frozen=True)
class Fresh:
    """A question of RetrievalQA: what a model does not know by itself."""

    question: str
    accepted: tuple[str, ...]
    contexts: Sequence[tuple[str, str]]
    """Each (title, text)."""


@dataclass(frozen=True)
class Searched:
    """A question of FireAct with its first search: the query, which may be empty, and what it found."""

    question: str
    query: str
    found: FeedItem


def retrievalqa(data: Path) -> list[Fresh]:
    """All questions of RetrievalQA."""
    text = datasets.read(data / "retrievalqa" / "retrievalqa_gpt4.jsonl")
    return [
        Fresh(row["question"], tuple(map(str, row["ground_truth"])), tuple(map(_context, row["context"])))
        for row in map(json.loads, text.splitlines())
    ]


def fireact(data: Path) -> list[Searched]:
    """FireAct's trajectories that begin with a search which found something."""
    rows = json.loads(datasets.read(data / "fireact" / "hotpotqa.json"))
    return [
        Searched(
            row["instruction"], first[1].strip(), _item("", first[2].strip(), address(f"fireact/{number}"))
        )
        for number, row in enumerate(rows)
        if (first := _FIRST.search(row["output"])) and first[2].strip()
    ]


def contexts(asked: Sequence[Fresh]) -> list[FeedItem]:
    """All contexts of all questions, as a search server holds them."""
    return [
        _item(title, text, f"{address(n)}{at}")
        for n, one in enumerate(asked)
        for at, (title, text) in enumerate(one.contexts)
    ]


def address(which: int | str) -> str:
    """What the addresses of a question's texts begin with."""
    return f"https://search.example/{which}/"


def _context(part: Any) -> tuple[str, str]:
    """A context's title and text; some of the contexts are texts alone."""
    return ("", part) if isinstance(part, str) else (part.get("title") or "", part.get("text") or "")


def _item(title: str, text: str, url: str) -> FeedItem:
    return FeedItem(title=title, url=url, text=text, date=None, feed="", language="en")
