"""`inhouse train`: an adapter from what the AI is made of now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from inhouse.app.working import finish
from inhouse.cli.context import actor, progress_bar, services, show
from inhouse.cli.options import AsJson
from inhouse.core.errors import UsageError
from inhouse.tuning.tuning import RECIPE


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)


def train(
    ai: Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")],
    recipe: Annotated[
        str, typer.Option(help="voice-quick (a minute), voice-small (minutes) or voice (up to an hour).")
    ] = RECIPE,
    as_json: AsJson = False,
) -> None:
    """Train the AI's adapter on the owner's words, corrections and picks. Ctrl-C stops it; it goes on where it was.

    Example: inhouse train potter
    """
    here = services()
    job = here.tuning.train(actor(), here.ais.by_slug(actor(), ai).id, recipe)
    with progress_bar("training") as report:
        job = finish(here, job, report)
    if job.state != "done" or job.result is None:
        raise UsageError(reason=job.error or f"The training was {job.state}: inhouse jobs --retry {job.id}")
    show(job.result, as_json, told(job.result))


def told(result: Any) -> str:
    """What a training was worth, in words."""
    lines = [f"Trained adapter {result['adapter'][:12]}."]
    voice, picks = result["metrics"].get("voice"), result["metrics"].get("picks")
    if voice:
        low, high = voice["interval"]
        lines.append(
            f"Voice on {voice['n']} held-out documents: {voice['none']:.3f} bits per byte without it, "
            f"{voice['adapter']:.3f} with it (change between {low:+.3f} and {high:+.3f})."
        )
    if picks:
        lines.append(
            f"Held-out picks it agrees with: {picks['wins']} of {picks['n']} (before: {picks['wins_before']})."
        )
    return "\n".join(lines)
