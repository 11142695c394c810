"""What an owner brings: a source, the right to use it, its documents, and their sections with exact places."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core import ids
from inhouse.core.passages import Credit, Place


class Basis(StrEnum):
    """Why a source may be used."""

    OWN_WORK = "own-work"
    LICENSED = "licensed"
    PERMISSION = "permission"
    PUBLIC_DOMAIN = "public-domain"


class Right(BaseModel):
    """Somebody's statement of why a source may be used."""

    model_config = ConfigDict(frozen=True)

    basis: Basis
    note: str = Field("", max_length=2000)
    """In their words: whose permission, which licence."""
    stated_by: str
    """Who said so, as the actor's label."""
    stated_at: datetime


class Source(BaseModel):
    """One import: a folder, a file, an archive or an address. A revoked one keeps its row, for the lineage."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    origin: str
    """What names it to the owner: an address, a path, an uploaded file's name, or such as ``x: @name``."""
    right: Right
    created_at: datetime
    imported_at: datetime | None
    """When an import of it last ran to its end."""
    revoked_at: datetime | None
    revoked_by: str | None


class Kind(StrEnum):
    """What a document is."""

    POST = "post"
    """Something published at a moment: a social post, a blog entry, a newsletter."""
    PAGE = "page"
    """Something that stands: a page, an article, a file."""
    VIDEO = "video"
    FAQ = "faq"
    """A question with its answer."""
    PRODUCT = "product"
    ENTRY = "entry"
    """One entry of a work of reference."""


class Section(BaseModel):
    """A run of a document's text that has one place: a page, the part below a heading, some seconds of a recording."""

    model_config = ConfigDict(frozen=True)

    text: str
    """Plain text; paragraphs are parted by an empty line."""
    place: Place = Place()


class Item(BaseModel):
    """What an importer reads: a document before it has a row."""

    model_config = ConfigDict(frozen=True)

    key: str
    """Stable name within the source; importing again finds the document by it."""
    title: str
    kind: Kind
    sections: tuple[Section, ...]
    url: str | None = None
    published_at: datetime | None = None
    language: str = "und"
    """BCP 47, ``und`` where it can't be told."""
    question: str | None = None
    """What a ``FAQ`` item answers; its sections hold the answer alone."""
    credit: Credit | None = None

    @property
    def hash(self) -> str:
        """SHA-256 over all that the item says: it differs where anything changed."""
        # What was imported before there were credits keeps its hash.
        return ids.digest(self.model_dump_json(exclude={"credit"} if self.credit is None else None))


class Document(BaseModel):
    """One item of a source as it is stored. Its sections are read apart (``documents.sections``)."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    source_id: str
    key: str
    title: str
    kind: Kind
    url: str | None
    published_at: datetime | None
    language: str
    question: str | None
    credit: Credit | None = None
    hash: str
    imported_at: datetime
