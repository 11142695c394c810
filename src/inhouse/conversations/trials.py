"""Trying an AI as its next release would be: asked by its team, stored nowhere, charged to nobody."""

from __future__ import annotations

from inhouse.accounts import ais
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.core.errors import TooLarge, Unavailable, UsageError
from inhouse.core.events import Ended
from inhouse.releases.release import Route
from inhouse.releases.releases import Releases
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.request import Answerer, answered
from inhouse.store.database import Database

MOST_QUESTION = 2000


class Trials:
    """Single questions to what is set up now."""

    def __init__(self, db: Database, releases: Releases, answerer: Answerer) -> None:
        self._db = db
        self._releases = releases
        self._answerer = answerer

    async def ask(self, actor: Actor, ai_id: str, question: str) -> Ended:
        """The answer, with every call that was made for it. Raises what the engine raises."""
        if not question.strip():
            raise UsageError(reason="Write a question first.")
        if len(question) > MOST_QUESTION:
            raise TooLarge(what="The question", limit=f"{MOST_QUESTION} characters")
        route = await in_thread(self._route, actor, ai_id)
        ended = await answered(self._answerer, route.request(question))
        if ended is None:
            raise Unavailable(what="An answer", reason="the engine ended without one.")
        return ended

    def _route(self, actor: Actor, ai_id: str) -> Route:
        with self._db.read() as tx:
            authorise(tx, actor, Action.EDIT_BRIEF, ai_id=ai_id)
            live = self._releases.current(tx, ai_id)
            candidate = self._releases.candidate(tx, ai_id, live.adapter_hash if live else None)
            return self._releases.route_of(tx, ais.get(tx, ai_id), candidate)
