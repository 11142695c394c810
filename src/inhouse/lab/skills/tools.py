"""The skill of calling tools that nobody describes: training rows that look just as the runtime will ask.

Some rows say that a tool is off, or goes by another name here: a model that only ever saw its tools would call what isn't there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import regex

from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Message

#: How often the tool of a row that says what is off or renamed is off, or renamed itself; else only others are.
_OFF, _RENAMED = 0.4, 0.45
#: Share of the turns without a tool that come with such a row too, so that it is no sign of a call.
_OTHERWISE = 0.3
#: How often one of the other tools that such a row names is off; else it is renamed.
_BESIDE_OFF = 0.5
#: Words that other names are made of, beside those of the requests; and those that mean something else to the runtime.
_VERBS = {"find", "do", "start", "ask", "run", "make", "fetch", "open", "handle", "check", "request", "use"}
_THINGS = {"item", "service", "task", "entry", "job", "thing", "action", "query", "helper", "skill", "order"}
_NO_NAMES = frozenset({builtin.NONE, "off"})
_WORD = regex.compile(r"\b[a-z]{3,10}\b")


@dataclass(frozen=True)
class Use:
    """A request with the call that answers it; without one where no tool is meant."""

    request: str
    call: Call | None = None


@dataclass(frozen=True)
class Row:
    """One question to the model, and what it shall write."""

    messages: Sequence[Message]
    answer: str

    def said(self) -> list[dict[str, str]]:
        """The row as the trainer reads it."""
        asked = [{"role": one.role, "content": one.content} for one in self.messages]
        return [*asked, {"role": "assistant", "content": self.answer}]


def rows(uses: Sequence[Use], *, seed: int) -> Iterator[Row]:
    """Each use as it is asked where all tools are there, and beside it most of them where some are off or have other names.

    The names that may be are those that the uses call.
    """
    draw = random.Random(seed)
    names = sorted({use.call.tool for use in uses if use.call is not None})
    said = {word for use in uses for word in _WORD.findall(use.request.casefold())}
    words = sorted(said | _VERBS | _THINGS)
    for use in uses:
        yield _row(use)
        if names and (use.call is not None or draw.random() < _OTHERWISE):
            yield _elsewhere(draw, use, names, words)


def in_order(call: Call, request: str) -> Call:
    """The same call with its arguments as the request says them; what it doesn't say comes last."""
    low = request.casefold()

    def place(entry: tuple[str, Any]) -> int:
        at = low.find(str(entry[1]).casefold())
        return at if at >= 0 else len(low)

    return Call(call.tool, dict(sorted(call.arguments.items(), key=place)))


def _row(use: Use, off: Sequence[str] = (), renamed: Mapping[str, str] | None = None) -> Row:
    """What is to be written where these tools are off and those go by other names."""
    asked = builtin.messages(use.request, off, renamed)
    if use.call is None or use.call.tool in off:
        return Row(asked, builtin.NONE)
    named = replace(use.call, tool=(renamed or {}).get(use.call.tool, use.call.tool))
    return Row(asked, builtin.written(in_order(named, use.request)))


def _elsewhere(draw: random.Random, use: Use, names: Sequence[str], words: Sequence[str]) -> Row:
    """The same request to an AI that has not all of the tools, or not by their own names."""
    own = use.call.tool if use.call is not None else ""
    others = [name for name in names if name != own]
    # With no other tool there is only this one to be off or renamed.
    chance = draw.random() if others else draw.random() * (_OFF + _RENAMED)
    off = {own} if own and chance < _OFF else set[str]()
    renamed = {own} if own and _OFF <= chance < _OFF + _RENAMED else set[str]()
    # Mostly few, now and then all of them.
    share = draw.random() ** 3
    beside = [name for name in others if draw.random() < share]
    if not (off or renamed or beside):
        beside = [draw.choice(others)]
    for name in beside:
        (off if draw.random() < _BESIDE_OFF else renamed).add(name)
    return _row(use, sorted(off), _other_names(draw, sorted(renamed), names, words))


def _other_names(
    draw: random.Random, renamed: Sequence[str], names: Sequence[str], words: Sequence[str]
) -> dict[str, str]:
    """Each a name that says nothing of what it does, since what counts is what the prompt says; and nobody else's."""
    taken = _NO_NAMES.union(names)
    found: dict[str, str] = {}
    while len(found) < len(renamed):
        name = "_".join(draw.choice(words) for _ in range(draw.randint(1, 3)))
        if name not in taken.union(found.values()):
            found[renamed[len(found)]] = name
    return found
