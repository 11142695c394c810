"""What an installation can teach a generation of its tools, and what may not be taught.

Uses come from the examples that tools bring, and from traces that owner and fan both agreed to share, with personal data taken out.
A shared trace counts as a good one where its only call was done and nobody objected: a thumb up, or no thumb and an answer that was
told from what the tool brought. Thumbs are too rare to wait for them, and an answer from elsewhere says nothing of the call. Every
argument must stand in the request: what the conversation before it said, the model will not see.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Protocol

from inhouse.accounts import ais
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.conversations.traces import SharedTrace
from inhouse.core import ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.lab import curriculum
from inhouse.lab.internalising import dataset
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.skills.tools import Use
from inhouse.releases import extensions
from inhouse.runtime.agent import choosing
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.agent.evidence import stands
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.extensions.calling import misfit
from inhouse.store.database import Tx

#: Usable requests that a tool must have: with fewer, neither the training nor the verdict says anything.
LEAST_USES = 40
#: Turns without a tool that teach: as many as there are uses, and at least so many.
_LEAST_WITHOUT = 60
#: Turns without a tool that judge.
_MOST_KEPT_WITHOUT = 150
TRACE = "a shared question"


class SchemasDiffer(InhouseError):
    """The tool {tool} takes other arguments at {one} than at {other}: one skill can't serve both. Name one AI, such as {one}/{extension}."""

    status = 409


class TwoOfOneName(InhouseError):
    """Two of these extensions have a tool named {tool} with other arguments: {one} and {other}. Build in one of them."""

    status = 409


class TooFewUses(InhouseError):
    """Only {found} usable requests for {tool} are at hand, and {needed} are needed: {missing} more. Give the tool more examples, or wait until more fans who agreed to share have used it."""

    status = 409


#: Kinds whose examples are made of the owner's own rows: those are no examples of a skill, and nobody agreed to share them.
_OWN_ROWS = frozenset({"table"})


@dataclass(frozen=True)
class Wanted:
    """A tool whose use is to move in. ``entry`` is one version that brings it, at the AI ``ai_id``."""

    extension: str
    tool: Tool
    """As the first of its AIs has it."""
    ais: tuple[Ai, ...]
    ai_id: str
    entry: str


@dataclass(frozen=True)
class Material:
    """What teaches and what judges. ``traces`` are the turns that went in."""

    wanted: tuple[Wanted, ...]
    taught: Dataset
    kept: Dataset
    traces: tuple[str, ...] = ()
    lacking: tuple[TooFewUses, ...] = field(default=(), compare=False)
    """For each tool with too few uses what is missing."""


class Fitness(Protocol):
    """The ledger's word on a tool's answers."""

    def __call__(self, tx: Tx, tool: Tool) -> str | None:
        """Why they must not be learnt, in a sentence; nothing where they hold."""
        ...


def no_ledger(tx: Tx, tool: Tool) -> str | None:
    """No word."""
    return None


#: Why tools may not be built in yet, in a sentence; nothing where they may.
Held = Callable[[Tx, Actor, Sequence[Tool]], str | None]


def no_notice(tx: Tx, actor: Actor, tools: Sequence[Tool]) -> str | None:
    """Nobody has to be told."""
    return None


def names(tx: Tx) -> list[str]:
    """The names of extensions that some AI has."""
    return sorted({one.name for _, one in _attached(tx)})


def ai_ids(chosen: Sequence[Wanted]) -> list[str]:
    """The AIs that have one of these tools."""
    return sorted({ai.id for want in chosen for ai in want.ais})


def wanted(tx: Tx, names: Sequence[str]) -> list[Wanted]:
    """The tools of these extensions, each named as ``EXTENSION`` or ``AI/EXTENSION``. Raises ``NotFound``, ``SchemasDiffer``
    and ``TwoOfOneName``."""
    found: dict[str, Wanted] = {}
    for name in names:
        for one in _of_extension(tx, name):
            other = found.setdefault(one.tool.name, one)
            if other.tool.parameters != one.tool.parameters:
                raise TwoOfOneName(tool=one.tool.name, one=other.extension, other=one.extension)
    return list(found.values())


def gather(tx: Tx, chosen: Sequence[Wanted], traces: Iterable[SharedTrace]) -> Material:
    """Everything that can be learnt, judged by the same rules wherever it comes from."""
    left_out: Counter[str] = Counter()
    uses = list(_examples(tx, chosen))
    without: list[Sourced] = []
    for trace in traces:
        use, why = _of_trace(trace, chosen)
        if use is None:
            left_out[why] += 1
        elif use.call is not None:
            uses.append(_sourced(use, trace))
        else:
            without.append(_sourced(use, trace))
    without += _other_tools(tx, chosen)
    taught, kept = _sides(uses, without, left_out)
    return Material(
        wanted=tuple(chosen),
        taught=taught,
        kept=kept,
        traces=tuple(one.which for one in (*taught.uses, *kept.uses) if one.kind == TRACE),
        lacking=tuple(_lacking(chosen, (taught, kept))),
    )


