"""Plain text: a page with its headings, or a work of reference taken entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from inhouse.content import languages, plain
from inhouse.content.importers.base import FileImporter, Options, Outcome, stem
from inhouse.content.values import Item, Kind, Section
from inhouse.core.passages import Place

_GUTENBERG_START = regex.compile(r"^\*\*\* ?START OF (?:THIS|THE) PROJECT GUTENBERG.*$", regex.MULTILINE)
_GUTENBERG_END = regex.compile(
    r"^(?:\*\*\* ?END OF (?:THIS|THE) PROJECT GUTENBERG|End of (?:the )?Project Gutenberg).*$",
    regex.MULTILINE,
)
_GUTENBERG_TITLE = regex.compile(r"^Title: *(.+)$", regex.MULTILINE)
_PRODUCED = regex.compile(r"\s*Produced by [^\n]*(?:\n[^\n]+)*\n\n")

_HEADWORD = regex.compile(
    r"(?P<head>\p{Lu}(?:[\p{Lu}'’ -]|\([^)\n]{1,40}\)|(?<= )or(?= ))*\p{Lu}|(?:\p{Lu}+\.){2,}(?=  ))"
    r"(?:,|\.|\?|:)?(?=  | (?:n|v|adj|adv)\b|$|,? \p{Ll}{1,5}\.)"
)
_LETTER = regex.compile(r"\p{Lu}")
_FEWEST_ENTRIES = 20
_SAMPLE = 30
_CHAPTER = regex.compile(r"(?i)(chapter|part|book|section)\b.{0,60}")


@dataclass
class _Part:
    """A heading, the 1-based line it begins at, and the blocks below it."""

    heading: str | None
    blocks: list[tuple[int, list[str]]]


class Text(FileImporter):
    name = "text"
    suffixes = (".txt", ".text")

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        text, title = _without_licence(plain.decode(data))
        blocks = list(plain.blocks(text))
        entries = _entries(blocks)
        if sum(part.heading is not None for part in entries) >= _FEWEST_ENTRIES:
            yield from _reference(name, title or stem(name), entries, options)
            return
        sections = tuple(section for part in _parts(blocks) for section in _sections(part))
        yield Item(
            key=options.url or name,
            title=title or stem(name),
            kind=Kind.PAGE,
            sections=sections,
            url=options.url,
        )


def _reference(name: str, title: str, entries: list[_Part], options: Options) -> Iterator[Item]:
    """One document an entry; what stands before the first is a page of its own. An entry alone is too short to tell
    its language by, and so the whole work tells it."""
    language = languages.guess(
        "\n".join(line for part in entries[:_SAMPLE] for _, lines in part.blocks for line in lines)
    )
    seen: dict[str, int] = {}
    for part in entries:
        heading = part.heading or title
        seen[heading] = seen.get(heading, 0) + 1
        number = f" ({seen[heading]})" if seen[heading] > 1 else ""
        yield Item(
            key=f"{name}#{heading}{number}",
            title=heading,
            kind=Kind.ENTRY if part.heading else Kind.PAGE,
            sections=tuple(_sections(part)),
            url=options.url,
            language=language,
        )


def _entries(blocks: list[tuple[int, list[str]]]) -> list[_Part]:
    parts = [_Part(None, [])]
    above = ""
    for number, lines in blocks:
        if len(lines) == 1 and _LETTER.fullmatch(lines[0].strip()):
            above = lines[
                0
            ].strip()  # the heading of a letter; its own entry may follow: "J is a consonant …"
            continue
        found = _HEADWORD.match(lines[0])
        # A block all in capitals is a heading inside an entry, such as a poem's title.
        if found and (lines[0].endswith(".") or any(letter.islower() for line in lines for letter in line)):
            parts.append(_Part(found["head"], []))
        elif above and lines[0].startswith(f"{above} "):
            parts.append(_Part(above, []))
        above = ""
        parts[-1].blocks.append((number, lines))
    return [part for part in parts if part.blocks]


def _parts(blocks: list[tuple[int, list[str]]]) -> Iterator[_Part]:
    part = _Part(None, [])
    for number, lines in blocks:
        if len(lines) == 1 and _is_heading(lines[0]):
            yield part
            part = _Part(plain.one_line(lines[0]), [])
        else:
            part.blocks.append((number, lines))
    yield part


def _is_heading(line: str) -> bool:
    line = line.strip()
    shouts = line.isupper() and len(line) > 3 and not line.endswith((".", "!", "。"))
    return len(line) <= 70 and (shouts or bool(_CHAPTER.fullmatch(line)))


def _sections(part: _Part) -> Iterator[Section]:
    for number, lines in part.blocks:
        yield Section(text=_paragraph(lines), place=Place(heading=part.heading, line=number))


def _paragraph(lines: list[str]) -> str:
    """Verse, lists and tables keep their lines; prose that was wrapped is joined again."""
    indented = all(line.startswith((" ", "\t")) for line in lines)
    if indented or any(line.lstrip().startswith(("- ", "* ", "• ")) for line in lines):
        return "\n".join(line.strip() for line in lines)
    return plain.join_lines(lines)


def _without_licence(text: str) -> tuple[str, str | None]:
    """A Project Gutenberg text without the licence around it, and its title. Line numbers stay as they were."""
    start = _GUTENBERG_START.search(text)
    if not start:
        return text, None
    title = _GUTENBERG_TITLE.search(text, 0, start.start())
    end = _GUTENBERG_END.search(text, start.end())
    body = text[start.end() : end.start() if end else None]
    produced = _PRODUCED.match(body)
    skipped = start.end() + (produced.end() if produced else 0)
    kept = "\n" * text.count("\n", 0, skipped) + text[skipped : end.start() if end else None]
    return kept, plain.one_line(title[1]) if title else None
