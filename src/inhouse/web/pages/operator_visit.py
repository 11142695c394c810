"""Who operates the installation: what every page of the operator begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import HTMLResponse, Response

from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core.errors import InhouseError
from inhouse.web.i18n import N_, sentence
from inhouse.web.services import Services
from inhouse.web.visit import Visit, Visiting

_PAGES = (
    ("", N_("AIs")),
    ("experiments", N_("Experiments")),
    ("ledger", N_("Ledger")),
    ("comparisons", N_("Giant or small")),
    ("generations", N_("Generations")),
    ("internalise", N_("Building in")),
    ("jobs", N_("Jobs")),
    ("health", N_("Health")),
    ("people", N_("People and teams")),
)


@dataclass(frozen=True)
class OperatorVisit:
    """One visit by an operator."""

    visit: Visit

    @property
    def actor(self) -> Actor:
        return self.visit.actor

    @property
    def services(self) -> Services:
        return self.visit.services

    def page(self, at: str, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page of the operator's, with the rail beside it."""
        return self.visit.page(f"operator/{template}", status, at=at, pages=_PAGES, **values)

    def go(self, path: str, said: str | None = None) -> Response:
        """After a post: on to another page of the operator's."""
        return self.visit.go(f"/operator/{path}", said)

    def told(self, error: InhouseError) -> str:
        """An error in the visitor's language."""
        return sentence(self.visit.language, error)


def operator_visit(visit: Visiting) -> OperatorVisit:
    """Whoever may not operate is told so before anything is looked at."""
    with visit.services.db.read() as tx:
        authorise(tx, visit.actor, Action.OPERATE)
    return OperatorVisit(visit)


Operator = Annotated[OperatorVisit, Depends(operator_visit)]
