"""The skill of calling tools that nobody describes: training rows that look just as the runtime will ask.

Some rows say that a tool is off, or goes by another name here: a model that only ever saw its tools would call what isn't there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Message

#: Share of the rows with a tool that say it is off, that others are off, that it has another name, that others have.
_OFF, _OTHERS_OFF, _RENAMED, _OTHERS_RENAMED = 0.08, 0.08, 0.08, 0.04
#: Share of the rows without a tool that say something of the kind, so that it is no sign of a call.
_OTHERWISE = 0.15
_MOST_NAMED = 3
#: Words that other names are made of.
_VERBS = ("find", "do", "start", "ask", "run", "make", "fetch", "open", "handle", "check", "request", "use")
_THINGS = ("item", "service", "task", "entry", "job", "thing", "action", "query", "helper", "skill", "order")


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
    """One row a use, in their order. The names that may be off or other are those that the uses call."""
    draw = random.Random(seed)
    names = sorted({use.call.tool for use in uses if use.call is not None})
    for use in uses:
        yield _row(draw, use, names)


def in_order(call: Call, request: str) -> Call:
    """The same call with its arguments as the request says them; what it doesn't say comes last."""
    low = request.casefold()

    def place(entry: tuple[str, Any]) -> int:
        at = low.find(str(entry[1]).casefold())
        return at if at >= 0 else len(low)

    return Call(call.tool, dict(sorted(call.arguments.items(), key=place)))


def _row(draw: random.Random, use: Use, names: Sequence[str]) -> Row:
    chance = draw.random()
    if use.call is None:
        if chance >= _OTHERWISE or not names:
            return _plain(use)
        some = _some(draw, names)
        if draw.random() < 0.5:
            return Row(builtin.messages(use.request, off=some), builtin.NONE)
        return Row(builtin.messages(use.request, renamed=_other_names(draw, some)), builtin.NONE)
    call = use.call
    others = [name for name in names if name != call.tool]
    if chance < _OFF:
        off = sorted({call.tool, *_some(draw, names)})
        return Row(builtin.messages(use.request, off=off), builtin.NONE)
    if chance < _OFF + _OTHERS_OFF and others:
        return Row(builtin.messages(use.request, off=_some(draw, others)), _written(use, call))
    if chance < _OFF + _OTHERS_OFF + _RENAMED:
        new = _other_names(draw, [call.tool])
        renamed = Call(new[call.tool], call.arguments)
        return Row(builtin.messages(use.request, renamed=new), _written(use, renamed))
    if chance < _OFF + _OTHERS_OFF + _RENAMED + _OTHERS_RENAMED and others:
        new = _other_names(draw, _some(draw, others))
        return Row(builtin.messages(use.request, renamed=new), _written(use, call))
    return _plain(use)


def _plain(use: Use) -> Row:
    said = builtin.NONE if use.call is None else _written(use, use.call)
    return Row(builtin.messages(use.request), said)


def _written(use: Use, call: Call) -> str:
    return builtin.written(in_order(call, use.request))


def _some(draw: random.Random, names: Sequence[str]) -> list[str]:
    return sorted(draw.sample(names, draw.randint(1, min(_MOST_NAMED, len(names)))))


def _other_names(draw: random.Random, names: Sequence[str]) -> dict[str, str]:
    """Each a name that says nothing of what it does: what counts is what the prompt says."""
    return {name: f"{draw.choice(_VERBS)}_{draw.choice(_THINGS)}_{at}" for at, name in enumerate(names, 1)}
