"""Passwords: argon2id at rest, compared in the same time whether or not there is one."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from inhouse.core.errors import InhouseError

FEWEST_CHARS = 10
_MOST_CHARS = 200

# OWASP's setting with the least memory: 19 MiB a check, so that a burst of sign-ins can't exhaust a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
#: Compared with where there is no password, so that an unknown e-mail address takes as long as a known one.
_DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class WeakPassword(InhouseError):
    """The password needs {fewest} to {most} characters. A few unrelated words are a good one."""


def hashed(password: str) -> str:
    """What to store; ``WeakPassword`` where it is too short or too long. Takes some 30 ms: not in a transaction."""
    password = _normal(password)
    if not FEWEST_CHARS <= len(password) <= _MOST_CHARS or not password.strip():
        raise WeakPassword(fewest=FEWEST_CHARS, most=_MOST_CHARS)
    return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password; never where none is stored. Takes some 30 ms either way."""
    try:
        return _HASHER.verify(stored or _DUMMY, _normal(password)[:_MOST_CHARS]) and stored is not None
    except VerifyMismatchError:
        return False


def _normal(password: str) -> str:
    # The same word typed on another keyboard or input method must be the same password (full-width forms, accents).
    return unicodedata.normalize("NFKC", password)
