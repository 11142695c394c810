"""What a PDF's lines mean: title, authors, headings, paragraphs. A PDF knows letters and places only, so this is told by
how large and how far apart they are set, and where that does not tell, a line is a line of the text.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import regex

from inhouse.content import plain, sentences
from inhouse.content.bylines import names_in
from inhouse.content.outline import Headings
from inhouse.content.pdf_lines import Line
from inhouse.content.values import Section
from inhouse.core.passages import Place

_ENDS = (".", "!", "?", ":", "。", "！", "？", "”", '"')
_LARGER = 1.08
_TITLE_LARGER = 1.25
_NEARLY = 0.8
_LONGEST_HEADING = 100
_MOST_TITLE_LINES = 5
#: A line this long is running text: a title does not come after that.
_RUNNING = 60
#: So many lines after the title, authors are looked for; journals put editors and a notice between.
_BYLINES = 8
_NUMBERED = regex.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}|[A-H])[.)]?\s+(?=\p{Lu})")
_KNOWN = regex.compile(
    r"(?:\d{1,2}\.?\s+|[IVX]{1,5}\.\s+)?(?:abstract|summary|introduction|background|(?:materials? and |patients and )?methods?|"
    r"results?|discussion|conclusions?|results and discussion|acknowledge?ments?|references|bibliography|"
    r"literature cited|works cited|appendix|supplementary material|limitations|related work)\W*",
    regex.I,
)
_REFERENCES = regex.compile(
    r"(?:\d{1,2}\.?\s+|[IVX]{1,5}\.\s+)?(?:references|bibliography|literature cited|works cited|参考文献|引用文献|文献)\W*",
    regex.I,
)
_ABSTRACT = regex.compile(r"(?i)\W*(?:abstract|summary)\b")
_CAPTION = regex.compile(r"(?i)(?:fig(?:ure)?|table|box|scheme|algorithm)\.?\s*\d")
_SENTENCE_INSIDE = regex.compile(r"[.!?]\s+\p{L}")
_YEAR = regex.compile(r"\b(?:19|20)\d\d\b")
#: A list of references has a year in so many of its lines; a section called "References" that has fewer is kept.
_YEARS = 0.2
_WIDE_GAP = 1.6
_INDENT = 0.7


#: How a line is set: its size, and whether it is bold.
_Way = tuple[float, bool]


@dataclass(frozen=True)
class Front:
    """What stands at the head of page one, and the lines that say it."""

    title: str
    authors: tuple[str, ...]
    lines: frozenset[Line]


def front_of(pages: Sequence[Sequence[Line]]) -> Front:
    """Title and authors by how page one is set; empty where nothing stands out."""
    body = body_size(pages)
    head = [line for line in (pages[0] if pages else ()) if line.y > 0.4 * line.height]
    start, end = _title(head, body)
    title = head[start:end]
    runs_before = sum(len(line.text) > _RUNNING and line.size >= 0.95 * body for line in head[:start])
    if not title or runs_before > 1:
        return Front("", (), frozenset())
    after = head[end:]
    authors, used = _authors(after)
    front = [*title, *(used if authors else ())]
    abstract = next((at for at, line in enumerate(after) if _ABSTRACT.match(line.text)), None)
    if authors and abstract is not None:
        front += after[:abstract]  # addresses, dates and notices: nobody asks for these
    return Front(plain.join_lines(line.text for line in title), authors, frozenset(front))


def _title(head: Sequence[Line], body: float) -> tuple[int, int]:
    """Where the title begins and ends: of the lines that are set largest those with the most letters, because a journal's
    name may be as large. Nothing where nothing is large."""
    largest = max((line.size for line in head if _letters(line.text) > 8), default=0.0)
    least = max(_TITLE_LARGER * body, _NEARLY * largest)
    groups: list[tuple[int, int]] = []
    for at, line in enumerate(head):
        if line.size < least:
            continue
        before = head[at - 1] if groups and groups[-1][1] == at else None
        if (
            before
            and abs(before.size - line.size) < 0.05 * line.size
            and at - groups[-1][0] < _MOST_TITLE_LINES
        ):
            groups[-1] = (groups[-1][0], at + 1)
        else:
            groups.append((at, at + 1))
    sizes = {group: sum(_letters(line.text) for line in head[slice(*group)]) for group in groups}
    best = max(sizes, key=sizes.__getitem__, default=(0, 0))
    return best if sizes.get(best, 0) > 8 else (0, 0)


def _authors(lines: Sequence[Line]) -> tuple[tuple[str, ...], list[Line]]:
    """Names in the lines after the title, up to the first that is a heading or running text."""
    found: list[str] = []
    used: list[Line] = []
    for line in lines[:_BYLINES]:
        if _KNOWN.match(line.text) and len(line.text) < _LONGEST_HEADING:
            break
        names = names_in(line.text)
        if names:
            found += names
            used.append(line)
        elif found:
            break
    return tuple(dict.fromkeys(found)), used


def body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size that most of the text is set in."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def sections_of(pages: Sequence[Sequence[Line]], front: Front) -> list[Section]:
    """The text in reading order: a section for each page and heading, without the list of references."""
    levels = _levels(pages, front)
    parts = list(_parts(pages, front, levels))
    return _mended([_section(part) for part in _without_references(parts) if part.lines])


@dataclass
class _Part:
    """The lines of one page below one heading."""

    heading: str | None
    own: str
    """The nearest heading alone."""
    page: int
    lines: list[Line]


def _parts(pages: Sequence[Sequence[Line]], front: Front, levels: Mapping[_Way, int]) -> Iterator[_Part]:
    headings = Headings()
    own, held = "", ""
    for number, page in enumerate(pages, start=1):
        part = _Part(headings.path, own, number, [])
        before: Line | None = None
        for line in page:
            if line in front.lines:
                continue
            if _way(line) not in levels or not _may_head(line):
                part.lines.append(line)
                before = None
                continue
            yield part
            goes_on = before is not None and not _NUMBERED.match(line.text) and _alike(before, line)
            held = f"{held} {line.text}" if goes_on else line.text
            own, before = _named(held), line
            headings.enter(_level(held, line, levels), own)
            part = _Part(headings.path, own, number, [])
        yield part


def _alike(one: Line, other: Line) -> bool:
    """Whether two heading lines are one that was too long for its column."""
    near = 0 < one.y - other.y < 1.5 * one.size
    return near and one.size == other.size and one.bold == other.bold


def _levels(pages: Sequence[Sequence[Line]], front: Front) -> dict[_Way, int]:
    """The ways in which headings are set, the highest first: the larger, then the bolder.

    Where a text has headings that can be told by their words (``Methods``, ``2.1 Kilns``), others are set as these are;
    what else is large or bold is a figure's then.
    """
    body = body_size(pages)
    lines = [line for page in pages for line in page if line not in front.lines and _may_head(line)]
    sure = {_way(line) for line in lines if line.size >= 0.95 * body and _is_told_by_words(line)}
    sure -= {(body, False)} if len(sure) > 1 else set()
    ways = sure or {_way(line) for line in lines if _stands_out(line, body)}
    return {way: level for level, way in enumerate(sorted(ways, reverse=True), start=1)}


def _way(line: Line) -> _Way:
    return (line.size, line.bold)


def _is_told_by_words(line: Line) -> bool:
    return bool(_KNOWN.fullmatch(line.text) or (line.bold and _NUMBERED.match(line.text)))


def _stands_out(line: Line, body: float) -> bool:
    return line.size >= _LARGER * body or (line.bold and line.size >= 0.95 * body)


def _may_head(line: Line) -> bool:
    """Whether a line's words could be a heading."""
    text = line.text
    if len(text) > _LONGEST_HEADING or _letters(text) < 3 or len(text.split()) > 14 or _CAPTION.match(text):
        return False
    if not (text[0].isupper() or text[0].isdigit() or not text[0].isascii()) or text.endswith(
        (",", ";", "-", ".")
    ):
        return bool(_KNOWN.fullmatch(text))
    numbered = _NUMBERED.match(text)
    return not _SENTENCE_INSIDE.search(text, numbered.end() if numbered else 0)


