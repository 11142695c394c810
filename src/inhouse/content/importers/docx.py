"""Word files, section by section below their headings."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table

from inhouse.content import plain
from inhouse.content.archives import check_zip
from inhouse.content.files import Limits, Refused
from inhouse.content.importers.base import CannotRead, FileImporter, Options, Outcome, stem
from inhouse.content.outline import Headings
from inhouse.content.values import Item, Kind, Section
from inhouse.core.passages import Place

# The style's id stays English where its name is translated.
_HEADING = re.compile(r"(?i)heading ?([1-6])")


class Docx(FileImporter):
    name = "docx"
    suffixes = (".docx",)

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        try:
            check_zip(io.BytesIO(data), Limits()).close()
            document = Document(io.BytesIO(data))
        except (Refused, PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
            raise CannotRead(reason="It is not a Word file (.docx), or a broken one.") from error
        titles: list[str] = []
        sections = tuple(_sections(document, titles))
        about = document.core_properties
        yield Item(
            key=options.url or name,
            title=plain.one_line(about.title or "") or (titles[0] if titles else stem(name)),
            kind=Kind.PAGE,
            sections=sections,
            url=options.url,
            # No date: the one inside is the template's as often as the document's.
        )


def _sections(document: Any, titles: list[str]) -> Iterator[Section]:
    headings = Headings()
    body: list[str] = []
    for level, text in (*_blocks(document), (1, "")):
        if level is None:
            body.append(text)
            continue
        if joined := plain.clean("\n\n".join(body)):
            yield Section(text=joined, place=Place(heading=headings.path))
        body = []
        if level == 0:
            titles.append(plain.one_line(text))
        else:
            headings.enter(level, plain.one_line(text))


def _blocks(document: Any) -> Iterator[tuple[int | None, str]]:
    """Paragraphs with ``None``, headings with their level, a title with 0."""
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield None, "\n".join(" | ".join(_cells(row)) for row in block.rows)
        elif block.text.strip():
            yield _level(block.style), block.text


def _level(style: Any) -> int | None:
    for name in (style.style_id or "", style.name or "") if style is not None else ():
        if found := _HEADING.fullmatch(name):
            return int(found[1])
        if name == "Title":
            return 0
    return None


def _cells(row: Any) -> list[str]:
    """A merged cell is listed once for each of its columns: once is enough."""
    texts: list[str] = []
    last = None
    for cell in row.cells:
        if cell._tc is not last:
            texts.append(plain.one_line(cell.text))
        last = cell._tc
    return texts
