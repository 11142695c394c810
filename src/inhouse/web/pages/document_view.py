"""A document that a fan gave, as their page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from inhouse.conversations.given import GivenDocument
from inhouse.web.limits import size


@dataclass(frozen=True)
class DocumentView:
    """What its chip says."""

    id: str
    title: str
    about: str
    """Its file's name or address, and how large it is."""


def document_view(document: GivenDocument) -> DocumentView:
    """One document."""
    return DocumentView(document.id, document.title, f"{document.name} · {size(max(1024, document.size))}")
