"""The installation's signature: what it has signed was set up here, and has not been changed since."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inhouse.core import ids

#: The private key's file in the installation's home.
KEY_FILE = "signing.key"


class Signer:
    """Ed25519 with one key an installation, made on first use."""

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE

    def sign(self, text: str) -> str:
        """The signature in hex."""
        return self._key().sign(text.encode()).hex()

    def holds(self, text: str, signature: str) -> bool:
        """Whether this installation signed just this text."""
        try:
            self._key().public_key().verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _key(self) -> Ed25519PrivateKey:
        if not self._path.exists():
            self._make()
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self._path.read_text("ascii")))

    def _make(self) -> None:
        """Two processes may come here at once: the first one's key stays."""
        aside = self._path.with_name(f".{KEY_FILE}.{ids.new_secret()}")
        opened = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw().hex())
        try:
            os.link(aside, self._path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
