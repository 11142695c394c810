"""The guards of an installation. It has no benchmark's data, so each takes the AIs' own words and cases that ship.

Own words are only measured: nothing of them is trained on, kept, or said. Whether an AI's own cases still pass is asked when the base
moves, AI by AI, by its gate.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import cache
from importlib import resources

from inhouse.accounts import ais
from inhouse.content import documents, index
from inhouse.core import ids
from inhouse.lab import curriculum
from inhouse.lab.internalising import dataset, guards, material, sides
from inhouse.lab.internalising.guards import Guard
from inhouse.lab.internalising.ways import Request
from inhouse.lab.internalising.workshop import Workshop
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.extensions.calculator.extension import CALCULATE, DATES
from inhouse.runtime.extensions.search.extension import TOOL as SEARCH
from inhouse.runtime.profile import Profile
from inhouse.store.database import Database, Tx

_ROWS, _TEXTS, _REQUESTS = 250, 60, 40
#: Cases that ship are few, so what can be ruled out is wider than a benchmark's margin.
_WIDE = 0.1
#: AIs and documents of each whose words are looked at.
_AIS, _DOCUMENTS = 20, 6
_LONGEST_TEXT = 800


def of_installation(db: Database, profile: Profile, workshop: Workshop) -> list[Guard]:
    """Every guard with its margin, before anything is measured. ``profile`` is what the new generation will be trusted with, the
    tools that are built in among it."""
    inside, above = {one.name for one in profile.tools}, profile.abstain_above
    lessons = curriculum.told(curriculum.written_lessons(workshop.embed))
    rows = [row for start in range(5) for row in lessons[start::5]][:_ROWS]
    with db.read() as tx:
        own, others = list(_own_words(tx)), list(_others(tx, inside))
    voices = [text for language, text in own if language != "ja"]
    japanese = [text for language, text in own if language == "ja"]
    found = [
        guards.grounded("notes that ship", rows, above, _nothing, _WIDE / 2),
        guards.abstention("notes that ship", rows, above, _nothing, _WIDE),
        guards.voice("the AIs' own words, and notes that ship", [*voices, *_notes()][:_TEXTS]),
        guards.japanese("the AIs' own words, and texts that ship", [*japanese, *_texts()][:_TEXTS]),
        guards.refused("requests that ship: refuses what is unsafe and nothing else", _requests(), _WIDE),
        guards.other_tools("described outside: exact, or rightly none", others, workshop.retriever, _WIDE),
    ]
    return [one for one in found if one.cases]


def _own_words(tx: Tx) -> Iterator[tuple[str, str]]:
    """(language, text) of passages of some AIs, a few of each, the same ones every time."""
    drawn = sorted(ais.in_use(tx), key=lambda ai: ids.digest(f"internalise:{ai.id}"))[:_AIS]
    for ai in drawn:
        found = [one.id for one in documents.listing(tx, ai.id, limit=_DOCUMENTS)]
        for passage in index.passages_of(tx, ai.id, found)[:_DOCUMENTS]:
            yield passage.language, passage.text[:_LONGEST_TEXT]


def _others(tx: Tx, inside: Collection[str]) -> Iterator[tuple[Tool, Request]]:
    """Each tool without the example that is asked, and after it something that means none. Of tools that an AI has, only the side
    that judges is asked: the other one teaches that it means no tool that is built in."""
    ship = {tool.name: tool for tool in (SEARCH, CALCULATE, DATES) if tool.name not in inside}
    there = {tool.name: tool for _, tool in material.others(tx, inside)}
    asked = [
        (tool, example)
        for tool in (ship | there).values()
        for example in tool.examples
        if tool.name not in there or dataset.judges(example.request)
    ]
    drawn = sorted(asked, key=lambda one: ids.digest(f"internalise:{one[1].request}"))[:_REQUESTS]
    for (tool, example), nothing in zip(drawn, sides.turns(), strict=False):
        rest = tuple(one for one in tool.examples if one != example)
        without = tool.model_copy(update={"examples": rest})
        accepted = {name: [value] for name, value in example.arguments.items()}
        yield without, Request(example.request, tool.name, (accepted,))
        yield without, Request(nothing)


@cache
def _requests() -> list[tuple[str, bool]]:
    """What is to be refused, and what only sounds like it."""
    rows = [json.loads(line) for line in _read("refusals.jsonl")]
    return [(row["text"], row["refuse"]) for row in rows]


def _notes() -> list[str]:
    """The notes of the written sets that trained nothing."""
    return [text for _, text in curriculum.written_notes("development")]


def _texts() -> list[str]:
    return _read("japanese.txt")


def _read(name: str) -> list[str]:
    return (resources.files(__package__) / name).read_text("utf-8").splitlines()


def _nothing(_words: str) -> None:
    """Progress is told guard by guard."""
