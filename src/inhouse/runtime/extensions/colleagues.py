"""All other AIs that this one may ask, each as a tool of its own: those there are now, and not those of the set-up.

Which of them is meant is told by likeness to what they have read and are checked to answer. One that is asked has no tools.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inhouse.runtime.extensions.base import Context, Example, Json, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.specialist import Ask

_ASK = "ask_"
_MOST_QUESTION = 500
#: Kinds of answers that say nothing of what was asked.
_NO_ANSWER = frozenset({"abstained", "chat", "guarded"})
_PARAMETERS: Json = {
    "type": "object",
    "properties": {"question": {"type": "string", "minLength": 1, "maxLength": _MOST_QUESTION}},
    "required": ["question"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Colleague:
    """An AI that may be asked."""

    slug: str
    name: str
    about: str
    """What it knows, in a line."""
    questions: tuple[str, ...]
    """Questions that it is there for."""


#: Who may be asked: (who asks, the question), those that fit it best first.
Colleagues = Callable[[str, str], Awaitable[Sequence[Colleague]]]


class AskColleagues:
    """A tool for each AI that may be asked now."""

    def __init__(self, colleagues: Colleagues, ask: Ask) -> None:
        self._colleagues = colleagues
        self._ask = ask

    async def tools(self) -> Sequence[Tool]:
        """One that stands for them all: who they are is found when somebody asks."""
        return (
            Tool(
                name="ask_colleague",
                title="Ask another AI here",
                description="Asks the AI of this installation that knows about the subject.",
                parameters=_PARAMETERS,
            ),
        )

    async def offered(self, context: Context) -> Sequence[Tool]:
        """One tool for each AI that fits the question."""
        asked = context.said.rsplit("\n", 1)[-1]
        return [_tool(one) for one in await self._colleagues(context.ai_id, asked)]

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Ask. That it does not know is a result that says so."""
        slug = tool.removeprefix(_ASK).replace("_", "-")
        if not tool.startswith(_ASK) or not slug:
            raise ToolFailed(reason=f'There is no AI behind "{tool}".')
        ended = await self._ask(context.ai_id, slug, str(arguments["question"]), context.language)
        sources = tuple(
            Source(title=citation.document, url=citation.url, text=citation.quote, place=citation.place)
            for citation in ended.citations
        )
        return Result(text=ended.answer, sources=sources, empty=ended.kind in _NO_ANSWER, whole=True)

    async def aclose(self) -> None:
        """Nothing to close."""


def _tool(colleague: Colleague) -> Tool:
    requests = [*colleague.questions, f"Ask {colleague.name}", f"What does {colleague.name} say?"]
    return Tool(
        name=f"{_ASK}{colleague.slug.replace('-', '_')}"[:48],
        title=f"Ask {colleague.name}"[:80],
        description=f"Asks the AI of {colleague.name}, which knows about {colleague.about}."[:600],
        parameters=_PARAMETERS,
        examples=tuple(Example(request=text, arguments={"question": text}) for text in requests),
        takes_any_question="question",
    )
