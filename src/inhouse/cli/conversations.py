"""`inhouse conversations`, `handovers`, `verdicts`: what fans asked, and what the team says to it."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson
from inhouse.conversations.turns import Turn
from inhouse.core.events import Failed

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]

conversations = typer.Typer(
    help="What fans asked. Example: inhouse conversations list potter", no_args_is_help=True
)
handovers = typer.Typer(
    help="Fans who asked for a person. Example: inhouse handovers list potter", no_args_is_help=True
)
verdicts = typer.Typer(
    help="Corrections of answers. Example: inhouse verdicts list potter", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(conversations, name="conversations")
    app.add_typer(handovers, name="handovers")
    app.add_typer(verdicts, name="verdicts")


@conversations.command("list")
def list_(
    ai: AiSlug,
    before: Annotated[str, typer.Option(help="Go on after the conversation of this id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List conversations, the newest first.

    Example: inhouse conversations list potter
    """
    found = services().conversations.listing(actor(), _ai_id(ai), before=before or None, limit=limit)
    rows = [
        {
            "id": s.id,
            "turns": s.turns,
            "down": s.thumbs_down,
            "changed": s.changed_at,
            "first": s.first_question,
        }
        for s in found
    ]
    show(found if as_json else rows, as_json)


@conversations.command("read")
def read(ai: AiSlug, conversation: str, as_json: AsJson = False) -> None:
    """Read one conversation. That you read it is written into the audit log.

    Example: inhouse conversations read potter con_01h9
    """
    found = services().conversations.read(actor(), _ai_id(ai), conversation)
    show(found, as_json, "\n\n".join(map(_told, found)))


@handovers.command("list")
def list_handovers(
    ai: AiSlug,
    everything: Annotated[bool, typer.Option("--all", help="Also those that don't wait.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the fans who wait for a person, the longest waiting first.

    Example: inhouse handovers list potter
    """
    found = services().handovers.listing(actor(), _ai_id(ai), waiting_only=not everything)
    rows = [
        {"id": h.id, "state": h.state, "since": h.created_at, "contact": h.contact, "note": h.note}
        for h in found
    ]
    show(found if as_json else rows, as_json)


@handovers.command("reply")
def reply(ai: AiSlug, handover: str, text: str, as_json: AsJson = False) -> None:
    """Write into the fan's thread, as a person.

    Example: inhouse handovers reply potter hand_01h9 "Yes, we will send it on Monday."
    """
    show(services().handovers.reply(actor(), _ai_id(ai), handover, text), as_json, "Sent.")


@handovers.command("close")
def close(ai: AiSlug, handover: str, as_json: AsJson = False) -> None:
    """Done with, answered or not.

    Example: inhouse handovers close potter hand_01h9
    """
    show(services().handovers.close(actor(), _ai_id(ai), handover), as_json, "Closed.")


@verdicts.command("list")
def list_verdicts(ai: AiSlug, as_json: AsJson = False) -> None:
    """List the corrections that hold.

    Example: inhouse verdicts list potter
    """
    found = services().verdicts.listing(actor(), _ai_id(ai))
    rows = [{"id": c.id, "turn": c.turn_id, "question": c.question, "answer": c.answer} for c in found]
    show(found if as_json else rows, as_json)


@verdicts.command("correct")
def correct(ai: AiSlug, turn: str, answer: str, as_json: AsJson = False) -> None:
    """Say what the answer should have been: a case, a pinned answer and a training example.

    Example: inhouse verdicts correct potter turn_01h9 "We fire at 1,240 degrees."
    """
    made = services().verdicts.correct(actor(), _ai_id(ai), turn, answer)
    show(made, as_json, f"Corrected; take it back with: inhouse verdicts undo {ai} {made.id}")


@verdicts.command("undo")
def undo(ai: AiSlug, correction: str) -> None:
    """Take a correction back, all three things of it.

    Example: inhouse verdicts undo potter cor_01h9
    """
    services().verdicts.undo(actor(), _ai_id(ai), correction)


def _told(turn: Turn) -> str:
    if turn.author == "person":
        return f"a person: {turn.answer}"
    ended = f" ({turn.end.message})" if isinstance(turn.end, Failed) else ""
    return f"{turn.id} · {turn.state}{ended}\nfan: {turn.question}\nAI: {turn.answer}"


def _ai_id(slug: str) -> str:
    return services().ais.by_slug(actor(), slug).id
