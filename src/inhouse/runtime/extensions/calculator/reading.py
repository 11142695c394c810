"""Requests that spell out a sum or a count of days: read by rules, so that no model has to write them down again.

A request is read only where all of it is accounted for: every figure stands in the sum, and no word is left that means
nothing to the calculator. Anything else is left to a model.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import regex

from inhouse.runtime.extensions.base import Json, ToolFailed
from inhouse.runtime.extensions.calculator import dates, sums

_FIGURE = regex.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "a dozen": "12", "half a dozen": "6",
}  # fmt: skip
_NUMBER_WORD = regex.compile(rf"\b(?:{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b", regex.I)
#: What stands around a sum and says nothing of it.
_HEAD = regex.compile(
    r"^(?:(?:so|and|then|now|also|please|ok|okay)\b[\s,]*)*"
    r"(?:what(?:['’]s|s|\s+is|\s+are|\s+do|\s+does|\s+would|\s+will)?\s+(?:be\s+)?"
    r"|how\s+much\s+(?:is|are|do|does|would|will)\s+(?:be\s+)?|(?:can|could)\s+you\s+|(?:please\s+)?(?:tell|give|show)\s+me\s+)?"
    r"(?:calculate|compute|work\s+out|convert|add(?:\s+up)?)?\s*(?:the\s+(?:result|price|cost|value)\s+of\s+)?",
    regex.I,
)
_TAIL = regex.compile(
    r"[\s,]*(?:\b(?:please|cost|be|make|come\s+to|altogether|in\s+total|in\s+all|together|added\s+up|added\s+together)\b"
    r"|[?.!。？]|はいくら(?:です|になります)?か?|は(?:何|なん)(?:です)?か?|を計算(?:して(?:ください)?)?)+$",
    regex.I,
)
_AMOUNT = r"(?:[£$€¥]\s?)?\d+(?:,\d{3})*(?:\.\d+)?(?:\s?(?:(?!each\b|apiece\b)[A-Za-zµ°]+|円))?"
_SOME = r"(?P<some>.+?)"
#: Ways to say a sum, and the sum as the calculator writes it. Tried in order, each once.
_SAID: tuple[tuple[str, str], ...] = (
    (rf"(?:the\s+)?(?:sum|total)\s+of\s+{_SOME}", "+"),
    (rf"(?:the\s+)?average\s+of\s+{_SOME}", "mean"),
    (
        r"(?:the\s+)?difference\s+between\s+(?P<first>.+?)\s+and\s+(?P<second>.+)",
        "abs({first} - {second})",
    ),
    (
        rf"{_SOME}\s+(?:with|at|after|less|minus)\s+(?:a\s+)?(?P<part>\d+(?:\.\d+)?)\s?%\s+(?:off|discount)",
        "{part}% off {some}",
    ),
    (rf"(?P<part>\d+(?:\.\d+)?)\s?%\s+(?:off|discount\s+(?:on|off))\s+{_SOME}", "{part}% off {some}"),
    (rf"{_SOME}\s+reduced\s+by\s+(?P<part>\d+(?:\.\d+)?)\s?%", "{part}% off {some}"),
    (
        rf"{_SOME}\s+(?:with|plus|and)\s+(?P<part>\d+(?:\.\d+)?)\s?%\s+(?:vat|tax|sales\s+tax|tip|on\s+top|more)(?:\s+on\s+top)?",
        "{some} + {part}%",
    ),
    (
        rf"{_SOME}\s+(?:divided\s+by|split\s+(?:between|among|by)|shared\s+(?:between|among|by))\s+"
        r"(?P<part>\d+)(?:\s+(?:people|of\s+us|friends|ways|persons))?",
        "{some} / {part}",
    ),
    (rf"(?:twice|double)\s+{_SOME}", "2 * {some}"),
    (rf"half(?:\s+of)?\s+{_SOME}", "{some} / 2"),
    (
        rf"how\s+many\s+(?P<unit>[A-Za-z]+(?:\s[A-Za-z]+)?)\s+(?:is|are|make)\s+(?P<amount>{_AMOUNT})",
        "{amount} to {unit}",
    ),
    (
        rf"(?P<number>\d+)\s+(?:[\p{{L}}'’-]+\s+){{1,4}}(?:at|for)\s+(?P<amount>{_AMOUNT})(?:\s+(?:each|apiece))?",
        "{number} * {amount}",
    ),
    (rf"(?P<number>\d+)\s+at\s+(?P<amount>{_AMOUNT})(?:\s+(?:each|apiece))?", "{number} * {amount}"),
    (rf"(?P<number>\d+)\s+of\s+(?:them\s+at\s+)?(?P<amount>{_AMOUNT})", "{number} * {amount}"),
)
_PATTERNS = [(regex.compile(pattern, regex.I), sum_) for pattern, sum_ in _SAID]
_LIST = regex.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", regex.I)
_ADDING = regex.compile(r"\b(?:add|added|sum|total|together|altogether|in\s+all|combined)\b", regex.I)
_WORKS = regex.compile(r"[-+*/%^×÷−]|\b(?:to|in|into|as|of|off|times|plus|minus|per|x)\b", regex.I)
_MOST_CHARS = 200


def sum_in(request: str) -> str | None:
    """The sum that a request asks for, as the calculator reads it; nothing where that is in doubt."""
    if len(request) > _MOST_CHARS or not _FIGURE.search(request):
        return None
    whole = _NUMBER_WORD.sub(lambda word: _NUMBERS[word[0].lower()], " ".join(request.split()))
    for text in dict.fromkeys((_TAIL.sub("", _HEAD.sub("", whole)), _TAIL.sub("", whole))):
        made = _added_up(text) if _ADDING.search(whole) else _written(text)
        if made and _WORKS.search(made) and _figures(whole) <= _figures(made) and _solves(made):
            return made
    return None


def days_in(request: str, today: date) -> Json | None:
    """The arguments of a count of days that a request asks for; nothing where that is in doubt."""
    text = " ".join(request.split()).rstrip(" ?.!？。")
    for pattern in _COUNTS:
        if (found := pattern.fullmatch(text)) is not None:
            said = {name: value for name, value in found.groupdict().items() if value}
            return _counted(said, today)
    return None


def _added_up(text: str) -> str:
    """A bare list of amounts as their sum; anything else as it says."""
    parts = [part for part in _LIST.split(text) if part]
    if len(parts) > 1 and all(regex.fullmatch(_AMOUNT, part.strip()) for part in parts):
        return " + ".join(parts)
    return _written(text)


def _written(text: str) -> str:
    """The sum in the calculator's signs, as far as the words are known."""
    for pattern, made in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        if made in ("+", "mean"):
            parts = [_written(part) for part in _LIST.split(found["some"]) if part]
            added = " + ".join(parts)
            return added if made == "+" else f"({added}) / {len(parts)}"
        return made.format(**{name: _inner(name, value) for name, value in found.groupdict().items()})
    return text


