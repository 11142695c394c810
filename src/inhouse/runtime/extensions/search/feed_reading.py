"""Reading one feed from its address: public machines only, within limits of size, time and number."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from inhouse.content import languages, plain
from inhouse.content.fetch import Fetched, Fetcher
from inhouse.content.importers.base import CannotRead, Options
from inhouse.content.importers.feed import Feed
from inhouse.content.values import Item
from inhouse.core.errors import InhouseError
from inhouse.runtime.extensions.search import cleaning
from inhouse.runtime.extensions.search.items import FeedItem

MOST_BYTES = 5 * 1024 * 1024
_SECONDS = 30.0
_MOST_ITEMS = 200
_MOST_TITLE = 200
_MOST_TEXT = 2000


@dataclass(frozen=True)
class FeedPage:
    """What a feed holds now, in its own order."""

    url: str
    """Where it was found: the last address, after redirects."""
    items: tuple[FeedItem, ...]


def read_feed(url: str, fetcher: Fetcher | None = None) -> FeedPage:
    """Read a feed. Items without an address are left out.

    Raises ``InhouseError`` with a sentence: for a bad, private or unknown address, a failing or endless server, and
    what is no feed.
    """
    fetcher = fetcher or Fetcher(most_bytes=MOST_BYTES, seconds=_SECONDS)
    with tempfile.TemporaryDirectory(prefix="inhouse-feed-") as folder:
        fetched = fetcher.fetch(url, Path(folder))
        found = (_item(item, url, fetched.url) for item in _parsed(fetched))
        return FeedPage(fetched.url, tuple(item for item in found if item is not None))


def _parsed(fetched: Fetched) -> list[Item]:
    """The feed's first items, read as the importer reads them."""
    try:
        outcomes = islice(Feed().read_file(fetched.name, fetched.path.read_bytes(), Options()), _MOST_ITEMS)
        return [outcome for outcome in outcomes if isinstance(outcome, Item)]
    except InhouseError:
        raise
    except Exception as error:  # what a parser raises on a hostile file is nobody's guess
        raise CannotRead(reason="It is a broken feed.") from error


def _item(item: Item, feed: str, base: str) -> FeedItem | None:
    address = cleaning.link(item.url or "", base)
    if address is None:
        return None
    text = plain.shortened(plain.clean("\n\n".join(section.text for section in item.sections)), _MOST_TEXT)
    title = plain.shortened(plain.one_line(cleaning.without_markup(item.title)), _MOST_TITLE) or address
    return FeedItem(
        title=title,
        url=address,
        text=text,
        date=cleaning.dated(item.published_at),
        feed=feed,
        language=languages.guess(f"{title}\n{text}"),
    )
