"""Searching feeds that were read before: needs no search engine, and asks nobody while a fan waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

from inhouse.content import freshness, lexical
from inhouse.content.followup import content_words
from inhouse.content.sentences import spans
from inhouse.core.passages import Passage, Place
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.search.base import Hit
from inhouse.runtime.extensions.search.cleaning import is_older
from inhouse.runtime.extensions.search.item_index import ItemIndex
from inhouse.runtime.extensions.search.items import FeedItem

#: The newest items count; older ones are a matter for the AI's own index.
_MOST_ITEMS = 1000
_CANDIDATES = 40
#: Hits whose words say less than this share of what the best one's do are beside the point.
_WORTH = 0.3
#: They say when and not what: the dates answer them.
_WHEN = frozenset(
    [
        "new",
        "news",
        "newest",
        "latest",
        "recent",
        "recently",
        "today",
        "yesterday",
        "tonight",
        "now",
        "current",
        "currently",
        "week",
        "weeks",
        "month",
        "months",
        "year",
        "happen",
        "happened",
        "happening",
        "happens",
        "update",
        "updates",
        "updated",
        "今日",
        "昨日",
        "今週",
        "先週",
        "今月",
        "先月",
        "今年",
        "最新",
        "最近",
        "新着",
        "現在",
        "近況",
        "情報",
        "ニュース",
    ]
)
#: Whoever searches here asks for what is new, whether or not the query says so.
_ASKED = "latest"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class FeedStore(Protocol):
    """One AI's feed items, as they were last read. Another AI's are never among them."""

    async def items(self) -> Sequence[FeedItem]:
        """All current items, in any order."""
        ...


class Feeds:
    """Searches one AI's feeds by words, newer items before older ones that are as good."""

    def __init__(self, store: FeedStore) -> None:
        self._store = store
        self._index = ItemIndex()

    async def search(self, query: str, count: int, newer_than: datetime | None) -> list[Hit]:
        """A query that only asks what is new is answered with the newest. Items without a date are never new."""
        items = _newest_first(await self._store.items())[:_MOST_ITEMS]
        return await in_thread(self._find, items, query, count, newer_than)

    async def aclose(self) -> None:
        """Let go of the index."""
        await in_thread(self._index.close)

    def _find(self, items: list[FeedItem], query: str, count: int, newer_than: datetime | None) -> list[Hit]:
        subject = _subject(query)
        scores = self._index.scores(items, subject) if subject else dict.fromkeys(range(len(items)), 1.0)
        fresh = {number: score for number, score in scores.items() if _is_newer(items[number], newer_than)}
        best = max(fresh.values(), default=1.0)
        worth = ((number, score / best) for number, score in fresh.items() if score >= _WORTH * best)
        ranked = [_passage(number, items[number], score) for number, score in islice(worth, _CANDIDATES)]
        chosen = freshness.arrange(ranked, _ASKED, count)
        return [_hit(items[int(passage.id)], subject) for passage in chosen]


def _newest_first(items: Sequence[FeedItem]) -> list[FeedItem]:
    return sorted(items, key=lambda item: item.date or _LONG_AGO, reverse=True)


def _subject(query: str) -> str:
    """The query without the words that say nothing of what it is about."""
    return " ".join(word for word in content_words(query) if word.casefold() not in _WHEN)


def _is_newer(item: FeedItem, newer_than: datetime | None) -> bool:
    return newer_than is None or (item.date is not None and not is_older(item.date, newer_than))


def _passage(number: int, item: FeedItem, score: float) -> Passage:
    """The item as what ``freshness`` compares."""
    return Passage(
        id=str(number),
        ai_id="",
        document_id=item.feed,
        title=item.title,
        url=item.url,
        place=Place(),
        text=f"{item.title}\n{item.text}",
        language=item.language,
        published_at=item.date,
        score=score,
    )


def _hit(item: FeedItem, subject: str) -> Hit:
    return Hit(title=item.title, url=item.url, text=_excerpt(item, subject), date=item.date)


def _excerpt(item: FeedItem, subject: str) -> str:
    """The text from the first of the sentences on that hold most of the subject's words, letter by letter."""
    asked = frozenset(lexical.terms(subject, item.language))
    held = {
        start: len(asked & frozenset(lexical.terms(item.text[start:end], item.language)))
        for start, end in spans(item.text)
    }
    return item.text[max(held, key=lambda start: held[start], default=0) :]
