"""A question that points to what was said right before it: "I'd like the Fold Mug. What would it cost with postage?"

What the statement names is put in the pointer's place, so that the question can be read by itself.
"""

from __future__ import annotations

import regex

from inhouse.content.sentences import sentences
from inhouse.runtime.agent.lists import is_named, items

#: A wish or an intention, and what it is about.
_WISH = regex.compile(
    r"^(?:if\s+)?(?:i|we|you)\b(?:['’](?:d|m|re|ve|ll))?(?:\s+(?:would|like|to|want|am|are|thinking|have|plan|intend|going|decide|can|could|will))*?"
    r"\s+(?:of\s+|about\s+)?(?:buy(?:ing)?|order(?:ing)?|want|need|like|get(?:ting)?|take|taking|have|had|compar(?:e|ing)|consider(?:ing)?|look(?:ing)?\s+at|choos(?:e|ing)|bought)"
    r"\s+(?P<list>(?!to\b).+?)(?:\s+(?:today|now|tomorrow|please))?[.,!]*$",
    regex.I,
)
_POINTER = regex.compile(r"\b(?:they|both\s+of\s+them|all\s+of\s+them|them|both|these|those|it)\b", regex.I)
_CONDITION = regex.compile(r"^(?P<head>if\b.+?),\s*(?P<rest>.+)$", regex.I)
_COLON = regex.compile(r"^(?P<head>[^:]+):\s+(?P<rest>.+)$")
_DIGIT = regex.compile(r"\d")


def resolved(clause: str) -> str:
    """The question with what it points to in its place; the clause as it is where that isn't certain."""
    head, question = _parted(clause)
    found = _WISH.search(head)
    pointer = _POINTER.search(question)
    if found is None or pointer is None:
        return clause
    things = items(found["list"])
    # A figure that is no quantity says more than what is wanted: it may not be lost.
    rest = regex.sub(r"\b\d{1,3}\s+(?=\p{L})", "", found["list"])
    if not things or not all(map(is_named, things)) or _DIGIT.search(rest):
        return clause
    text = f"{question[: pointer.start()]}{found['list'].strip()}{question[pointer.end() :]}"
    return f"{text[:1].upper()}{text[1:]}"


def _parted(clause: str) -> tuple[str, str]:
    """What is said first, and the question."""
    parts = sentences(clause)
    if len(parts) > 1:
        return " ".join(parts[:-1]), parts[-1]
    condition = _CONDITION.match(clause) or _COLON.match(clause)
    return (condition["head"], condition["rest"]) if condition else ("", clause)
