"""Links with a one-time token, for people to open in a browser."""

from __future__ import annotations

from urllib.parse import quote

from inhouse.core.settings import Settings


def link(settings: Settings, page: str, token: str) -> str:
    """The address of a page such as ``reset`` that takes a token."""
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    return f"{base}/{page}?token={quote(token)}"
