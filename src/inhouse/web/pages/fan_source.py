"""The page of a source that has no address of its own: the cited words, in their document."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.content import documents, index
from inhouse.content.given import document_of
from inhouse.content.values import Document
from inhouse.conversations.given import GivenDocument
from inhouse.core.errors import NotFound
from inhouse.core.events import Ended
from inhouse.core.passages import Citation, Credit, Passage
from inhouse.web.citations import address, place_words
from inhouse.web.highlight import highlighted
from inhouse.web.pages.fan_visit import FanVisit, FanVisiting

router = APIRouter(prefix="/a/{slug}/source")


@router.get("/{passage_id}")
def page(here: FanVisiting, passage_id: str, turn: str) -> Response:
    """Only a passage that was cited to this very fan is shown: the rest of the document stays the owner's."""
    citation = _cited(here, turn, passage_id)
    if citation.looked_up:
        return here.visit.page("fan/source_looked_up.html", citation=citation, turn_id=turn)
    if document_of(passage_id) is not None:
        return _given(here, citation, turn)
    with here.visit.services.db.read() as tx:
        found = index.passages_by_id(tx, here.ai.id, [passage_id])
        document = documents.get(tx, here.ai.id, found[0].document_id) if found else None
    if document is None:
        return here.visit.page("fan/source_gone.html", 410, turn_id=turn, given=False)
    return _shown(here, citation, turn, document, found[0], document.credit)


def _given(here: FanVisit, citation: Citation, turn_id: str) -> Response:
    """A place in a document that this fan gave."""
    found = here.visit.services.documents.passage(here.known, citation.passage_id)
    if found is None:
        return here.visit.page("fan/source_gone.html", 410, turn_id=turn_id, given=True)
    document, passage = found
    return _shown(here, citation, turn_id, document, passage, citation.credit)


def _shown(
    here: FanVisit,
    citation: Citation,
    turn_id: str,
    document: Document | GivenDocument,
    passage: Passage,
    credit: Credit | None,
) -> Response:
    return here.visit.page(
        "fan/source.html",
        document=document,
        place=place_words(passage.place, here.visit.language),
        text=highlighted(passage.text, citation.quote),
        passage=passage,
        away=address(citation),
        turn_id=turn_id,
        credit=credit,
        given=isinstance(document, GivenDocument),
    )


def _cited(here: FanVisit, turn_id: str, passage_id: str) -> Citation:
    turn = here.visit.services.conversations.turn(here.known, turn_id)
    if isinstance(turn.end, Ended):
        for citation in turn.end.citations:
            if citation.passage_id == passage_id:
                return citation
    raise NotFound(kind="source", name=passage_id)
