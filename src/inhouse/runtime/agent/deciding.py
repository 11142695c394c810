"""Deciding on calls: one way in for both kinds of engine.

An engine that calls tools natively chooses and writes the arguments itself. Every other one is asked first for what its model
has learnt (`knowing`); else a tool is chosen by likeness (`choosing`) and its arguments are decoded under its schema (`arguments`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from inhouse.core import ids
from inhouse.runtime.agent.arguments import Arguments
from inhouse.runtime.agent.calls import Call, Decision
from inhouse.runtime.agent.choosing import LEAST_MARGIN, Chooser
from inhouse.runtime.agent.knowing import Knowing
from inhouse.runtime.agent.native import Native
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.engines.wire import EngineRefused
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.profile import LearntTool
from inhouse.runtime.request import Retriever

_log = logging.getLogger(__name__)


class Deciding:
    """Decides for one engine."""

    def __init__(self, engine: Engine, retriever: Retriever, learnt: Sequence[LearntTool] = ()) -> None:
        """``learnt``: the tools that the engine's model calls by itself."""
        self._engine = engine
        self._knowing = Knowing(engine, learnt)
        self._native = Native(engine)
        self._chooser = Chooser(retriever)
        self._arguments = Arguments(engine)

    async def decide(
        self,
        draft: Draft,
        tools: Sequence[Attached],
        made: Sequence[tuple[Call, str]] = (),
        *,
        must_call: bool = False,
        parallel: bool = True,
        least_margin: float = LEAST_MARGIN,
    ) -> Decision:
        """The next calls of these tools, given what was called for the question so far and the text that each brought.

        ``must_call``: one has to be called whatever is asked. Without native calls there is one call at most, and none
        after the first unless it has to be: likeness can't tell what is still wanting.
        """
        if not tools:
            return Decision()
        if self._engine.calls_tools:
            try:
                return await self._native.decide(draft, tools, made, must_call=must_call, parallel=parallel)
            except EngineRefused as error:
                _log.warning(
                    "The model server refuses tools (%s), so they are chosen without it. Set INHOUSE_ENGINE_TOOLS=false "
                    "where it has no native tool calls.",
                    error.message,
                )
        if made and not must_call:
            return Decision()
        known = await self._knowing.ask(draft, tools)
        if known.call is not None:
            return Decision((known.call,))
        others = tools if must_call else known.others
        if not others:
            return Decision()
        choice = (await self._chooser.rank(draft.question, others))[0]
        if must_call:
            arguments = await self._arguments.written(draft, choice)
        elif choice.margin >= least_margin:
            arguments = await self._arguments.make(draft, choice)
        else:
            return Decision()
        if arguments is None:
            return Decision()
        return Decision((Call(ids.new_id("call"), choice.attached, arguments),))
