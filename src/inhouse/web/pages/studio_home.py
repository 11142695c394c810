"""The studio's front page: a team's AIs, and making a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.ais import READERS, Kind
from inhouse.accounts.memberships import Team
from inhouse.core.errors import InhouseError
from inhouse.web import notices
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_, sentence
from inhouse.web.visit import Visit, Visiting

router = APIRouter(prefix="/studio")
KINDS = (
    ("creator", N_("A creator: somebody with an audience")),
    ("business", N_("A business: customers with questions")),
    ("assistant", N_("An assistant: reads what people give it, has tools, is ready at once")),
    ("research", N_("Research: reads papers, is ready at once")),
)


@router.get("")
def page(visit: Visiting, team: str = "") -> Response:
    """The AIs of one team; archived ones last."""
    return _home(visit, team)


@router.get("/ais/new")
def new(visit: Visiting, team: str = "") -> Response:
    """The form of a new AI."""
    return _form(visit, team, values={"name": "", "slug": "", "kind": "creator", "languages": ["en"]})


@router.post("/ais/new")
def create(visit: Visiting, form: Posted) -> Response:
    """Make the AI and go to its overview; the form comes back with what was wrong.

    Where a tool could not be attached, the front page says so: an address carries no sentences.
    """
    team = form.text("team", 60)
    languages = form.texts("languages", 10)
    values = {"name": form.text("name", 120), "slug": form.text("slug", 60), "kind": form.text("kind", 20)}
    try:
        ai = visit.services.ais.create(
            visit.actor,
            team,
            values["slug"],
            values["name"],
            kind=cast(Kind, values["kind"]),
            languages=tuple(languages),
        )
    except InhouseError as error:
        said = sentence(visit.language, error)
        return _form(visit, team, error.status, values={**values, "languages": languages}, error=said)
    if ai.kind in READERS:
        if problems := visit.services.furnish(visit.actor, ai):
            return _home(visit, team, problems, notice=notices.said("furnished"))
        return visit.go(f"/studio/{ai.slug}", "furnished")
    return visit.go(f"/studio/{ai.slug}", "created")


def _home(visit: Visit, team: str, problems: Sequence[str] = (), **values: Any) -> Response:
    teams, chosen = _teams(visit, team)
    ais = [
        ai
        for ai in visit.services.ais.listing(visit.actor, archived=True)
        if chosen and ai.team_id == chosen.id
    ]
    with visit.services.db.read() as tx:
        live = {ai.id: visit.services.releases.current(tx, ai.id) for ai in ais}
    shown: dict[str, Any] = {"teams": teams, "chosen": chosen, "ais": ais, "live": live, "problems": problems}
    return visit.page("studio/home.html", **shown, **values)


def _form(visit: Visit, team: str, status: int = 200, **values: Any) -> Response:
    teams, chosen = _teams(visit, team)
    kinds = [(code, visit.told(label)) for code, label in KINDS]
    choices = [(team.id, team.name) for team in teams]
    shown = {"teams": teams, "team_choices": choices, "chosen": chosen, "kinds": kinds}
    return visit.page("studio/new.html", status, **shown, **values)


def _teams(visit: Visit, wanted: str) -> tuple[list[Team], Team | None]:
    teams = visit.services.accounts.teams.listing(visit.actor)
    chosen = next((team for team in teams if team.id == wanted), teams[0] if teams else None)
    return teams, chosen
