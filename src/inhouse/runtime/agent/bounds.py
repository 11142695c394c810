"""How far one answer may go: the one place for the figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """What an answer with a plan may take."""

    steps: int
    """Rounds of calls; those of one round don't wait for each other."""
    calls: int
    """Calls of tools and looks among the passages, together."""
    at_once: int
    seconds: float
    tokens: int
    """Of prompts and completions together."""


#: A fan waits, and a creator's AI is asked small things.
FAN = Bounds(steps=6, calls=12, at_once=3, seconds=45.0, tokens=6_000)
#: An assistant is given work.
WORK = Bounds(steps=12, calls=30, at_once=4, seconds=180.0, tokens=30_000)
#: Kinds of AI that do work.
_WORKING = frozenset({"assistant", "research"})


def of(kind: str) -> Bounds:
    """The bounds for an AI of that kind."""
    return WORK if kind in _WORKING else FAN


def is_strict(kind: str) -> bool:
    """Whether an AI of that kind answers one thing by the rules of a plan, too. One for research has rules of its own, which
    look for evidence."""
    return kind == "assistant"
