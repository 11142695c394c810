"""Making AIs and listing them."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.accounts.ais import Kind
from inhouse.cli.context import actor, services, show
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

    Example: inhouse new potter --name "Kilnfold Pottery" --kind business --language en --language ja
    """
    here = services()
    made = here.ais.create(
        actor(), _team_id(team), slug, name or slug, kind=kind, languages=tuple(language or ("en",))
    )
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
