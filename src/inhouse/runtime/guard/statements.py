"""Judging what a sentence says of a rival.

A sentence that surely names a rival passes only where it holds no judgement, no comparison and no invitation, **and**
says something known to be neutral: words of praise can't all be listed, so what is not understood doesn't pass. A
sentence that may be about a rival (a pronoun, a likely slip of the keyboard) passes unless it judges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.runtime.guard.findings import Finding
from inhouse.runtime.guard.folding import plain
from inhouse.runtime.guard.lexicon import Lexicon, lexicon
from inhouse.runtime.guard.names import Mention, Names

_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_LATIN = re.compile(r"[a-z]")
_REMEMBER = 2
"""How many sentences after a rival was named a pronoun may still mean it."""


@dataclass(frozen=True)
class Scope:
    """What the sentences before leave open: which rival was named, how long ago, and whether judging was refused."""

    rival: str = ""
    age: int = 0
    refused: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the next sentence may still be about the rival."""
        return bool(self.rival) and self.age < _REMEMBER


@dataclass(frozen=True)
class Sentence:
    """A sentence in its plain form, rivals written ``ⓡ``, owners and products ``ⓞ``, courtesies gone."""

    text: str
    rival: str
    named: bool
    """Whether a rival is surely named in it."""
    lexica: tuple[Lexicon, ...]


def read(raw: str, rivals: Names, own: Names) -> Sentence:
    """Fold a sentence and mark whom it names."""
    mentions = rivals.find(raw)
    ours = [m for m in own.find(raw) if all(m.end <= r.start or m.start >= r.end for r in mentions)]
    text = _marked(raw, mentions, ours)
    lexica = tuple(
        lexicon(language)
        for language, script in (("en", _LATIN), ("ja", _JAPANESE))
        if script.search(text) or (language == "en" and not _JAPANESE.search(raw))
    )
    for lex in lexica:
        text = lex.courtesy.sub(" ", text)
    text = re.sub(r"[ \t]+", " ", text).strip()
    named = [m.of for m in mentions if m.strong] or [m.of for m in mentions]
    return Sentence(text, named[0] if named else "", any(m.strong for m in mentions), lexica)


def judge(sentence: Sentence, scope: Scope, *, whole: bool = True) -> Finding | None:
    """What is wrong with a sentence that follows ``scope``. An unfinished one is only judged by what it says so far."""
    if sentence.rival:
        finding = _judgement(sentence, sentence.rival, everything=True)
        if finding is None and whole and sentence.named and not _is_neutral(sentence):
            return Finding("rival", sentence.rival, sentence.text)
        return finding
    if not scope.is_open:
        return None
    sure = _mentions(sentence, "pronoun_sure")
    if not sure and (_is_about_us(sentence) or (scope.refused and not _mentions(sentence, "pronoun"))):
        return None
    return _judgement(sentence, scope.rival, everything=sure)


def after(sentence: Sentence, scope: Scope) -> Scope:
    """What a sentence leaves open for the next one."""
    if sentence.rival:
        return Scope(sentence.rival, 0, any(lex.refusal.search(sentence.text) for lex in sentence.lexica))
    if _is_about_us(sentence) and not _mentions(sentence, "pronoun_sure"):
        return Scope()
    return Scope(scope.rival, scope.age + 1, scope.refused) if scope.is_open else Scope()


def refuses(raw: str) -> bool:
    """Whether a clause refuses to speak of something."""
    text = plain(raw)
    return any(
        lex.refusal.search(text) or lex.refusal_after.search(text) for lex in (lexicon("en"), lexicon("ja"))
    )


def clauses(raw: str) -> list[str]:
    """A sentence cut at its commas and turns."""
    parts = [raw]
    for language in ("en", "ja"):
        parts = [piece for part in parts for piece in lexicon(language).clause.split(part)]
    return [part for part in parts if part.strip()]


def _judgement(sentence: Sentence, rival: str, *, everything: bool) -> Finding | None:
    for lex in sentence.lexica:
        idiom = lex.idiom.search(sentence.text)
        if idiom is not None:
            return Finding("rival", rival, idiom.group())
        for clause in lex.clause.split(sentence.text):
            matched = _in_clause(lex, clause, everything and _speaks_of_rival(lex, clause))
            if matched:
                return Finding("rival", rival, matched)
    return None


def _in_clause(lex: Lexicon, clause: str, of_rival: bool) -> str:
    """The first judgement in a clause that isn't refused and isn't about ourselves, else nothing."""
    for pattern in (lex.compare, lex.judgement, lex.send):
        if pattern is not lex.compare and not of_rival and (lex.own.search(clause) or "ⓞ" in clause):
            continue
        for found in pattern.finditer(clause):
            if not _takes_back(lex, clause, found):
                return found.group()
    return ""


def _takes_back(lex: Lexicon, text: str, found: re.Match[str]) -> bool:
    """Whether a refusal governs the judgement, and the judgement is of the sort that a refusal can take back."""
    if not lex.excusable.fullmatch(found.group()):
        return False
    if lex.refusal_after.search(text):
        return True
    refusals = lex.refusal.finditer(text)
    if lex.negates_after:
        return any(refusal.end() >= found.end() for refusal in refusals)
    return any(refusal.start() <= found.start() for refusal in refusals)


def _is_neutral(sentence: Sentence) -> bool:
    return any(lex.neutral.search(sentence.text) or lex.refusal.search(sentence.text) for lex in sentence.lexica)


def _speaks_of_rival(lex: Lexicon, clause: str) -> bool:
    return bool("ⓡ" in clause or lex.pronoun_sure.search(clause) or lex.pronoun.search(clause))


def _is_about_us(sentence: Sentence) -> bool:
    return "ⓞ" in sentence.text or _mentions(sentence, "own")


def _mentions(sentence: Sentence, what: str) -> bool:
    return any(getattr(lex, what).search(sentence.text) for lex in sentence.lexica)


def _marked(raw: str, rivals: Sequence[Mention], ours: Sequence[Mention]) -> str:
    marks = sorted([(m.start, m.end, "ⓡ") for m in rivals] + [(m.start, m.end, "ⓞ") for m in ours])
    out, position = [], 0
    for start, end, sign in marks:
        if start >= position:
            out.append(plain(raw[position:start]) + sign)
            position = end
    return "".join(out) + plain(raw[position:])
