"""What can be seen of a question, and of the small model's answer to it, before anybody else is asked.

Each sign is a number under a name; a sign that was not there is 0. Nothing here knows what is right, nor what another model
would say. Which signs were tried is in ``docs/lab-log.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import regex

from inhouse.core.events import Ended
from inhouse.runtime.cascade.listening import Heard
from inhouse.runtime.cascade.written_sums import written_steps

Signs = Mapping[str, float]

MOST_CHARS = 8000
#: Not a sign of being wrong: the answer is told whoever else could be asked.
STANDS = "stands"
_DIGITS = 4
_NUMBER = regex.compile(r"\d[\d,]*(?:\.\d+)?")
_SENTENCE_END = regex.compile(r"[.?!。？！](?:\s|$)")
#: Words by which a question asks for more than it says outright.
_ASKED = {
    "compares": r"more than|less than|fewer|half|twice|times|third|quarter|double|triple|ratio|average",
    "parts": r"percent|%|\d/\d",
    "goes on": r"each|every|per|daily|weekly|monthly",
    "leaves": r"left|remaining|rest|instead|if",
    "dates": r"age|old|years?|weeks?|months?|days?|hours?|minutes?",
    "money": r"profit|cost|price|paid?|spend|\$",
}
#: Words by which an answer gives away that its writer was not sure.
_HEDGED = {
    "turns": r"however|actually|wait|sorry|correction|instead",
    "gives up": r"mistake|impossible|not possible|can'?not|can't|don't (?:have|know)|not enough|unclear|unknown",
    "supposes": r"assum\w+|let's|denote|suppose|if we|since",
    "rounds": r"round\w*|approximately|about|inexact",
}
_ASKED_PATTERNS = {name: regex.compile(rf"(?<!\w)(?:{words})", regex.I) for name, words in _ASKED.items()}
_HEDGED_PATTERNS = {name: regex.compile(rf"\b(?:{words})\b", regex.I) for name, words in _HEDGED.items()}
_UNKNOWNS = regex.compile(r"[A-Za-z]\s*[+*/]\s*\d|\d\s*[+*/]\s*[A-Za-wyz]\b|\b\d*[a-zA-Z]\s*=")
#: A last line that is a result and no sentence: "#### 18", "Answer: $18".
_CLOSING = regex.compile(r"^(?:\W*(?:answer|total|result)?\W*)(-?\$?\d[\d,]*(?:\.\d+)?)\W{0,3}$", regex.I)


def of_question(question: str) -> dict[str, float]:
    """Signs of a question alone: enough to route before anybody was asked."""
    text = question[:MOST_CHARS]
    numbers = _numbers(text)
    signs = {
        "asked words": math.log1p(len(text.split())),
        "asked characters": math.log1p(len(text)),
        "asked numbers": math.log1p(len(numbers)),
        "asked sentences": math.log1p(len(_SENTENCE_END.findall(text))),
        "asked size": _size(max(numbers, default=0.0)),
        "asked decimals": float(any(not number.is_integer() for number in numbers)),
    }
    for name, pattern in _ASKED_PATTERNS.items():
        signs[f"asked {name}"] = math.log1p(len(pattern.findall(text)))
    return signs


def of_answer(
    question: str, answer: str, confidence: float | None = None, doubt: float | None = None
) -> dict[str, float]:
    """Signs of the small model's answer. ``confidence`` is its mean log-probability a token, ``doubt`` the probability that it
    gave to "not in the notes"; ``None`` where the engine does not tell.
    """
    text = answer[:MOST_CHARS]
    return {
        "said characters": math.log1p(len(text)),
        "said lines": math.log1p(text.strip().count("\n")),
        "said nothing": float(not text.strip()),
        "unsure": 0.0 if confidence is None else -confidence,
        "doubt": 0.0 if doubt is None else doubt,
        **_hedges(text),
        **_worked(question[:MOST_CHARS], text),
        **_closed(question[:MOST_CHARS], text),
    }


def of_turn(question: str, follows_up: bool, end: Ended, heard: Heard) -> dict[str, float]:
    """Signs of a turn that the small model answered."""
    seen = of_question(question) | of_answer(question, end.answer, heard.confidence, heard.doubt)
    seen |= {
        "declined": float(end.abstained),
        "follows up": float(follows_up),
        f"kind {end.kind}": 1.0,
        "cites": float(len(end.citations)),
        STANDS: float(_stands(end)),
    }
    return {name: round(value, _DIGITS) for name, value in seen.items() if value}


def _stands(end: Ended) -> bool:
    """The owner's own answers and rules stand, and so do a research verdict and what a tool did, which must not be done twice."""
    is_by_rule = end.kind == "chat" and end.timing.completion_tokens == 0
    used = end.tools or end.client_calls or end.proposal or end.plan or end.verdict
    return end.own or is_by_rule or bool(used) or end.kind in ("tool", "guarded") or end.finish == "guard"


def _hedges(text: str) -> dict[str, float]:
    return {
        f"said {name}": math.log1p(len(pattern.findall(text))) for name, pattern in _HEDGED_PATTERNS.items()
    } | {"said unknowns": float(_UNKNOWNS.search(text) is not None)}


def _worked(question: str, text: str) -> dict[str, float]:
    """How the sums in between look: whether they hold, and whether they use what was asked."""
    steps = written_steps(text)
    wrong = sum(not step.holds for step in steps)
    asked, said = _numbers(question), set(_numbers(text))
    results = [number for step in steps for number in _numbers(step.right)]
    return {
        "steps": math.log1p(len(steps)),
        "no steps": float(not steps),
        "steps for numbers": math.log1p(len(steps)) - math.log1p(len(asked)),
        "a step is wrong": float(wrong > 0),
        "steps are wrong": float(wrong > 1),
        "numbers unused": float(len(set(asked) - said)),
        "a number is unused": float(bool(set(asked) - said)),
        "fractions": math.log1p(sum(not number.is_integer() for number in results)),
    }


def _closed(question: str, text: str) -> dict[str, float]:
    """How the answer ends: by a result in a line of its own, and by which."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    closing = _CLOSING.match(lines[-1]) if lines else None
    body = _numbers("\n".join(lines[:-1]) if closing else text)
    last = _number(closing[1]) if closing else (body[-1] if body else None)
    value = last or 0.0
    return {
        "closes": float(closing is not None),
        "no result": float(last is None),
        "result is a fraction": float(not value.is_integer()),
        "result is negative": float(value < 0),
        "result is nought": float(last is not None and value == 0),
        "result size": _size(value),
        "result was asked": float(last is not None and value in _numbers(question)),
        "result is new": float(closing is not None and value not in body),
        "result is not the last": float(closing is not None and bool(body) and body[-1] != value),
        "ends in the middle": float(bool(text.strip()) and text.rstrip()[-1] not in ".!?。！？0123456789"),
    }


def _numbers(text: str) -> list[float]:
    return [_number(found) for found in _NUMBER.findall(text)]


def _number(written: str) -> float:
    return float(written.replace(",", "").replace("$", ""))


def _size(number: float) -> float:
    return math.log10(1.0 + abs(number))
