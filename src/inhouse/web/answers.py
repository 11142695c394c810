"""An answer as markup: paragraphs, lists and numbered sources. Everything else in it stays plain, escaped text.

``static/answer.js`` builds the same nodes while an answer streams; keep the two alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from markupsafe import Markup, escape

_NUMBER = re.compile(r"\[(\d{1,2})\]")
_BULLET = re.compile(r"^\s*[-*•・]\s+")


def markup(text: str, anchor: str, numbers: Collection[int]) -> Markup:
    """``anchor`` is the turn's id: number n links to the source with id ``{anchor}-n`` where there is one."""
    return Markup("").join(_block(block, anchor, numbers) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Runs of lines: parted by empty lines, and where a list begins or ends."""
    run: list[str] = []
    for line in [*text.split("\n"), ""]:
        if run and (not line.strip() or _is_bullet(line) != _is_bullet(run[-1])):
            yield run
            run = []
        if line.strip():
            run.append(line)


def _is_bullet(line: str) -> bool:
    return _BULLET.match(line) is not None


def _block(lines: list[str], anchor: str, numbers: Collection[int]) -> Markup:
    if _is_bullet(lines[0]):
        items = (
            Markup("<li>{}</li>").format(_line(_BULLET.sub("", line), anchor, numbers)) for line in lines
        )
        return Markup("<ul>{}</ul>").format(Markup("").join(items))
    return Markup("<p>{}</p>").format(Markup("<br>").join(_line(line, anchor, numbers) for line in lines))


def _line(text: str, anchor: str, numbers: Collection[int]) -> Markup:
    parts = _NUMBER.split(text)
    shown = [escape(part) if i % 2 == 0 else _chip(part, anchor, numbers) for i, part in enumerate(parts)]
    return Markup("").join(shown)


def _chip(number: str, anchor: str, numbers: Collection[int]) -> Markup:
    if int(number) not in numbers:
        return escape(f"[{number}]")
    return Markup('<a class="chip" href="#{}-{}">{}</a>').format(anchor, number, number)
