"""The strategy for a model that calls tools by itself: it says what it wants to know until it can answer.

The passages are one of its tools. What it says in the end is told as far as it stands in the request, the results or the
passages; what it claims beyond them is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from inhouse.core.passages import Passage
from inhouse.runtime import prompts
from inhouse.runtime.agent.calls import Call, Decision
from inhouse.runtime.agent.claims import borne
from inhouse.runtime.agent.reading import as_found
from inhouse.runtime.agent.strategy import Done, Look, Use, Work
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.base import Context, Limits, Result, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, misfit
from inhouse.runtime.grounding import Notes, Support

_MOST_AT_ONCE = 6
#: Times that a model may ask for nothing that can be called before it is stopped.
_MOST_MISTAKES = 3
_State = Literal["working", "done", "missing", "failed"]


class Decides(Protocol):
    """A model with native tool calling."""

    async def decide(
        self, draft: Draft, tools: Sequence[Attached], made: Sequence[tuple[Call, str]] = ()
    ) -> Decision:
        """The next calls for the draft's question, or what it says instead. ``made`` is what was called so far, each with the
        text that it brought. Charges the draft."""
        ...


class _Passages:
    """Stands for the AI's own passages among the tools: the loop looks there itself."""

    async def tools(self) -> Sequence[Tool]:
        return (SEARCH,)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        raise ToolFailed(reason="The passages are searched by the loop.")

    async def aclose(self) -> None: ...


SEARCH = Tool(
    name="search_passages",
    title="Search",
    description="Finds passages in what this AI has read. Use it for every question of fact that no other tool is meant for.",
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string", "minLength": 1, "maxLength": 300}},
        "required": ["query"],
        "additionalProperties": False,
    },
)
"""The passages as a tool."""
_LOOKING = Attached("passages", SEARCH, Limits(), _Passages())


@dataclass
class _Made:
    """A call on its way, and what it brought."""

    call: Call
    state: _State = "working"
    line: str = ""
    text: str = ""


@dataclass(frozen=True)
class Said:
    """A sentence of the answer, with the white space after the one before it."""

    text: str
    support: Support | None


@dataclass
class Led:
    """Lets a model decide. ``final`` is what it said in the end."""

    draft: Draft
    tools: Sequence[Attached]
    model: Decides
    final: str = ""
    passages: list[Passage] = field(default_factory=list)
    """What the results and the looks brought, to be cited."""
    brought: list[tuple[Call, Result]] = field(default_factory=list)
    """Every call that found something, with what it found."""
    acting: Call | None = None
    """A call that changes something: it ends the loop, and is proposed when all else is told."""
    _made: dict[int, _Made] = field(default_factory=dict)

    def plan(self) -> list[dict[str, Any]]:
        """The calls so far: such a model shows what it does, and not what it intends."""
        return [
            {"number": number, "text": one.call.attached.tool.title, "state": one.state, "line": one.line}
            for number, one in self._made.items()
        ]

    def spent(self) -> int:
        """Tokens so far."""
        return self.draft.prompt_tokens + self.draft.completion_tokens

    async def next(self) -> Sequence[Work]:
        """The calls that the model wants now; none once it has answered, or wants something done."""
        offered = [_LOOKING, *self.tools]
        for _ in range(_MOST_MISTAKES):
            told = [(one.call, one.text) for one in self._made.values()]
            decision = await self.model.decide(self.draft, offered, told)
            self.acting = next((one for one in decision.calls if one.attached.tool.effect == "acting"), None)
            if not decision.calls or self.acting is not None:
                self.final = decision.text
                return []
            if works := [work for call in decision.calls[:_MOST_AT_ONCE] if (work := self._begun(call))]:
                return works
        return []

    async def take(self, done: Done) -> None:
        """Keep what a call brought for the model's next turn."""
        one = self._made[done.work.task]
        if done.found is not None:
            passages = done.found.passages
            one.text = prompts.notes(passages) if passages else "Nothing was found."
            one.state = "done" if passages else "missing"
            self.passages += passages
        elif done.outcome is not None and done.outcome.result is not None:
            result = done.outcome.result
            one.text, one.state = result.text, "missing" if result.empty else "done"
            if not result.empty:
                self.brought.append((one.call, result))
            found = as_found(self.draft, one.call.attached.extension, result.sources)
            self.passages += found.passages
        elif done.outcome is not None:
            self.give_up(done.work, done.outcome.line)

    def give_up(self, work: Work, line: str) -> None:
        """Tell the model what went wrong: it may try otherwise."""
        one = self._made[work.task]
        one.state, one.line, one.text = "failed", line, line or "This did not work."

    def told(self) -> tuple[list[Said], list[str]]:
        """What the model said, as far as it stands in the request, the results or the passages, each sentence with the source
        that bears it where one does; and the sentences that were withheld."""
        evidence = [self.draft.question, *(one.text for one in self._made.values())]
        evidence += [f"{passage.title} {passage.text}" for passage in self.passages]
        kept, withheld = borne(self.final, evidence)
        notes = Notes(self.passages)
        return [Said(text, notes.support(text.strip(), self.draft.question)) for text in kept], withheld

    def _begun(self, call: Call) -> Work | None:
        """The work for a call; nothing where it doesn't fit its tool."""
        number = len(self._made) + 1
        self._made[number] = one = _Made(call)
        if line := misfit(call.attached.tool, call.arguments):
            one.state, one.line, one.text = "failed", line, line
            return None
        if call.attached is _LOOKING:
            return Look(number, str(call.arguments["query"]))
        return Use(call.attached, call.arguments, "native", number)
