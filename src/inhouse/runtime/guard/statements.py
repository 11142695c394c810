"""Judging what a sentence says of a rival.

A sentence that surely names a rival passes only where it holds no judgement, no comparison and no invitation, **and**
says something known to be neutral: words of praise can't all be listed, so what is not understood doesn't pass. A
sentence that may be about a rival (a pronoun, a likely slip of the keyboard) passes unless it judges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inhouse.runtime.guard.findings import Finding
from inhouse.runtime.guard.folding import plain
from inhouse.runtime.guard.lexicon import Lexicon, lexicon
from inhouse.runtime.guard.names import Mention, Names

_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_LATIN = re.compile(r"[a-z]")
#: A rival's name and nothing else, asked back.
_BARE = re.compile(r"(?:what about |about |oh,? |well,? )?\W*ⓡ\W*(?:ですか|のこと|のことですか|ですね)?\W*")
_LISTING = re.compile(r"\b(?:or|nor|and|either|neither|not)\b|[\W_]|とも|も|や|とか")
_REMEMBER = 2
"""How many sentences after a rival was named a pronoun may still mean it."""


@dataclass(frozen=True)
class Scope:
    """What the sentences before leave open: which rival was named, how long ago, and whether judging was refused."""

    rival: str = ""
    age: int = 0
    refused: bool = False
    topic: bool = False
    """The rival was only named, as in "Acme?": what comes next is said of it."""

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
    sentence = _resolved(sentence, scope)
    if sentence.rival:
        finding = _judgement(sentence)
        if finding is None and whole and sentence.named and not _is_neutral(sentence):
            return Finding("rival", sentence.rival, sentence.text)
        return finding
    if not scope.is_open or _is_about_us(sentence) or (scope.refused and not _mentions(sentence, "pronoun")):
        return None
    return _judgement(replace(sentence, rival=scope.rival))


def _resolved(sentence: Sentence, scope: Scope) -> Sentence:
    """With the rival of the sentence before in place of what stands for it."""
    if sentence.rival or not scope.is_open or not sentence.text:
        return sentence
    if scope.topic:
        return replace(sentence, text=f"ⓡ {sentence.text}", rival=scope.rival, named=True)
    for lex in sentence.lexica:
        pronoun = lex.pronoun_sure.search(sentence.text)
        if pronoun is not None and not lex.antecedent.search(sentence.text):
            text = lex.pronoun_sure.sub("ⓡ", sentence.text)
            sure = pronoun.start() == 0 or not _is_about_us(sentence)
            return replace(sentence, text=text, rival=scope.rival, named=sure)
        subject = lex.pronoun_subject.match(sentence.text)
        if subject is not None and scope.age == 0 and not scope.refused:
            return replace(sentence, text=f"ⓡ{sentence.text[subject.end() :]}", rival=scope.rival, named=True)
    return sentence


def after(sentence: Sentence, scope: Scope) -> Scope:
    """What a sentence leaves open for the next one."""
    sentence = _resolved(sentence, scope)
    if sentence.rival:
        refused = any(lex.refusal.search(sentence.text) for lex in sentence.lexica)
        return Scope(sentence.rival, 0, refused, _BARE.fullmatch(sentence.text) is not None)
    if _is_about_us(sentence) or not scope.is_open:
        return Scope()
    return replace(scope, age=scope.age + 1, topic=False)


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


def _judgement(sentence: Sentence) -> Finding | None:
    for lex in sentence.lexica:
        idiom = lex.idiom.search(sentence.text)
        if idiom is not None:
            return Finding("rival", sentence.rival, idiom.group())
        for clause in _clauses(lex, sentence.text):
            matched = _in_clause(lex, clause)
            if matched:
                return Finding("rival", sentence.rival, matched)
    return None


@dataclass(frozen=True)
class _Clause:
    text: str
    ours: bool
    """It speaks of us, or goes on from a clause that does, and not of the rival."""
    refused: bool
    """It only goes on listing what the clause before refuses: "I won't judge it, good or bad"."""


def _clauses(lex: Lexicon, text: str) -> list[_Clause]:
    """The clauses of a sentence, each with what it takes over from the one before."""
    out: list[_Clause] = []
    before = _Clause("", ours=False, refused=False)
    for clause in lex.clause.split(text):
        speaks_of_rival = "ⓡ" in clause or lex.pronoun_sure.search(clause) or lex.pronoun.search(clause)
        ours = not speaks_of_rival and bool(lex.own.search(clause) or "ⓞ" in clause or before.ours)
        refusing = bool(lex.refusal.search(before.text)) or before.refused
        before = _Clause(clause, ours, refusing and not _LISTING.sub("", lex.excusable.sub("", clause)))
        out.append(before)
    return out


def _in_clause(lex: Lexicon, clause: _Clause) -> str:
    """The first judgement in a clause that isn't refused and isn't about ourselves, else nothing."""
    if clause.refused:
        return ""
    for pattern in (lex.compare, lex.judgement, lex.send):
        if clause.ours and pattern is not lex.compare:
            continue
        for found in pattern.finditer(clause.text):
            if not _takes_back(lex, clause.text, found):
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
    """Whether each part of the sentence that names a rival says something known to be neutral."""
    parts = [sentence.text]
    for lex in sentence.lexica:
        parts = [piece for part in parts for piece in lex.turn.split(part)]
    return all(_is_neutral_part(sentence, part) for part in parts if _names_rival(sentence, part))


def _names_rival(sentence: Sentence, part: str) -> bool:
    """By name, or by a pronoun that in a sentence with a rival in it can hardly mean anyone else."""
    return "ⓡ" in part or any(
        lex.pronoun_sure.search(part) and not lex.antecedent.search(sentence.text) for lex in sentence.lexica
    )


def _is_neutral_part(sentence: Sentence, part: str) -> bool:
    frames = (frame for lex in sentence.lexica for frame in (lex.neutral, lex.refusal, lex.refusal_after))
    return any(frame.search(part) for frame in frames)


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
