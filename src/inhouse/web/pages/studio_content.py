"""Content and rights: uploads and addresses with the right that they stand on, sources, documents, revoking."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from inhouse.accounts.actors import Action
from inhouse.content.library import IMPORT_JOB
from inhouse.content.values import Basis
from inhouse.core.errors import InhouseError, UsageError
from inhouse.store import jobs
from inhouse.web.forms import Form, Posted, pieces
from inhouse.web.i18n import N_
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/content")
BASES = (
    (Basis.OWN_WORK, N_("Our own work")),
    (Basis.PERMISSION, N_("Somebody gave permission (say who)")),
    (Basis.LICENSED, N_("Licensed (say which licence)")),
    (Basis.PUBLIC_DOMAIN, N_("Public domain")),
)
_PAGE = 50


@router.get("")
def page(studio: Studio) -> Response:
    """Sources, running and recent imports, and the forms."""
    return _page(studio)


@router.post("/upload")
def upload(studio: Studio, form: Posted) -> Response:
    """Queue the import of every file; one that is refused is named and the rest goes on."""
    files = form.files("files")
    if not files:
        raise UsageError(reason=N_("Choose a file first."))
    refused = [said for file in files if (said := _queue(studio, file, form))]
    if len(refused) == len(files):
        return _refuse(studio, " ".join(refused))
    if refused:
        return _page(studio, error=" ".join(refused))
    if _by_script(studio):
        return JSONResponse({"next": f"{studio.base}/content?said=import-started"})
    return studio.go("content", "import-started")


@router.post("/address")
def address(studio: Studio, form: Posted) -> Response:
    """Queue the import of a public address."""
    try:
        studio.services.library.queue_url(
            studio.actor, studio.ai.id, form.text("url", 2000), right=_right(form)
        )
    except InhouseError as error:
        return _page(studio, error.status, error=studio.told(error))
    return studio.go("content", "import-started")


@router.get("/sources/{source_id}")
def source(studio: Studio, source_id: str, offset: int = 0) -> Response:
    """The documents of one source."""
    library = studio.services.library
    found = [s for s in library.sources(studio.actor, studio.ai.id) if s.source.id == source_id]
    listed = library.documents(
        studio.actor, studio.ai.id, source_id=source_id, limit=_PAGE, offset=max(0, offset)
    )
    older = offset + _PAGE if len(listed) == _PAGE else 0
    shown = {"item": found[0] if found else None, "documents": listed, "older": older, "bases": dict(BASES)}
    return studio.page("content", "source.html", 200 if found else 404, may_edit=_may_edit(studio), **shown)


@router.get("/documents/{document_id}")
def document(studio: Studio, document_id: str) -> Response:
    """One document as it was read."""
    found, sections = studio.services.library.document(studio.actor, studio.ai.id, document_id)
    return studio.page("content", "document.html", document=found, sections=sections)


@router.post("/revoke")
def revoke(studio: Studio, form: Posted) -> Response:
    """Take back the right to a source."""
    studio.services.library.revoke(studio.actor, studio.ai.id, form.text("source", 60))
    return studio.go("content", "revoked")


def _queue(studio: StudioVisit, file: UploadFile, form: Form) -> str:
    """Queue one file; returns why it was refused, empty where it was not."""
    name = file.filename or "upload"
    try:
        studio.services.library.queue_upload(
            studio.actor, studio.ai.id, name, pieces(file), right=_right(form)
        )
    except InhouseError as error:
        return f"{name}: {studio.told(error)}"
    return ""


def _right(form: Form) -> str:
    note = form.text("note", 2000)
    return f"{form.text('basis', 20)}: {note}" if note else form.text("basis", 20)


def _refuse(studio: StudioVisit, said: str) -> Response:
    if _by_script(studio):
        return JSONResponse({"code": "Refused", "message": said}, 400)
    return _page(studio, 400, error=said)


def _by_script(studio: StudioVisit) -> bool:
    return "application/json" in studio.visit.request.headers.get("accept", "")


def _may_edit(studio: StudioVisit) -> bool:
    return Action.EDIT_CONTENT in studio.may


def _page(studio: StudioVisit, status: int = 200, **values: Any) -> Response:
    with studio.services.db.read() as tx:
        imports = jobs.listing(tx, ai_id=studio.ai.id, name=IMPORT_JOB, limit=5)
    shown = {
        "sources": studio.services.library.sources(studio.actor, studio.ai.id),
        "imports": imports,
        "bases": [(code.value, studio.visit.told(label)) for code, label in BASES],
        "may_edit": _may_edit(studio),
        "may_stop": _may_edit(studio),
        "job_page": "content",
        "most_mb": studio.services.settings.max_upload_mb,
    }
    return studio.page("content", "content.html", status, **shown | values)
