"""`inhouse lab promote`, `rollback`, `promotion`: move the installation to another generation, and back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from inhouse.app import working
from inhouse.cli.context import actor, progress_bar, services, show
from inhouse.cli.options import AsJson
from inhouse.lab.promoting.promotion import Move, NotPromoted, Promotion, Standing
from inhouse.web.pages import promotion_words as words

Generation = Annotated[str, typer.Argument(metavar="GENERATION", help="The generation's id or name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(promote)
    app.command()(rollback)
    app.command()(promotion)


def promote(
    generation: Generation,
    canary: Annotated[
        float | None, typer.Option(help="Serve this share of the fans on it, such as 0.1.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Serve all fans on it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check every AI on a generation by its own gate, then move the fans: a share of them first, then all.

    Ctrl-C leaves the checks to the worker; the same command goes on where they are.

    Example: inhouse lab promote inhouse-3 --canary 0.1
    """
    here = services().promotions
    found = _started(generation)
    _see_checked(found)
    if everybody:
        here.go_live(actor(), generation)
    elif canary is not None:
        here.canary(actor(), generation, canary)
    _tell(found.id, as_json)


def rollback(generation: Generation, as_json: AsJson = False) -> None:
    """Bring every AI that moved to a generation back on the release that it had.

    Example: inhouse lab rollback inhouse-3
    """
    standing = services().promotions.roll_back(actor(), generation)
    _tell(standing.promotion.id, as_json)


def promotion(
    promotion_id: Annotated[str, typer.Argument(metavar="ID", help="Which one; else the newest.")] = "",
    as_json: AsJson = False,
) -> None:
    """How a promotion stands: each AI, and what the canary shows.

    Example: inhouse lab promotion
    """
    if not promotion_id:
        newest = services().promotions.listing(actor())[:1]
        if not newest:
            show(None, as_json, "Nothing was promoted yet.")
            return
        promotion_id = newest[0].id
    _tell(promotion_id, as_json)


def _started(generation: str) -> Promotion:
    """The try that is open, else a new one."""
    here = services().promotions
    try:
        return here.of_generation(actor(), generation)
    except NotPromoted:
        return here.start(actor(), generation)


def _see_checked(found: Promotion) -> None:
    """Wait for the checks, working on them where nobody does."""
    if found.state != "checking":
        return
    here = services().promotions

    def look() -> tuple[float, str]:
        here.go_on()
        standing = here.standing(actor(), found.id)
        return standing.progress, words.sentence(standing, str)

    with progress_bar("promotion") as report:
        working.attend(services(), look, report)


def _tell(promotion_id: str, as_json: bool) -> None:
    here = services().promotions
    standing = here.standing(actor(), promotion_id)
    watched = here.watched(actor(), promotion_id)
    if as_json:
        seen = (
            {"fans": watched.fans, "estimates": watched.estimates, "worse": watched.worse}
            if watched
            else None
        )
        show(standing.model_dump(mode="json") | {"canary": seen}, as_json)
        return
    lines = [f"{standing.promotion.generation_id}: {words.sentence(standing, str)}"]
    if watched is not None:
        lines.append(words.of_canary(watched, str))
    show(None, False, "\n".join([*lines, *_hint(standing)]))
    if standing.moves:
        slugs = {ai.id: ai.slug for ai in services().ais.listing(actor(), archived=True)}
        show([_row(move, slugs) for move in standing.moves], False)


def _hint(standing: Standing) -> list[str]:
    generation = standing.promotion.generation_id
    match standing.promotion.state:
        case "checking" if not standing.unsettled:
            return [f"Go on: inhouse lab promote {generation} --canary 0.1"]
        case "canary":
            return [
                f"Go on: inhouse lab promote {generation} --all   Back: inhouse lab rollback {generation}"
            ]
        case _:
            return []


def _row(move: Move, slugs: dict[str, str]) -> dict[str, Any]:
    return {
        "AI": slugs.get(move.ai_id, move.ai_id),
        "stands": words.of_move(move, str),
        "why": move.reason,
        "took": f"{move.seconds:.0f} s" if move.seconds else "",
    }
