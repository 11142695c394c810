"""Which two of several documents are meant by "what changed, since when", and which of the two is older."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import regex
from dateutil.relativedelta import relativedelta

from inhouse.content.given import Given
from inhouse.content.lexical import terms

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_ISO = regex.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_./年]?(0?[1-9]|1[0-2])(?:[-_./月]?(0?[1-9]|[12]\d|3[01]))?(?!\d)"
)
_NAMED = regex.compile(
    rf"(?<!\p{{L}})(?:(\d{{1,2}}) )?({_MONTH})\.?(?!\p{{L}})(?: (\d{{1,2}}),?)?(?: ((?:19|20)\d\d))?",
    regex.IGNORECASE,
)
_YEAR = regex.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_WIDE = regex.compile(r"(?:(\d{4})年)?([0-9一二三四五六七八九十]{1,2})月(?:(\d{1,2})日)?")
_WIDE_NUMBERS = {
    name: number
    for number, name in enumerate(
        ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], start=1
    )
}
_SINCE = regex.compile(
    r"\bsince\s+(?P<when>[\w ,./-]{3,40})|(?P<wide>[\d一二三四五六七八九十年月日]{2,12})(?:以降|から|以来)",
    regex.IGNORECASE,
)
#: Words that say which is the older or the newer one.
_OLD, _NEW = (
    frozenset({"old", "previous", "former", "draft", "before", "旧"}),
    frozenset({"new", "current", "final", "after", "revis", "updat", "新"}),
)


def two_of(documents: Sequence[Given], said: str, now: datetime) -> tuple[Given, Given] | None:
    """The older and the newer document that a request compares; ``None`` where there are no two.

    Those that it names, else the newest with the one that held at the time that it names, else the last two given.
    """
    if len(documents) < 2:
        return None
    named = [one for one in documents if _is_named(one, said)]
    among = named if len(named) >= 2 else list(documents)
    if len(among) > 2:
        among = _of_time(among, since(said, now)) or _likest(among)
    return in_order(among[-2], among[-1])


def in_order(one: Given, other: Given) -> tuple[Given, Given]:
    """The older first: by date, by what their names say, else as they were given."""
    first, second = dated(one), dated(other)
    if first is not None and second is not None and first != second:
        return (one, other) if first < second else (other, one)
    age = _age(one) - _age(other)
    return (other, one) if age > 0 else (one, other)


def dated(document: Given) -> datetime | None:
    """When a document is from: as its name says, else as it says of itself."""
    for text in (document.origin, document.title):
        found = _in_text(text.replace("_", " "), document.published_at)
        if found is not None:
            return found
    return document.published_at


def since(said: str, now: datetime) -> datetime | None:
    """The time that a request names, such as the last March in "since March"."""
    found = _SINCE.search(said)
    if found is None:
        return None
    return _in_text(found["when"] or found["wide"], now, past=True)


def _of_time(documents: Sequence[Given], when: datetime | None) -> list[Given]:
    """The newest, and the last that was there by the end of that month; nothing where dates don't tell."""
    by_date = sorted(
        ((date, n) for n, one in enumerate(documents) if (date := dated(one))), key=lambda pair: pair[0]
    )
    if when is None or len(by_date) < 2:
        return []
    end = when + relativedelta(months=1) - timedelta(seconds=1)
    earlier = [pair for pair in by_date[:-1] if pair[0] <= end] or by_date[:1]
    return [documents[earlier[-1][1]], documents[by_date[-1][1]]]


def _likest(documents: Sequence[Given]) -> list[Given]:
    """The newest version and the one before it, of the two texts that have the most words in common."""
    words = [{term for passage in one.passages for term in terms(passage.text)} for one in documents]
    pairs = [(i, j) for i in range(len(documents)) for j in range(i + 1, len(documents))]
    best = max(
        pairs,
        key=lambda pair: (
            len(words[pair[0]] & words[pair[1]]) / max(1, len(words[pair[0]] | words[pair[1]])),
            pair,
        ),
    )
    return [documents[best[0]], documents[best[1]]]


def _is_named(document: Given, said: str) -> bool:
    name = set(terms(document.title))
    return len(name) > 1 and name <= set(terms(said))


def _age(document: Given) -> int:
    """-1 for a name that says old, 1 for one that says new, else 0."""
    words = set(terms(f"{document.origin.replace('_', ' ')} {document.title}"))
    return bool(words & _NEW) - bool(words & _OLD)


def _in_text(text: str, about: datetime | None, *, past: bool = False) -> datetime | None:
    """The first date in a text; a month alone is of the year of ``about``, or of the year before where it must be past."""
    if found := _ISO.search(text):
        return _moment(int(found[1]), int(found[2]), int(found[3] or 1))
    if found := _WIDE.search(text):
        return _month(found[1], _number(found[2]), found[3], about, past)
    if found := _NAMED.search(text):
        month = _MONTHS.index(found[2][:3].casefold()) + 1
        return _month(found[4], month, found[1] or found[3], about, past)
    if found := _YEAR.search(text):
        return _moment(int(found[1]), 1, 1)
    return None


def _number(text: str) -> int:
    return _WIDE_NUMBERS.get(text) or (int(text) if text.isdigit() else 0)


def _month(
    year: str | None, month: int, day: str | None, about: datetime | None, past: bool
) -> datetime | None:
    if not year and about is None:
        return None
    whole = int(year) if year else about.year if about else 0
    found = _moment(whole, month, int(day or 1))
    if found is not None and past and not year and about is not None and found > about:
        return _moment(whole - 1, month, int(day or 1))
    return found


def _moment(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
