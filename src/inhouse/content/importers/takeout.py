"""YouTube Takeout: the table of videos, joined with captions that lie apart.

Takeout writes the names of folders, files and columns in the account's language, and so a table is known by what
its rows hold: ids of videos and of the channel are told by their form, the rest by the words of many languages.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.importers.base import Claim, Options, Outcome, Skipped, folder_of
from inhouse.content.importers.captions import SUFFIXES, read_captions
from inhouse.content.moments import moment
from inhouse.content.values import Item, Kind, Section
from inhouse.core.errors import InhouseError

_ID = re.compile(r"[\w-]{11}")
_CHANNEL = re.compile(r"UC[\w-]{22}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ].*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_TITLE = re.compile(r"(?i)title|titel|titre|t[íi]tulo|titolo|tytuł|название|başlı|タイトル|标题|標題|제목")
_TEXT = re.compile(
    r"(?i)description|beschreibung|descri[pç]|descrizione|opis|описание|açıklama|説明|说明|說明|설명"
)
_STATE = re.compile(
    r"(?i)privacy|datenschutz|sichtbarkeit|confidentialit|privacidad|prywatno|конфиденц|доступ|gizlilik"
    r"|プライバシー|隐私|隱私|개인\s*정보"
)
_OF_LANGUAGE = re.compile(r"(?i)language|sprache|langue|idioma|lingua|język|язык|\bdil|言語|语言|語言|언어")
_PUBLISHED = re.compile(r"(?i)publi|veröffentlich|опубл|公開|发布|發布|게시|yayın")
_PUBLIC = frozenset(
    [
        "public",
        "öffentlich",
        "publique",
        "público",
        "pública",
        "pubblico",
        "pubblica",
        "publiczny",
        "publiczne",
        "openbaar",
        "общедоступный",
        "открытый",
        "herkese",
        "公開",
        "公开",
        "공개",
    ]
)
_HEAD_BYTES = 64_000
_SAMPLE_ROWS = 20


@dataclass(frozen=True)
class _Columns:
    id: int
    title: int
    state: int
    text: int | None
    published: int | None


@dataclass(frozen=True)
class _Video:
    id: str
    title: str
    text: str
    is_public: bool
    published: str


class Takeout:
    name = "youtube"

    def claim(self, files: Files) -> Claim:
        tables = _tables(files)
        # The rest of a Takeout (mail, chats, what was watched) is nobody's content, with or without videos in it.
        names = {name for name in files.names if "Takeout" in name.split("/")[:-1]}
        names |= {name for name in files.names for table in tables if _claimed(name, table)}
        if not tables:
            return Claim((), frozenset(names))
        # Captions lie anywhere beside: in another part of the archive, or in a folder that the owner made.
        captions = {name for name in files.names if name.lower().endswith(SUFFIXES)}
        return Claim(("",), frozenset(names | captions))

    def account(self, files: Files, unit: str) -> str | None:
        for name in _tables(files):
            cells = (cell for row in _head(files, name) for cell in row)
            if channel := next((cell for cell in cells if _CHANNEL.fullmatch(cell)), None):
                return channel
        return None

    def read(self, files: Files, unit: str, options: Options) -> Iterator[Outcome]:
        captions = _Captions(files)
        for name in _tables(files):
            for video in _videos(files.read(name)):
                yield from _outcomes(files, video, captions, options)
        yield from captions.rest()


def _outcomes(files: Files, video: _Video, captions: _Captions, options: Options) -> Iterator[Outcome]:
    tracks = captions.of(video)
    if not video.is_public and not options.include_private:
        yield Skipped(name=video.title or video.id, reason="the video is not public")
        return
    spoken: dict[str, tuple[Section, ...]] = {}
    for language, name in tracks:
        try:
            spoken[language] = read_captions(name, files.read(name))
        except InhouseError as error:
            yield Skipped(name=name, reason=error.message)
    about = (Section(text=video.text),) if video.text else ()
    if not spoken and not about:
        yield Skipped(name=video.title or video.id, reason="it has neither captions nor a description")
        return
    yield from _items(video, about, spoken)


def _items(
    video: _Video, about: tuple[Section, ...], spoken: Mapping[str, tuple[Section, ...]]
) -> Iterator[Item]:
    """A document a language; the description stands with the first."""
    first = next(iter(spoken), "")
    for language in spoken or {"": ()}:
        sections = spoken.get(language, ())
        yield Item(
            key=video.id if language == first else f"{video.id}.{language}",
            title=video.title or video.id,
            kind=Kind.VIDEO,
            sections=(*about, *sections) if language == first else sections,
            url=f"https://www.youtube.com/watch?v={video.id}",
            published_at=moment(video.published),
            language=language or "und",
        )


class _Captions:
    """Caption files, found by a video's id in the name or by its title as the name."""

    def __init__(self, files: Files) -> None:
        names = [name for name in files.names if name.lower().endswith(SUFFIXES)]
        self._left = dict.fromkeys(names)
        self._by_id: dict[str, list[tuple[str, str]]] = {}
        self._by_title: dict[str, list[tuple[str, str]]] = {}
        for name in names:
            title, language = _split(PurePosixPath(name).name)
            for found in _ids(title):
                self._by_id.setdefault(found, []).append((language, name))
            self._by_title.setdefault(_plainly(title), []).append((language, name))

    def of(self, video: _Video) -> Sequence[tuple[str, str]]:
        """Language and name of each track of a video."""
        tracks = self._by_id.get(video.id) or self._by_title.get(_plainly(video.title)) or []
        for _, name in tracks:
            self._left.pop(name, None)
        return tracks

    def rest(self) -> Iterator[Skipped]:
        for name in self._left:
            yield Skipped(name=name, reason="no video of the archive has this id or title")


