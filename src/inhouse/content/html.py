"""The text of an HTML page, without navigation, scripts and what is hidden from readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, NavigableString

from inhouse.content.moments import moment
from inhouse.content.outline import Headings
from inhouse.content.plain import clean, one_line
from inhouse.content.values import Section
from inhouse.core.passages import Place

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "details",
        "summary",
        "address",
        "hr",
        "header",
    ]
)
#: Points and rows are lines of their paragraph: alone they would say too little to be found by.
_LINES = ("br", "li", "tr")
_CELLS = ("td", "th")
_NOT_TEXT = [
    "script",
    "style",
    "template",
    "noscript",
    "nav",
    "footer",
    "aside",
    "form",
    "iframe",
    "svg",
    "button",
    "select",
    "dialog",
]
_HIDDEN = (
    '[hidden], [aria-hidden="true"], [style*="display:none"], [style*="display: none"],'
    ' [style*="visibility:hidden"], [style*="visibility: hidden"], [style*="font-size:0"]'
)
#: A main part that holds less of a page's text than this is something else, such as a teaser.
_MAIN_SHARE = 0.3


@dataclass(frozen=True)
class Page:
    """A page's text and what it says of itself."""

    title: str | None
    sections: tuple[Section, ...]
    url: str | None
    published_at: datetime | None
    language: str | None


def read_page(html: str) -> Page:
    """Read a whole page or a fragment of one."""
    soup = BeautifulSoup(html, "lxml")
    about = _About(soup)
    _strip(soup)
    main = _main(soup)
    first = main.find("h1")
    heading = one_line(first.get_text(" ")) if isinstance(first, Tag) else ""
    if isinstance(first, Tag):
        first.decompose()
    return Page(
        heading or about.title or None, tuple(_sections(main)), about.url, about.published_at, about.language
    )


def paragraphs(html: str) -> list[str]:
    """The text of a fragment, one string a paragraph, headings among them."""
    soup = BeautifulSoup(html, "lxml")
    _strip(soup)
    return [text for _, text in _blocks(soup)]


class _About:
    """What the head of a page says."""

    def __init__(self, soup: BeautifulSoup) -> None:
        metas = {
            str(tag.get("property") or tag.get("name") or "").lower(): str(tag.get("content") or "")
            for tag in soup.find_all("meta")
        }
        link, stamp = soup.find("link", rel="canonical"), soup.find("time", datetime=True)
        self.title = one_line(metas.get("og:title") or (soup.title.get_text() if soup.title else ""))
        self.url = (
            (str(link.get("href") or "") if isinstance(link, Tag) else "") or metas.get("og:url") or None
        )
        told = metas.get("article:published_time") or metas.get("date")
        self.published_at = moment(told or (str(stamp["datetime"]) if isinstance(stamp, Tag) else None))
        self.language = str(soup.html.get("lang") or "")[:20] or None if soup.html else None


def _strip(soup: BeautifulSoup) -> None:
    headers = [tag for tag in soup.find_all("header") if not tag.find_parent(("article", "main"))]
    for tag in (*headers, *soup.find_all(_NOT_TEXT), *soup.select(_HIDDEN)):
        if not tag.decomposed:
            tag.decompose()


def _main(soup: BeautifulSoup) -> Tag:
    whole = len(soup.get_text())
    for candidate in (soup.find("main"), soup.find("article")):
        if isinstance(candidate, Tag) and len(candidate.get_text()) >= whole * _MAIN_SHARE:
            return candidate
    return soup.body or soup


def _sections(root: Tag) -> Iterator[Section]:
    headings = Headings()
    body: list[str] = []
    for level, text in (*_blocks(root), (1, "")):
        if not level:
            body.append(text)
            continue
        if joined := clean("\n\n".join(body)):
            yield Section(text=joined, place=Place(heading=headings.path))
        body = []
        headings.enter(level, text)


def _blocks(root: Tag) -> Iterator[tuple[int, str]]:
    """Headings with their level (1 to 6) and paragraphs with 0, in reading order."""
    inline: list[str] = []
    for piece in _pieces(root):
        if isinstance(piece, str):
            inline.append(piece)
            continue
        if text := _flow(inline):
            yield 0, text
        inline = []
        if piece.name in _HEADINGS and (text := one_line(piece.get_text(" "))):
            yield _HEADINGS.index(piece.name) + 1, text
    if text := _flow(inline):
        yield 0, text


def _pieces(root: Tag) -> Iterator[str | Tag]:
    """Strings, and a block's tag where it begins and where it ends. No recursion: hostile pages nest deeply."""
    stack = [(root, iter(root.contents))]
    while stack:
        parent, children = stack[-1]
        node = next(children, None)
        if node is None:
            stack.pop()
            if parent.name in _BLOCKS:
                yield parent
        elif isinstance(node, Tag):
            if node.name in _HEADINGS:
                yield node
                continue
            if node.name in _BLOCKS:
                yield node
            elif node.name in (*_LINES, *_CELLS):
                yield " " if node.name in _CELLS else "\n"
            stack.append((node, iter(node.contents)))
        elif isinstance(node, NavigableString) and not isinstance(node, Comment):
            # A break inside the source is a space; one by <br> stays.
            yield " ".join(str(node).split("\n"))


def _flow(inline: list[str]) -> str:
    return clean("\n".join(" ".join(line.split()) for line in "".join(inline).split("\n")))
