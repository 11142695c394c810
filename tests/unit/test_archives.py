"""Hostile and oversized archives are refused with a sentence; what is harmless in them is read."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from archivekit import items, outcomes, skipped, write_folder, write_zip

from inhouse.content.archives import ArchiveTooLarge, Bomb, BrokenArchive, NamesEscape
from inhouse.content.files import Limits, TooManyFiles, TooMuch
from inhouse.core.errors import NotFound

_MEGABYTE = 1024 * 1024


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.md", "/etc/passwd.md", "a/../../b.md", "C:\\x.md", "..\\x.md"]
)
def test_names_that_climb_out_refuse_the_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(NamesEscape, match="leads out of its folder"):
        outcomes(write_zip(tmp_path / "a.zip", {"ok.md": "fine", name: "x"}))
    with pytest.raises(NamesEscape):
        outcomes(tar(tmp_path / "a.tgz", (tarfile.TarInfo(name), b"x")))


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, str(tmp_path / "secret.md"))
        archive.writestr("ok.md", "fine")
    member = tarfile.TarInfo("link.md")
    member.type, member.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.md")
    tar(tmp_path / "b.tar", (member, b""), (tarfile.TarInfo("ok.md"), b"fine"), mode="w")
    folder = write_folder(tmp_path / "c", {"ok.md": "fine"})
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "up").symlink_to(tmp_path)
    for path in (tmp_path / "a.zip", tmp_path / "b.tar", folder):
        assert [item.key for item in items(path)] == ["ok.md"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(Bomb, match="only attacks"):
        outcomes(write_zip(tmp_path / "a.zip", {"bomb.txt": b"0" * (40 * _MEGABYTE)}))
    with pytest.raises(Bomb):
        outcomes(tar(tmp_path / "a.tgz", (tarfile.TarInfo("bomb.bin"), b"0" * (40 * _MEGABYTE))))


def test_a_size_that_lies_is_found_while_reading(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"big.txt": b"word " * 400_000, "ok.md": "fine"})
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"PK\x01\x02"))
    struct.pack_into("<I", raw, at + 24, 5)  # the directory now says: five bytes
    path.write_bytes(bytes(raw))
    assert [item.key for item in items(path)] == ["ok.md"]
    assert "big.txt" in skipped(path)


def test_limits_of_size_and_number(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {f"{number}.txt": "word " * 1000 for number in range(5)})
    with pytest.raises(ArchiveTooLarge, match="INHOUSE_MAX_UPLOAD_MB"):
        outcomes(path, limits=Limits(archive=100))
    with pytest.raises(TooManyFiles):
        outcomes(path, limits=Limits(names=4))
    with pytest.raises(TooMuch):
        outcomes(path, limits=Limits(total=12_000))
    reasons = [outcome.reason for outcome in outcomes(path, limits=Limits(file=100))]  # type: ignore[union-attr]
    assert reasons == ["The file is larger than 1 MB, the limit for one file."] * 5


@pytest.mark.parametrize("name", ["a.zip", "a.tgz", "a.tar"])
def test_a_broken_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(BrokenArchive):
        outcomes(tmp_path / name)


def test_a_damaged_member_is_named_and_the_rest_stays(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"bad.md": "word " * 1000, "ok.md": "fine"})
    raw = bytearray(path.read_bytes())
    raw[40:46] = b"\xff" * 6
    path.write_bytes(bytes(raw))
    assert [item.key for item in items(path)] == ["ok.md"]
    assert "damaged" in skipped(path)["bad.md"]


def test_a_locked_member_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"locked.md": "x", "ok.md": "fine"})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(raw))
    assert "password" in skipped(path)["locked.md"]


def test_archives_in_a_folder_are_opened_and_a_hostile_one_leaves_the_rest(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", {"a.md": "# A\n\nx"})
    write_zip(folder / "good.zip", {"b.md": "# B\n\nx", "__MACOSX/._b.md": "junk", "deeper.zip": b"PK"})
    write_zip(folder / "bad.zip", {"../c.md": "x"})
    assert [item.key for item in items(folder)] == ["a.md", "good.zip/b.md"]
    reasons = skipped(folder)
    assert "leads out" in reasons["bad.zip"]
    assert reasons["good.zip/deeper.zip"] == "no importer reads this kind of file"


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        outcomes(tmp_path / "nowhere")
