"""Reading one file or page that a person gives: through the importers, within limits.

Run as a program it does the same in a process of its own (``reading_apart``), which can be stopped: a thread can't.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from inhouse.content import given, splitting
from inhouse.content.archives import is_archive, open_files
from inhouse.content.files import Limits
from inhouse.content.given import Cut, Reading
from inhouse.content.importers import factory
from inhouse.content.importers.base import Options, Skipped
from inhouse.content.values import Document, Item
from inhouse.core import clock
from inhouse.core.errors import InhouseError, TooLarge

_MEGABYTE = 1024 * 1024
#: Some 300 pages: what a conversation is searched in, not a library.
MOST_CHARS = 600_000
MOST_CUTS = 2000
#: Bytes of memory and seconds of computing that a program that reads may use.
_MOST_MEMORY = 1536 * _MEGABYTE
_MOST_COMPUTING = 90


class Unreadable(InhouseError):
    """This can't be read: {reason}"""


class Read(Protocol):
    """Reads a file that lies at ``path`` and is called ``name``; ``url`` is where it came from, if from anywhere."""

    def __call__(self, path: Path, name: str, url: str | None = None) -> Reading: ...


def read(path: Path, name: str, url: str | None = None) -> Reading:
    """What the file says. Raises ``Unreadable`` and ``TooLarge``."""
    if is_archive(name):
        raise Unreadable(reason="an archive has to be unpacked first, and its documents given one by one.")
    with open_files(path, Limits(file=64 * _MEGABYTE, total=64 * _MEGABYTE), name) as files:
        plan = factory.plan(files)
        if not plan.units:
            raise Unreadable(
                reason="this kind of file is not known here. Give a PDF, Word, HTML, Markdown or text file."
            )
        outcomes = [one for unit in plan.units for one in factory.read(files, unit, Options(url=url))]
    items = [one for one in outcomes if isinstance(one, Item)]
    if not items:
        why = next((one.reason for one in outcomes if isinstance(one, Skipped)), "it has no text")
        raise Unreadable(reason=f"{why.rstrip('.')}.")
    return _reading(items)


def _reading(items: Sequence[Item]) -> Reading:
    first = items[0]
    cuts = tuple(cut for item in items for cut in _cuts(item, under=len(items) > 1))
    if len(cuts) > MOST_CUTS or given.characters(cuts) > MOST_CHARS:
        raise TooLarge(what="The document", limit=f"{MOST_CHARS:,} characters (some 300 pages)")
    return Reading(title=first.title, language=first.language, published_at=_utc(first), cuts=cuts)


def _cuts(item: Item, *, under: bool) -> Iterator[Cut]:
    """An item's passages; one of several, such as a feed's entries, is told by its title."""
    for piece in splitting.split(_document(item), item.sections):
        heading = " > ".join(filter(None, (item.title if under else None, piece.place.heading)))
        place = piece.place.model_copy(update={"heading": heading}) if heading else piece.place
        yield Cut(text=piece.text, place=place)


def _document(item: Item) -> Document:
    """As it would be stored, for cutting it: it is not."""
    told = item.model_dump(exclude={"sections"})
    return Document(**told, id="", ai_id="", source_id="", hash="", imported_at=clock.now())


def _utc(item: Item) -> datetime | None:
    at = item.published_at
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def main(path: str, name: str, url: str) -> None:
    """Read a file and print the reading, or the sentence that says why not."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_COMPUTING, _MOST_COMPUTING))
    told: dict[str, Any]
    try:
        told = {"reading": read(Path(path), name, url or None).model_dump(mode="json", exclude_none=True)}
    except TooLarge as error:
        told = {"too_large": error.context}
    except InhouseError as error:
        told = {"refused": error.context.get("reason", error.message)}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:4])
