"""The operator's pages: all AIs, all jobs, health, people and teams."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.core.errors import InhouseError
from inhouse.runtime.bridge import in_thread
from inhouse.store import jobs
from inhouse.web.forms import Posted
from inhouse.web.pages import operator_health
from inhouse.web.pages.operator_visit import Operator, OperatorVisit

router = APIRouter(prefix="/operator")


@router.get("")
def ais(operator: Operator) -> Response:
    """Every AI of every team."""
    services = operator.services
    listed = services.ais.listing(operator.actor, archived=True)
    teams = {team.id: team.name for team in services.accounts.teams.listing(operator.actor)}
    with services.db.read() as tx:
        live = {ai.id: services.releases.current(tx, ai.id) for ai in listed}
    return operator.page("", "ais.html", ais=listed, teams=teams, live=live)


@router.get("/jobs")
def job_list(operator: Operator) -> Response:
    """The newest jobs of all AIs."""
    slugs = {ai.id: ai.slug for ai in operator.services.ais.listing(operator.actor, archived=True)}
    with operator.services.db.read() as tx:
        listed = jobs.heads(tx, limit=100)
    return operator.page("jobs", "jobs.html", jobs=listed, slugs=slugs)


@router.post("/jobs/stop")
def stop(operator: Operator, form: Posted) -> Response:
    """Ask a job to stop."""
    with operator.services.db.write() as tx:
        jobs.request_stop(tx, form.text("job", 60))
    return operator.go("jobs", "stop-asked")


@router.post("/jobs/retry")
def retry(operator: Operator, form: Posted) -> Response:
    """Let a stopped or failed job go on where it was."""
    with operator.services.db.write() as tx:
        jobs.retry(tx, form.text("job", 60))
    return operator.go("jobs", "resumed")


@router.get("/health")
async def health(operator: Operator) -> Response:
    """Engine, database, disk, worker: each as it is this moment."""
    signs = await operator_health.signs(operator.services)
    return await in_thread(operator.page, "health", "health.html", signs=signs)


@router.get("/people")
def people(operator: Operator) -> Response:
    """Everybody, and the teams."""
    return _people(operator)


@router.post("/people")
def add_person(operator: Operator, form: Posted) -> Response:
    """Make an account and show the link to choose its password, once."""
    accounts, email = operator.services.accounts, form.text("email", 254)
    try:
        accounts.create_person(
            operator.actor, email, form.text("name", 120), is_operator=form.checked("operator")
        )
    except InhouseError as error:
        return _people(operator, error.status, error=operator.told(error))
    return _people(operator, link=_reset_link(operator, email), whose=email)


@router.post("/people/reset")
def reset(operator: Operator, form: Posted) -> Response:
    """A link to choose a new password, shown once."""
    email = form.text("email", 254)
    return _people(operator, link=_reset_link(operator, email), whose=email)


@router.post("/people/disable")
def disable(operator: Operator, form: Posted) -> Response:
    """Shut somebody out, or let them in again."""
    accounts, person = operator.services.accounts, form.text("person", 60)
    change = accounts.enable_person if form.checked("enable") else accounts.disable_person
    change(operator.actor, person)
    return operator.go("people", "saved")


@router.post("/teams")
def add_team(operator: Operator, form: Posted) -> Response:
    """A new team, with its first owner."""
    try:
        owner = operator.services.accounts.by_email(operator.actor, form.text("owner", 254))
        operator.services.accounts.teams.create(operator.actor, form.text("name", 120), owner_id=owner.id)
    except InhouseError as error:
        return _people(operator, error.status, error=operator.told(error))
    return operator.go("people", "saved")


def _people(operator: OperatorVisit, status: int = 200, **values: Any) -> Response:
    accounts = operator.services.accounts
    shown = {
        "people": accounts.people(operator.actor),
        "teams": accounts.teams.listing(operator.actor),
        "link": "",
    }
    return operator.page("people", "people.html", status, **shown | values)


def _reset_link(operator: OperatorVisit, email: str) -> str:
    token = operator.services.accounts.begin_reset(operator.actor, email)
    base = operator.services.settings.public_url.rstrip("/") or str(operator.visit.request.base_url).rstrip(
        "/"
    )
    return f"{base}/reset?token={token}"
