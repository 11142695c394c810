"""The sums that a text writes out, each worked out again: a step that does not come to what it says is a strong sign.

``14 x 6 = 84``, ``2 + 3 = <<2+3=5>>5`` and ``10 + 68 / 2 = 10 + 34 = 44`` are read; each ``=`` is one step. What can't be read
for certain is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import regex

from inhouse.runtime.extensions.base import ToolFailed
from inhouse.runtime.extensions.calculator import sums

#: A long text is full of numbers; what is read of one answer stays small.
MOST_CHARS = 8000
_MOST_SIDE = 160
_RUN = regex.compile(r"(?:[0-9.,$€£%+\-*/×÷()=\s]|(?<=[\d\s)])x(?=[\s\d($]))+")
_ANNOTATED = regex.compile(r"<<([^<>\n]{1,300})>>")
_BRACKET_AFTER = regex.compile(r"(?<=[\d)])\s*(?=\()")
_NUMBER_AFTER = regex.compile(r"(?<=\))\s*(?=\d)")
_TWO_NUMBERS = regex.compile(r"\d\s+\d")
_NUMBER = regex.compile(r"-?[\d,]+(?:\.(\d+))?%?")


@dataclass(frozen=True)
class WrittenStep:
    """``left = right``, as it was written, and whether it is so (what is rounded counts as so)."""

    left: str
    right: str
    holds: bool


@dataclass(frozen=True)
class _Side:
    text: str
    value: Fraction

    @property
    def is_number(self) -> bool:
        return _NUMBER.fullmatch(self.text) is not None

    @property
    def places(self) -> int:
        """Decimal places of a number that stands alone."""
        found = _NUMBER.fullmatch(self.text)
        return len(found[1] or "") if found else 0


def written_steps(text: str) -> list[WrittenStep]:
    """Every step that can be read, in order of appearance within each line."""
    text = text[:MOST_CHARS].replace("\\", "")
    bare = _ANNOTATED.sub("", text)
    runs = [found[1] for found in _ANNOTATED.finditer(text)]
    runs += [run for line in bare.splitlines() for run in _RUN.findall(line) if "=" in run]
    return [step for run in runs for step in _steps(run)]


def _steps(run: str) -> Iterator[WrittenStep]:
    for left, right in pairwise(map(_side, run.split("="))):
        if (
            left is None
            or right is None
            or (left.is_number and right.is_number and left.value == right.value)
        ):
            continue
        yield WrittenStep(left.text, right.text, _same(left, right))


def _side(written: str) -> _Side | None:
    """One side of a ``=``; ``None`` where it is no whole sum: "5 apples + 3 = 8" leaves "+ 3"."""
    text = written.translate({ord(sign): None for sign in "$€£"}).strip().strip(",").rstrip(".").strip()
    text = _NUMBER_AFTER.sub("*", _BRACKET_AFTER.sub("*", text))
    is_whole = text and (text[0].isdigit() or text[0] in "-(.") and (text[-1].isdigit() or text[-1] in ")%")
    if not is_whole or len(text) > _MOST_SIDE or _TWO_NUMBERS.search(text):
        return None
    try:
        return _Side(text, sums.solve(text).amount.number)
    except ToolFailed:
        return None


def _same(left: _Side, right: _Side) -> bool:
    """Whether both come to the same, but for what the number that stands alone was rounded by."""
    percent = "%" in left.text + right.text
    factors = ((1, 1), (100, 1), (1, 100)) if percent else ((1, 1),)
    near = max(left.places, right.places)
    for first, second in factors:
        wanted = left.value * first
        off = abs(wanted - right.value * second)
        slack = max(Fraction(51, 100) / 10**near, abs(wanted) / 500) if near else abs(wanted) / 1_000_000
        if off <= slack:
            return True
    return False
