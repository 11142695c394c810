"""An answer as markup: paragraphs, lists, tables and numbered sources. Everything else in it stays plain, escaped text.

``static/answer.js`` builds the same nodes while an answer streams; keep the two alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from markupsafe import Markup, escape

_NUMBER = re.compile(r"\[(\d{1,2})\]")
_BULLET = re.compile(r"^\s*[-*•・]\s+")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
#: What parts the head of a table from its rows.
_RULE = re.compile(r"^\s*\|(?:\s*:?-{3,}:?\s*\|)+\s*$")


def markup(text: str, anchor: str, numbers: Collection[int]) -> Markup:
    """``anchor`` is the turn's id: number n links to the source with id ``{anchor}-n`` where there is one."""
    return Markup("").join(_block(block, anchor, numbers) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Runs of lines: parted by empty lines, and where a list or a table begins or ends."""
    run: list[str] = []
    for line in [*text.split("\n"), ""]:
        if run and (not line.strip() or _kind(line) != _kind(run[-1])):
            yield run
            run = []
        if line.strip():
            run.append(line)


def _kind(line: str) -> str:
    return "item" if _BULLET.match(line) else "row" if _ROW.match(line) else "text"


def _block(lines: list[str], anchor: str, numbers: Collection[int]) -> Markup:
    if len(lines) > 1 and _RULE.match(lines[1]) and _kind(lines[0]) == "row":
        return _table(lines, anchor, numbers)
    if _kind(lines[0]) == "item":
        items = (
            Markup("<li>{}</li>").format(_line(_BULLET.sub("", line), anchor, numbers)) for line in lines
        )
        return Markup("<ul>{}</ul>").format(Markup("").join(items))
    return Markup("<p>{}</p>").format(Markup("<br>").join(_line(line, anchor, numbers) for line in lines))


def _table(lines: list[str], anchor: str, numbers: Collection[int]) -> Markup:
    """The first line names the columns, the first cell of each other one its row."""
    head, _, *rows = lines
    names = Markup("").join(_head(cell, anchor, numbers) for cell in _cells(head))
    body = Markup("").join(_row(_cells(row), anchor, numbers) for row in rows)
    return Markup(
        '<div class="answer-table" tabindex="0"><table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(names, body)


def _head(cell: str, anchor: str, numbers: Collection[int]) -> Markup:
    """A column's name; above the rows' own names there may be none."""
    return Markup('<th scope="col">{}</th>' if cell else "<td></td>").format(_line(cell, anchor, numbers))


def _row(cells: list[str], anchor: str, numbers: Collection[int]) -> Markup:
    first, *rest = (_line(cell, anchor, numbers) for cell in cells)
    told = Markup("").join(Markup("<td>{}</td>").format(cell) for cell in rest)
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(first, told)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _line(text: str, anchor: str, numbers: Collection[int]) -> Markup:
    parts = _NUMBER.split(text)
    shown = [escape(part) if i % 2 == 0 else _chip(part, anchor, numbers) for i, part in enumerate(parts)]
    return Markup("").join(shown)


def _chip(number: str, anchor: str, numbers: Collection[int]) -> Markup:
    if int(number) not in numbers:
        return escape(f"[{number}]")
    return Markup('<a class="chip" href="#{}-{}">{}</a>').format(anchor, number, number)
