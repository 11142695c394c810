"""``inhouse bench personal``: how much personal data do the finders find, and how much else do they take with it?

Messages are written with their personal data marked: ``tuned`` and ``made`` are what the finders were made with; ``held``
was written by hand before them; ``drawn`` puts names, addresses and numbers that a generator drew in ten locales into
sentences of ours; ``hard`` is what nothing introduces, to see where the finders end. Harmless is also what real people said to an assistant (SNIPS).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inhouse.bench import tools_data
from inhouse.bench.report import Cell, Report, Say, Table, at_least, at_most, share
from inhouse.conversations.personal.mask import Mask

_DATA = Path(__file__).parent / "data" / "personal"
_MARK = re.compile(r"⟦(\w+)\|([^⟧]*)⟧")
_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 2
_SNIPS = 700
LEAST_FOUND, MOST_TOUCHED = 0.95, 0.03


@dataclass(frozen=True)
class Message:
    """What somebody wrote, and the ``(kind, words)`` in it that are personal."""

    language: str
    text: str
    marked: tuple[tuple[str, str], ...]
    rest: str
    """The text without them."""


@dataclass(frozen=True)
class Piece:
    """A piece of personal data; found where no word of it was left."""

    language: str
    kind: str
    words: str
    left: str
    """The message as it would have left."""
    found: bool


@dataclass(frozen=True)
class Measured:
    """A set of messages after the finders. ``touched`` are harmless messages that were changed."""

    pieces: tuple[Piece, ...]
    harmless: int
    touched: tuple[str, ...]


def written(name: str) -> list[Message]:
    """The messages of one set."""
    lines = (_DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [_message(line) for line in lines if line and not line.startswith("#")]


def measure(messages: Sequence[Message]) -> Measured:
    """What the finders do to each message, taken as a trace by itself."""
    pieces: list[Piece] = []
    touched: list[str] = []
    for message in messages:
        left = Mask([message.text], message.language).text(message.text)
        if message.marked:
            pieces += _pieces(message, left)
        elif left != message.text:
            touched.append(f"{message.text!r} → {left!r}")
    harmless = sum(not message.marked for message in messages)
    return Measured(tuple(pieces), harmless, tuple(touched))


def run(quick: bool, data: Path, say: Say) -> Report:
    """Measure every set; the targets are on those that nothing was tuned on."""
    began = time.monotonic()
    say("reading messages")
    sets = {name: measure(written(name)) for name in ("held", "drawn", "hard", "tuned", "made")}
    said = tools_data.snips(data, "report", 100 if quick else _SNIPS)
    real = measure([Message("en", one.text, (), one.text) for one in said])
    held, drawn = sets["held"], sets["drawn"]
    reported = [*held.pieces, *drawn.pieces]
    touched = [*held.touched, *real.touched]
    return Report(
        "personal",
        quick,
        [
            Table("Found, of what was held out", _lines(reported)),
            Table(
                "Found, by set",
                [{"set": name, **_found(one.pieces)} for name, one in sets.items()],
            ),
            Table(
                "Harmless messages that were changed",
                [
                    {"set": "held", "changed": _changed(held)},
                    {"set": "said to an assistant (SNIPS)", "changed": _changed(real)},
                ],
            ),
        ],
        [
            at_least(
                "personal data found, of what was held out",
                sum(piece.found for piece in reported) / len(reported),
                LEAST_FOUND,
            ),
            at_most(
                "harmless messages changed", len(touched) / (held.harmless + real.harmless), MOST_TOUCHED
            ),
        ],
        [
            "The sentences are ours, so real ones will hide more; who is only spoken of is not looked for (set hard).",
            *(
                f"missed: {piece.kind} {piece.words!r} in {piece.left!r}"
                for piece in reported
                if not piece.found
            ),
            *(f"changed for nothing: {one}" for one in touched),
        ],
        time.monotonic() - began,
    )


def _message(line: str) -> Message:
    language, text = line.split("\t", 1)
    text = text.replace("\\n", "\n")
    marked = tuple((kind, words) for kind, words in _MARK.findall(text))
    return Message(language, _MARK.sub(lambda mark: mark[2], text), marked, _MARK.sub(" ", text))


def _pieces(message: Message, left: str) -> list[Piece]:
    over = _counted(_PLACEHOLDER.sub(" ", left)) - _counted(message.rest)
    return [
        Piece(message.language, kind, words, left, words not in left and not _counted(words) & over)
        for kind, words in message.marked
    ]


def _counted(text: str) -> Counter[str]:
    return Counter(word for word in _WORD.findall(text) if len(word) >= _SHORTEST)


def _lines(pieces: Sequence[Piece]) -> list[dict[str, Cell]]:
    kinds = sorted({(piece.language, piece.kind) for piece in pieces})
    return [
        {
            "language": language,
            "kind": kind,
            **_found([p for p in pieces if (p.language, p.kind) == (language, kind)]),
        }
        for language, kind in kinds
    ]


def _found(pieces: Sequence[Piece]) -> dict[str, Cell]:
    return {"found": share([piece.found for piece in pieces])}


def _changed(measured: Measured) -> Cell:
    return share([True] * len(measured.touched) + [False] * (measured.harmless - len(measured.touched)))
