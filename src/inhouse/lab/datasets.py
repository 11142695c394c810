"""Data that the lab teaches with and benchmarks measure on. It is not part of Inhouse: it is read from a folder."""

from __future__ import annotations

import os
from pathlib import Path

import regex

from inhouse.core.errors import InhouseError


class DataMissing(InhouseError):
    """The data is not at {path}. Name its folder with --data or in INHOUSE_TEST_DATA."""


def data_folder(named: Path | None = None) -> Path:
    """The folder named, else ``INHOUSE_TEST_DATA``, else ``../shared/data``."""
    folder = named or Path(os.environ.get("INHOUSE_TEST_DATA", "../shared/data"))
    if not folder.is_dir():
        raise DataMissing(path=folder)
    return folder


def dictionary(folder: Path) -> list[tuple[str, str]]:
    """The Devil's Dictionary: (headword, entry), what belongs to an entry (verse, second paragraphs) with it."""
    text = read(folder / "bierce" / "the-devils-dictionary.txt")
    entries: list[tuple[str, str]] = []
    for block in regex.split(r"\n\s*\n", text.partition("*** END")[0]):
        head = regex.match(
            r"\s*([A-Z][A-Z'\-. ]*[A-Z]|[A-Z]), (?:n|v|adj|adv|pp|prep|conj|interj|x)\b", block
        )
        if head:
            entries.append((head[1], block.strip()))
        elif entries and len(block.strip()) > 1:
            name, so_far = entries[-1]
            entries[-1] = (name, f"{so_far}\n\n{block.strip()}")
    return entries


def read(file: Path) -> str:
    """A file's text; ``DataMissing`` where it is not there."""
    if not file.is_file():
        raise DataMissing(path=file)
    return file.read_text(encoding="utf-8")
