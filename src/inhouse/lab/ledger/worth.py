"""The lines of the ledger, and their rank: what is worth building in, and why (the words are the pages')."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.ledger import stability
from inhouse.lab.ledger.lifts import Lift
from inhouse.lab.ledger.stability import Stability

Standing = Literal["worth building in", "not known enough", "not worth it", "built in"]
#: What keeps a line from being worth building in, or speaks against it.
Reason = Literal["seldom", "unmeasured", "unclear", "chance", "needless", "harmful", "wrong", "few"]

#: Turns with a call in the ledger's 90 days that make it worth anybody's while.
OFTEN = 30
#: Examples and shared turns below which a learning curve has no first point.
ENOUGH = 100
#: Fans who judged; what fewer say is shown, and speaks against nothing.
FEWEST_FANS = 10
_HALF = 0.5
_ORDER: Mapping[Standing, int] = {
    "worth building in": 0,
    "not known enough": 1,
    "not worth it": 2,
    "built in": 3,
}


class Line(BaseModel):
    """One extension with all that was measured of it: at one AI, or over all that have it."""

    model_config = ConfigDict(frozen=True)

    key: str
    """The same for the same extension of every AI."""
    kind: str
    name: str
    title: str
    tools: tuple[str, ...]
    acts: bool
    """Whether a tool of it acts."""
    ais: int
    called: int
    done: int
    failed: int
    refused: int
    turns: int
    """Turns with a call that was made."""
    rightly: Interval | None
    """Of the fans with a judged turn that had a call: the share of right answers. ``None``: nobody has judged."""
    lift: Lift | None
    call_ms: Interval | None
    deciding_ms: Interval | None
    deciding_tokens: Interval | None
    """What a turn with a call costs outside, before the call: that is what building in can save."""
    examples: int
    shared: int
    """Turns of fans who agreed, with a call that went well."""
    held: dict[str, Stability]
    """Whether the answers of each tool hold, by its name."""
    built_in: bool
    """Whether the generation that is served calls all of its tools by itself."""

    @property
    def stability(self) -> Stability:
        """An extension is as its least stable tool."""
        return stability.worst(self.held.values())

    @property
    def learnable(self) -> int:
        """What there is to learn from."""
        return self.examples + self.shared


class Ranked(BaseModel):
    """A line, where it stands, and why."""

    model_config = ConfigDict(frozen=True)

    line: Line
    standing: Standing
    reasons: tuple[Reason, ...]


def ranked(lines: Iterable[Line]) -> list[Ranked]:
    """What is worth building in first; within a standing what costs the most tokens outside."""
    found = [_judged(line) for line in lines]
    return sorted(
        found, key=lambda one: (_ORDER[one.standing], -_saved(one.line), one.line.name, one.line.key)
    )


def named(lines: Sequence[Ranked], name: str) -> list[Ranked]:
    """The lines of an extension's name, or of a key."""
    return [one for one in lines if name in (one.line.name, one.line.key)]


def is_built_in(keys: Collection[str], known: Collection[str]) -> bool:
    """Whether all tools of an extension are known to a generation."""
    return bool(keys) and set(keys) <= set(known)


def _judged(line: Line) -> Ranked:
    against, wanting = _against(line), _wanting(line)
    if line.built_in:
        return Ranked(line=line, standing="built in", reasons=against)
    if against:
        return Ranked(line=line, standing="not worth it", reasons=against)
    if wanting:
        return Ranked(line=line, standing="not known enough", reasons=wanting)
    return Ranked(line=line, standing="worth building in", reasons=())


def _against(line: Line) -> tuple[Reason, ...]:
    """What is measured, with its interval, and speaks against it."""
    found: list[Reason] = []
    lift = line.lift
    if lift is not None and lift.is_harmful:
        found.append("harmful")
    elif lift is not None and lift.is_needless and not lift.is_clear:
        found.append("needless")
    if line.rightly is not None and line.rightly.n >= FEWEST_FANS and line.rightly.high < _HALF:
        found.append("wrong")
    return tuple(found)


def _wanting(line: Line) -> tuple[Reason, ...]:
    """What is not known, or not enough of it."""
    found: list[Reason] = []
    if line.turns < OFTEN:
        found.append("seldom")
    if line.lift is None:
        found.append("unmeasured")
    elif not line.lift.is_clear:
        found.append("chance" if line.lift.is_apart else "unclear")
    if line.learnable < ENOUGH:
        found.append("few")
    return tuple(found)


def _saved(line: Line) -> float:
    """Tokens that its calls cost outside, over the ledger's time."""
    return line.turns * (line.deciding_tokens.value if line.deciding_tokens else 0.0)
