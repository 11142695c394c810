"""`inhouse ask` and `inhouse chat`: talk to an AI from the command line, through the same path as a fan."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from inhouse.accounts.actors import Action
from inhouse.accounts.ais import Ai
from inhouse.accounts.authorisation import authorise
from inhouse.app import performers
from inhouse.cli.context import actor, out, services, show
from inhouse.cli.options import AsJson
from inhouse.content.given import Given
from inhouse.conversations.fans import Fan
from inhouse.core.errors import Unavailable, UsageError
from inhouse.core.events import Ended, Event, Failed, Replaced, Token
from inhouse.core.proposals import Proposal
from inhouse.runtime.bridge import in_thread

_LOOK_SECONDS = 0.5

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(ask)
    app.command()(chat)


def ask(
    ai: AiSlug,
    question: Annotated[str, typer.Argument(help="What to ask.")],
    language: Annotated[str, typer.Option(help="Language of the answer; without, the question's.")] = "",
    document: Annotated[
        list[Path] | None, typer.Option(help="A file to read for this question; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask an AI one question.

    Example: inhouse ask potter "Do you ship to Norway?"
    """
    answer = asyncio.run(_ask(ai, question, language or None, document or []))
    show(answer, as_json, as_text(answer))


def chat(ai: AiSlug) -> None:
    """Talk with an AI, line by line; an empty line ends it. Lines may come from a file, too. What it would do for you with a
    tool that acts is shown first, and done only after a line that says yes.

    Example: inhouse chat potter
    """
    asyncio.run(_many(ai))


def _chatter(slug: str) -> tuple[Ai, Fan]:
    here = services()
    found = here.ais.by_slug(actor(), slug)
    with here.db.read() as tx:
        authorise(tx, actor(), Action.CHAT, ai_id=found.id)
    return found, here.fans.named(found.id, f"cli:{actor().id or 'operator'}")


async def _ask(slug: str, question: str, language: str | None, files: Sequence[Path]) -> dict[str, Any]:
    try:
        return await one(slug, question, language, files)
    finally:
        await services().aclose()


async def one(slug: str, question: str, language: str | None, files: Sequence[Path] = ()) -> dict[str, Any]:
    """Ask one question as the command line's own fan; returns the object that ``--json`` prints."""
    found, fan = _chatter(slug)
    given = [_given(found, file) for file in files]
    turn = await services().conversations.begin(fan, question, language=language, documents=given)
    ended = None
    async for event in services().conversations.follow(fan, turn.id):
        ended = event if isinstance(event, Ended | Failed) else ended
    return _result(ended, turn.release_id)


async def _many(slug: str) -> None:
    found, fan = _chatter(slug)
    out.print(f"{found.name} is an AI. An empty line ends the conversation.", markup=False)
    conversation = None
    try:
        while question := _typed():
            turn = await services().conversations.begin(
                fan, question, conversation_id=conversation, may_act=True
            )
            conversation = turn.conversation_id
            proposal = await _print_stream(services().conversations.follow(fan, turn.id))
            if proposal is not None:
                await _decide(fan, proposal)
    finally:
        await services().aclose()


def _typed(prompt: str = "you") -> str:
    """The next line; what is not typed but piped in is shown, so that the output is the whole conversation."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, default="", show_default=False)).strip()
    line = sys.stdin.readline().strip()
    if line:
        out.print(f"\n{prompt}: {line}", markup=False, highlight=False)
    return line


async def _decide(fan: Fan, proposal: Proposal) -> None:
    """Show exactly what would be sent, ask, and tell what came of it."""
    out.print(f"\n{proposal.title}", markup=False, style="bold")
    for name, value in proposal.told:
        out.print(f"  {name}: {value}", markup=False, highlight=False)
    if _typed("Agree and send? (y/n)").casefold() not in ("y", "yes"):
        deed = services().actions.decline(fan, proposal.action_id)
    else:
        deed = services().actions.agree(fan, proposal.action_id, proposal.hash)
        while deed.open:
            await in_thread(performers.start, services().settings)
            await asyncio.sleep(_LOOK_SECONDS)
            deed = services().actions.get(fan, proposal.action_id)
    told = f"{deed.state}. {deed.line}".strip()
    out.print(f"{told}\n{deed.result}".strip(), markup=False, highlight=False)


async def _print_stream(events: Any) -> Proposal | None:
    """Print an answer as it comes; returns what it proposes."""
    proposal = None
    stream: AsyncGenerator[Event, None] = events
    async for event in stream:
        if isinstance(event, Token):
            out.print(event.text, end="", markup=False, highlight=False)
        elif isinstance(event, Replaced):
            out.print(f"\n{event.text}", end="", markup=False, highlight=False)
        elif isinstance(event, Ended):
            proposal = event.proposal
            out.print()
            for citation in event.citations:
                by = f" ({citation.credit.line})" if citation.credit else ""
                out.print(
                    f"  [{citation.number}] {citation.document}{by}: “{citation.quote}”",
                    markup=False,
                    style="dim",
                )
        elif isinstance(event, Failed):
            out.print(event.message, markup=False, style="red")
    return proposal


def _given(ai: Ai, file: Path) -> Given:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(reason=f"{file} can't be read: {error.strerror}.") from None
    return services().documents.read_once(ai.id, file.name, data)


def _result(ended: Event | None, release_id: str | None) -> dict[str, Any]:
    if not isinstance(ended, Ended):
        reason = ended.message if isinstance(ended, Failed) else "the answer broke off"
        raise Unavailable(what="The answer", reason=reason)
    value = ended.model_dump(mode="json")
    return {
        "answer": ended.answer,
        "citations": value["citations"],
        "abstained": ended.abstained,
        "verdict": ended.verdict,
        "tools": value["tools"],
        "plan": value["plan"],
        "release": release_id,
        "kind": ended.kind,
        "timing": value["timing"],
    }


def as_text(answer: dict[str, Any]) -> str:
    """An answer with its sources, for people."""
    lines = [answer["answer"]]
    for citation in answer["citations"]:
        where = citation["url"] or citation["place"].get("heading") or ""
        lines.append(f"  [{citation['number']}] {citation['document']} {where}\n      “{citation['quote']}”")
    return "\n".join(lines)
