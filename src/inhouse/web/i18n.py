"""Pages in English and Japanese. The catalogues are read as they are written (``.po``), so there is no build step."""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from inhouse.core.errors import InhouseError

LANGUAGES = {"en": "English", "ja": "日本語"}
DEFAULT = "en"
COOKIE = "inhouse_language"
#: Puts a message into the reader's language.
Translate = Callable[[str], str]


@cache
def catalogue(language: str) -> gettext.GNUTranslations:
    """The translations into one language; a message that has none stays as it is."""
    binary = io.BytesIO()
    write_mo(binary, _written(language))
    binary.seek(0)
    return gettext.GNUTranslations(binary)


def messages(language: str) -> list[str]:
    """What the catalogue of a language translates, as it stands in the code; plurals are left out."""
    return [message.id for message in _written(language) if isinstance(message.id, str) and message.id]


def N_(message: str) -> str:
    """Mark a message for the catalogues where it is written; it is translated where it is shown."""
    return message


def translate(language: str, message: str) -> str:
    """One message in a language. The empty one is the catalogue's own header, so it stays empty."""
    return catalogue(language).gettext(message) if message else ""


def sentence(language: str, error: InhouseError) -> str:
    """What an error says to the user, in their language: its docstring is the message in the catalogue."""
    template = " ".join((type(error).__doc__ or "").split())
    known = {
        name: translate(language, value) if isinstance(value, str) else value
        for name, value in error.context.items()
    }
    return translate(language, template).format_map(known)


def negotiate(request: Request) -> str:
    """The visitor's language: what they chose, else what their browser prefers, else English."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """The best language that we have for an ``Accept-Language`` header."""
    wishes = [_wish(part) for part in header[:500].split(",") if part.strip()]
    for language, weight in sorted(wishes, key=lambda wish: -wish[1]):
        if language in LANGUAGES and weight > 0:
            return language
    return DEFAULT


def _written(language: str) -> Catalog:
    path = files("inhouse.web").joinpath("locale", language, "LC_MESSAGES", "messages.po")
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def _wish(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";")
    try:
        share = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        share = 0.0
    return tag.strip().lower().partition("-")[0], share
