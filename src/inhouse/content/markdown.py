"""The text of a Markdown file, section by section below its headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from inhouse.content.html import paragraphs
from inhouse.content.outline import Headings
from inhouse.content.plain import clean, one_line
from inhouse.content.values import Section
from inhouse.core.passages import Place

_PARSER = MarkdownIt("commonmark").enable("table")
_NESTING = {
    "bullet_list_open": 1,
    "bullet_list_close": -1,
    "ordered_list_open": 1,
    "ordered_list_close": -1,
    "table_open": 1,
    "table_close": -1,
}
_BREAKS = {"softbreak": " ", "hardbreak": "\n"}


@dataclass(frozen=True)
class _Block:
    level: int
    """1 to 6 for a heading, 0 for text."""
    text: str
    line: int


def read_markdown(text: str, first_line: int = 1) -> tuple[str | None, tuple[Section, ...]]:
    """The title (the first heading, where it is of level one) and the sections with heading and line."""
    blocks = list(_blocks(_PARSER.parse(text)))
    title = blocks.pop(0).text if blocks and blocks[0].level == 1 else None
    headings = Headings()
    sections: list[Section] = []
    body: list[_Block] = []
    for block in (*blocks, _Block(1, "", 0)):
        if not block.level:
            body.append(block)
            continue
        if joined := clean("\n\n".join(part.text for part in body)):
            place = Place(heading=headings.path, line=first_line + body[0].line)
            sections.append(Section(text=joined, place=place))
        body = []
        headings.enter(block.level, block.text)
    return title, tuple(sections)


@dataclass
class _State:
    level: int = 0
    """Of the heading that is open."""
    lists: int = 0
    """How many lists and tables are open."""
    line: int = 0
    marker: str = ""
    """What the next text of a list begins with."""
    in_table: bool = False
    cells: list[str] = field(default_factory=list)


def _blocks(tokens: list[Token]) -> Iterator[_Block]:
    state = _State()
    lines: list[_Block] = []
    for token in tokens:
        state.line = token.map[0] if token.map else state.line
        for block in _block(token, state):
            # Points and rows are lines of one paragraph: alone they would say too little to be found by.
            if state.lists and not block.level:
                lines.append(block)
            else:
                yield block
        if lines and not state.lists:
            yield _Block(0, "\n".join(line.text for line in lines), lines[0].line)
            lines = []


def _block(token: Token, state: _State) -> Iterator[_Block]:
    kind = token.type
    if kind in ("heading_open", "heading_close"):
        state.level = int(token.tag[1]) if kind == "heading_open" else 0
    elif kind in _NESTING:
        state.lists += _NESTING[kind]
        state.in_table = kind == "table_open"
    elif kind == "list_item_open":
        state.marker = f"{token.info}. " if token.info else "- "
    elif kind == "tr_close":
        yield _Block(0, " | ".join(state.cells), state.line)
        state.cells = []
    elif kind in ("fence", "code_block"):
        yield _Block(0, token.content.rstrip(), state.line)
    elif kind == "html_block":
        yield from (_Block(0, text, state.line) for text in paragraphs(token.content))
    elif kind == "inline":
        yield from _text(token, state)


def _text(token: Token, state: _State) -> Iterator[_Block]:
    text = _inline(token)
    if state.in_table:
        state.cells.append(text)
    elif state.level:
        yield _Block(state.level, one_line(text), state.line)
    elif text.strip():
        yield _Block(0, state.marker + text, state.line)
        state.marker = ""


def _inline(token: Token) -> str:
    """Words without their marks; a picture is what its description says, raw tags are dropped."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        else:
            parts.append(_BREAKS.get(child.type, ""))
    return "".join(parts)
