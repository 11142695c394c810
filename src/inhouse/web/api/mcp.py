"""``/mcp``: an AI as a server of the Model Context Protocol, so that a desktop client or another assistant can use it.

Each request stands for itself and carries a key of the AI, which says which AI it is for and what it is good for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from inhouse.accounts.actors import Action
from inhouse.accounts.authorisation import authorise
from inhouse.content.index import View
from inhouse.core.errors import InhouseError
from inhouse.releases.release import NotLive
from inhouse.runtime.bridge import in_thread
from inhouse.web.api.chat import fan_of, whole
from inhouse.web.api.key import Caller, authenticate
from inhouse.web.limits import USUAL_BODY

PATH = "/mcp"
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MOST_PASSAGES = 10

Question = Annotated[str, Field(min_length=1, max_length=4000, description="What to ask, in any language.")]
Count = Annotated[int, Field(ge=1, le=_MOST_PASSAGES, description="How many passages.")]

_calling: ContextVar[Caller] = ContextVar("calling")


class CitedHere(BaseModel):
    """What an answer stands on."""

    document: str
    credit: str
    """Who wrote it and where it appeared; empty where that is not known."""
    url: str | None
    quote: str


class Told(BaseModel):
    """An answer. ``abstained``: the AI does not know."""

    answer: str
    abstained: bool
    citations: list[CitedHere]


class PassageHere(BaseModel):
    """A passage of the owner's content."""

    title: str
    url: str | None
    text: str


class Passages(BaseModel):
    """Passages, best first."""

    passages: list[PassageHere]


class McpEndpoint:
    """An ASGI application; ``running`` must be entered before the first request."""

    def __init__(self) -> None:
        self._server = MCPServer(
            "inhouse",
            title="Inhouse",
            instructions="An AI of its owner's own words. Ask it, or search what it has read.",
        )
        self._server.add_tool(
            ask, title="Ask the AI", description="Asks the AI. It cites what it says.", annotations=_READS
        )
        self._server.add_tool(
            search,
            title="Search the AI's content",
            description="Finds passages in what the AI has read. Needs a key that may view the AI.",
            annotations=_READS,
        )
        self._server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            json_response=True,
            max_request_body_size=USUAL_BODY,
        )

    @asynccontextmanager
    async def running(self, _: Any = None) -> AsyncIterator[None]:
        """Serve as long as this is entered; once."""
        async with self._server.session_manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        calling, _left = await in_thread(authenticate, request, key if kind.lower() == "bearer" else None)
        _calling.set(calling)  # what the protocol's library starts for this request inherits it
        await self._server.session_manager.asgi_app(scope, receive, send)


async def ask(question: Question) -> Told:
    """Ask as a program with this key; every question stands for itself."""
    with _told_plainly():
        return await _ask(_calling.get(), question)


async def search(query: Question, count: Count = 5) -> Passages:
    """The passages that the live release shows."""
    with _told_plainly():
        return await in_thread(_search, _calling.get(), query, count)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Our errors are sentences for whoever asked; the protocol's library keeps all others to itself."""
    try:
        yield
    except InhouseError as error:
        raise ToolError(error.message) from error


async def _ask(calling: Caller, question: str) -> Told:
    fan = await in_thread(fan_of, calling, None)
    turn = await calling.services.conversations.begin(fan, question, origin="api")
    ended = await whole(calling, fan, turn)
    cited = [
        CitedHere(document=c.document, credit=c.credit.line if c.credit else "", url=c.url, quote=c.quote)
        for c in ended.citations
    ]
    return Told(answer=ended.answer, abstained=ended.abstained, citations=cited)


def _search(calling: Caller, query: str, count: int) -> Passages:
    services, ai = calling.services, calling.ai
    with services.db.read() as tx:
        authorise(tx, calling.actor, Action.VIEW, ai_id=ai.id)
        live = services.releases.current(tx, ai.id)
    if live is None:
        raise NotLive(name=ai.name)
    found = services.search.look(View(ai.id, live.index_revision), query, count)
    return Passages(
        passages=[PassageHere(title=one.title, url=one.url, text=one.text) for one in found.passages]
    )
