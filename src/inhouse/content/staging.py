"""Uploads that wait for their import, each AI's in a folder of its own.

They are no blobs: an archive holds what is not content (messages, contacts), and so it is deleted as soon as it is read.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from inhouse.content.plain import one_line
from inhouse.core.errors import InhouseError, NotFound, TooLarge, UsageError
from inhouse.core.ids import new_id

_MEGABYTE = 1024 * 1024
_ID = re.compile(r"[a-z0-9_]{1,60}")
_SAFE = re.compile(r"[^\w.,()\[\]@ +-]+")
_OLD_SECONDS = 7 * 24 * 3600


class UploadTooLarge(TooLarge):
    """The upload is larger than {limit} MB: split it, or let the operator raise INHOUSE_MAX_UPLOAD_MB."""


class StagedGone(InhouseError):
    """The uploaded file is gone: upload it again."""


class Staging:
    """A folder ``<ai>/<upload>/<file name>``."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self._most_bytes = most_bytes

    def put(self, ai_id: str, name: str, pieces: Iterable[bytes]) -> str:
        """Store an upload as it comes; returns its id. A name that exists is complete."""
        upload = new_id("upl")
        folder = self._of(ai_id, upload)
        folder.mkdir(parents=True)
        part = folder / ".part"
        try:
            with part.open("wb") as file:
                self._write(file, pieces)
                file.flush()
                os.fsync(file.fileno())
            part.rename(folder / safe_name(name))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return upload

    def path(self, ai_id: str, upload: str) -> Path:
        """Where the upload's one file lies; ``StagedGone`` where it does not."""
        folder = self._of(ai_id, upload)
        names = [path for path in folder.iterdir() if path.name != ".part"] if folder.is_dir() else []
        if not names:
            raise StagedGone()
        return names[0]

    def remove(self, ai_id: str, upload: str) -> None:
        """Delete an upload; nothing happens where it is gone."""
        shutil.rmtree(self._of(ai_id, upload), ignore_errors=True)

    def remove_all(self, ai_id: str) -> None:
        """Delete all uploads of an AI."""
        shutil.rmtree(self._of(ai_id, ""), ignore_errors=True)

    def sweep(self) -> None:
        """Delete uploads of more than a week ago: their import failed and nobody tried again."""
        for folder in self.folder.glob("*/*"):
            if folder.stat().st_mtime < time.time() - _OLD_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def _of(self, ai_id: str, upload: str) -> Path:
        if not _ID.fullmatch(ai_id) or (upload and not _ID.fullmatch(upload)):
            raise NotFound(kind="upload", name=upload[:60])
        return self.folder / ai_id / upload

    def _write(self, file: BinaryIO, pieces: Iterable[bytes]) -> None:
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > self._most_bytes:
                raise UploadTooLarge(limit=self._most_bytes // _MEGABYTE)
            file.write(piece)
        if size == 0:
            raise UsageError(reason="The uploaded file is empty.")


def safe_name(name: str) -> str:
    """A file name without folders and without what a file system takes amiss; its ending stays."""
    base = _SAFE.sub("_", one_line(PurePosixPath(name.replace("\\", "/")).name)).lstrip(".")
    return base[-120:].lstrip(".") or "upload"
