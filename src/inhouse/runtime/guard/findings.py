"""What the guard finds: a violation, and the rule that it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["rival", "human", "topic", "limit", "length", "leak"]


@dataclass(frozen=True)
class Finding:
    """A rule broken by a text. ``rule`` names it (a rival, a topic, a subject), ``matched`` is what broke it."""

    kind: Kind
    rule: str
    matched: str


@dataclass(frozen=True)
class Violation:
    """An answer broke a rule. ``safe_text_so_far`` is what was cleared before that, whole sentences only."""

    kind: Kind
    rule: str
    matched: str
    safe_text_so_far: str
