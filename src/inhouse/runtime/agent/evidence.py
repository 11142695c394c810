"""Do a call's arguments stand in the request? A small model copies from its examples when it doesn't know better.

What is asked of a tool has to come from who asks: a value that stands neither in the request nor, again and again, in the
tool's examples was made up, and the call is not made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import regex

from inhouse.content.followup import content_words
from inhouse.content.lexical import terms
from inhouse.runtime.extensions.base import Example, Json, Tool

_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_WORDS = {
    word: str(number)
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"a": "1", "an": "1", "half": "2", "both": "2", "pair": "2", "dozen": "12", "once": "1", "twice": "2"}
#: A value that so many examples have is the tool's own vocabulary, such as 7 for a week.
_VOCABULARY = 2


def stands(arguments: Json, request: str, tool: Tool) -> bool:
    """Whether every value comes from the request or the tool's vocabulary, and something of the request is in them."""
    usual, choices = _vocabulary(tool.examples), set(_choices(tool.parameters))
    values = list(_values(arguments))
    unknown = [
        (name, value)
        for name, value in values
        if usual[name, _folded(value)] < _VOCABULARY and _folded(value) not in choices
    ]
    figures, words = numbers(request), set(terms(request))
    if not all(_is_said(value, figures, words) for _, value in unknown):
        return False
    return not values or any(_shares(value, figures, words) for _, value in values)


def covers(arguments: Json, request: str, names: Sequence[str] = ()) -> bool:
    """Whether all figures of a request, and these names, are in the arguments: what is asked of a part of them answers
    something else."""
    said = " ".join(str(value) for _, value in _values(arguments))
    asked, given = (Counter(map(_plain, _NUMBER.findall(text))) for text in (request, said))
    return asked <= given and set(terms(" ".join(names))) <= set(terms(said))


def copied(name: str, examples: Sequence[Example]) -> bool:
    """Whether a property is always told in the request's own words: in every example that has it, and in two at least."""
    said = [(e.request, e.arguments[name]) for e in examples if name in e.arguments]
    return len(said) >= _VOCABULARY and all(
        isinstance(value, str) and value in " ".join(request.split()) for request, value in said
    )


def _is_said(value: Any, figures: set[str], words: set[str]) -> bool:
    if isinstance(value, bool) or value is None:
        return True
    text = str(value)
    if not numbers(text) <= figures:
        return False
    named = set(terms(" ".join(content_words(_NUMBER.sub(" ", text)))))
    return not named or bool(named & words)


def _shares(value: Any, figures: set[str], words: set[str]) -> bool:
    text = str(value)
    return bool(numbers(text) & figures) or bool(set(terms(text)) & words)


def numbers(text: str, *, in_words: bool = True) -> set[str]:
    """The numbers in a text, also those in words, without marks of thousands and closing zeros."""
    digits = {_plain(found) for found in _NUMBER.findall(text)}
    if not in_words:
        return digits
    return digits | {_WORDS[word] for word in regex.findall(r"\p{L}+", text.casefold()) if word in _WORDS}


def _plain(number: str) -> str:
    whole = regex.sub(r",(?=\d{3}\b)", "", number).replace(",", ".")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def _vocabulary(examples: Sequence[Example]) -> Counter[tuple[str, str]]:
    return Counter((name, _folded(value)) for e in examples for name, value in set(_pairs(e.arguments)))


def _pairs(arguments: Json) -> Iterator[tuple[str, str]]:
    for name, value in _values(arguments):
        yield name, _folded(value)


def _values(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value with the name it stands under."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, name)
    else:
        yield name, value


def _choices(schema: Any) -> Iterator[str]:
    """The values that a schema leaves the choice of."""
    if isinstance(schema, dict):
        yield from map(_folded, schema.get("enum", ()))
        for inner in schema.values():
            yield from _choices(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _choices(inner)


def _folded(value: Any) -> str:
    return " ".join(str(value).casefold().split())
