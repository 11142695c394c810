"""Who works on which AI: what every page of the studio begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path
from starlette.responses import HTMLResponse, Response

from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.ais import Ai
from inhouse.accounts.authorisation import allowed
from inhouse.core.errors import InhouseError
from inhouse.store.database import Tx
from inhouse.web.i18n import N_, sentence
from inhouse.web.services import Services
from inhouse.web.visit import Visit, Visiting

#: Path below the AI's, label, and what one must be allowed to do to find the page useful.
_PAGES = (
    ("", N_("Overview"), Action.VIEW),
    ("content", N_("Content and rights"), Action.VIEW),
    ("brief", N_("Brief"), Action.VIEW),
    ("training", N_("Training"), Action.VIEW),
    ("picks", N_("Picks"), Action.REVIEW),
    ("extensions", N_("Extensions"), Action.VIEW),
    ("actions", N_("Actions"), Action.REVIEW),
    ("releases", N_("Releases"), Action.VIEW),
    ("conversations", N_("Conversations"), Action.REVIEW),
    ("handovers", N_("Hand-overs"), Action.REVIEW),
    ("cases", N_("Cases"), Action.VIEW),
    ("people", N_("Keys and people"), Action.VIEW),
    ("log", N_("Log"), Action.MANAGE),
    ("settings", N_("Settings"), Action.VIEW),
)


@dataclass(frozen=True)
class StudioVisit:
    """One visit by a signed-in person to one AI's studio."""

    visit: Visit
    ai: Ai
    may: frozenset[Action]
    """What this person may do, so that pages leave out what would be refused; the services decide."""

    @property
    def actor(self) -> Actor:
        return self.visit.actor

    @property
    def services(self) -> Services:
        return self.visit.services

    @property
    def base(self) -> str:
        return f"/studio/{self.ai.slug}"

    def page(self, at: str, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page of this AI, with the rail of pages beside it."""
        with self.services.db.read() as tx:
            waiting = self._waiting(tx) if Action.REVIEW in self.may else {}
            waiting["extensions"] = self.services.notices.unread(tx, self.actor, self.ai.id)
        pages = [(name, label, waiting.get(name, 0)) for name, label, action in _PAGES if action in self.may]
        return self.visit.page(f"studio/{template}", status, at=at, pages=pages, **values)

    def _waiting(self, tx: Tx) -> dict[str, int]:
        """How much waits for somebody of the team, by page."""
        return {
            "handovers": self.services.handovers.waiting(tx, self.ai.id),
            "actions": self.services.actions.unseen(tx, self.ai.id),
        }

    def go(self, path: str = "", said: str | None = None, **query: str) -> Response:
        """After a post: on to another page of this AI."""
        return self.visit.go(f"{self.base}/{path}" if path else self.base, said, **query)

    def told(self, error: InhouseError) -> str:
        """An error in the visitor's language, for a form that comes back."""
        return sentence(self.visit.language, error)


def studio_visit(visit: Visiting, slug: Annotated[str, Path(max_length=60)]) -> StudioVisit:
    """Look up the AI that a signed-in person asks for."""
    ai = visit.services.ais.by_slug(visit.actor, slug)
    with visit.services.db.read() as tx:
        may = allowed(tx, visit.actor, ai_id=ai.id)
    visit.shared.update(ai=ai, may=may, base=f"/studio/{ai.slug}")
    return StudioVisit(visit, ai, may)


Studio = Annotated[StudioVisit, Depends(studio_visit)]
