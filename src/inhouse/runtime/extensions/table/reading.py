"""An owner's CSV file as columns and rows: what spreadsheets and shops export, read as it was meant, or refused."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice

import regex

from inhouse.content import languages, plain
from inhouse.core.errors import InhouseError
from inhouse.runtime.extensions.table.columns import Column, Kind, find_column, quantity, told_mark

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
_MOST_COLUMNS = 100
_MOST_NAME = 40
_SEPARATORS = ",;\t"
_SAMPLE_CHARS = 64 * 1024
_SAMPLE_ROWS = 50
#: Excel's own first line, which names the separator.
_HINT = regex.compile(r"sep=([,;\t])\n")
_CAMEL = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})")
_NO_WORD = regex.compile(r"[^\p{L}\p{N}\p{M}]+")
#: Columns that hold what a row is called, in the order of preference.
_NAMES = (
    "name", "title", "product_name", "product", "item_name", "item", "produktname", "produkt", "bezeichnung", "artikel",
    "nom", "produit", "titre", "nombre", "producto", "titulo", "título", "nome", "商品名", "製品名", "名前", "名称", "品名",
    "タイトル", "商品", "상품명", "제품명", "이름", "产品名称", "产品",
)  # fmt: skip
_LINKS = ("url", "link", "permalink", "page", "web_page", "page_url", "product_url", "product_link")


class BadTable(InhouseError):
    """The table can't be read: {reason}"""


@dataclass(frozen=True)
class Sheet:
    """A table as it was read: every row has one cell for each column, as people read it; empty cells are ""."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    name_at: int
    """The column that holds what a row is called."""
    link_at: int | None
    """The column that holds a row's web address, where there is one."""
    language: str
    """What its texts are written in; "und" where that can't be told."""


def read_sheet(content: str | bytes, language: str = languages.UNKNOWN) -> Sheet:
    """Read a CSV file; an unknown language is guessed. Raises ``BadTable`` or ``NotText`` with a sentence for its owner."""
    text = read_text(content)
    hint = _HINT.match(text)
    # The hint's line stays as an empty one, so that lines keep their numbers.
    text = text[hint.end() - 1 :] if hint else text
    separator = hint[1] if hint else _separator(text)
    header, rows = _header_and_rows(_records(text, separator))
    cells_by_column = list(zip(*rows, strict=True))
    kept = [at for at, cells in enumerate(cells_by_column) if any(cells)]
    mark = _mark(cells_by_column, separator)
    names = column_names(header)
    columns = tuple(find_column(names[at], header[at], cells_by_column[at], mark) for at in kept)
    shown = tuple(
        tuple(column.shown(row[at]) for column, at in zip(columns, kept, strict=True)) for row in rows
    )
    language = guessed(columns, shown) if language == languages.UNKNOWN else language
    return Sheet(columns, shown, name_at(columns), link_at(columns), language)


def read_text(content: str | bytes) -> str:
    """The file as text in the right encoding. Raises ``BadTable`` where it is too large, or ``NotText``."""
    # A text is measured first by its characters: to encode what is far too long would itself cost memory.
    size = (
        len(content)
        if isinstance(content, bytes) or len(content) > MOST_BYTES
        else len(content.encode("utf-8", "replace"))
    )
    if size > MOST_BYTES:
        raise BadTable(reason=f"it is larger than {MOST_BYTES // 1024 // 1024} MB.")
    if isinstance(content, bytes):
        return plain.decode(content).removeprefix("\ufeff")
    return content.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _separator(text: str) -> str:
    """The separator that gives most of the first records as many cells as the header, and the header most."""
    return max(_SEPARATORS, key=lambda separator: _agreement(text[:_SAMPLE_CHARS], separator))


def _agreement(sample: str, separator: str) -> tuple[float, int]:
    records = csv.reader(io.StringIO(sample), delimiter=separator, skipinitialspace=True)
    widths = [len(cells) for cells in islice(filter(None, records), _SAMPLE_ROWS)]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records that hold anything, cleaned, each with the number of the line on which it begins."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True, strict=True)
    line = 1
    try:
        for record in reader:
            cells = [_cell(cell) for cell in record]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        wrong = (
            "holds a cell that is too long" if "limit" in str(error) else "has a quotation mark out of place"
        )
        raise BadTable(reason=f"what begins on line {line} {wrong}, or one that is never closed.") from error


def _cell(text: str) -> str:
    """A cell on one line: whoever fills it can't forge a second row."""
    return text.strip() if text.isascii() and text.isprintable() else plain.one_line(text)


def _header_and_rows(records: Iterator[tuple[int, list[str]]]) -> tuple[list[str], list[list[str]]]:
    line, header = next(records, (1, []))
    while header and not header[-1]:
        header.pop()
    _check_header(line, header)
    rows: list[list[str]] = []
    for line, cells in records:
        if len(rows) == MOST_ROWS:
            raise BadTable(reason=f"it has more than {MOST_ROWS:,} rows; line {line} is one too many.")
        rows.append(_fitted(line, cells, len(header)))
    if not rows:
        raise BadTable(reason="it has no rows below the line that names the columns.")
    return header, rows


def _check_header(line: int, header: Sequence[str]) -> None:
    if not header:
        raise BadTable(reason="it is empty.")
    if len(header) > _MOST_COLUMNS:
        raise BadTable(reason=f"line {line} names {len(header):,} columns; the limit is {_MOST_COLUMNS}.")
    for cell in header:
        if quantity(cell, "."):
            raise BadTable(
                reason=f'line {line} has to name the columns, and "{cell}" is no name but a number.'
            )


def _fitted(line: int, cells: list[str], width: int) -> list[str]:
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) != width:
        raise BadTable(
            reason=f"line {line} has {len(cells):,} cells where the columns are {width}; "
            "a cell that holds a separator or a line break goes in quotation marks."
        )
    return cells


def column_names(header: Sequence[str]) -> list[str]:
    """Names for the columns: lower snake case, unique, none empty."""
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        base = _snake(cell) or f"column_{number}"
        options = chain([base], (f"{base}_{copy}" for copy in count(2)))
        names.append(next(name for name in options if name not in names))
    return names


def _snake(text: str) -> str:
    words = _CAMEL.sub("_", unicodedata.normalize("NFKC", text)).lower()
    return _NO_WORD.sub("_", words).strip("_")[:_MOST_NAME].rstrip("_")


def _mark(cells_by_column: Sequence[Sequence[str]], separator: str) -> str:
    """The file's decimal mark: as its numbers show, else a comma where commas were kept free for it."""
    sample = chain.from_iterable(cells[:_SAMPLE_ROWS] for cells in cells_by_column)
    return told_mark(sample) or ("," if separator == ";" else ".")


def name_at(columns: Sequence[Column]) -> int:
    texts = {column.name: at for at, column in enumerate(columns) if column.kind is Kind.TEXT}
    told = (texts[name] for name in _NAMES if name in texts)
    return next(chain(told, texts.values()), 0)


def link_at(columns: Sequence[Column]) -> int | None:
    return next((at for at, column in enumerate(columns) if column.name in _LINKS), None)


def guessed(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    texts = [at for at, column in enumerate(columns) if column.kind is Kind.TEXT]
    labels = " ".join(column.label for column in columns)
    return languages.guess("\n".join([labels, *(row[at] for row in rows[:_SAMPLE_ROWS] for at in texts)]))
