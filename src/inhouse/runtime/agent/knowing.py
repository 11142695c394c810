"""Tools that the generation calls by itself: one short completion says which and with what, and nothing is described.

A built-in tool is its name *and* its arguments: only where an AI has one like that is the model asked. See
``docs/design/internalise.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.core import ids
from inhouse.runtime.agent import builtin
from inhouse.runtime.agent.calls import Call
from inhouse.runtime.agent.evidence import stands
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Completion, Engine
from inhouse.runtime.extensions.calling import Attached, misfit
from inhouse.runtime.extensions.schemas import same_arguments
from inhouse.runtime.profile import LearntTool


@dataclass(frozen=True)
class Known:
    """What the model said by itself: a call, or none."""

    call: Call | None
    others: Sequence[Attached]
    """What may still be asked for in another way. After a plain "none" the built-in tools are not among them: of those the
    model knows best. After something that is no call, they are."""


class Knowing:
    """Asks a model for a call of what it has learnt."""

    def __init__(self, engine: Engine, learnt: Sequence[LearntTool]) -> None:
        self._engine = engine
        self._learnt = {one.name: one.parameters for one in learnt}

    async def ask(self, draft: Draft, tools: Sequence[Attached]) -> Known:
        """The call for the draft's question, of these tools. Costs nothing where the model knows none of them."""
        here = self._built_in(tools)
        if not here:
            return Known(None, tools)
        off = sorted(self._learnt.keys() - here.keys())
        text = await self._written(draft, off)
        if builtin.named(text) not in here:
            # None, or one that isn't there: the model was told that it is off, and nothing else goes by its name.
            return Known(None, [one for one in tools if here.get(one.tool.name) is not one])
        read = builtin.read(text, {name: one.tool.parameters for name, one in here.items()})
        if read is None or not _may_be_made(read, here[read.tool], draft.question):
            return Known(None, tools)
        return Known(Call(ids.new_id("call"), here[read.tool], read.arguments), tools)

    def _built_in(self, tools: Sequence[Attached]) -> dict[str, Attached]:
        """Those of the tools that were learnt, by name; of two that are the same, the first."""
        here: dict[str, Attached] = {}
        for one in tools:
            learnt = self._learnt.get(one.tool.name)
            if learnt is not None and same_arguments(learnt, one.tool.parameters):
                here.setdefault(one.tool.name, one)
        return here

    async def _written(self, draft: Draft, off: Sequence[str]) -> str:
        request = Completion(
            messages=builtin.messages(draft.question, off),
            max_tokens=builtin.LONGEST_CALL,
            priority=draft.request.priority,
        )
        return await draft.written(self._engine, request)


def _may_be_made(call: builtin.Call, attached: Attached, question: str) -> bool:
    """Whether the arguments fit the schema, and nothing in them was made up."""
    return not misfit(attached.tool, call.arguments) and stands(call.arguments, question, attached.tool)
