"""``inhouse bench search-inside``: the decision to search, and the query, move into the weights; the facts don't.

FireAct's trajectories say what was searched for a question; RetrievalQA's questions ask for what no model of that size knows, and their
queries are those that the outside way makes of them. Small talk and questions that a text answers need no search. Rows in even places
teach, those in odd places report. A query is good where it finds the text that belongs to its question, on a server of this machine that
holds all of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from inhouse.bench import internalise, search_data, tools_data
from inhouse.bench.internalise import House
from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, mean, share
from inhouse.bench.servers import search_server
from inhouse.content.followup import content_words
from inhouse.content.lexical import terms
from inhouse.core import clock
from inhouse.lab import curriculum
from inhouse.lab.internalising import dataset
from inhouse.lab.internalising.arms import Arm
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.internalising.report import ArmKind
from inhouse.lab.internalising.ways import BuiltIn, Called, Chosen, Described, Request
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.engines.base import Completion, Engine, Message, Priority
from inhouse.runtime.engines.written import written
from inhouse.runtime.extensions.base import Limits
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.extensions.search.base import Hit
from inhouse.runtime.extensions.search.extension import TOOL, SearchExtension
from inhouse.runtime.extensions.search.items import FeedItem
from inhouse.runtime.extensions.search.searxng import SearXNG
from inhouse.runtime.grounding import folded
from inhouse.runtime.profile import installed
from inhouse.tuning import recipes

_RESULTS = 10
_NOTHING, _ASKED, _QUICK = 300, 150, 16
_LONGEST_QUERY, _LONGEST_ANSWER = 200, 40
#: How much worse than the outside way a query may be, in points of 1.
_MARGIN = 0.05
_WORDS = {
    ArmKind.FLOOR: "old: nothing described, the floor",
    ArmKind.OUTSIDE: "old: described outside, what fans have",
    ArmKind.DESCRIBED: "old: described in the prompt",
    ArmKind.BUILT_IN: "new: nothing described",
}


class _Nowhere:
    """A provider that is never asked: only how a question is read is wanted."""

    async def search(self, query: str, count: int, newer_than: datetime | None) -> list[Hit]:
        """Nothing."""
        return []

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Wanted:
    """A question that wants a search, and the start of the addresses of the texts that answer it."""

    question: str
    query: str
    found_at: str
    accepted: tuple[str, ...] = ()
    """Answers; empty where nobody asks for them here."""


@dataclass(frozen=True)
class Found:
    """A way, what it called, and for each question that wants a search whether its query finds the text."""

    called: Sequence[Called]
    finds: Sequence[bool]


@dataclass(frozen=True)
class Sets:
    """Both sets. Rows in even places teach, those in odd places report."""

    fireact: Sequence[Wanted]
    """Each with its first query."""
    retrievalqa: Sequence[Wanted]
    """Each with the query that the outside way would make of it."""
    texts: Sequence[FeedItem]
    """All texts of both, as a search server holds them."""

    @property
    def reported(self) -> list[Wanted]:
        """What is reported of both."""
        return [*self.fireact[1::2], *self.retrievalqa[1::2]]


def run(quick: bool, data: Path, say: Say) -> Report:
    """Teach (or find what was taught), ask every way, and look for what their queries find."""
    started, both = time.perf_counter(), sets(data)
    lessons = taught(both, data)
    wanted, nothing = both.reported, without(data, "report")
    if quick:
        wanted, nothing = wanted[:: len(wanted) // _QUICK], nothing[:: len(nothing) // _QUICK]
    with internalise.opened("internalise-search", say) as house:
        if quick:
            models = internalise.stored(house.folder)
        else:
            models = internalise.make_all(house, lessons, (), recipes.recipe("tools"), data)
        with search_server(both.texts, _RESULTS) as address:
            provider = SearXNG(address)
            found = _measure(house, max(models.items())[1], wanted, nothing, provider)
            asked = _finds(house, provider, wanted, [one.question for one in wanted])
            house.bridge(provider.aclose)
        learnt = both.retrievalqa[::2]  # what teaches: an answer that moved in would show here first
        known = _known(house, max(models.items())[1], learnt[:: len(learnt) // _QUICK] if quick else learnt)
    leaked = leaks(lessons, both.retrievalqa)
    return _report(found, asked, known, wanted, leaked, quick, time.perf_counter() - started)


def sets(data: Path) -> Sets:
    """Read both sets."""
    searched, asked = search_data.fireact(data), search_data.retrievalqa(data)
    return Sets(
        fireact=[
            Wanted(one.question, one.query[:_LONGEST_QUERY], one.found.url) for one in searched if one.query
        ],
        retrievalqa=[
            Wanted(one.question, _outside(one.question), search_data.address(number), one.accepted)
            for number, one in enumerate(asked)
        ],
        texts=[*search_data.contexts(asked), *(one.found for one in searched)],
    )


def without(data: Path, split: tools_data.Split) -> list[Request]:
    """Turns and questions that need no search: small talk, questions on texts, and QED's, which a paragraph answers."""
    side = 0 if split == "tune" else 1
    asked = [Request(one.question) for one in curriculum.qed(data, "train")[side::2]][:_ASKED]
    return [*tools_data.without_tool(data, split, _NOTHING), *asked]