def _split(base: str) -> tuple[str, str]:
    """``My video.en.vtt`` → title and language, empty where none is written."""
    title = base.rsplit(".", 1)[0]
    head, _, tail = title.rpartition(".")
    return (head, tail) if head and _LANGUAGE.fullmatch(tail) else (title, "")


def _ids(title: str) -> Iterator[str]:
    """What in a name may be a video's id: all of it, or what stands in brackets or after a dash at the end."""
    candidates = [title, *re.findall(r"[\[(]([\w-]{11})[\])]", title), title[-11:]]
    return (found for found in dict.fromkeys(candidates) if _ID.fullmatch(found))


def _plainly(title: str) -> str:
    """Letters and digits only: file systems replace or drop the rest of a title."""
    return "".join(char for char in unicodedata.normalize("NFKC", title).casefold() if char.isalnum())


def _tables(files: Files) -> list[str]:
    return [name for name in files.names if name.lower().endswith(".csv") and _is_table(files, name)]


def _videos(data: bytes) -> Iterator[_Video]:
    rows = _rows(data)
    columns = _columns(rows)
    if columns is None:
        return
    for row in rows[1:]:
        cells = [*row, *[""] * (len(rows[0]) - len(row))]
        if not _ID.fullmatch(cells[columns.id].strip()):
            continue
        yield _Video(
            id=cells[columns.id].strip(),
            title=plain.one_line(cells[columns.title]),
            text=plain.clean(cells[columns.text]) if columns.text is not None else "",
            is_public=cells[columns.state].strip().casefold().split(" ")[0] in _PUBLIC,
            published=cells[columns.published] if columns.published is not None else "",
        )


def _is_table(files: Files, name: str) -> bool:
    try:
        return _columns(_head(files, name)) is not None
    except (InhouseError, csv.Error):
        return False


def _head(files: Files, name: str) -> list[list[str]]:
    """The first rows of a table; the last one read is left out where it may be cut."""
    data = files.head(name, _HEAD_BYTES)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig", errors="replace"), newline="")))
    return rows[:-1] if len(data) == _HEAD_BYTES else rows


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(plain.decode(data), newline="")))


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    """Where a table of videos keeps what; ``None`` where it is another table (comments, playlists)."""
    if len(rows) < 2:
        return None
    header, sample = rows[0], rows[1 : _SAMPLE_ROWS + 1]
    ids, stamps = _of_form(_ID, len(header), sample), _of_form(_STAMP, len(header), sample)
    title, state, text = (_named(words, header) for words in (_TITLE, _STATE, _TEXT))
    if not ids or title is None or state is None:
        return None
    published = next((at for at in stamps if _PUBLISHED.search(header[at])), stamps[-1] if stamps else None)
    return _Columns(ids[0], title, state, text, published)


def _of_form(form: re.Pattern[str], width: int, rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns in which every cell that is filled has a form."""

    def fits(at: int) -> bool:
        cells = [row[at].strip() for row in rows if len(row) > at and row[at].strip()]
        return bool(cells) and all(form.fullmatch(cell) for cell in cells)

    return [at for at in range(width) if fits(at)]


def _named(words: re.Pattern[str], header: Sequence[str]) -> int | None:
    """The first column whose name holds one of the words, and is not about a language."""
    matches = (at for at, name in enumerate(header) if words.search(name) and not _OF_LANGUAGE.search(name))
    return next(matches, None)


def _claimed(name: str, table: str) -> bool:
    """Whether a file belongs to the archive that the table is of: all of Takeout, else the table's own folder."""
    folder = folder_of(table)
    youtube = folder_of(folder.rstrip("/"))
    return name.startswith(youtube or folder) if folder else name.endswith(".csv") and "/" not in name