def _level(text: str, line: Line, levels: Mapping[_Way, int]) -> int:
    """A heading's level: chapters are told by their words or number, parts of them by ``2.1``, the others by their size."""
    numbered = _NUMBERED.match(text)
    if numbered and "." in numbered["number"]:
        return 100 + numbered["number"].count(".")
    return 0 if numbered or _KNOWN.fullmatch(text) else levels[_way(line)]


def _named(text: str) -> str:
    text = text.rstrip(" .:")
    return text.capitalize() if (text.isupper() or text.islower()) and _KNOWN.fullmatch(text) else text


def _without_references(parts: Sequence[_Part]) -> Iterator[_Part]:
    """The parts but a list of references: from its heading to the next."""
    at = 0
    while at < len(parts):
        end = at + 1
        if _REFERENCES.fullmatch(parts[at].own):
            while end < len(parts) and parts[end].own == parts[at].own:
                end += 1
            lines = [line for part in parts[at:end] for line in part.lines]
            if sum(bool(_YEAR.search(line.text)) for line in lines) >= _YEARS * len(lines):
                at = end
                continue
        yield from parts[at:end]
        at = end


def _section(part: _Part) -> Section:
    text = "\n\n".join(plain.join_lines(line.text for line in lines) for lines in _paragraphs(part.lines))
    return Section(text=text, place=Place(page=part.page, heading=part.heading))


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines that belong together: a paragraph ends at a wide gap, before an indent, or where a short line ends a sentence."""
    widths = sorted(len(line.text) for line in lines)
    width = widths[int(0.9 * (len(widths) - 1))] if widths else 0
    leading = _leading(lines)
    held: list[Line] = []
    for line in lines:
        if held and _begins(held[-1], line, width, leading):
            yield held
            held = []
        held.append(line)
    if held:
        yield held


def _begins(before: Line, line: Line, width: int, leading: float) -> bool:
    """Whether a paragraph begins with this line."""
    ended = before.text.endswith(_ENDS)
    if before.y - line.y > _WIDE_GAP * leading > 0 and (ended or abs(before.size - line.size) > 0.4):
        return True
    indented = _INDENT * line.size < line.x - before.x < 4 * line.size and before.y > line.y
    return ended and (indented or len(before.text) < 0.8 * width)


def _leading(lines: Sequence[Line]) -> float:
    """How far apart the lines stand, mostly; 0 where that can't be told."""
    gaps = Counter(
        round(before.y - line.y) for before, line in itertools.pairwise(lines) if 2 < before.y - line.y < 60
    )
    return float(gaps.most_common(1)[0][0]) if gaps else 0.0


def _mended(sections: Sequence[Section]) -> list[Section]:
    """A sentence that goes over to the next page is told whole, at the page where it begins."""
    mended: list[Section] = []
    for section in sections:
        before = mended[-1] if mended else None
        if before is None or not _goes_over(before, section):
            mended.append(section)
            continue
        _start, end = sentences.spans(section.text)[0]
        joined = plain.join_lines((before.text, section.text[:end]))
        mended[-1] = Section(text=joined, place=before.place)
        if rest := section.text[end:].strip():
            mended.append(Section(text=rest, place=section.place))
    return mended


def _goes_over(before: Section, section: Section) -> bool:
    same = before.place.heading == section.place.heading and before.place.page != section.place.page
    return same and section.text[0].islower() and not before.text.endswith(_ENDS)


def _letters(text: str) -> int:
    return sum(letter.isalpha() for letter in text)
