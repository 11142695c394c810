"""Archives that people upload, read in place and never unpacked to disk by their own names.

Hostile ones are refused as a whole: names that climb out, names that are links, sizes that lie, bombs.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from inhouse.content.files import (
    Files,
    FolderFiles,
    JoinedFiles,
    Limits,
    Refused,
    TooManyFiles,
    TooMuch,
    is_wanted,
)
from inhouse.core.errors import InhouseError

_MEGABYTE = 1024 * 1024
#: A little file may pack well (a table of zeros); only what unpacks to more than this is asked for its ratio.
_RATIO_MATTERS = 10 * _MEGABYTE
_ZIP = (".zip",)
_TAR = (".tar", ".tgz", ".tar.gz")


class ArchiveTooLarge(Refused):
    """The archive is larger than {limit} MB, which is refused: split it, or raise INHOUSE_MAX_UPLOAD_MB."""

    status = 413


class NamesEscape(Refused):
    """The archive holds the name "{name}", which leads out of its folder, so all of it is refused."""


class Bomb(Refused):
    """The archive is refused, because "{name}" unpacks to more than {ratio} times its size, as only attacks do."""

    status = 413


class BrokenArchive(Refused):
    """The archive cannot be opened, because it is broken or incomplete: download it again."""


class Encrypted(InhouseError):
    """The file is locked with a password: unpack it first."""


@contextmanager
def open_files(path: Path, limits: Limits, name: str | None = None) -> Iterator[Files]:
    """What is at a path: a folder, a file or an archive. Archives inside a folder are opened too, one level deep."""
    with ExitStack() as stack:
        if is_archive(name or path.name) and path.is_file():
            yield _open_archive(path, limits, stack, name or path.name)
            return
        folder = FolderFiles(path, limits, name)
        archives = [name for name in folder.names if is_archive(name)]
        if not archives:
            yield folder
            return
        parts: dict[str, Files] = {"": folder}
        problems = []
        for archive in archives:
            try:
                parts[f"{archive}/"] = _open_archive(folder.path(archive), limits, stack, archive)
            except Refused as error:  # one hostile archive in a folder leaves the rest
                problems.append((archive, error.message))
        folder.names = [name for name in folder.names if name not in archives]
        joined = JoinedFiles(parts, limits)
        joined.problems = problems
        yield joined


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive."""
    return name.lower().endswith((*_ZIP, *_TAR))


def check_zip(data: IO[bytes], limits: Limits) -> zipfile.ZipFile:
    """A zip that is safe to read within the limits, such as a DOCX file; else ``Refused``."""
    try:
        archive = zipfile.ZipFile(data)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BrokenArchive() from error
    if len(archive.filelist) > limits.names:
        raise TooManyFiles(limit=limits.names)
    for member in archive.filelist:
        _check_name(member.filename)
        _check_ratio(member.filename, member.file_size, member.compress_size, limits)
    # Members may overlap, so that each alone looks harmless: the sum against the size of the whole tells.
    _check_ratio("it", sum(member.file_size for member in archive.filelist), data.seek(0, 2), limits)
    return archive


class ZipFiles(Files):
    """A zip, read member by member."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        super().__init__(limits)
        self._archive = archive
        self._members = {
            member.filename: member
            for member in archive.filelist
            if not member.is_dir() and not _is_link(member) and is_wanted(member.filename)
        }
        self.names = sorted(self._members)

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def open(self, name: str) -> BinaryIO:
        if self._members[name].flag_bits & 0x1:
            raise Encrypted()
        try:
            return cast(BinaryIO, _Honest(self._archive.open(self._members[name])))
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise BrokenMember() from error


class _Honest:
    """A member's stream whose read errors are the user's error."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def __enter__(self) -> _Honest:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise BrokenMember() from error


class BrokenMember(InhouseError):
    """The file is damaged inside the archive."""


def _open_archive(path: Path, limits: Limits, stack: ExitStack, name: str) -> Files:
    if path.stat().st_size > limits.archive:
        raise ArchiveTooLarge(limit=limits.archive // _MEGABYTE)
    if name.lower().endswith(_TAR):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inhouse-import-")))
        _unpack_tar(path, folder, limits)
        return FolderFiles(folder, limits)
    archive = check_zip(stack.enter_context(path.open("rb")), limits)
    return ZipFiles(stack.enter_context(archive), limits)


def _unpack_tar(path: Path, folder: Path, limits: Limits) -> None:
    """A tar has no index to read in place: its plain files are unpacked, all that is too big to import left out."""
    left, passed, packed = limits.total, 0, path.stat().st_size
    try:
        with tarfile.open(path) as archive:
            for count, member in enumerate(archive):
                passed += member.size
                _check_ratio(member.name, passed, packed, limits)
                if count > limits.names:
                    raise TooManyFiles(limit=limits.names)
                _check_name(member.name)
                if not member.isreg() or member.size > limits.file or not is_wanted(member.name):
                    continue
                left -= member.size
                if left < 0:
                    raise TooMuch(limit=limits.total // _MEGABYTE)
                _unpack_member(archive, member, folder)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise BrokenArchive() from error


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    source = archive.extractfile(member)
    if source is None:
        return
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _check_ratio(name: str, unpacked: int, packed: int, limits: Limits) -> None:
    if unpacked > max(_RATIO_MATTERS, packed * limits.ratio):
        raise Bomb(name=name[:100], ratio=limits.ratio)


def _check_name(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    climbs = ".." in path.parts or path.is_absolute() or (len(name) > 1 and name[1] == ":") or "\x00" in name
    if climbs or len(name) > 1000:
        raise NamesEscape(name=name[:100])


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)
