"""Where sentences end, in English, Japanese and the scripts that write alike.

Own rules and no library: the kept ones are slow or know one language only (see ``docs/design/search.md``).
"""

from __future__ import annotations

from itertools import pairwise

import regex


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Followed by a name or a number, whatever its first letter.
_TITLES = _words(
    "mr mrs ms mx dr prof st sen rep gov gen col lt capt cpt sgt cmdr adm maj rev hon pres supt fr sr. mme mlle herr "
    "fig figs vol vols pp no nos nr art sec ch chap eq ed eds approx ca cf vs viz e.g i.e z.b d.h bzw p.ej"
)
#: May end a sentence, and does where the next word is one that begins sentences.
_MAYBE = _words(
    "inc ltd co corp bros jr sr etc al dept est univ assn ave blvd rd mt ft "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun"
)
_STARTERS = _words(
    "the a an it its he she they we you i this that these those there then but and or so if when while after before "
    "in on at by for from with as to however although though what who where why how his her their our my your no "
    "not some many most all one each every both also meanwhile since because once here now"
)
_END = regex.compile(r"(?:[.!?…‼⁇⁈⁉]+|[。！？｡．।॥؟۔።])[。！？｡]*[\"'”’»)\]）」』】〉》]*")
_WORD_BEFORE = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}.'’&]*$")
_NEXT_WORD = regex.compile(r"[\s\"'“‘«(\[]*([\p{L}\p{N}]+)")
_BULLET = regex.compile(r"\s*(?:[-*•‣・●▪–—]|\d{1,3}[.)]|[a-z][.)])\s")
_OPEN, _CLOSE = "「『（【〈《", "」』）】〉》"
_BRACKET = regex.compile(rf"[{_OPEN}{_CLOSE}\n]")
_LONGEST_QUOTATION = 400
_AFTER_QUOTATION = frozenset("となはがをにのでも")
_WIDE_END = frozenset("。！？｡．।॥؟۔።")
_WRAPPED_LINE = 55


def sentences(text: str) -> list[str]:
    """The text's sentences in order, each trimmed; what is not a sentence (a heading, a list item) stands alone."""
    return [text[start:end] for start, end in spans(text)]


def spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence stands in the text: start and end, without the white space around it."""
    cuts = sorted({0, len(text), *_line_cuts(text), *_mark_cuts(text)})
    trimmed = (_trim(text, start, end) for start, end in pairwise(cuts))
    return [(start, end) for start, end in trimmed if start < end]


def _mark_cuts(text: str) -> list[int]:
    quoted = _quoted(text)
    return [match.end() for match in _END.finditer(text) if _ends(text, match.start(), match.end(), quoted)]


def _ends(text: str, start: int, end: int, quoted: bytearray) -> bool:
    """Whether the punctuation between ``start`` and ``end`` ends a sentence."""
    if any(mark in _WIDE_END for mark in text[start:end]):
        return not _goes_on(text, end, quoted)
    if end < len(text) and not text[end].isspace():
        return _is_wide(text[end]) and not _goes_on(text, end, quoted)
    following = _NEXT_WORD.match(text, end)
    word = following[1] if following else ""
    if text[start] == "." and text[start : start + 2] != "..":
        return _full_stop_ends(text, start, word)
    return not word[:1].islower()


def _full_stop_ends(text: str, start: int, following: str) -> bool:
    before = _WORD_BEFORE.search(text, max(0, start - 24), start)
    word = before[0] if before else ""
    if following[:1].islower() or word.casefold() in _TITLES:
        return False
    if word == "c" and following[:1].isdigit():  # (c. 1455–1536)
        return False
    if word.isdigit() and _starts_line(text, start - len(word)):
        return False
    initial = len(word) == 1 and word.isupper() and word != "I"
    if initial or "." in word or word.casefold() in _MAYBE:
        return not following or following.casefold() in _STARTERS
    return True


def _quoted(text: str) -> bytearray:
    """1 at each character that stands in a quotation or bracket which is closed on its line, not too far on."""
    marks = bytearray(len(text) + 1)
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] == "\n":
            opened.clear()
        elif match[0] in _OPEN:
            opened.append(match.start())
        elif opened:
            start, end = opened.pop(), match.end()
            if end - start <= _LONGEST_QUOTATION:
                marks[start + 1 : end] = b"\1" * (end - start - 1)
    return marks


def _goes_on(text: str, end: int, quoted: bytearray) -> bool:
    """Whether the mark before ``end`` stands in a quotation, or its sentence goes on after it: 「はい。」と言った。"""
    return bool(quoted[end]) or (text[end - 1] in _CLOSE and text[end : end + 1] in _AFTER_QUOTATION)


def _line_cuts(text: str) -> list[int]:
    cuts = []
    start = 0
    while (at := text.find("\n", start)) >= 0:
        if not _is_wrap(text[start:at], text[at + 1 : at + 80]):
            cuts.append(at + 1)
        start = at + 1
    return cuts


def _is_wrap(line: str, rest: str) -> bool:
    """Whether a line break is only the width of a column: the sentence goes on in the next line."""
    following = rest.partition("\n")[0]
    if not line.strip() or not following.strip() or _BULLET.match(following):
        return False
    if _END.search(line.rstrip()[-3:]):
        return False
    return following.lstrip()[:1].islower() or len(line.rstrip()) >= _WRAPPED_LINE


def _starts_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _is_wide(mark: str) -> bool:
    return "\u3040" <= mark <= "\u9fff" or "\uff00" <= mark <= "\uffef"


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
