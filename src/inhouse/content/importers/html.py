"""HTML pages."""

from __future__ import annotations

from collections.abc import Iterator

from bs4.dammit import EncodingDetector

from inhouse.content import plain
from inhouse.content.html import read_page
from inhouse.content.importers.base import FileImporter, Options, Outcome, stem
from inhouse.content.values import Item, Kind


class Html(FileImporter):
    name = "html"
    suffixes = (".html", ".htm", ".xhtml")

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        page = read_page(_decode(data))
        yield Item(
            key=options.url or name,
            title=page.title or stem(name),
            kind=Kind.POST if page.published_at else Kind.PAGE,
            sections=page.sections,
            url=page.url or options.url,
            published_at=page.published_at,
            language=page.language or "und",
        )


def _decode(data: bytes) -> str:
    """A page says its own encoding; where it says none or a wrong one, it is told by its bytes."""
    declared = EncodingDetector.find_declared_encoding(data, is_html=True)
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeDecodeError):
            return plain.decode(data)
    return plain.decode(data)
