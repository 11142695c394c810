"""What a request wants done to a value, as a sum: a percentage off or on top, a share, a multiple."""

from __future__ import annotations

import regex

from inhouse.runtime.agent import frames
from inhouse.runtime.agent.lists import QUANTITIES

_FIGURE = regex.compile(r"\d+(?:\.\d+)?")


def worked(value: str, said: str) -> str | None:
    """The value with all that is said to be done to it; nothing where a figure is left over that nobody knows the use of."""
    rest = said
    for pattern, done in _DONE:
        found = pattern.search(rest)
        if found is None:
            continue
        part = next(part for part in found.groups() if part)
        value = done.format(value=_bracketed(value), part=QUANTITIES.get(part.lower(), part))
        rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    return None if _FIGURE.search(rest) else value


def multiplied(value: str, quantity: int) -> str:
    """So many of it."""
    return f"{quantity} * {value}" if quantity > 1 else value


def _bracketed(sum_: str) -> str:
    """A sum that is to be worked on as a whole; a value alone needs no brackets."""
    return f"({sum_})" if " " in sum_ else sum_


#: In the order in which they are done.
_DONE = (
    (frames.TIMES, "{part} * {value}"),
    (frames.OFF, "{part}% off {value}"),
    (frames.ON_TOP, "{value} + {part}%"),
    (frames.SHARED, "{value} / {part}"),
)
