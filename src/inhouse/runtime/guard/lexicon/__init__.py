"""The words by which the guard tells a judgement from a neutral mention, one file a language, kept as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent
_NEVER = re.compile(r"(?!)")
_MARKS = r"[,;:()—–、。「」\"]"


@dataclass(frozen=True)
class Lexicon:
    """One language's expressions, each over plain text in which a rival's name is ``ⓡ``."""

    judgement: re.Pattern[str]
    compare: re.Pattern[str]
    send: re.Pattern[str]
    idiom: re.Pattern[str]
    refusal: re.Pattern[str]
    refusal_after: re.Pattern[str]
    excusable: re.Pattern[str]
    courtesy: re.Pattern[str]
    neutral: re.Pattern[str]
    own: re.Pattern[str]
    pronoun: re.Pattern[str]
    pronoun_sure: re.Pattern[str]
    pronoun_subject: re.Pattern[str]
    """A beginning that takes up the subject of the sentence before."""
    antecedent: re.Pattern[str]
    """Something of ours that a pronoun after it means, rather than the rival of the sentence before."""
    clause: re.Pattern[str]
    turn: re.Pattern[str]
    """Where a sentence turns to something else ("but"): each side must be neutral for itself."""
    negates_after: bool
    """Whether a clause's negation stands at its end, as in Japanese."""


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of ``en`` or ``ja``, read once."""
    lists: dict[str, list[str]] = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    spaced = language == "en"

    def words(*keys: str) -> re.Pattern[str]:
        return _any([line for key in keys for line in lists[key]], spaced)

    stems = [rf"(?:{stem})\w*" for stem in lists["stems"]]
    return Lexicon(
        judgement=_any([*stems, *lists["words"]], spaced),
        compare=words("compare"),
        send=words("send"),
        idiom=words("idioms"),
        refusal=words("refusals"),
        refusal_after=words("refusals_after"),
        excusable=_any(lists["excusable"], False),
        courtesy=words("courtesies"),
        neutral=_any(lists["neutral"], False),
        own=words("own"),
        pronoun=words("pronouns"),
        pronoun_sure=words("pronouns_sure"),
        pronoun_subject=words("pronoun_subjects"),
        antecedent=words("antecedents"),
        clause=re.compile(rf"{_MARKS}|{_any(lists['breaks'], spaced).pattern}"),
        turn=words("breaks"),
        negates_after=not spaced,
    )


def _any(lines: list[str], spaced: bool) -> re.Pattern[str]:
    if not lines:
        return _NEVER
    either = "|".join(f"(?:{line})" for line in lines)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if spaced else either)
