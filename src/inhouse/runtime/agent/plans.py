"""A plan: the tasks that a request comes apart into, which of them wait for which, and how far each has got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import regex

Want = Literal["amount", "date", "days", "name"]
"""What a task takes from those that it waits for."""
State = Literal["waiting", "working", "done", "missing", "failed", "left", "acting"]
"""``missing``: looked for and not found; ``failed``: a tool gave up; ``left``: not begun when the bounds were reached; ``acting``: to be agreed to first."""

_SLOT = regex.compile(r"\{(\d{1,2})\}")
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫"
#: What stands for a value while a tool is chosen: nothing that was found has a say in which one.
_SPECIMEN: Mapping[Want, str] = {"amount": "£10", "date": "3 March 2031", "days": "4 days", "name": "it"}
MOST_TASKS = len(_CIRCLED)


@dataclass(frozen=True)
class Task:
    """One thing to find out. ``text`` asks for it by itself, with ``{2}`` where task 2's value goes."""

    number: int
    text: str
    said: str = ""
    """The asker's own words, where they can be searched when no value fills the slot."""
    kind: Literal["ask", "pick", "table"] = "ask"
    needs: tuple[int, ...] = ()
    want: Want = "amount"
    about: str = ""
    """Of a list's item: what the answer has to be about; a source that doesn't name it is no source for it."""
    topic: str = ""
    """What is compared, and the heading of its column."""
    most: bool = False
    """``pick``: whether the greatest is wanted, and not the least."""
    adjective: str = ""
    """``pick``: in the asker's word, such as "cheapest"."""

    @property
    def computed(self) -> bool:
        """Whether it works on values of other tasks: no passage can answer it."""
        return bool(self.needs) and self.want != "name"

    @property
    def shown(self) -> str:
        """As people read it, with circled numbers for what is not known yet."""
        return _SLOT.sub(lambda found: _CIRCLED[int(found[1]) - 1], self.text)

    @property
    def masked(self) -> str:
        """The text with a specimen in each slot: what a tool is chosen by."""
        return _SLOT.sub(_SPECIMEN[self.want], self.text)

    def filled(self, values: Mapping[int, str]) -> str:
        """The text with the values of the tasks before it: it can be asked by itself then."""
        return _SLOT.sub(lambda found: values[int(found[1])], self.text)


Plan = tuple[Task, ...]
