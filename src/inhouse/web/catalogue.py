"""Keeps the catalogues in step with the pages: ``python -m inhouse.web.catalogue`` after any change of wording.

Messages come from the templates, from marked strings in this package, and from what errors say: their docstrings, and
the fixed reasons that are given to ``UsageError`` and ``Conflict`` anywhere.
"""

from __future__ import annotations

import ast
import functools
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from inhouse.web import i18n

_HERE = Path(__file__).parent
_PACKAGES = _HERE.parent
#: Packages whose errors no page shows.
_WITHOUT = ("app", "bench", "cli", "__pycache__")
_DEEPEST = 4
_PAGES = [("**.py", "python"), ("**.html", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_REASONS = {"UsageError": None, "Conflict": None}
_OPTIONS = {"**.html": {"extensions": "jinja2.ext.do", "trim_blocks": "true", "lstrip_blocks": "true"}}


def read(language: str) -> Catalog:
    """The catalogue of a language as it is written."""
    return read_po(io.BytesIO(_path(language).read_bytes()), locale=language)


@functools.cache  # seconds of reading, and nothing that runs changes the code
def extracted() -> Catalog:
    """Every message as it stands in the code today, without translations."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for message, place in [*_of_pages(), *_of_errors(), *_of_reasons()]:
        catalog.add(message, locations=[(place, 0)])
    return catalog


def update(language: str) -> Catalog:
    """The catalogue of a language brought up to date: new messages empty, gone ones removed."""
    path = _path(language)
    catalog = read(language)
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalog, width=110, sort_output=True, omit_header=False, include_lineno=False)
    return catalog


def missing(language: str) -> list[str]:
    """Messages that have no translation into a language yet."""
    catalog = read(language)
    known = {_key(m.id) for m in catalog if m.id and _is_translated(m)}
    return sorted(_key(m.id) for m in extracted() if m.id and _key(m.id) not in known)


def stale(language: str) -> list[str]:
    """Messages of the catalogue that no code says any more."""
    catalog = read(language)
    said = {_key(m.id) for m in extracted()}
    return sorted(_key(m.id) for m in catalog if m.id and _key(m.id) not in said)


def _of_pages() -> Iterator[tuple[str | tuple[str, ...], str]]:
    found = extract_from_dir(_HERE, _PAGES, _OPTIONS, _KEYWORDS)
    for name, _line, message, _comments, _context in found:
        yield message, name


def _of_errors() -> Iterator[tuple[str, str]]:
    """The docstrings of all errors that a page may show, read from the source so that nothing need be imported."""
    classes = [
        (node, f"{path.relative_to(_PACKAGES)}")
        for package in _shown_packages()
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    errors = {"InhouseError"}
    for _ in range(_DEEPEST):
        errors |= {
            node.name for node, _place in classes if errors & {ast.unparse(base) for base in node.bases}
        }
    for node, place in classes:
        said = " ".join((ast.get_docstring(node) or "").split())
        if node.name in errors and said and not said.startswith("{"):
            yield said, place


def _of_reasons() -> Iterator[tuple[str, str]]:
    for package in _shown_packages():
        for found in extract_from_dir(package, [("**.py", "python")], None, _REASONS):
            yield _key(found[2]), f"{package.name}/{found[0]}"


def _shown_packages() -> list[Path]:
    return [path for path in sorted(_PACKAGES.iterdir()) if path.is_dir() and path.name not in _WITHOUT]


def _is_translated(message: Message) -> bool:
    words = message.string or ""
    return bool(words) if isinstance(words, str) else all(words)


def _key(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def _path(language: str) -> Path:
    return _HERE / "locale" / language / "LC_MESSAGES" / "messages.po"


if __name__ == "__main__":
    for code in i18n.LANGUAGES:
        update(code)
    for gap in missing("ja"):
        print(gap)  # noqa: T201 - a tool for whoever writes the pages
