"""Data that benchmarks measure on. It is not part of Inhouse: they read it from a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import regex

from inhouse.core.errors import InhouseError


class DataMissing(InhouseError):
    """The benchmark's data is not at {path}. Name its folder with --data or in INHOUSE_TEST_DATA."""


@dataclass(frozen=True)
class Question:
    """A question whose answer stands in one paragraph."""

    text: str
    answers: tuple[str, ...]
    paragraph: int
    article: int


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of an article."""

    number: int
    article: int
    title: str
    text: str


@dataclass(frozen=True)
class ReadingSet:
    """A SQuAD-like set: paragraphs with questions."""

    name: str
    language: str
    paragraphs: Sequence[Paragraph]
    questions: Sequence[Question]


def data_folder(named: Path | None = None) -> Path:
    """The folder named, else ``INHOUSE_TEST_DATA``, else ``../shared/data``."""
    folder = named or Path(os.environ.get("INHOUSE_TEST_DATA", "../shared/data"))
    if not folder.is_dir():
        raise DataMissing(path=folder)
    return folder


def xquad(folder: Path, articles: int | None = None) -> ReadingSet:
    """English Wikipedia paragraphs, five a question's article; the first ``articles`` only where given."""
    return _reading_set("xquad", "en", folder / "xquad" / "xquad.en.json", articles)


def jsquad(folder: Path, articles: int | None = None) -> ReadingSet:
    """Japanese Wikipedia paragraphs."""
    return _reading_set("jsquad", "ja", folder / "jsquad" / "jsquad-valid-even-articles.json", articles)


def dictionary(folder: Path) -> list[tuple[str, str]]:
    """The Devil's Dictionary: (headword, entry), what belongs to an entry (verse, second paragraphs) with it."""
    text = _read(folder / "bierce" / "the-devils-dictionary.txt")
    entries: list[tuple[str, str]] = []
    for block in regex.split(r"\n\s*\n", text.partition("*** END")[0]):
        head = regex.match(
            r"\s*([A-Z][A-Z'\-. ]*[A-Z]|[A-Z]), (?:n|v|adj|adv|pp|prep|conj|interj|x)\b", block
        )
        if head:
            entries.append((head[1], block.strip()))
        elif entries and len(block.strip()) > 1:
            name, so_far = entries[-1]
            entries[-1] = (name, f"{so_far}\n\n{block.strip()}")
    return entries


def _reading_set(name: str, language: str, file: Path, articles: int | None) -> ReadingSet:
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    for number, article in enumerate(json.loads(_read(file))["data"][:articles]):
        for entry in article["paragraphs"]:
            at = len(paragraphs)
            # JSQuAD writes the title before the text.
            text = entry["context"].rpartition("[SEP]")[2].strip()
            paragraphs.append(Paragraph(at, number, article["title"].replace("_", " "), text))
            for asked in entry["qas"]:
                answers = tuple(dict.fromkeys(answer["text"] for answer in asked["answers"]))
                questions.append(Question(asked["question"], answers, at, number))
    return ReadingSet(name, language, paragraphs, questions)


def _read(file: Path) -> str:
    if not file.is_file():
        raise DataMissing(path=file)
    return file.read_text(encoding="utf-8")
