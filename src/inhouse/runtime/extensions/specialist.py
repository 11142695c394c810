"""Another AI of the team, asked for what it knows.

It answers as it would a fan: from its own content, under its own brief and guard. It has no tools while it is asked, so
nobody asks in a circle; and what it costs is charged to who asks.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core.events import Ended
from inhouse.runtime.extensions.base import Context, Example, Reading, Result, Source, Tool, ToolFailed

#: Asks an AI by its slug: (who asks, who is asked, the question, the language). Raises an ``InhouseError`` where it can't be.
Ask = Callable[[str, str, str, str], Awaitable[Ended]]
_MOST_QUESTION = 500
#: Said to whoever asks on, and not to who is asked: "Ask the chemist about …".
_ASK = re.compile(r"^(?:please )?ask (?:the |our |your )?[\w'’-]+(?: about)?,? (?=\w)", re.IGNORECASE)
#: Whoever asks one that knows wants to know something: friendliness is no answer.
_NO_ANSWERS = ("chat", "guarded")


class SpecialistSettings(BaseModel):
    """Whom to ask, and for what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ai: str = Field(min_length=1, max_length=60)
    """The slug of an AI of the same team."""
    about: str = Field(min_length=3, max_length=300)
    """What it knows, such as "glazes, clay and firing"."""
    examples: tuple[str, ...] = Field((), max_length=20)
    """Questions that are meant for it."""


class Specialist:
    """One tool, ``ask``."""

    def __init__(self, settings: SpecialistSettings, ask: Ask) -> None:
        self._ai = settings.ai
        self._ask = ask
        self._tool = _tool(settings)

    async def tools(self) -> Sequence[Tool]:
        """The one tool."""
        return (self._tool,)

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The request itself: a question for somebody else is asked as it was said."""
        question = _ASK.sub("", " ".join(request.split()))
        return (
            Reading(arguments={"question": question}, certain=False)
            if len(question) <= _MOST_QUESTION
            else None
        )

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Ask. That it does not know is a result that says so."""
        if tool != self._tool.name:
            raise ToolFailed(reason=f'{self._tool.title} has no tool named "{tool}".')
        ended = await self._ask(context.ai_id, self._ai, str(arguments["question"]), context.language)
        sources = tuple(
            Source(title=citation.document, url=citation.url, text=citation.quote)
            for citation in ended.citations
        )
        friendly = ended.kind in _NO_ANSWERS and not sources
        return Result(text=ended.answer, sources=sources, empty=ended.abstained or friendly)

    async def aclose(self) -> None:
        """Nothing to close."""


def _tool(settings: SpecialistSettings) -> Tool:
    return Tool(
        name="ask",
        title=f"Ask {settings.ai}",
        description=f"Asks an AI that knows about {settings.about}.",
        parameters={
            "type": "object",
            "properties": {"question": {"type": "string", "minLength": 1, "maxLength": _MOST_QUESTION}},
            "required": ["question"],
            "additionalProperties": False,
        },
        examples=tuple(Example(request=text, arguments={"question": text}) for text in settings.examples),
    )
