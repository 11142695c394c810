"""All importers, in the order in which they may claim files, and the reading of a whole tree with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from inhouse.content import languages, plain
from inhouse.content.files import Files, Refused
from inhouse.content.importers.base import Importer, Options, Outcome, Skipped
from inhouse.content.importers.captions import Captions
from inhouse.content.importers.docx import Docx
from inhouse.content.importers.feed import Feed
from inhouse.content.importers.html import Html
from inhouse.content.importers.instagram import Instagram
from inhouse.content.importers.jats import Jats
from inhouse.content.importers.markdown import Markdown
from inhouse.content.importers.pdf import Pdf
from inhouse.content.importers.records import Records
from inhouse.content.importers.substack import Substack
from inhouse.content.importers.takeout import Takeout
from inhouse.content.importers.text import Text
from inhouse.content.importers.x import X
from inhouse.content.values import Item
from inhouse.core.errors import InhouseError
from inhouse.core.ids import digest
from inhouse.core.passages import Credit

log = logging.getLogger(__name__)

#: Archives first: what is theirs is no loose file.
IMPORTERS: Sequence[Importer] = (
    Instagram(),
    X(),
    Substack(),
    Takeout(),
    Markdown(),
    Html(),
    Pdf(),
    Docx(),
    Captions(),
    Jats(),
    Feed(),
    Records(),
    Text(),
)

_MOST_TITLE = 300
_MOST_NAME = 200
_MOST_AUTHORS = 500
_MOST_KEY = 400
_MOST_URL = 2000
_MOST_CHARS = 5_000_000
_MOST_SECTIONS = 20_000


@dataclass(frozen=True)
class Unit:
    """Something to read, with the importer that reads it."""

    importer: Importer
    name: str


@dataclass(frozen=True)
class Plan:
    """What an import will read, in order, and what it won't."""

    units: Sequence[Unit]
    skipped: Sequence[Skipped]
    account: str | None
    """Whose archive it is, such as ``x: @name``, where it is one archive and says so."""


def plan(files: Files) -> Plan:
    """Share out the files of a tree among the importers; what nobody reads is named."""
    left = dict.fromkeys(files.names)
    units: list[Unit] = []
    for importer in IMPORTERS:
        claim = importer.claim(files)
        units += [Unit(importer, name) for name in claim.units if name in left or name not in files.names]
        for name in claim.names:
            left.pop(name, None)
    skipped = [Skipped(name=name, reason=reason) for name, reason in files.problems]
    skipped += [Skipped(name=name, reason="no importer reads this kind of file") for name in left]
    return Plan(units, skipped, _account(files, units))


def read(files: Files, unit: Unit, options: Options) -> list[Outcome]:
    """A unit's items, ready to be stored; a broken unit or item is a ``Skipped``, a hostile archive is ``Refused``."""
    outcomes: list[Outcome] = []
    try:
        for outcome in unit.importer.read(files, unit.name, options):
            outcomes.append(_ready(outcome) if isinstance(outcome, Item) else outcome)
    except Refused:
        raise
    except InhouseError as error:
        outcomes.append(Skipped(name=unit.name, reason=error.message))
    except Exception:
        log.warning("%s could not read a file", unit.importer.name, exc_info=True)
        outcomes.append(Skipped(name=unit.name, reason="it is broken or not what its name says"))
    return outcomes


def _account(files: Files, units: Sequence[Unit]) -> str | None:
    if len(units) != 1:
        return None
    unit = units[0]
    account = unit.importer.account(files, unit.name)
    return f"{unit.importer.name}: {account}" if account else None


def _ready(item: Item) -> Outcome:
    """The item without what can't be stored or shown, within limits, its language told."""
    sections = tuple(
        section.model_copy(update={"text": text})
        for section in item.sections
        if (text := plain.clean(section.text))
    )
    title = plain.shortened(plain.one_line(item.title), _MOST_TITLE) or plain.shortened(item.key, _MOST_TITLE)
    if not sections:
        return Skipped(name=title, reason="it has no text")
    if len(sections) > _MOST_SECTIONS or sum(len(section.text) for section in sections) > _MOST_CHARS:
        return Skipped(name=title, reason=f"it is longer than {_MOST_CHARS:,} characters: split it")
    return item.model_copy(
        update={
            "key": _key(item.key),
            "title": title,
            "url": _url(item.url),
            "sections": sections,
            "language": _language(item, sections[0].text),
            "credit": _credit(item.credit),
            "question": plain.shortened(plain.one_line(item.question), 2000) if item.question else None,
        }
    )


def _credit(credit: Credit | None) -> Credit | None:
    """The credit without what can't be shown; ``None`` where it says nothing."""
    if credit is None:
        return None
    names = (plain.shortened(plain.one_line(name), _MOST_NAME) for name in credit.authors[:_MOST_AUTHORS])
    authors = tuple(name for name in names if name)
    journal = plain.shortened(plain.one_line(credit.journal or ""), _MOST_TITLE) or None
    return (
        Credit(authors=authors, journal=journal, year=credit.year)
        if authors or journal or credit.year
        else None
    )


def _key(key: str) -> str:
    key = plain.one_line(key)
    return key if len(key) <= _MOST_KEY else f"{key[:_MOST_KEY]}…{digest(key)[:16]}"


def _url(url: str | None) -> str | None:
    """Only addresses that are safe to link to."""
    url = plain.one_line(url or "")
    parts = urlsplit(url) if len(url) <= _MOST_URL else None
    return url if parts and parts.scheme in ("http", "https") and parts.hostname else None


def _language(item: Item, text: str) -> str:
    told = item.language.split("-")[0].lower()
    if 2 <= len(told) <= 3 and told.isascii() and told.isalpha() and told != languages.UNKNOWN:
        return told
    return languages.guess(f"{item.title}\n{item.question or ''}\n{text}")
