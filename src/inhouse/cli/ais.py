"""Making AIs and listing them."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.accounts.ais import Ai, Kind
from inhouse.app import presets
from inhouse.app.working import finish
from inhouse.cli.context import actor, progress_bar, services, show
from inhouse.cli.options import AsJson
from inhouse.core.errors import NotFound


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(new)
    app.command("ais")(listing)


def new(
    slug: Annotated[str, typer.Argument(help="Its name in addresses: small letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="Its name for people; without, the slug.")] = "",
    team: Annotated[
        str, typer.Option(help="Team that owns it, by name or id; made where it is not there.")
    ] = "Home",
    kind: Annotated[Kind, typer.Option(help="What it is for.")] = "creator",
    language: Annotated[
        list[str] | None, typer.Option(help="Languages of its pages; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an AI.

    An assistant or a research AI is ready at once: it has tools, and reads documents that people give it.

    Example: inhouse new potter --name "Kilnfold Pottery" --kind business --language en --language ja
    """
    here = services()
    made = here.ais.create(
        actor(), _team_id(team), slug, name or slug, kind=kind, languages=tuple(language or ("en",))
    )
    if presets.is_preset(made):
        show(made, as_json, _furnished(made))
        return
    show(made, as_json, f"Made {made.slug}. Next: inhouse import {made.slug} FOLDER --right 'own work'")


def listing(as_json: AsJson = False) -> None:
    """List the AIs that you may see.

    Example: inhouse ais
    """
    found = services().ais.listing(actor())
    rows = [
        {"slug": ai.slug, "name": ai.name, "kind": ai.kind, "languages": ", ".join(ai.languages)}
        for ai in found
    ]
    show(found if as_json else rows, as_json)


def _team_id(wanted: str) -> str:
    teams = services().accounts.teams
    try:
        return teams.find(actor(), wanted).id
    except NotFound:
        return teams.create(actor(), wanted).id


def _furnished(made: Ai) -> str:
    """Set it up, see it through its gate, and say how that went."""
    furnished = presets.furnish(services(), actor(), made)
    with progress_bar("gate") as report:
        gate = finish(services(), furnished.gate, report)
    lines = [f"Not attached: {problem}" for problem in furnished.problems]
    if gate.result is not None and gate.result["release_id"]:
        lines.append(f"{made.slug} is live: it has tools, and reads documents that people give it.")
        lines.append(
            f'Try it: inhouse ask {made.slug} "What does this say about returns?" --document terms.pdf'
        )
    else:
        why = gate.error or (gate.result or {}).get("gate", {}).get("reason", "the gate was stopped.")
        lines.append(f"{made.slug} is made, and not live yet: {why} Then run: inhouse release {made.slug}")
    return "\n".join(lines)
