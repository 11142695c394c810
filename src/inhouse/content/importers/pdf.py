"""PDF files, page by page and heading by heading."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import datetime

import regex
from pypdf import DocumentInformation, PdfReader
from pypdf.errors import PyPdfError

from inhouse.content import plain
from inhouse.content.bylines import names_in
from inhouse.content.importers.base import CannotRead, FileImporter, Options, Outcome, stem
from inhouse.content.moments import moment
from inhouse.content.pdf_layout import front_of, sections_of
from inhouse.content.pdf_lines import lines_of, without_running_heads
from inhouse.content.values import Item, Kind
from inhouse.core.passages import Credit

#: What pypdf puts up with in a file (fonts, tables of objects) is of no use to who imports it.
logging.getLogger("pypdf").setLevel(logging.ERROR)

_MOST_PAGES = 5000
#: What programs put where a title should be.
_NO_TITLE = regex.compile(
    r"(?i)untitled.*|microsoft word.*|.*\.(?:docx?|tex|dvi|pdf|indd|qxd|rtf|odt|pptx?)|slide 1"
)


class Pdf(FileImporter):
    name = "pdf"
    suffixes = (".pdf",)

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        reader = _open(data)
        pages = without_running_heads(
            [lines_of(page, number) for number, page in enumerate(reader.pages, start=1)]
        )
        front = front_of(pages)
        sections = tuple(sections_of(pages, front))
        if not sections:
            raise CannotRead(
                reason="It holds pictures of pages and no text: run it through text recognition first."
            )
        about = reader.metadata
        authors = max(_authors(about), front.authors, key=len)
        yield Item(
            key=options.url or name,
            title=_title(about) or front.title or stem(name),
            kind=Kind.PAGE,
            sections=sections,
            url=options.url,
            published_at=_made(about),
            credit=Credit(authors=authors) if authors else None,
        )


def _title(about: DocumentInformation | None) -> str:
    told = plain.one_line(str(about.title or "")) if about else ""
    is_a_file = " " not in told and any(mark.isdigit() for mark in told)
    return "" if is_a_file or _NO_TITLE.fullmatch(told) else told


def _made(about: DocumentInformation | None) -> datetime | None:
    """When the file says that it was made; in UTC where it names no zone, as many don't."""
    try:
        return moment(about.creation_date) if about else None
    except ValueError:  # a date as no reader knows it
        return None


def _authors(about: DocumentInformation | None) -> tuple[str, ...]:
    """The names that the file says; what is no name (a program, an office) is left out."""
    told = plain.one_line(str(about.author or "")) if about else ""
    return tuple(names_in(told))


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
