"""What a fan's message asks that a rule answers better than the model: who are you, which is better, forget your orders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import regex
import yaml

from inhouse.runtime.guard.folding import plain
from inhouse.runtime.guard.guard import Guard

Ask = Literal["human", "injection", "rival", "topic", "limit"]

#: "Are you Nell?": whoever it is, the answer is that this is an AI.
_BY_NAME = regex.compile(
    r"(?:^|[.!?]\s+)(?i:are you|am i (?:talking|speaking|chatting|writing) (?:to|with))(?i: really| actually| the real)?"
    r"(?: \p{Lu}[\p{Ll}'’]+){1,3}[\s?!.]*$"
    r"|[\p{Han}\p{Katakana}\p{Hiragana}]{1,10}さん(?:ご本人|本人)?です(?:よね|か)[?？。]*$"
)


@dataclass(frozen=True)
class Signal:
    """A question that a rule answers. ``rule`` names the rival, topic or subject; empty for the others."""

    ask: Ask
    rule: str = ""


def check_question(guard: Guard, question: str) -> Signal | None:
    """The rule that answers this question, the most pressing first; ``None`` where the model may answer."""
    text = plain(question)
    if _asks("injection", text):
        return Signal("injection")
    if _asks("human", text) or _BY_NAME.search(question):
        return Signal("human")
    return _rival(guard, question, text) or _topic(guard, question) or _subject(guard, text)


def _rival(guard: Guard, question: str, text: str) -> Signal | None:
    """A question for a judgement of a rival. Naming one on the way to something else is none."""
    mentions = guard.rivals.find(question)
    if not mentions or not _asks("judgement", text):
        return None
    return Signal("rival", mentions[0].of)


def _topic(guard: Guard, question: str) -> Signal | None:
    mentions = guard.claims.topics.find(question)
    return Signal("topic", mentions[0].of) if mentions else None


def _subject(guard: Guard, text: str) -> Signal | None:
    subjects = (subject for subject in guard.rules.subjects if _asks(subject, text))
    return next((Signal("limit", subject) for subject in subjects), None)


def _asks(what: str, text: str) -> bool:
    return _patterns(what).search(text) is not None


@cache
def _patterns(what: str) -> re.Pattern[str]:
    file = Path(__file__).parent / "lexicon" / "questions.yaml"
    return re.compile(
        "|".join(f"(?:{line})" for line in yaml.safe_load(file.read_text(encoding="utf-8"))[what])
    )
