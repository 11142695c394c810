"""Papers as publishers and archives keep them: JATS (and its forerunner NLM) XML, section by section.

What a reader would quote is taken: abstract, body, captions, tables, appendices. The list of references is not, nor are
reviews and translations that lie in the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html.entities import html5
from typing import Any

import regex
from lxml import etree

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.importers.base import CannotRead, Claim, FileImporter, Options, Outcome, Skipped, stem
from inhouse.content.jats_text import blocks, words
from inhouse.content.outline import Headings
from inhouse.content.values import Item, Kind, Section
from inhouse.core.passages import Credit, Place

_HEAD_BYTES = 8000
#: The root's name, and a sign that it is this vocabulary's: DocBook has articles too.
_ROOT = regex.compile(rb"<(?:\w+:)?(?:article|pmc-articleset)[\s>]")
_SIGNS = (b"<front", b"article-type", b"dtd-version", b"//DTD JATS", b"//NLM//", b"<pmc-articleset")
_MOST_ARTICLES = 5000
#: Abstracts that are no text of their own: a picture, a line for the table of contents.
_NO_ABSTRACT = frozenset({"graphical", "toc", "teaser"})
_DATES = ("epub", "pub", "ppub", "collection", "epub-ppub", "pmc-release")
#: Identifiers that lead somewhere, the best first.
_ADDRESSES = (
    ("doi", "https://doi.org/"),
    ("pmcid", "https://pmc.ncbi.nlm.nih.gov/articles/"),
    ("pmc", "https://pmc.ncbi.nlm.nih.gov/articles/PMC"),
    ("pmid", "https://pubmed.ncbi.nlm.nih.gov/"),
)


class Jats(FileImporter):
    name = "jats"
    suffixes = (".xml", ".nxml")

    def claim(self, files: Files) -> Claim:
        named = super().claim(files)
        names = [name for name in named.units if _looks_like_paper(files.head(name, _HEAD_BYTES))]
        return Claim(names, frozenset(names))

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        root = _parse(data)
        _without_prefixes(root)
        if root.tag == "article":
            yield _item(options.url or name, root, stem(name), options)
            return
        articles = list(root.iterchildren("article"))
        for number, article in enumerate(articles[:_MOST_ARTICLES], start=1):
            item = _item("", article, f"{stem(name)} {number}", options)
            yield item.model_copy(update={"key": f"{name}#{item.url or number}"})
        if len(articles) > _MOST_ARTICLES:
            yield Skipped(name=name, reason=f"it holds more than {_MOST_ARTICLES} articles: split it")


def _looks_like_paper(head: bytes) -> bool:
    head = head.replace(b"\x00", b"")  # UTF-16
    return bool(_ROOT.search(head)) and any(sign in head for sign in _SIGNS)


def _parse(data: bytes) -> Any:
    """The root element. Nothing outside of the file is read, and no entity that it declares is expanded."""
    if b"<!ENTITY" in data.replace(b"\x00", b""):
        raise CannotRead(reason="It declares XML entities, which is refused.")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise CannotRead(reason="It is not well-formed XML.") from error
    _name_entities(root)
    return root


def _name_entities(root: Any) -> None:
    """The document type's named characters (``&alpha;``), which are not looked up: HTML knows them by the same names."""
    for entity in list(root.iter(etree.Entity)):
        text = html5.get(f"{entity.name};", "") + (entity.tail or "")
        parent, before = entity.getparent(), entity.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + text
        else:
            parent.text = (parent.text or "") + text
        parent.remove(entity)


def _without_prefixes(root: Any) -> None:
    """Element names alone: MathML and some publishers' own copies of the vocabulary stand in namespaces."""
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname


def _item(key: str, article: Any, title: str, options: Options) -> Item:
    meta = article.find("front/article-meta")
    about = etree.Element("article-meta") if meta is None else meta
    published = _published(about)
    return Item(
        key=key,
        title=_title(about) or title,
        kind=Kind.PAGE,
        sections=tuple(_sections(article, about)),
        url=_address(about) or options.url,
        published_at=published,
        language=article.get("{http://www.w3.org/XML/1998/namespace}lang") or "und",
        credit=Credit(
            authors=tuple(_authors(about)),
            journal=words(article.find("front/journal-meta//journal-title")) or None,
            year=published.year if published else None,
        ),
    )


def _title(meta: Any) -> str:
    parts = [words(meta.find(f"title-group/{name}")) for name in ("article-title", "subtitle")]
    return ": ".join(part for part in parts if part)


def _authors(meta: Any) -> Iterator[str]:
    contributors = [
        one for one in meta.iterfind("contrib-group/contrib") if one.get("contrib-type", "author") == "author"
    ]
    for contributor in contributors:
        name = contributor.find("name")
        name = contributor.find("name-alternatives/name") if name is None else name
        if name is not None:
            said = " ".join(words(name.find(part)) for part in ("given-names", "surname", "suffix"))
        else:
            said = words(contributor.find("string-name")) or _group(contributor.find("collab"))
        if said := " ".join(said.split()):
            yield said


def _group(collab: Any) -> str:
    """A group's name, without its members."""
    return "" if collab is None else words(collab.find("institution")) or plain.one_line(collab.text or "")


def _published(meta: Any) -> datetime | None:
    """When it came out; a date that names no month is the first of January."""
    dates = {one.get("pub-type") or one.get("date-type") or "pub": one for one in meta.iterfind("pub-date")}
    for name in (*_DATES, *dates):
        date = dates.get(name)
        if date is None:
            continue
        year, month, day = (_number(date.find(part)) for part in ("year", "month", "day"))
        if year is None:
            continue
        try:
            return datetime(year, month or 1, day or 1, tzinfo=UTC)
        except ValueError:
            continue
    return None


def _number(element: Any) -> int | None:
    said = words(element)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 4 else None


def _address(meta: Any) -> str | None:
    known = {one.get("pub-id-type"): words(one) for one in meta.iterfind("article-id")}
    return next((f"{base}{known[name]}" for name, base in _ADDRESSES if known.get(name)), None)


def _sections(article: Any, meta: Any) -> Iterator[Section]:
    for abstract in meta.iterfind("abstract"):
        if abstract.get("abstract-type") not in _NO_ABSTRACT:
            yield from _part(abstract, "Abstract")
    for body in article.iterfind("body"):
        yield from _part(body, None)
    for floats in article.iterfind("floats-group"):
        yield from _part(floats, None)
    for appendix in article.iterfind("back/app-group/app"):
        yield from _part(appendix, "Appendix")


def _part(element: Any, name: str | None) -> Iterator[Section]:
    """An element's text under its headings; one that has no title of its own goes by ``name``."""
    headings = Headings()
    title = words(element.find("title")) or name
    if title:
        headings.enter(0, title)
    yield from _below(element, headings, 1)


def _below(element: Any, headings: Headings, level: int) -> Iterator[Section]:
    """What stands in a section, and in the sections in it, in reading order."""
    body: list[str] = []
    for child in element.iterchildren(etree.Element):
        if child.tag != "sec":
            body += blocks(child)
            continue
        yield from _section(body, headings)
        body = []
        headings.enter(level, words(child.find("title")))
        yield from _below(child, headings, level + 1)
        headings.enter(level, "")
    yield from _section(body, headings)


def _section(body: list[str], headings: Headings) -> Iterator[Section]:
    if text := "\n\n".join(body):
        yield Section(text=text, place=Place(heading=headings.path))
