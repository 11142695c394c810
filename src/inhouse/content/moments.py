"""Dates as people and exports write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from dateutil.parser import ParserError, isoparse, parse

#: What a date leaves out: a year alone is its first of January.
_DEFAULT = datetime(1970, 1, 1, tzinfo=UTC)


def moment(value: object) -> datetime | None:
    """A moment, in UTC where it names no zone; ``None`` where it is none. Numbers are Unix seconds or milliseconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value)
    if isinstance(value, str) and 4 <= len(value.strip()) <= 60:
        return _of_text(value.strip().removesuffix(" UTC"))
    return None


def _of_number(value: float) -> datetime | None:
    seconds = value / 1000 if value > 1e11 else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _of_text(text: str) -> datetime | None:
    try:
        return moment(isoparse(text))
    except ValueError:
        pass
    try:
        return moment(parse(text, default=_DEFAULT))
    except (ParserError, OverflowError, ValueError):
        return None
