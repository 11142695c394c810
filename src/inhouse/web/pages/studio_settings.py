"""Settings of an AI: name, languages, retention, archiving, export, erasing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.conversations import sharing_texts
from inhouse.core.errors import InhouseError, UsageError
from inhouse.web.forms import Posted
from inhouse.web.i18n import N_
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/settings")


@router.get("")
def page(studio: Studio) -> Response:
    """The forms."""
    return _page(studio)


@router.post("")
def save(studio: Studio, form: Posted) -> Response:
    """Name, languages, how long conversations are kept, whether it reads what people give it, who may ask it."""
    days = form.number("retention", 0)
    try:
        studio.services.ais.edit(
            studio.actor,
            studio.ai.id,
            name=form.text("name", 120),
            languages=tuple(form.texts("languages", 10)),
            retention_days=days or None,
            keep_for_ever=not days,
            reads_documents=form.checked("reads_documents"),
            is_open=form.checked("is_open"),
        )
    except InhouseError as error:
        return _page(studio, error.status, error=studio.told(error))
    return studio.go("settings", "saved")


@router.get("/export")
def export(studio: Studio) -> Response:
    """All that the owner made of this AI, as a file."""
    written = studio.services.export(studio.actor, studio.ai.id)
    named = {"Content-Disposition": f'attachment; filename="{studio.ai.slug}.json"'}
    return Response(written, media_type="application/json", headers=named)


@router.post("/share")
def share(studio: Studio, _form: Posted) -> Response:
    """Agree that this AI's questions may feed a shared generation and be asked again, where fans agree too."""
    studio.services.consents.give(studio.actor, studio.ai.id)
    return studio.go("settings#share", "sharing-on")


@router.post("/keep")
def keep(studio: Studio, _form: Posted) -> Response:
    """Take that back for all fans at once."""
    return _page(studio, withdrawn=studio.services.consents.withdraw(studio.actor, studio.ai.id))


@router.post("/archive")
def archive(studio: Studio, _form: Posted) -> Response:
    """Take the AI out of use."""
    studio.services.ais.archive(studio.actor, studio.ai.id)
    return studio.go("settings", "archived")


@router.post("/restore")
def restore(studio: Studio, _form: Posted) -> Response:
    """Put it back into use."""
    studio.services.ais.restore(studio.actor, studio.ai.id)
    return studio.go("settings", "restored")


@router.post("/erase")
def erase(studio: Studio, form: Posted) -> Response:
    """Erase the AI with everything of it, where its name was typed; the receipt is all that is left."""
    if form.text("slug", 60) != studio.ai.slug:
        raise UsageError(reason=N_("Type the AI's name in addresses to erase it. Nothing was erased."))
    receipt = studio.services.erasure.erase_ai(studio.actor, studio.ai.id)
    return studio.visit.page("studio/erased.html", receipt=receipt)


def _page(studio: StudioVisit, status: int = 200, **values: Any) -> Response:
    shown = {
        "manages": Action.MANAGE in studio.may,
        "sharing": studio.services.consents.of_ai(studio.actor, studio.ai.id),
        "words": sharing_texts.text("owner", studio.visit.language),
        "withdrawn": None,
    }
    return studio.page("settings", "settings.html", status, **shown | values)
