"""What people type into one-line fields, made safe to store and show."""

from __future__ import annotations

import re
import unicodedata

from inhouse.core.errors import UsageError

_MOST_CHARS = 120
_MOST_EMAIL = 254
#: Control characters, and those that turn the direction of what follows. Joiners stay: names and emoji need them.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_EMAIL = re.compile(r"[^@\s<>\"',;:()\[\]\\]+@[^@\s<>\"',;:()\[\]\\]+")


def line(text: str, what: str) -> str:
    """One trimmed line of 1 to 120 characters without control characters; ``what`` names the field in the error."""
    cleaned = " ".join(_UNSHOWN.sub(" ", unicodedata.normalize("NFC", text)).split())
    if not 1 <= len(cleaned) <= _MOST_CHARS:
        raise UsageError(reason=f"{what} needs 1 to {_MOST_CHARS} characters.")
    return cleaned


def email(text: str) -> str:
    """An e-mail address in lower case. Only its shape is checked: the proof is that a letter arrives."""
    cleaned = folded(text)
    if len(cleaned) > _MOST_EMAIL or not _EMAIL.fullmatch(cleaned):
        raise UsageError(reason=f'"{text.strip()[:80]}" is not an e-mail address.')
    return cleaned


def folded(email: str) -> str:
    """How an e-mail address is stored and looked up: one address, however it is typed.

    Control characters become spaces, which no address holds: PostgreSQL can't be asked for a NUL.
    """
    return _UNSHOWN.sub(" ", unicodedata.normalize("NFC", email)).strip().lower()
