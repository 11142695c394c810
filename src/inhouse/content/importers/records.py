"""JSON and JSONL: questions with their answers, and knowledge bases of titled texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from inhouse.content import plain
from inhouse.content.importers.base import CannotRead, FileImporter, Options, Outcome, Skipped, stem
from inhouse.content.markdown import read_markdown
from inhouse.content.moments import moment
from inhouse.content.values import Item, Kind, Section
from inhouse.core.ids import digest
from inhouse.core.passages import Place

_LINES = (".jsonl", ".ndjson")
_LISTS = ("items", "documents", "articles", "entries", "faqs", "questions", "data", "records", "products")
_QUESTION = ("question", "q", "prompt", "input")
_ANSWER = ("answer", "a", "response", "output", "completion")
_TITLE = ("title", "name", "headline")
_TEXT = ("content", "text", "body", "description", "markdown")
_URL = ("url", "link", "permalink")
_DATE = ("published_at", "date", "created_at", "published", "timestamp")
_WANTED = "a question with an answer, or a title with a content"


class Records(FileImporter):
    name = "records"
    suffixes = (".json", *_LINES)

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        text = plain.decode(data)
        if name.lower().endswith(_LINES):
            rows = _lines(text)
            yield from (_outcome(name, number, row, True, options) for number, row in rows)
            return
        rows_or_one = _document(text)
        many = len(rows_or_one) > 1 or "[" in text.lstrip()[:1]
        for number, row in enumerate(rows_or_one, start=1):
            yield _outcome(name, number, row, many, options)


def _lines(text: str) -> Iterator[tuple[int, Any]]:
    """Each line's value with its 1-based number; a broken line is an error in place of a value."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _parsed(line)


def _document(text: str) -> list[Any]:
    value = _parsed(text)
    if isinstance(value, CannotRead):
        raise value
    if isinstance(value, dict) and not _first(value, _TEXT) and not _first(value, _ANSWER):
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), value)
    return value if isinstance(value, list) else [value]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return CannotRead(reason="It is not valid JSON.")


def _outcome(name: str, number: int, row: Any, many: bool, options: Options) -> Outcome:
    label = f"{name}:{number}" if many else name
    if isinstance(row, CannotRead):
        return Skipped(name=label, reason=row.message)
    if not isinstance(row, dict):
        return Skipped(name=label, reason=f"it holds no object with {_WANTED}")
    known = {str(key).lower(): value for key, value in row.items()}
    question, answer = _first(known, _QUESTION), _first(known, _ANSWER)
    if question and answer:
        return _faq(name, known, question, answer, options)
    text = _first(known, _TEXT)
    if not text:
        return Skipped(name=label, reason=f"it has no text: wanted is {_WANTED}")
    return _page(name, number if many else None, known, text, options)


def _faq(name: str, row: Mapping[str, Any], question: str, answer: str, options: Options) -> Item:
    return Item(
        key=_key(name, row) or f"{name}#{digest(question)[:16]}",
        title=_first(row, _TITLE) or plain.one_line(question),
        kind=Kind.FAQ,
        sections=(Section(text=plain.clean(answer)),),
        question=plain.one_line(question),
        **_common(row, options),
    )


def _page(name: str, number: int | None, row: Mapping[str, Any], text: str, options: Options) -> Item:
    title, sections = read_markdown(text)
    # A line inside the record's text is no line of the file, and the record itself is as exact as a place can be.
    placed = tuple(Section(text=part.text, place=Place(heading=part.place.heading)) for part in sections)
    told = str(row.get("kind") or row.get("type") or "")
    return Item(
        key=_key(name, row) or (f"{name}#{number}" if number else name),
        title=_first(row, _TITLE) or title or (f"{stem(name)} {number}" if number else stem(name)),
        kind=Kind(told) if told in set(Kind) else Kind.PAGE,
        sections=placed,
        **_common(row, options),
    )


def _common(row: Mapping[str, Any], options: Options) -> dict[str, Any]:
    return {
        "url": _first(row, _URL) or options.url,
        "published_at": next((found for name in _DATE if (found := moment(row.get(name)))), None),
        "language": _first(row, ("language", "lang")) or "und",
    }


def _key(name: str, row: Mapping[str, Any]) -> str | None:
    told = row.get("id") or row.get("key") or row.get("slug")
    return f"{name}#{told}" if isinstance(told, str | int) and told != "" else None


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if isinstance(value := row.get(name), str) and value.strip()), None)
