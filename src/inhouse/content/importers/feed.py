"""RSS and Atom feeds."""

from __future__ import annotations

import calendar
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import feedparser

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.html import read_page
from inhouse.content.importers.base import CannotRead, Claim, FileImporter, Options, Outcome, Skipped
from inhouse.content.values import Item, Kind

_MARKS = (b"<rss", b"<feed", b"<rdf:RDF", b"<?xml")
_HEAD_BYTES = 2000
_MOST_ENTRIES = 20_000


class Feed(FileImporter):
    name = "feed"
    suffixes = (".rss", ".atom", ".xml", ".rdf")

    def claim(self, files: Files) -> Claim:
        named = super().claim(files)
        names = [name for name in named.units if _looks_like_feed(files, name)]
        return Claim(names, frozenset(names))

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        # Entities are how XML is made to grow without end; no feed declares its own.
        if b"<!ENTITY" in data or "<!ENTITY" in plain.decode(data[:100_000]):
            raise CannotRead(reason="It declares XML entities, which is refused.")
        feed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
        if not feed.version and not feed.entries:
            raise CannotRead(reason="It is not a feed (RSS or Atom), or a broken one.")
        language = str(feed.feed.get("language") or "und")
        for number, entry in enumerate(feed.entries[:_MOST_ENTRIES], start=1):
            yield _item(entry, language) or Skipped(
                name=f"{name}: entry {number}", reason="it has no address and no id"
            )
        if feed.bozo and not feed.entries:
            yield Skipped(name=name, reason="the feed is broken")


def _item(entry: Any, language: str) -> Item | None:
    key = entry.get("id") or entry.get("link")
    if not key:
        return None
    page = read_page(_body(entry))
    first = page.sections[0].text if page.sections else ""
    return Item(
        key=key,
        title=plain.one_line(read_text(entry.get("title", ""))) or page.title or plain.shortened(first, 60),
        kind=Kind.POST,
        sections=page.sections,
        url=entry.get("link"),
        published_at=_moment(entry.get("published_parsed") or entry.get("updated_parsed")),
        language=str(entry.get("language") or language),
    )


def read_text(title: str) -> str:
    """A title without the tags that some feeds put in."""
    return " ".join(section.text for section in read_page(title).sections) if "<" in title else title


def _body(entry: Any) -> str:
    """The longest of the full text and the summary."""
    texts = [str(content.get("value") or "") for content in entry.get("content", ())]
    return max((*texts, str(entry.get("summary") or "")), key=len)


def _moment(parsed: Any) -> datetime | None:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None


def _looks_like_feed(files: Files, name: str) -> bool:
    return any(mark in files.head(name, _HEAD_BYTES) for mark in _MARKS)
