"""A tree of files to import from, with limits: a folder, one file, or an archive all look the same to an importer."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inhouse.core.errors import InhouseError, NotFound, TooLarge

_MEGABYTE = 1024 * 1024
_IGNORED_FOLDERS = frozenset({"__MACOSX", "node_modules", "__pycache__"})


@dataclass(frozen=True)
class Limits:
    """How much an import may read. Sizes are in bytes."""

    archive: int = 512 * _MEGABYTE
    """The archive or upload itself."""
    file: int = 64 * _MEGABYTE
    """One file that is read, unpacked."""
    total: int = 1024 * _MEGABYTE
    """All that is read in one import, unpacked."""
    names: int = 200_000
    ratio: int = 200
    """Unpacked size over packed size of one file."""


class FileTooLarge(TooLarge):
    """The file is larger than {limit} MB, the limit for one file."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=max(1, limit // _MEGABYTE))


class Refused(InhouseError):
    """The import is refused as a whole."""


class TooMuch(Refused):
    """It unpacks to more than {limit} MB, which is refused: import it in parts."""

    status = 413


class TooManyFiles(Refused):
    """It holds more than {limit} files, which is refused: import it in parts."""

    status = 413


class Files(ABC):
    """Names (relative, with ``/``) and bytes. Names that begin with a dot and folders of tools are left out.

    ``problems`` are the archives in a folder that were refused: name and reason.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left = limits.total
        self.names: Sequence[str] = ()
        self.problems: Sequence[tuple[str, str]] = ()

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes that the file says it has."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """The file's bytes as a stream."""

    def read(self, name: str) -> bytes:
        """All of a file. ``FileTooLarge`` names a limit of the file, ``TooMuch`` one of the whole import."""
        if self.size(name) > self.limits.file:
            raise FileTooLarge(self.limits.file)
        with self.open(name) as stream:
            data = stream.read(self.limits.file + 1)
        if len(data) > self.limits.file:
            raise FileTooLarge(self.limits.file)
        self._left -= len(data)
        if self._left < 0:
            raise TooMuch(limit=self.limits.total // _MEGABYTE)
        return data

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file; none where it can't be read, which ``read`` will say."""
        try:
            with self.open(name) as stream:
                return stream.read(size)
        except (InhouseError, OSError):
            return b""


class FolderFiles(Files):
    """A folder, or a single file. Links are not followed: they could lead anywhere."""

    def __init__(self, path: Path, limits: Limits, name: str | None = None) -> None:
        super().__init__(limits)
        if path.is_dir():
            self._paths = self._walk(path)
        elif path.is_file():
            self._paths = {name or path.name: path}
        else:
            raise NotFound(kind="file or folder", name=path)
        self.names = sorted(self._paths)

    def size(self, name: str) -> int:
        return self._paths[name].stat().st_size

    def open(self, name: str) -> BinaryIO:
        return self._paths[name].open("rb")

    def path(self, name: str) -> Path:
        """Where the file lies."""
        return self._paths[name]

    def _walk(self, root: Path) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder, folders, names in os.walk(root, followlinks=False):
            folders[:] = sorted(name for name in folders if is_wanted(name))
            for name in names:
                path = Path(folder) / name
                if is_wanted(name) and path.is_file() and not path.is_symlink():
                    found[path.relative_to(root).as_posix()] = path
            if len(found) > self.limits.names:
                raise TooManyFiles(limit=self.limits.names)
        return found


class JoinedFiles(Files):
    """Several trees as one, each below a name: a folder that holds archives, or an archive in parts."""

    def __init__(self, parts: Mapping[str, Files], limits: Limits) -> None:
        super().__init__(limits)
        self._where = {
            f"{prefix}{name}": (part, name) for prefix, part in parts.items() for name in part.names
        }
        if len(self._where) > limits.names:
            raise TooManyFiles(limit=limits.names)
        self.names = sorted(self._where)

    def size(self, name: str) -> int:
        part, inner = self._where[name]
        return part.size(inner)

    def open(self, name: str) -> BinaryIO:
        part, inner = self._where[name]
        return part.open(inner)


def is_wanted(name: str) -> bool:
    """Whether a file or folder of this name (or path) may hold content at all."""
    parts = name.split("/")
    return not any(part.startswith(".") or part in _IGNORED_FOLDERS for part in parts)
