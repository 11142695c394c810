"""``/v1/files``: documents that a program gives an AI, to be named in its requests. A stock OpenAI client speaks it.

What is kept is the text; the file itself is not. A file is its key's: no other key sees it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, ConfigDict
from starlette.responses import PlainTextResponse, Response

from inhouse.conversations.fans import Fan
from inhouse.conversations.given import GivenDocument
from inhouse.web.api.key import Caller, Calling
from inhouse.web.forms import pieces

router = APIRouter(prefix="/v1/files", tags=["Files"])


class FileObject(BaseModel):
    """A document that an AI can read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "giv_01h9…", "filename": "terms.pdf"}]})

    id: str
    """What to send as ``file_id`` in a message."""
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int
    """Seconds since 1970: removed then, unless a request names it before."""
    filename: str
    purpose: str = "user_data"
    status: Literal["processed"] = "processed"


class Files(BaseModel):
    """The files of this key."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    has_more: Literal[False] = False


class Deleted(BaseModel):
    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


def owner(calling: Caller) -> Fan:
    """Whose files a key's are: nobody that a program could name."""
    return calling.services.fans.named(calling.ai.id, f"files:{calling.actor.key_id}")


@router.post("", summary="Give a document")
def create(
    calling: Calling,
    file: Annotated[UploadFile, File(description="PDF, Word, HTML, Markdown or text.")],
    purpose: Annotated[
        str, Form(max_length=40, description="Not used; OpenAI's clients send one.")
    ] = "user_data",
) -> FileObject:
    """The document is read before the answer comes. Name its `id` in a message:
    `{"type": "file", "file": {"file_id": "giv_…"}}`.

    The AI must take documents (kinds assistant and research do, others where their owner says so).
    """
    kept = calling.services.documents.give_file(
        owner(calling), file.filename or "document.txt", pieces(file), origin="api"
    )
    return _file(calling, kept)


@router.get("", summary="List the documents of this key")
def listing(calling: Calling) -> Files:
    """Those that are kept, the first first."""
    found = calling.services.documents.listing(owner(calling), None)
    return Files(data=[_file(calling, one) for one in found])


@router.get("/{file_id}", summary="Look at one document")
def one(calling: Calling, file_id: str) -> FileObject:
    """One of this key's."""
    return _file(calling, calling.services.documents.get(owner(calling), file_id))


@router.get("/{file_id}/content", summary="Read what was read of it", response_class=PlainTextResponse)
def content(calling: Calling, file_id: str) -> Response:
    """The document's text, as the AI has it."""
    [document] = calling.services.documents.named(owner(calling), [file_id])
    return PlainTextResponse("\n\n".join(passage.text for passage in document.passages))


@router.delete("/{file_id}", summary="Remove a document")
def delete(calling: Calling, file_id: str) -> Deleted:
    """Nothing of it is kept."""
    calling.services.documents.remove(owner(calling), file_id)
    return Deleted(id=file_id)


def _file(calling: Caller, document: GivenDocument) -> FileObject:
    last = document.used_at + timedelta(days=calling.services.settings.document_days)
    return FileObject(
        id=document.id,
        bytes=document.size,
        created_at=int(document.created_at.timestamp()),
        expires_at=int(last.timestamp()),
        filename=document.name,
    )