def _of_extension(tx: Tx, name: str) -> list[Wanted]:
    slug, _, extension = name.rpartition("/")
    found: dict[str, Wanted] = {}
    for ai, one in _attached(tx):
        if one.name != extension or (slug and ai.slug != slug):
            continue
        for tool in one.tools:
            known = found.get(tool.name)
            if known is None:
                found[tool.name] = Wanted(extension, tool, (ai,), ai.id, one.entry)
            elif _schema(known.tool) != _schema(tool):
                raise SchemasDiffer(tool=tool.name, one=known.ais[0].slug, other=ai.slug, extension=extension)
            else:
                found[tool.name] = Wanted(extension, known.tool, (*known.ais, ai), known.ai_id, known.entry)
    if not found:
        raise NotFound(kind="extension", name=name)
    return list(found.values())


def _attached(tx: Tx) -> Iterator[tuple[Ai, extensions.Version]]:
    """Every AI with what its next release has, by slug."""
    for ai in ais.in_use(tx):
        for entry in extensions.current(tx, ai.id):
            yield ai, extensions.version(tx, ai.id, entry)


def _schema(tool: Tool) -> str:
    return json.dumps(tool.parameters, sort_keys=True)


def _examples(tx: Tx, chosen: Sequence[Wanted]) -> Iterator[Sourced]:
    """The examples that these tools bring, at every AI that has them."""
    here = {(want.extension, want.tool.name, ai.id) for want in chosen for ai in want.ais}
    for ai, one in _attached(tx):
        for tool in one.tools:
            if one.kind not in _OWN_ROWS and (one.name, tool.name, ai.id) in here:
                for example in tool.examples:
                    use = Use(example.request, Call(tool.name, dict(example.arguments)))
                    yield Sourced(use, f"an example of the tool: {ai.slug}/{one.name}")


def _other_tools(tx: Tx, chosen: Sequence[Wanted]) -> Iterator[Sourced]:
    """What is asked of tools that are not built in means no tool that is."""
    for _, tool in others(tx, chosen):
        for example in tool.examples:
            yield Sourced(Use(example.request), f"a request for another tool: {tool.name}")


def others(tx: Tx, chosen: Sequence[Wanted]) -> Iterator[tuple[str, Tool]]:
    """The tools with examples that are not to be built in, each with an extension that brings it."""
    names = {want.tool.name for want in chosen}
    for _, one in _attached(tx):
        for tool in one.tools:
            if one.kind not in _OWN_ROWS and tool.name not in names and tool.examples:
                yield one.name, tool


def _of_trace(trace: SharedTrace, chosen: Sequence[Wanted]) -> tuple[Use | None, str]:
    """What a shared trace teaches, or why it teaches nothing."""
    if trace.thumb == "down" or trace.correction is not None:
        return None, "somebody objected"
    if trace.state != "done":
        return None, "the turn did not end"
    if not trace.calls:
        # What was not known may be a call that was missed.
        if trace.kind == "abstained":
            return None, "it was not known"
        return Use(trace.question), ""
    want = next((one for one in chosen if one.tool.name == trace.calls[0].tool), None)
    if want is None or trace.calls[0].extension != want.extension:
        return None, "another tool was asked"
    if len(trace.calls) > 1:
        return None, "several calls"
    [call] = trace.calls
    if call.state != "done" or (trace.thumb != "up" and trace.kind != "tool"):
        return None, "the call brought nothing"
    if misfit(want.tool, call.arguments):
        return None, "arguments that no longer fit"
    if not stands(call.arguments, trace.question, want.tool):
        return None, "arguments that the request does not say"
    return Use(trace.question, Call(call.tool, dict(call.arguments))), ""


def _sourced(use: Use, trace: SharedTrace) -> Sourced:
    return Sourced(use, f"{TRACE}: {ids.digest(trace.id)}")


def _sides(
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


def _lacking(chosen: Sequence[Wanted], sides: Sequence[Dataset]) -> Iterator[TooFewUses]:
    for want in chosen:
        found = sum(dataset.count(side, want.tool.name) for side in sides)
        if found < LEAST_USES or not all(dataset.count(side, want.tool.name) for side in sides):
            missing = max(1, LEAST_USES - found)
            yield TooFewUses(tool=want.tool.name, found=found, needed=found + missing, missing=missing)


@cache
def turns() -> tuple[str, ...]:
    """Things that people say which mean no tool: written to judge by, and never taught."""
    text = (resources.files(__package__) / "turns.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line)
