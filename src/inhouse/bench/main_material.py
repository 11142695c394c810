"""What the main job's benchmark brings: an author's book, a bank's documents, and whom the author is told from."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import regex

from inhouse.content.sentences import sentences
from inhouse.lab.datasets import DataMissing, dictionary
from inhouse.lab.readings import paragraphs, qed, xquad
from inhouse.runtime import smalltalk

#: A chat answer has at most two sentences, so what it is compared with has as many.
_SENTENCES = 2
_SHORTEST = 25
_SEED = 11
#: Characters by which an entry is known again, white space apart: few enough to end before the next entry begins.
_HEAD = slice(8, 32)
_PREFIX = regex.compile(r"^[\p{Lu}'’ .-]+, (?:\p{Ll}+\.[ ,]*(?:and |or )?)+\s*")
_SAID = regex.compile(r"^User [12]: *(.+)$", regex.M)

Documents = list[list[str]]


def book(data: Path, folder: Path, entries: int | None) -> Path:
    """The Devil's Dictionary as it was downloaded, or a file of some of its ``entries``."""
    if entries is None:
        return data / "bierce" / "the-devils-dictionary.txt"
    folder.mkdir(parents=True)
    file = folder / "dictionary.txt"
    chosen = random.Random(_SEED).sample(dictionary(data), entries)
    file.write_text("\n\n".join(text for _, text in chosen) + "\n", encoding="utf-8")
    return file


def bank(data: Path, folder: Path, documents: int | None) -> Path:
    """The folder of the bank's documents, or one of its ``documents`` shortest."""
    whole = data / "bank" / "documents"
    if not whole.is_dir():
        raise DataMissing(path=whole)
    if documents is None:
        return whole
    folder.mkdir(parents=True)
    for file in sorted(whole.glob("*.json"), key=lambda file: (file.stat().st_size, file.name))[:documents]:
        shutil.copy(file, folder)
    return folder


def strangers_pages(texts: Sequence[tuple[str, str]], file: Path) -> Path:
    """(title, text) pairs as a file that can be imported."""
    rows = [{"id": number, "title": title, "content": text} for number, (title, text) in enumerate(texts)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def unseen(data: Path, trained: str) -> Documents:
    """The author's entries that no row of the adapter's training holds, in pieces as long as a chat answer."""
    seen = _flat(trained)
    left = [entry for _, entry in dictionary(data) if _flat(entry)[_HEAD] not in seen]
    return [cut for entry in left if (cut := pieces(_PREFIX.sub("", entry)))]


def others(data: Path, most: int) -> Documents:
    """Texts of other authors, the same share from each set: an encyclopedia twice, a bank, and small talk."""
    sets = [
        [text for _, text in paragraphs(xquad(data, "tune"))],
        [reading.paragraph for reading in qed(data)],
        [json.loads(file.read_text("utf-8"))["content"] for file in sorted(bank(data, data, None).iterdir())],
        [" ".join(said) for said in _dialogues(data)[1::2]],
    ]
    chance = random.Random(_SEED)
    chosen = [text for texts in sets for text in chance.sample(texts, min(len(texts), most // len(sets)))]
    return [cut for text in chosen if (cut := pieces(text))]


def messages(data: Path, count: int) -> list[str]:
    """What people say to be friendly and that asks nothing, from dialogues that no classifier sees."""
    said = [text for dialogue in _dialogues(data)[::2] for text in dialogue]
    plain = [text for text in said if 20 <= len(text) <= 120 and not smalltalk.asks(text)]
    greeting_free = [text for text in dict.fromkeys(plain) if smalltalk.recognise(text) is None]
    return random.Random(_SEED).sample(greeting_free, count)


def pieces(text: str) -> list[str]:
    """The text in pieces of two sentences; what is too short to tell anything by is left out."""
    found = sentences(" ".join(text.split()))
    pairs = [" ".join(found[at : at + _SENTENCES]) for at in range(0, len(found), _SENTENCES)]
    return [pair for pair in pairs if len(pair) >= _SHORTEST]


def _dialogues(data: Path) -> list[list[str]]:
    file = data / "personachat" / "valid.csv"
    if not file.is_file():
        raise DataMissing(path=file)
    return list(_read(file))


def _read(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield [said.strip() for said in _SAID.findall(row["Best Generated Conversation"])]


def _flat(text: str) -> str:
    """Without white space, which importing may change."""
    return "".join(text.split())
