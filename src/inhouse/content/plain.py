"""Plain text out of what people write: bytes decoded, control characters gone, lines joined to paragraphs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import regex
from charset_normalizer import from_bytes

from inhouse.core.errors import InhouseError

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SAMPLE_BYTES = 200_000
# What PostgreSQL refuses (NUL, lone surrogates), what hides or reorders text, and other controls but tab and newline.
_UNWANTED = regex.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SPACES = regex.compile(r"[ \t\u00a0]+")
_MANY_LINES = regex.compile(r"\n{3,}")
_NO_SPACE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}、。！？「」（）]")
_HYPHENATED = regex.compile(r"\p{Ll}-$")


class NotText(InhouseError):
    """It is not text in an encoding that can be told: save it as UTF-8."""


def decode(data: bytes) -> str:
    """Text from bytes: by its mark, as UTF-8, or by the likeliest encoding; ``NotText`` where there is none."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _newlines(data.decode(encoding, errors="replace"))
    try:
        return _newlines(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if b"\x00" in data[:_SAMPLE_BYTES]:
            raise NotText() from error
    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    if best is None:
        raise NotText()
    return _newlines(data.decode(best.encoding, errors="replace"))


def clean(text: str) -> str:
    """Text in NFC without control characters; at most one empty line in a row, no space at the ends of lines."""
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", _newlines(text)))
    lines = (_SPACES.sub(" ", line).rstrip() for line in text.split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()


def one_line(text: str) -> str:
    """Text on one line, such as a title."""
    return " ".join(clean(text).split())


def join_lines(lines: Iterable[str]) -> str:
    """Lines that were wrapped, as one: joined by a space, by none in languages without, words cut by a hyphen mended."""
    joined = ""
    for line in (line.strip() for line in lines):
        if joined and line:
            if _HYPHENATED.search(joined) and line[0].islower():
                joined = joined[:-1]
            elif not (_NO_SPACE.match(joined[-1]) and _NO_SPACE.match(line[0])):
                joined += " "
        joined += line
    return joined


def blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines between empty ones, each with the 1-based number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def shortened(text: str, most: int) -> str:
    """The text, cut at a word where it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[most // 2 :] else head) + "…"


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
