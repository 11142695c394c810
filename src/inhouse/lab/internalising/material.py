"""What an installation can teach a generation of its tools, and what may not be taught.

Uses come from the examples that tools bring, and from traces that owner and fan both agreed to share, with personal data taken out.
A shared trace counts as a good one where its only call was done and nobody objected: a thumb up, or no thumb and an answer that was
told from what the tool brought. Thumbs are too rare to wait for them, and an answer from elsewhere says nothing of the call. Every
argument must stand in the request: what the conversation before it said, the model will not see.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from inhouse.accounts import ais
from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.conversations.traces import SharedTrace, Traces
from inhouse.core import ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.lab.internalising import dataset, sides
from inhouse.lab.internalising.dataset import Dataset, Sourced
from inhouse.lab.skills.tools import Use
from inhouse.releases import extensions
from inhouse.runtime.agent.builtin import Call
from inhouse.runtime.agent.evidence import stands
from inhouse.runtime.extensions.base import Tool
from inhouse.runtime.extensions.calling import misfit
from inhouse.runtime.extensions.factory import examples_teach
from inhouse.runtime.profile import LearntTool
from inhouse.store.database import Database, Tx

#: Usable requests that a tool must have: with fewer, neither the training nor the verdict says anything.
LEAST_USES = 40
TRACE = "a shared question"
#: What the parent knows already is rehearsed, and its source says so.
BEFORE = "taught before"


class SchemasDiffer(InhouseError):
    """The tool {tool} takes other arguments at {one} than at {other}: one skill can't serve both. Name one AI, such as {one}/{extension}."""

    status = 409


class TwoOfOneName(InhouseError):
    """Two of these extensions have a tool named {tool} with other arguments: {one} and {other}. Build in one of them."""

    status = 409


class TooFewUses(InhouseError):
    """Only {found} usable requests for {tool} are at hand, and {needed} are needed: {missing} more. Give the tool more examples, or wait until more fans who agreed to share have used it."""

    status = 409


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
    ai_ids: tuple[str, ...]
    """The AIs that it may come from."""
    taught: Dataset
    kept: Dataset
    before: Dataset
    """What judges whether the tools that the parent had built in were forgotten."""
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


def built_in(tx: Tx, known: Iterable[LearntTool], chosen: Sequence[Wanted]) -> list[Wanted]:
    """The tools that a parent knows by itself, but for those that are ``chosen`` anew, where some AI has them as they were learnt."""
    anew = {want.tool.name for want in chosen}
    learnt = {one.name: one.parameters for one in known if one.name not in anew}
    found: dict[str, Wanted] = {}
    for ai, one in _attached(tx):
        for tool in one.tools:
            if learnt.get(tool.name) == tool.parameters:
                first = found.get(tool.name, Wanted(one.name, tool, (), ai.id, one.entry))
                found[tool.name] = replace(first, ais=(*first.ais, ai))
    return list(found.values())


def at_hand(db: Database, names: Sequence[str], known: Iterable[LearntTool]) -> Material:
    """Everything that these extensions could be built in with now, beside what a parent has ``known`` before. Raises what
    ``wanted`` does. Reading the traces takes long, so it is in no transaction."""
    with db.read() as tx:
        chosen = wanted(tx, names)
        before = built_in(tx, known, chosen)
    shared = list(Traces(db).consented(ai_ids=ai_ids([*chosen, *before])))
    with db.read() as tx:
        return gather(tx, chosen, shared, before)


def gather(
    tx: Tx, chosen: Sequence[Wanted], traces: Iterable[SharedTrace], before: Sequence[Wanted] = ()
) -> Material:
    """Everything that can be learnt, judged by the same rules wherever it comes from. Uses of the tools that were built in
    ``before`` teach and judge beside the new ones, so that they are not forgotten."""
    left_out: Counter[str] = Counter()
    every = [*chosen, *before]
    uses = list(_examples(tx, every))
    without: list[Sourced] = []
    for trace in traces:
        use, why = _of_trace(trace, every)
        if use is None:
            left_out[why] += 1
        elif use.call is not None:
            uses.append(_sourced(use, trace))
        else:
            without.append(_sourced(use, trace))
    old = {want.tool.name for want in before}
    without += _other_tools(tx, {want.tool.name for want in every})
    taught, kept = sides.of([_marked(one, old) for one in uses], without, left_out)
    judged = [one for one in kept.uses if _calls(one, old)]
    return Material(
        wanted=tuple(chosen),
        ai_ids=tuple(ai_ids(every)),
        taught=taught,
        kept=dataset.named([one for one in kept.uses if not _calls(one, old)], kept.left_out),
        before=dataset.named(judged, {}),
        traces=tuple(traces_in(one.source for one in (*taught.uses, *kept.uses))),
        lacking=tuple(_lacking(chosen, (taught, kept))),
    )


def traces_in(sources: Iterable[str]) -> list[str]:
    """The traces (SHA-256 of their ids) among the places that something came from."""
    parted = [source.partition(": ") for source in sources]
    return [which for kind, _, which in parted if kind.endswith(TRACE)]


def _marked(one: Sourced, old: Collection[str]) -> Sourced:
    return Sourced(one.use, f"{BEFORE}, {one.source}") if _calls(one, old) else one


def _calls(one: Sourced, names: Collection[str]) -> bool:
    return one.use.call is not None and one.use.call.tool in names


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
            if examples_teach(one.kind) and (one.name, tool.name, ai.id) in here:
                for example in tool.examples:
                    use = Use(example.request, Call(tool.name, dict(example.arguments)))
                    yield Sourced(use, f"an example of the tool: {ai.slug}/{one.name}")


def _other_tools(tx: Tx, inside: Collection[str]) -> Iterator[Sourced]:
    """What is asked of tools that are not built in means no tool that is."""
    for _, tool in others(tx, inside):
        for example in tool.examples:
            yield Sourced(Use(example.request), f"a request for another tool: {tool.name}")


def others(tx: Tx, inside: Collection[str]) -> Iterator[tuple[str, Tool]]:
    """The tools with examples that are none of these (by name), each with an extension that brings it."""
    for _, one in _attached(tx):
        for tool in one.tools:
            if examples_teach(one.kind) and tool.name not in inside and tool.examples:
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


def _lacking(chosen: Sequence[Wanted], sides: Sequence[Dataset]) -> Iterator[TooFewUses]:
    for want in chosen:
        found = sum(dataset.count(side, want.tool.name) for side in sides)
        if found < LEAST_USES or not all(dataset.count(side, want.tool.name) for side in sides):
            missing = max(1, LEAST_USES - found)
            yield TooFewUses(tool=want.tool.name, found=found, needed=found + missing, missing=missing)
