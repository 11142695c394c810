"""Hits out of what strangers send: plain text within limits, addresses that are safe to link to, dates that can be."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from inhouse.content import plain
from inhouse.content.html import paragraphs
from inhouse.content.moments import moment
from inhouse.core import clock
from inhouse.runtime.extensions.search.base import Hit

_MOST_TITLE = 200
_MOST_TEXT = 2000
_MOST_URL = 2000
#: Markup that is read at most, in characters, so that one endless title doesn't hold up the rest.
_MOST_MARKUP = 10_000
#: Clocks differ; what is dated later than this only wants to be the newest.
_AHEAD = timedelta(days=1)


def hit(title: str, url: str, text: str, date: object) -> Hit | None:
    """A clean hit; ``None`` where its address is not one to link to. Title and text may hold HTML."""
    address = link(url)
    if address is None:
        return None
    return Hit(
        title=plain.shortened(plain.one_line(without_markup(title)), _MOST_TITLE) or address,
        url=address,
        text=plain.shortened(without_markup(text), _MOST_TEXT),
        date=dated(date),
    )


def kept(hits: Iterable[Hit | None], count: int, newer_than: datetime | None) -> list[Hit]:
    """The first ``count`` that are not known to be older."""
    found: list[Hit] = []
    for one in hits:
        if len(found) == count:
            break
        if one is not None and not (newer_than and one.date and is_older(one.date, newer_than)):
            found.append(one)
    return found


def is_older(date: datetime, newer_than: datetime) -> bool:
    """By days: many who publish say no more than the day, which is taken for its midnight."""
    return date.astimezone(UTC).date() < newer_than.astimezone(UTC).date()


def without_markup(text: str) -> str:
    """The text without tags, its entities as the characters that they stand for."""
    text = text[:_MOST_MARKUP]
    if "<" in text:
        return plain.clean("\n\n".join(paragraphs(text)))
    return plain.clean(html.unescape(text))


def link(url: str, base: str = "") -> str | None:
    """The address, seen from ``base``, where it is a web page's and hides no password."""
    if not url or len(url) > _MOST_URL:
        return None
    try:
        address = urljoin(base, plain.one_line(url))
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and parts.hostname and " " not in address
    except ValueError:
        return None
    return address if is_web and "@" not in parts.netloc else None


def dated(value: object) -> datetime | None:
    """The moment in UTC; ``None`` where it is none or lies ahead."""
    try:
        found = moment(value)
    except OverflowError:  # a zone can push the first and the last day of the calendar out of it
        return None
    return found if found and found <= clock.now() + _AHEAD else None
