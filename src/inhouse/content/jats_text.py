"""The running text of JATS XML: paragraphs, lists, captions and tables as plain text, as a reader would say them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import regex
from lxml import etree

from inhouse.content import plain

#: No text: how a formula is written for TeX, notes for machines, what stands elsewhere already.
_SILENT = frozenset(
    {
        "tex-math",
        "annotation",
        "object-id",
        "media",
        "supplementary-material",
        "graphic",
        "inline-graphic",
        "index-term",
    }
    | {"fn-group", "ref-list", "table-wrap-foot", "permissions", "alt-text", "long-desc", "title", "label"}
)
#: What stands apart inside a paragraph.
_BLOCKS = frozenset(
    {
        "list",
        "def-list",
        "fig",
        "fig-group",
        "table-wrap",
        "table-wrap-group",
        "disp-quote",
        "boxed-text",
        "p",
        "verse-group",
    }
    | {"statement", "sec", "app"}
)
_ONLY_MARKS = regex.compile(r"[\s\d,;–—\-\[\]()]*")
_MOST_SPAN = 50
_MOST_CELLS = 20_000


def words(element: Any) -> str:
    """An element's text on one line; empty where there is no such element."""
    return "" if element is None else plain.one_line("".join(_inline(element)))


def blocks(element: Any) -> list[str]:
    """The paragraphs, items, captions and tables that an element of the body says, in reading order."""
    return [text for text in _blocks(element) if text]


def _blocks(element: Any) -> Iterator[str]:
    name = element.tag
    if name in _SILENT:
        return
    if name in ("fig", "table-wrap"):
        yield from _captioned(element)
    elif name == "list":
        yield "\n".join(f"- {item}" for item in map(_together, element.iterchildren("list-item")) if item)
    elif name == "def-list":
        for item in element.iterchildren("def-item"):
            yield f"{words(item.find('term'))}: {words(item.find('def'))}"
    elif name in ("p", "disp-formula"):
        yield from _paragraph(element)
    elif any(child.tag in _BLOCKS for child in element.iterchildren(etree.Element)):
        for child in element.iterchildren(etree.Element):
            yield from _blocks(child)
    else:
        yield words(element)


def _paragraph(element: Any) -> Iterator[str]:
    """A paragraph; what stands apart in it (a list, a figure) comes where it comes."""
    said = [element.text or ""]
    for child in element.iterchildren(etree.Element):
        if child.tag in _BLOCKS:
            yield plain.one_line("".join(said))
            yield from _blocks(child)
            said = []
        else:
            said += _inline_child(child)
        said.append(child.tail or "")
    yield plain.one_line("".join(said))


def _together(element: Any) -> str:
    return plain.one_line(" ".join(blocks(element)))


def _captioned(element: Any) -> Iterator[str]:
    """A figure's or table's label and caption as one paragraph, then the table's rows."""
    label = words(element.find("label")).rstrip(".:")
    caption = element.find("caption")
    parts = [] if caption is None else [words(caption.find("title")), *blocks(caption)]
    said = " ".join(part if part[-1:] in ".!?:" else f"{part}." for part in (label, *parts) if part)
    yield said
    for table in element.iter("table"):
        yield "\n".join(" | ".join(row) for row in _rows(table) if any(row))


def _rows(table: Any) -> Iterator[list[str]]:
    """The rows with a cell that spans several said again in each, so that every row can be understood alone."""
    held: dict[int, tuple[str, int]] = {}
    cells = 0
    for line in table.iter("tr"):
        row: list[str] = []
        for cell in line.iterchildren("td", "th"):
            _carry(row, held)
            text, down = words(cell), _span(cell, "rowspan")
            for at in range(_span(cell, "colspan")):
                if down > 1:
                    held[len(row)] = (text, down - 1)
                row.append("" if at else text)
                cells += 1
        _carry(row, held)
        if cells > _MOST_CELLS:
            return
        yield row


def _carry(row: list[str], held: dict[int, tuple[str, int]]) -> None:
    """Put in the cells that reach down from rows above."""
    while len(row) in held:
        at = len(row)
        text, left = held.pop(at)
        if left > 1:
            held[at] = (text, left - 1)
        row.append(text)


def _span(cell: Any, name: str) -> int:
    told = cell.get(name, "1")
    return max(1, min(_MOST_SPAN, int(told))) if told.isascii() and told.isdigit() and len(told) < 5 else 1


def _inline(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element.iterchildren(etree.Element):
        yield from _inline_child(child)
        yield child.tail or ""


def _inline_child(child: Any) -> Iterator[str]:
    if child.tag == "break":
        yield " "
    elif child.tag in ("alternatives", "citation-alternatives"):
        yield from _first(child)
    elif child.tag not in _SILENT and not _is_reference_mark(child):
        yield from _inline(child)


def _first(alternatives: Any) -> Iterator[str]:
    """One of several ways to say the same: the first that has words."""
    for child in alternatives.iterchildren(etree.Element):
        if said := "".join(_inline_child(child)).strip():
            yield said
            return


def _is_reference_mark(element: Any) -> bool:
    """Whether it is only the raised number of a reference: left in, it would stand at the end of sentences."""
    if element.tag == "xref":
        return element.get("ref-type") == "bibr" and element.find("sup") is not None
    if element.tag != "sup":
        return False
    references = list(element.iterchildren("xref"))
    own = (element.text or "") + "".join(one.tail or "" for one in references)
    return bool(references) and len(references) == len(element) and bool(_ONLY_MARKS.fullmatch(own))
