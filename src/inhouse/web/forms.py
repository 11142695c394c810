"""What a form sent: one reader for all pages, so that every field has a limit and every post its token."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from inhouse.core.errors import InhouseError, TooLarge, UsageError
from inhouse.web.i18n import N_
from inhouse.web.visit import Visit, Visiting

_MOST_FIELDS = 3000
_MOST_FILES = 200
_MOST_CHARS = 20_000
_PIECE = 1 << 20


class Forged(InhouseError):
    """This form was open for too long or did not come from this page. Go back, reload the page and send it again."""

    status = 403


class Form:
    """The fields of one post."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str, most: int = 500) -> str:
        """A trimmed field, empty where it is missing; ``TooLarge`` over ``most`` characters."""
        value = self._data.get(name, "")
        return _text(value, most)

    def secret(self, name: str) -> str:
        """A password as it was typed, spaces included; cut off at 1,000 characters."""
        value = self._data.get(name, "")
        return value[:1000] if isinstance(value, str) else ""

    def texts(self, name: str, most: int = 500) -> list[str]:
        """Every field of that name, in order."""
        return [_text(value, most) for value in self._data.getlist(name)]

    def lines(self, name: str, most: int = _MOST_CHARS) -> tuple[str, ...]:
        """The lines of a text area that hold anything."""
        return tuple(line.strip() for line in self.text(name, most).splitlines() if line.strip())

    def number(self, name: str, default: int) -> int:
        """A whole number, ``default`` where the field is empty."""
        value = self.text(name, 12)
        try:
            return int(value) if value else default
        except ValueError:
            raise UsageError(reason=N_("Enter a whole number.")) from None

    def checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name, 20))

    def files(self, name: str) -> list[UploadFile]:
        """The uploaded files that have a name."""
        found = self._data.getlist(name)
        return [file for file in found if isinstance(file, UploadFile) and file.filename]


async def posted(request: Request, visit: Visiting) -> Form:
    """Read a form and check that our own page sent it."""
    _check_origin(request)
    token = request.headers.get("x-csrf-token", "")
    if token:
        _check_token(visit, token)  # before reading what may be a large upload
    data = await request.form(max_fields=_MOST_FIELDS, max_files=_MOST_FILES)
    if not token:
        _check_token(visit, _text(data.get("csrf", ""), 200))
    return Form(data)


Posted = Annotated[Form, Depends(posted)]


def _check_token(visit: Visit, token: str) -> None:
    if not visit.csrf_is_kept or not hmac.compare_digest(token.encode(), visit.csrf.encode()):
        raise Forged()


def _check_origin(request: Request) -> None:
    """Browsers say where a post came from; what says nothing at all is held by the token alone."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forged()
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forged()


def pieces(file: UploadFile) -> Iterator[bytes]:
    """An uploaded file, bit by bit."""
    while piece := file.file.read(_PIECE):
        yield piece


def _text(value: str | UploadFile, most: int) -> str:
    if not isinstance(value, str):
        return ""
    value = value.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(value) > most:
        raise TooLarge(what=N_("One of the fields"), limit=f"{most:,}")
    return value
