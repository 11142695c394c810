"""What an answer stands on: a piece of an owner's document with its exact place, and the citation made of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Place(BaseModel):
    """Where in its document a passage stands. What does not apply is ``None``."""

    model_config = ConfigDict(frozen=True)

    page: int | None = None
    """1-based page of a PDF."""
    second: float | None = None
    """Seconds from the start of a recording."""
    heading: str | None = None
    """Nearest heading above, such as ``Shipping > Abroad``."""
    line: int | None = None
    """1-based line or row of a text file or table."""


class Credit(BaseModel):
    """Who wrote a document and where it appeared, as it says itself."""

    model_config = ConfigDict(frozen=True)

    authors: tuple[str, ...] = ()
    """Names in the document's order, given name first."""
    journal: str | None = None
    year: int | None = None

    @property
    def line(self) -> str:
        """One line: ``Aiko Mori et al., Journal of Glazing, 2019``; empty where nothing is known."""
        by = f"{self.authors[0]} et al." if len(self.authors) > 2 else " & ".join(self.authors)
        return ", ".join(part for part in (by, self.journal, str(self.year or "")) if part)


class Passage(BaseModel):
    """A searchable piece of one document of one AI."""

    model_config = ConfigDict(frozen=True)

    id: str
    ai_id: str
    document_id: str
    title: str
    url: str | None
    place: Place
    text: str
    language: str
    published_at: datetime | None
    credit: Credit | None = None
    position: int = 0
    """Its place in the reading order of its document."""
    score: float = 0.0
    """Fused relevance, only comparable within one search."""
    cosine: float | None = None
    """Nearness in meaning to what was searched (-1 to 1); ``None`` where it was not compared."""


class Citation(BaseModel):
    """What a factual claim stands on: the words quoted are in the passage, letter by letter."""

    model_config = ConfigDict(frozen=True)

    number: int
    """1-based number that the answer's text refers to as ``[1]``."""
    passage_id: str
    """Of what a tool looked up: the extension's name, a colon, a number."""
    document: str
    """The document's title."""
    url: str | None
    place: Place
    quote: str
    credit: Credit | None = None

    @property
    def looked_up(self) -> bool:
        """Whether a tool found it while it was asked: it is no passage of the index then."""
        return ":" in self.passage_id
