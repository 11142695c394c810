"""PDF files, page by page."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from inhouse.content import plain
from inhouse.content.importers.base import CannotRead, FileImporter, Options, Outcome, stem
from inhouse.content.values import Item, Kind, Section
from inhouse.core.passages import Place

_MOST_PAGES = 5000
_ENDS = (".", "!", "?", ":", "。", "！", "？", "”", '"')


class Pdf(FileImporter):
    name = "pdf"
    suffixes = (".pdf",)

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        reader = _open(data)
        sections = tuple(_sections(reader))
        if not sections:
            raise CannotRead(
                reason="It holds pictures of pages and no text: run it through text recognition first."
            )
        about = reader.metadata
        yield Item(
            key=options.url or name,
            title=plain.one_line(str(about.title or "")) if about and about.title else stem(name),
            kind=Kind.PAGE,
            sections=sections,
            url=options.url,
            published_at=about.creation_date if about else None,
        )


def _open(data: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise CannotRead(reason="It is locked with a password: save it without one.")
        pages = len(reader.pages)
    except PyPdfError as error:
        raise CannotRead(reason="It is not a PDF file, or a broken one.") from error
    if pages > _MOST_PAGES:
        raise CannotRead(reason=f"It has more than {_MOST_PAGES} pages: split it.")
    return reader


def _sections(reader: PdfReader) -> Iterator[Section]:
    for number, page in enumerate(reader.pages, start=1):
        text = "\n\n".join(_paragraphs(plain.clean(page.extract_text())))
        if text:
            yield Section(text=text, place=Place(page=number))


def _paragraphs(text: str) -> Iterator[str]:
    """Lines joined: a page knows only lines, so one that is clearly shorter and ends a sentence ends a paragraph."""
    lines = text.split("\n")
    width = max((len(line) for line in lines), default=0)
    paragraph: list[str] = []
    for line in lines:
        if line.strip():
            paragraph.append(line)
        ends = not line.strip() or (len(line) < 0.8 * width and line.rstrip().endswith(_ENDS))
        if ends and paragraph:
            yield plain.join_lines(paragraph)
            paragraph = []
    if paragraph:
        yield plain.join_lines(paragraph)
