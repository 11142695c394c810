"""Documents that a person gives: what was read of one, and the same ready to be searched beside an AI's own passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from inhouse.content.splitting import Piece
from inhouse.core.passages import Passage, Place

if TYPE_CHECKING:  # numpy would make the program that reads a third slower to start
    from inhouse.content.embedding.base import Matrix

#: What names a given document; its passages are named ``{id}.{number}``, from 1.
PREFIX = "giv"


class Cut(BaseModel):
    """One passage of a document before it belongs to anybody."""

    model_config = ConfigDict(frozen=True)

    text: str
    place: Place = Place()


class Reading(BaseModel):
    """What an importer read of a file or page, within the limits of `inhouse.content.reading`."""

    model_config = ConfigDict(frozen=True)

    title: str
    language: str = "und"
    published_at: datetime | None = None
    cuts: tuple[Cut, ...]
    """In reading order."""


@dataclass(frozen=True)
class Given:
    """A document that somebody gave, as a reply has it. Its text is data, whatever it says."""

    id: str
    title: str
    origin: str
    """The file's name or the page's address."""
    url: str | None
    published_at: datetime | None
    language: str
    passages: tuple[Passage, ...]
    vectors: Matrix | None = field(default=None, compare=False, repr=False)
    """Of the first passages, in their order; the rest has none yet."""

    @property
    def pieces(self) -> list[Piece]:
        """The passages with what they stand under, as they are searched and embedded."""
        return [Piece(one.text, _context(self.title, one.place), one.place) for one in self.passages]


def given(
    ai_id: str,
    document_id: str,
    reading: Reading,
    *,
    origin: str,
    url: str | None = None,
    vectors: Matrix | None = None,
) -> Given:
    """A reading as the document of this id, for one AI."""
    passages = tuple(
        Passage(
            id=f"{document_id}.{number}",
            ai_id=ai_id,
            document_id=document_id,
            title=reading.title,
            url=url,
            place=cut.place,
            text=cut.text,
            language=reading.language,
            published_at=reading.published_at,
        )
        for number, cut in enumerate(reading.cuts, start=1)
    )
    return Given(
        document_id, reading.title, origin, url, reading.published_at, reading.language, passages, vectors
    )


def document_of(passage_id: str) -> str | None:
    """The given document that a passage of this id is from; ``None`` for a passage of an AI's own index."""
    document_id, dot, _ = passage_id.partition(".")
    return document_id if dot and document_id.startswith(f"{PREFIX}_") else None


def characters(cuts: Sequence[Cut]) -> int:
    """How long a reading is."""
    return sum(len(cut.text) for cut in cuts)


def _context(title: str, place: Place) -> str:
    return "\n".join(dict.fromkeys(line for line in (title, place.heading) if line))
