"""The audit log of one AI: who did what to it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts import audit
from inhouse.web.pages.studio_visit import Studio

router = APIRouter(prefix="/studio/{slug}/log")
_PAGE = 100


@router.get("")
def page(studio: Studio, before: int | None = None) -> Response:
    """The newest lines first, a hundred a page."""
    entries = audit.read(studio.services.db, studio.actor, ai_id=studio.ai.id, before=before, limit=_PAGE)
    older = entries[-1].id if len(entries) == _PAGE else None
    return studio.page("log", "log.html", entries=entries, older=older, first=before is None)
