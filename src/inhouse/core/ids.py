"""Names for rows: sortable by time, prefixed by kind, unguessable."""

from __future__ import annotations

import hashlib
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def new_id(kind: str) -> str:
    """A fresh id such as ``doc_01h9…``: 10 characters of milliseconds, then 16 random ones (80 bits)."""
    return f"{kind}_{_base32(time.time_ns() // 1_000_000, 10)}{_base32(secrets.randbits(80), 16)}"


def new_secret() -> str:
    """A URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(data: bytes | str) -> str:
    """SHA-256 in hex: how content, secrets at rest and artifacts are named."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