def taught(both: Sets, data: Path) -> Dataset:
    """Questions with their queries, and turns without one. No answer of any question is among them, and no query that knows more
    than its question."""
    uses = [
        Sourced(Use(one.question, Call(TOOL.name, {"query": one.query})), source)
        for source, those in (("FireAct", both.fireact), ("RetrievalQA", both.retrievalqa))
        for one in those[::2]
        if one.query and not _brings_along(one)
    ]
    uses += [Sourced(Use(one.text), "a turn without a tool") for one in without(data, "tune")]
    reported = [one.question for one in both.reported]
    return dataset.build(uses, [*reported, *(one.text for one in without(data, "report"))])


def _brings_along(one: Wanted) -> bool:
    """Whether a query has a name or a number that its question does not: that would be a fact, and not a skill."""
    names = [word for word in content_words(one.query) if word[0].isupper() or word[0].isdigit()]
    return not set(terms(" ".join(names))) <= set(terms(one.question))


def leaks(lessons: Dataset, retrievalqa: Sequence[Wanted]) -> int:
    """How many rows teach an answer: an accepted one that stands in the query and not in the question. Must be none."""
    asked = {one.question: one for one in retrievalqa}
    found = 0
    for one in lessons.uses:
        known = asked.get(one.use.request)
        if known is not None and one.use.call is not None:
            said, query = folded(known.question), folded(str(one.use.call.arguments))
            found += any(folded(a) in query and folded(a) not in said for a in known.accepted if folded(a))
    return found


def _measure(
    house: House,
    model: Path,
    wanted: Sequence[Wanted],
    nothing: Sequence[Request],
    provider: SearXNG,
) -> dict[ArmKind, Found]:
    asked = [*(Request(one.question, TOOL.name) for one in wanted), *nothing]
    outside = [Attached("search", TOOL, Limits(), SearchExtension(provider))]
    parent, found = installed(house.settings).file, {}
    with house.engine(parent) as engine:
        for arm in (
            Arm(ArmKind.FLOOR, BuiltIn(engine, [TOOL]).ask, asked),
            Arm(ArmKind.OUTSIDE, Chosen(engine, house.place.retriever, outside).ask, asked),
            Arm(ArmKind.DESCRIBED, Described(engine, [TOOL], examples=True).ask, asked),
        ):
            found[arm.kind] = house.measuring(parent).arm(arm)[0]
    with house.engine(model) as engine:
        arm = Arm(ArmKind.BUILT_IN, BuiltIn(engine, [TOOL]).ask, asked)
        found[arm.kind] = house.measuring(model).arm(arm)[0]
    house.say("looking for what the queries find")
    return {
        kind: Found(called, _finds(house, provider, wanted, [_query(one) for one in called[: len(wanted)]]))
        for kind, called in found.items()
    }


def _finds(house: House, provider: SearXNG, wanted: Sequence[Wanted], queries: Sequence[str]) -> list[bool]:
    """For each query whether it finds the text of its question; without one it does not."""

    def finds(one: Wanted, query: str) -> bool:
        hits: Sequence[Hit] = (
            house.bridge(partial(provider.search, query, _RESULTS, None)) if query.strip() else ()
        )
        return any(hit.url.startswith(one.found_at) for hit in hits)

    return [finds(one, query) for one, query in zip(wanted, queries, strict=True)]


