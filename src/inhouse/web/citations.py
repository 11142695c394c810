"""Where a citation leads: to the very words on their own page where there is one, else to our page of the source."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from inhouse.core.passages import Citation, Place
from inhouse.web import i18n

_MOST_QUOTED = 80
#: Where an address leads to a page about the paper, and not to its words.
_LANDING_HOSTS = ("doi.org", "pubmed.ncbi.nlm.nih.gov")
_TIMED_HOSTS = ("youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "vimeo.com")


class Source(TypedDict):
    """A citation as a page shows it. ``away`` says that it leaves this site."""

    number: int
    document: str
    credit: str
    place: str
    quote: str
    href: str
    away: bool


def source_of(citation: Citation, slug: str, turn_id: str, language: str) -> Source:
    """One citation of one turn, for its fan."""
    landing = urlsplit(citation.url or "").hostname in _LANDING_HOSTS
    away = None if landing else address(citation)
    return {
        "number": citation.number,
        "document": citation.document or i18n.translate(language, "Source"),
        "credit": citation.credit.line if citation.credit else "",
        "place": place_words(citation.place, language),
        "quote": citation.quote,
        "href": away or f"/a/{slug}/source/{citation.passage_id}?turn={turn_id}",
        "away": away is not None,
    }


def address(citation: Citation) -> str | None:
    """The document's own address at the cited place, where it has one that a browser may open."""
    parts = urlsplit(citation.url or "")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    place = citation.place
    if place.second is not None and parts.hostname in _TIMED_HOSTS:
        query = [pair for pair in parse_qsl(parts.query) if pair[0] != "t"]
        return parts._replace(query=urlencode([*query, ("t", f"{place.second:.0f}s")])).geturl()
    if place.page is not None and parts.path.lower().endswith(".pdf"):
        return parts._replace(fragment=f"page={place.page}").geturl()
    return f"{parts._replace(fragment='').geturl()}#{parts.fragment}:~:text={_fragment(citation.quote)}"


def place_words(place: Place, language: str) -> str:
    """The place in words: a page with its heading, a time, a heading or a line; empty where there is none."""
    catalogue = i18n.catalogue(language)
    if place.page is not None:
        page = catalogue.gettext("page %(page)s") % {"page": place.page}
        return f"{place.heading} · {page}" if place.heading else page
    if place.second is not None:
        minutes, seconds = divmod(int(place.second), 60)
        return f"{minutes}:{seconds:02}"
    if place.heading:
        return place.heading
    if place.line is not None:
        return catalogue.gettext("line %(line)s") % {"line": place.line}
    return ""


def _fragment(words: str) -> str:
    """The quote's beginning as a text fragment, cut where a word ends; its own marks (``-``, ``,``) are escaped."""
    words = " ".join(words.split())
    if len(words) > _MOST_QUOTED:
        cut = words[:_MOST_QUOTED]
        words = cut.rpartition(" ")[0] or cut
    return quote(words, safe="").replace("-", "%2D")
