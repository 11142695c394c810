"""AIs that ask each other: within a team, or one that its owner opened to all, and nobody any further."""

from __future__ import annotations

from sqlalchemy import select

from inhouse.accounts import ais
from inhouse.accounts.tables import ais as ais_table
from inhouse.conversations.colleagues import askable
from inhouse.core.errors import NotFound, Unavailable
from inhouse.core.events import Ended
from inhouse.releases.release import NotLive, Route
from inhouse.releases.releases import Releases
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.request import Answerer, answered
from inhouse.store.database import Database


class Specialists:
    """Asks one AI on behalf of another. The answerer has no tools, so that an AI that is asked asks nobody."""

    def __init__(self, db: Database, releases: Releases, answerer: Answerer) -> None:
        self._db = db
        self._releases = releases
        self._answerer = answerer

    async def ask(self, asker: str, slug: str, question: str, language: str) -> Ended:
        """The live answer of an AI that this one may ask. ``NotFound`` where there is none, ``NotLive`` before its first
        release; nothing is stored, and no fan is named."""
        route = await in_thread(self._route, asker, slug)
        ended = await answered(self._answerer, route.request(question, language=language))
        if ended is None:
            raise Unavailable(what=route.ai.name, reason="its answer ended too early.")
        return ended

    def _route(self, asker: str, slug: str) -> Route:
        with self._db.read() as tx:
            there = select(ais_table.c.id).where(ais_table.c.slug == slug, askable(asker))
            asked = tx.execute(there).scalar_one_or_none()
            if asked is None:
                raise NotFound(kind="AI to be asked", name=slug)
            live = self._releases.current(tx, asked)
            ai = ais.get(tx, asked)
            if live is None:
                raise NotLive(name=ai.name)
            # Its giant was chosen for its own fans: nobody chose that it reads what the asker's fans said.
            return self._releases.route_of(tx, ai, live).alone
