"""What feeds hold."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict


class FeedItem(BaseModel):
    """One entry of a feed: plain text, within limits."""

    model_config = ConfigDict(frozen=True)

    title: str
    url: str
    """An http or https address."""
    text: str
    """Paragraphs are parted by an empty line."""
    date: AwareDatetime | None
    """When it was published or last changed, UTC."""
    feed: str
    """The feed's address."""
    language: str = "und"
    """BCP 47, ``und`` where it can't be told."""
