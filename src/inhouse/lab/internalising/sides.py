"""The two sides of what is at hand: what teaches a generation, and what judges it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import resources

from inhouse.lab import curriculum
from inhouse.lab.internalising import dataset
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent import choosing

#: Turns without a tool that teach: as many as there are uses, and at least so many.
_LEAST_WITHOUT = 60
#: Turns without a tool that judge.
_MOST_KEPT_WITHOUT = 150


def of(
    uses: Sequence[Sourced], without: Sequence[Sourced], left_out: Counter[str]
) -> tuple[Dataset, Dataset]:
    """What teaches and what judges. Turns without a tool that Inhouse ships are on one side each."""
    taught, kept = dataset.apart(uses)
    taught_without, kept_without = dataset.apart(without)
    said = [Sourced(Use(text), "a turn without a tool, shipped") for text in choosing.background()]
    asked = [
        Sourced(Use(text), "a question on notes, shipped") for text in curriculum.written_questions("train")
    ]
    judged = [Sourced(Use(text), "a turn without a tool, shipped") for text in turns()]
    judged += [
        Sourced(Use(text), "a question on notes, shipped")
        for text in curriculum.written_questions("development")
    ]
    most = max(_LEAST_WITHOUT, len(taught))
    apart = [one.use.request for one in (*kept, *kept_without, *judged)]
    teaches = dataset.build([*taught, *_some([*taught_without, *said], asked, most)], apart)
    judges = dataset.build([*kept, *_some(kept_without, judged, _MOST_KEPT_WITHOUT)], ())
    return dataset.noted(teaches, left_out), judges


def _some(first: Sequence[Sourced], then: Sequence[Sourced], most: int) -> list[Sourced]:
    """So many, the real ones first; of each kind an even part."""

    def order(one: Sourced) -> int:
        return dataset.place(one.use.request)

    return [*sorted(first, key=order), *sorted(then, key=order)][:most]


@cache
def turns() -> tuple[str, ...]:
    """Things that people say which mean no tool: written to judge by, and never taught."""
    text = (resources.files(__package__) / "turns.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line)