def _known(house: House, model: Path, asked: Sequence[Wanted]) -> dict[str, list[bool]]:
    """Whether each model answers by itself what only a search can tell."""
    house.say(f"asking {len(asked)} questions without a search")
    found = {}
    for name, file in (("old", installed(house.settings).file), ("new", model)):
        with house.engine(file) as engine:
            found[name] = [house.bridge(partial(_answers, engine, one)) for one in asked]
    return found


async def _answers(engine: Engine, asked: Wanted) -> bool:
    request = Completion(
        messages=(Message("user", asked.question),), max_tokens=_LONGEST_ANSWER, priority=Priority.BENCH
    )
    text, _usage = await written(engine, request)
    said = f" {folded(text)} "
    return any(folded(answer) and folded(answer) in said for answer in asked.accepted)


def _report(
    found: Mapping[ArmKind, Found],
    asked: Sequence[bool],
    known: Mapping[str, Sequence[bool]],
    wanted: Sequence[Wanted],
    leaked: int,
    quick: bool,
    seconds: float,
) -> Report:
    fresh_from = next((at for at, one in enumerate(wanted) if one.accepted), len(wanted))
    rows = [_row(_WORDS[kind], one, fresh_from, len(wanted)) for kind, one in found.items()]
    rows.append({"way": "the question itself as the query", "finds its text": share(asked)})
    facts: list[dict[str, Cell]] = [
        {"model": name, "answers RetrievalQA by itself": share(those)} for name, those in known.items()
    ]
    return Report(
        name="search-inside",
        quick=quick,
        tables=[Table("Deciding to search, and the query", rows), Table("Facts", facts)],
        targets=list(_targets(found, asked, known, len(wanted), leaked)),
        notes=["Queries find their text among all texts of both sets, in the first 10 results."],
        seconds=seconds,
    )


def _row(way: str, found: Found, fresh_from: int, count: int) -> dict[str, Cell]:
    meant, nothing = found.called[:count], found.called[count:]
    return {
        "way": way,
        "searches for FireAct": share([bool(one.tool) for one in meant[:fresh_from]]),
        "searches for RetrievalQA": share([bool(one.tool) for one in meant[fresh_from:]]),
        "false calls": share([bool(one.tool) for one in nothing]),
        "finds its text": share(found.finds),
        "prompt tokens, over all": mean([one.prompt_tokens for one in found.called]),
    }


def _targets(
    found: Mapping[ArmKind, Found],
    asked: Sequence[bool],
    known: Mapping[str, Sequence[bool]],
    count: int,
    leaked: int,
) -> Iterator[Target]:
    new, outside = found[ArmKind.BUILT_IN], found[ArmKind.OUTSIDE]
    searched = share([one.tool == TOOL.name for one in new.called[:count]])
    yield at_least("nothing described: searches where it has to", searched.value, 0.9)
    called = share([bool(one.tool) for one in new.called[count:]])
    yield at_most("nothing described: searches where it need not", called.value, 0.05)
    gain = mean([float(a) - float(b) for a, b in zip(new.finds, outside.finds, strict=True)])
    yield at_least("finds its text, against the outside way, lower bound", gain.low, -_MARGIN)
    # What the runtime does where the passages hold nothing: it searches for the question as it stands.
    plain = mean([float(a) - float(b) for a, b in zip(new.finds, asked, strict=True)])
    yield at_least("finds its text, against the question itself, lower bound", plain.low, -_MARGIN)
    learnt = mean([float(b) - float(a) for a, b in zip(known["old"], known["new"], strict=True)])
    yield at_most("answers of taught questions that moved in, upper bound", learnt.high, _MARGIN)
    yield at_most("rows that teach an answer", float(leaked), 0.0)


def _query(called: Called) -> str:
    return str((called.arguments or {}).get("query", "")) if called.tool else ""


def _outside(question: str) -> str:
    reading = SearchExtension(_Nowhere()).understood(TOOL.name, question, clock.now().date())
    return str(reading.arguments["query"]) if reading is not None else ""
