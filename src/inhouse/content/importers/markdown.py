"""Markdown files, with what their front matter says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from inhouse.content import plain
from inhouse.content.importers.base import FileImporter, Options, Outcome, Skipped, stem
from inhouse.content.markdown import read_markdown
from inhouse.content.moments import moment
from inhouse.content.values import Item, Kind

_FRONT = re.compile(r"\A---[ \t]*\n(?P<yaml>.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


class Markdown(FileImporter):
    name = "markdown"
    suffixes = (".md", ".markdown", ".mdx")

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        front, body, first_line = _split(plain.decode(data))
        if _is_draft(front) and not options.include_private:
            yield Skipped(name=name, reason="it is a draft")
            return
        title, sections = read_markdown(body, first_line)
        published = moment(front.get("date") or front.get("published") or front.get("published_at"))
        yield Item(
            key=name,
            title=_word(front, "title") or title or stem(name),
            kind=_kind(front, published is not None),
            sections=sections,
            url=_word(front, "url") or _word(front, "canonical_url") or options.url,
            published_at=published,
            language=_word(front, "language") or _word(front, "lang") or "und",
        )


def _split(text: str) -> tuple[Mapping[str, Any], str, int]:
    """Front matter, the rest, and the 1-based line that the rest begins at. Broken front matter counts as text."""
    found = _FRONT.match(text)
    if not found:
        return {}, text, 1
    try:
        front = yaml.safe_load(found["yaml"])
    except (yaml.YAMLError, ValueError):
        return {}, text, 1
    if not isinstance(front, dict):
        return {}, text, 1
    known = {str(key).lower(): value for key, value in front.items()}
    return known, text[found.end() :], found[0].count("\n") + 1


def _is_draft(front: Mapping[str, Any]) -> bool:
    return front.get("draft") is True or front.get("published") is False or front.get("status") == "draft"


def _kind(front: Mapping[str, Any], dated: bool) -> Kind:
    told = _word(front, "kind") or _word(front, "type")
    if told in set(Kind):
        return Kind(told)
    return Kind.POST if dated else Kind.PAGE


def _word(front: Mapping[str, Any], name: str) -> str | None:
    value = front.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
