"""Files named by the hash of their content: written aside, then renamed, so that a name that exists is complete."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path


class Blobs:
    """A folder of immutable files, ``ab/abcdef…``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where the blob of this hash lies; it need not exist."""
        return self.folder / name[:2] / name

    def put(self, data: bytes) -> str:
        """Store bytes; returns their SHA-256 in hex. Storing the same bytes twice stores them once."""
        name = hashlib.sha256(data).hexdigest()
        target = self.path(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).rename(target)
        return name

    def put_file(self, source: Path) -> str:
        """Store a file without reading it into memory whole; returns its SHA-256 in hex."""
        with source.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        target = self.path(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{name}.{os.getpid()}")
            shutil.copyfile(source, aside)
            aside.rename(target)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of a blob; ``FileNotFoundError`` where there is none."""
        return self.path(name).read_bytes()

    def delete(self, name: str) -> bool:
        """Remove a blob; says whether it was there."""
        existed = self.path(name).exists()
        self.path(name).unlink(missing_ok=True)
        return existed
