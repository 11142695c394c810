"""What every importer is: it names the files that it is the one to read, and reads them item by item."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from pydantic import BaseModel, ConfigDict, field_validator

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.values import Item
from inhouse.core.errors import InhouseError

_MOST_CHARS = 300


class Skipped(BaseModel):
    """Something that was not imported, and why."""

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str

    @field_validator("name", "reason")
    @classmethod
    def _printable(cls, text: str) -> str:
        """File names may hold anything; what is reported can be stored and shown."""
        return plain.shortened(plain.one_line(text), _MOST_CHARS)


Outcome = Item | Skipped


class CannotRead(InhouseError):
    """{reason}"""


@dataclass(frozen=True)
class Options:
    """What the owner wants. ``url`` is the address that a fetched file came from."""

    include_private: bool = False
    """Private videos, drafts and posts for paying readers too. Direct messages are never read."""
    url: str | None = None


@dataclass(frozen=True)
class Claim:
    """What of a tree an importer reads: ``units`` are read one by one, ``names`` are no other importer's business."""

    units: Sequence[str] = ()
    names: frozenset[str] = frozenset()


class Importer(Protocol):
    """One kind of file or archive."""

    name: str

    def claim(self, files: Files) -> Claim:
        """What it would read of this tree; cheap: names, and the first bytes of few files."""
        ...

    def account(self, files: Files, unit: str) -> str | None:
        """Whose archive it is, such as ``@name``, so that a later download is known as the same source."""
        ...

    def read(self, files: Files, unit: str, options: Options) -> Iterator[Outcome]:
        """A unit's items. May raise anything on a broken file: the caller names it and goes on."""
        ...


class FileImporter(ABC):
    """An importer of single files, told by the end of their names."""

    name: str
    suffixes: tuple[str, ...]

    def claim(self, files: Files) -> Claim:
        names = [name for name in files.names if name.lower().endswith(self.suffixes)]
        return Claim(names, frozenset(names))

    def account(self, files: Files, unit: str) -> str | None:
        return None

    def read(self, files: Files, unit: str, options: Options) -> Iterator[Outcome]:
        yield from self.read_file(unit, files.read(unit), options)

    @abstractmethod
    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        """The items of one file."""


def stem(name: str) -> str:
    """A file's name as a title: ``posts/my-first_mug.md`` → ``my first mug``."""
    base = PurePosixPath(name).name
    return " ".join(base.rsplit(".", 1)[0].replace("_", " ").replace("-", " ").split()) or base


def folder_of(name: str) -> str:
    """The folder part of a name with its last slash, empty at the top."""
    return name.rpartition("/")[0] + "/" if "/" in name else ""
