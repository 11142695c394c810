"""What a fan gives to be read: attaching a file or a page to the conversation, and taking it back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from inhouse.conversations.documents import MOST_IN_CONVERSATION
from inhouse.conversations.given import GivenDocument
from inhouse.core.errors import UsageError
from inhouse.runtime.bridge import in_thread
from inhouse.web.forms import Posted, pieces
from inhouse.web.i18n import N_
from inhouse.web.limits import RateLimit
from inhouse.web.pages.document_view import document_view
from inhouse.web.pages.fan import newcomers
from inhouse.web.pages.fan_visit import FanVisit, FanVisiting

router = APIRouter(prefix="/a/{slug}/documents")
#: Documents that one fan may give in a minute.
given = RateLimit(20)


@router.post("")
async def give(here: FanVisiting, form: Posted) -> Response:
    """Read a file or an address into the conversation; the reply comes when it is read."""
    await in_thread(here.released)
    here = await in_thread(here.welcomed, newcomers)
    address, files = form.text("address", 2000), form.files("document")[:MOST_IN_CONVERSATION]
    if not address and not files:
        raise UsageError(reason=N_("Choose a file, or write the address of a page."))
    given.take(here.known.id, len(files) + bool(address))
    documents, conversation = here.visit.services.documents, form.text("conversation", 60) or None
    kept: list[GivenDocument] = []
    for file in files:
        name = file.filename or ""
        kept.append(
            await in_thread(
                documents.give_file,
                here.known,
                name,
                pieces(file),
                conversation_id=conversation,
                origin="page",
            )
        )
        conversation = kept[-1].conversation_id
    if address:
        kept.append(
            await in_thread(
                documents.give_address, here.known, address, conversation_id=conversation, origin="page"
            )
        )
    return here.keep(_answer(here, kept))


@router.post("/{document_id}/remove")
def remove(here: FanVisiting, document_id: str, form: Posted) -> Response:
    """Take a document back."""
    here.visit.services.documents.remove(here.known, document_id)
    if here.by_script:
        return JSONResponse({"removed": document_id})
    return here.visit.go(here.base, "document-removed", c=form.text("conversation", 60))


def _answer(here: FanVisit, kept: list[GivenDocument]) -> Response:
    conversation = kept[-1].conversation_id or ""
    if not here.by_script:
        return here.visit.go(here.base, "document-given", c=conversation)
    shown = [vars(document_view(document)) for document in kept]
    return JSONResponse({"conversation_id": conversation, "documents": shown})
