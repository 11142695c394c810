"""The lines of a PDF's pages, in reading order, with where they stand and how large they are set."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from pypdf import PageObject

from inhouse.content import plain

_BOLD = regex.compile(r"(?i)bold|black|heavy|medi\b|cmbx|-bd\b|\.B(?:\+|$)")
_MARGIN = 0.12
"""The part of a page, at its head and at its foot, where running heads and page numbers stand."""
#: Heads alternate on left and right pages.
_REPEATED = 2
_REPEATED_IN_FEW = 3
_FEW_PAGES = 4
_NUMBER = regex.compile(r"\W*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:/|of)\s*\d{1,4})?\W*", regex.I)
#: Letters that fonts draw as one; nobody types them.
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_DIGITS = regex.compile(r"\d+")
#: A second column has at least this share of a page's lines.
_COLUMN_SHARE = 0.2
_FEWEST_LINES = 4
_MOST_SWITCHES = 4
#: How wide letters are at least, on average, and how wide a gap between columns is, in letters' heights.
_LETTER_WIDTH = 0.42
_GUTTER = 1.0
_NEAR = 4.0


@dataclass(frozen=True)
class Line:
    """A line of text. Points, from the page's lower left corner; ``size`` is the height of most of its letters."""

    text: str
    page: int
    """1-based."""
    x: float
    y: float
    size: float
    bold: bool
    height: float
    """The page's."""

    @property
    def in_margin(self) -> bool:
        """Whether it stands at the very head or foot of its page."""
        return not _MARGIN * self.height <= self.y <= (1 - _MARGIN) * self.height


@dataclass(frozen=True)
class _Run:
    """Some letters in one font, as the page draws them."""

    text: str
    x: float
    y: float
    size: float
    bold: bool


def lines_of(page: PageObject, number: int) -> list[Line]:
    """A page's lines in the order in which a reader takes them, column after column."""
    runs: list[_Run] = []

    def visit(text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        if text:
            runs.append(_run(text, cm, tm, font, size))

    page.extract_text(orientations=(0,), visitor_text=visit)
    top, width = float(page.mediabox.top), float(page.mediabox.width)
    rows = list(_rows(runs))
    margin = _second_margin(rows, width)
    if margin is None:
        lines = [_line(row, number, top) for row in rows]
        return [line for line in lines if line.text]
    lines = [_line(half, number, top) for row in rows for half in _halves(row, margin)]
    return _by_column([line for line in lines if line.text], margin)


def without_running_heads(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without what repeats at their heads and feet, and without page numbers."""
    seen = Counter(name for page in pages for name in {_name(line) for line in page if line.in_margin})
    often = max(_REPEATED if len(pages) >= _FEW_PAGES else _REPEATED_IN_FEW, len(pages) // 4)
    return [
        [
            line
            for line in page
            if not (line.in_margin and (seen[_name(line)] >= often or _NUMBER.fullmatch(line.text)))
        ]
        for page in pages
    ]


def _name(line: Line) -> tuple[str, int]:
    """What repeats: the words, whatever their numbers, at the same height."""
    return _DIGITS.sub("#", line.text.casefold()), round(line.y / 4)


def _run(text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> _Run:
    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    scale = math.hypot(tm[2], tm[3]) * math.hypot(cm[2], cm[3])
    name = str(font.get("/BaseFont", "")) if font is not None else ""
    return _Run(text, x, y, round(abs(size) * scale, 1), bool(_BOLD.search(name)))


def _rows(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    """Runs cut at the line breaks in them, and joined up to the next."""
    row: list[_Run] = []
    for run in runs:
        first, *rest = run.text.split("\n")
        row.append(_Run(first, run.x, run.y, run.size, run.bold))
        for text in rest:
            yield row
            row = [_Run(text, run.x, run.y, run.size, run.bold)]
    yield row


def _line(row: Sequence[_Run], page: int, height: float) -> Line:
    said = [run for run in row if run.text.strip()]
    sizes: Counter[float] = Counter()
    bold = 0
    for run in said:
        sizes[run.size] += len(run.text.strip())
        bold += len(run.text.strip()) if run.bold else 0
    size = sizes.most_common(1)[0][0] if sizes else 0.0
    first = next((run for run in said if run.size == size), None)
    return Line(
        text=plain.one_line("".join(run.text for run in row).translate(_LIGATURES)),
        page=page,
        x=min((run.x for run in said), default=0.0),
        y=first.y if first else 0.0,
        size=size,
        bold=bold * 2 > sizes.total(),
        height=height,
    )


def _second_margin(rows: Sequence[Sequence[_Run]], width: float) -> float | None:
    """Where a second column begins; ``None`` where there is none."""
    begins = [run.x for row in rows for before, run in _neighbours(row) if _is_apart(before, run)]
    starts = Counter(round(x / _NEAR) for x in begins if 0.4 * width < x < 0.75 * width)
    if not starts:
        return None
    at, _ = starts.most_common(1)[0]
    count = sum(starts[near] for near in (at - 1, at, at + 1))
    return (at - 1) * _NEAR if count >= max(_FEWEST_LINES, _COLUMN_SHARE * len(rows)) else None


def _neighbours(row: Sequence[_Run]) -> Iterator[tuple[_Run | None, _Run]]:
    said = [run for run in row if run.text.strip()]
    return zip([None, *said], said, strict=False)


def _is_apart(before: _Run | None, run: _Run) -> bool:
    """Whether a run begins a line, or stands so far from the one before it that it may be another column's."""
    if before is None:
        return True
    end = before.x + _LETTER_WIDTH * before.size * len(before.text.strip())
    return run.x - end > _GUTTER * run.size


def _halves(row: Sequence[_Run], margin: float) -> Iterator[Sequence[_Run]]:
    """A row that goes over two columns, cut where the second begins."""
    for before, run in _neighbours(row):
        if before is not None and abs(run.x - margin - _NEAR) <= 2 * _NEAR and _is_apart(before, run):
            cut = next(at for at, one in enumerate(row) if one is run)
            yield row[:cut]
            yield row[cut:]
            return
    yield row


def _by_column(lines: list[Line], margin: float) -> list[Line]:
    """Lines that a page draws row by row over two columns, put into the columns' order; else as they come."""
    right = [line.x >= margin for line in lines]
    switches = sum(one != other for one, other in itertools.pairwise(right))
    if switches <= _MOST_SWITCHES:
        return lines
    # What is beside the right column is the left one; what stands above it goes over both.
    top = max(line.y for line, there in zip(lines, right, strict=True) if there)
    over = [line for line, there in zip(lines, right, strict=True) if not there and line.y > top + line.size]
    left = [line for line, there in zip(lines, right, strict=True) if not there and line.y <= top + line.size]
    return [*over, *left, *(line for line, there in zip(lines, right, strict=True) if there)]
