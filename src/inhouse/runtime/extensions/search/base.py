"""What can be searched for fresh information."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Hit(BaseModel):
    """Something found. Plain text from outside: it is shown and quoted, never obeyed."""

    model_config = ConfigDict(frozen=True)

    title: str
    url: str
    """An http or https address."""
    text: str
    """What the page says of the matter; may be empty."""
    date: AwareDatetime | None
    """When it was published, UTC; ``None`` where nobody says."""


class Provider(Protocol):
    """Something that searches."""

    async def search(self, query: str, count: int, newer_than: datetime | None) -> list[Hit]:
        """At most ``count`` hits, best first; none known to be from a day before ``newer_than``. Raises ``ToolFailed``."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
