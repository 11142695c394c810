"""The feeds of an AI's extensions: read every hour, and kept so that nobody is asked while a fan waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from inhouse.core import clock
from inhouse.core.errors import InhouseError
from inhouse.releases import extensions
from inhouse.releases.tables import extensions as extensions_table
from inhouse.releases.tables import feed_items
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions.search.feed_reading import FeedPage, read_feed
from inhouse.runtime.extensions.search.items import FeedItem
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

#: An hour, less the time by which one look after the installation may come earlier than the last.
_EVERY = timedelta(minutes=50)
#: Items that are kept of one extension, the newest.
_MOST_ITEMS = 1000


class StoredFeeds:
    """The items of one AI's extension."""

    def __init__(self, db: Database, ai_id: str, extension: str) -> None:
        self._db = db
        self._where = (feed_items.c.ai_id == ai_id, feed_items.c.extension == extension)

    async def items(self) -> Sequence[FeedItem]:
        """The newest first."""
        return await in_thread(self._read)

    def _read(self) -> list[FeedItem]:
        newest = feed_items.c.date.desc().nulls_last()
        columns = [feed_items.c[name] for name in FeedItem.model_fields]
        with self._db.read() as tx:
            query = select(*columns).where(*self._where).order_by(newest, feed_items.c.url)
            return [FeedItem(**row._mapping) for row in tx.execute(query.limit(_MOST_ITEMS))]


def queue_hourly(tx: Tx) -> list[Job]:
    """Queue the reading of every AI's feeds whose last one is an hour ago; call it as often as you like."""
    query = select(extensions_table.c.ai_id).where(
        extensions_table.c.kind == "feeds", extensions_table.c.removed_at.is_(None)
    )
    asked = tx.execute(query.distinct()).scalars()
    queued = (jobs.enqueue_every(tx, extensions.FEEDS_JOB, ai_id, _EVERY) for ai_id in asked)
    return [job for job in queued if job]


class FeedReading:
    """The job ``feeds``: reads all feeds of one AI. One that can't be read is named, and its old items stay."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def handler(self) -> Handler:
        """For the worker."""
        return Handler(extensions.FEEDS_JOB, "quick", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Read them one after the other; the result counts items and names what failed."""
        ai_id = str(progress.job.ai_id)
        with self._db.read() as tx:
            wanted = _addresses(tx, ai_id)
        read, failed = 0, {}
        for number, (name, feed) in enumerate(wanted):
            progress.report(number / len(wanted), f"feed {number + 1} of {len(wanted)}")
            try:
                page = read_feed(feed)
            except InhouseError as error:
                failed[feed] = error.message
                continue
            with self._db.write() as tx:
                read += keep(tx, ai_id, name, page)
        return {"items": read, "failed": failed}


def keep(tx: Tx, ai_id: str, extension: str, page: FeedPage) -> int:
    """Take in what a feed holds now; of an item that was there before the new form stays."""
    here = (feed_items.c.ai_id == ai_id, feed_items.c.extension == extension)
    items = {item.url: item for item in page.items}
    tx.execute(delete(feed_items).where(*here, feed_items.c.url.in_(list(items))))
    fixed = {"ai_id": ai_id, "extension": extension, "read_at": clock.now()}
    if items:
        tx.execute(feed_items.insert(), [item.model_dump() | fixed for item in items.values()])
    newest = feed_items.c.date.desc().nulls_last()
    kept = select(feed_items.c.url).where(*here).order_by(newest, feed_items.c.url).limit(_MOST_ITEMS)
    tx.execute(delete(feed_items).where(*here, feed_items.c.url.not_in(kept.scalar_subquery())))
    return len(items)


def _addresses(tx: Tx, ai_id: str) -> list[tuple[str, str]]:
    """Every feed with the name of its extension."""
    found = [extensions.version(tx, ai_id, entry) for entry in extensions.current(tx, ai_id)]
    return [(one.name, feed) for one in found if one.kind == "feeds" for feed in one.settings["feeds"]]