def _inner(name: str, value: str) -> str:
    """A part of a sum in brackets where it is a sum itself."""
    if name not in ("some", "first", "second"):
        return value
    written = _written(value)
    return written if regex.fullmatch(rf"{_AMOUNT}|\([^()]*\)", written) else f"({written})"


def _figures(text: str) -> set[str]:
    return {found.replace(",", "") for found in _FIGURE.findall(text)}


def _solves(text: str) -> bool:
    try:
        sums.solve(text)
    except ToolFailed:
        return False
    return True


_UNIT = r"(?:working\s+|business\s+)?(?:day|week|month|year)s?|weekdays?"
_LEAD = r"(?:(?:so|and|then|now|also|please)\b[\s,]*)*"
_COUNTS = [
    regex.compile(pattern, regex.I)
    for pattern in (
        rf"{_LEAD}how\s+(?:many\s+days|long)(?:\s+(?:is\s+it|is\s+there|are\s+there|is\s+left|are\s+left|do\s+i\s+have|until\s+then))?"
        r"\s+(?:from\s+(?:now|today)\s+)?(?:until|till|to|before)\s+(?P<until>.+)",
        rf"{_LEAD}(?:how\s+(?:many\s+days|long)(?:\s+(?:is\s+it|are\s+there))?\s+)?(?:from|between)\s+(?P<begin>.+?)\s+(?:until|till|to|and)\s+(?P<until>.+)",
        rf"{_LEAD}how\s+(?:many\s+days|long)(?:\s+(?:is\s+it|has\s+it\s+been))?\s+since\s+(?P<since>.+)",
        rf"{_LEAD}(?:(?:what|which)\s+(?:date|day)\s+(?:is|was|will\s+be|comes)\s+(?:it\s+)?|when\s+(?:is|was|will\s+be)\s+)?"
        rf"(?P<number>\d+)\s+(?P<unit>{_UNIT})\s+(?P<side>after|from|before)\s+(?P<begin>.+)",
        rf"{_LEAD}(?:what|which)\s+(?:date|day)\s+(?:is|will)\s+(?:it\s+)?(?:be\s+)?in\s+(?P<number>\d+)\s+(?P<unit>{_UNIT})",
        rf"{_LEAD}(?:what|which)\s+(?:day\s+of\s+the\s+week|weekday|day)\s+(?:is|was|will\s+be)\s+(?P<weekday>.+)",
        rf"{_LEAD}(?P<until>.+?)まで(?:、)?(?:あと)?(?:何日|なんにち)(?:です|あります)?か?",
        rf"{_LEAD}(?P<weekday>.+?)は何曜日(?:です)?か?",
        rf"{_LEAD}(?P<begin>.+?)(?:から|の)(?P<number>\d+)日後(?:は(?:いつ|何日|何月何日))?(?:です)?か?",
    )
]


def _counted(said: dict[str, str], today: date) -> Json | None:
    """The dates and steps as arguments, where all of them are some."""
    made: Json = {}
    begin = said.get("since") or said.get("weekday") or said.get("begin")
    if begin is not None:
        made["from"] = "today" if begin.lower() in ("now", "today", "今日") else begin
    if "number" in said:
        back = "-" if said.get("side", "").lower() == "before" else ""
        unit = regex.sub(r"\s+", " ", said.get("unit", "days").lower()).replace("weekday", "working day")
        made["add"] = f"{back}{said['number']} {unit}"
    if "until" in said:
        made["until"] = said["until"]
    if "since" in said:
        made["until"] = "today"
    return made if _is_dated(made, today) else None


def _is_dated(made: Json, today: date) -> bool:
    with suppress(ToolFailed):
        for name in ("from", "until"):
            if name in made:
                dates.day(made[name], today)
        if "add" in made:
            dates.step(made["add"])
        return True
    return False
