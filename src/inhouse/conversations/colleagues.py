"""Who may be asked by an AI: live AIs of its team, and those that their owners opened to others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select

from inhouse.accounts.tables import ais
from inhouse.content import documents
from inhouse.content.lexical import terms
from inhouse.releases import cases, routing
from inhouse.releases.releases import Releases
from inhouse.runtime.extensions.colleagues import Colleague
from inhouse.store.database import Database, Tx

#: AIs that are looked at for a question, the team's own first, and those that are offered.
_MOST_LOOKED_AT = 50
_MOST_OFFERED = 8
_MOST_QUESTIONS = 8
_MOST_TITLES = 12
_LONGEST = 120


def askable(asker: str) -> ColumnElement[bool]:
    """Whom this AI may ask: in use, not itself, of its team or open to all."""
    team = select(ais.c.team_id).where(ais.c.id == asker).scalar_subquery()
    return (
        (ais.c.id != asker)
        & ais.c.erased_at.is_(None)
        & ais.c.archived_at.is_(None)
        & or_(ais.c.team_id == team, ais.c.is_open)
    )


class ColleagueList:
    """Knows who may be asked, as it is now."""

    def __init__(self, db: Database, releases: Releases) -> None:
        self._db = db
        self._releases = releases

    def of(self, asker: str, question: str) -> list[Colleague]:
        """Those that fit a question best, by the words of what they have read and are checked to answer."""
        asked = set(terms(question))
        with self._db.read() as tx:
            team = select(ais.c.team_id).where(ais.c.id == asker).scalar_subquery()
            query = select(ais.c.id, ais.c.slug, ais.c.name).where(askable(asker), ais.c.kind != "assistant")
            order = (ais.c.team_id != team, ais.c.slug)
            rows = tx.execute(query.order_by(*order).limit(_MOST_LOOKED_AT)).all()
            found = [self._colleague(tx, row.id, row.slug, row.name) for row in rows]
        known = [one for one in found if one is not None]
        return sorted(known, key=lambda one: -len(asked & _words(one)))[:_MOST_OFFERED]

    def _colleague(self, tx: Tx, ai_id: str, slug: str, name: str) -> Colleague | None:
        """``None`` for one that is not live."""
        if routing.get(tx, ai_id) is None:
            return None
        titles = [one.title[:_LONGEST] for one in documents.listing(tx, ai_id, limit=_MOST_TITLES)]
        return Colleague(
            slug=slug,
            name=name,
            about=", ".join(dict.fromkeys(titles))[:300] or name,
            questions=tuple(_questions(tx, ai_id)),
        )


def _questions(tx: Tx, ai_id: str) -> Sequence[str]:
    """What its owner checks that it answers. Never a fan's own words, and never what it can't answer."""
    asked = (
        case.questions[0]
        for case in cases.active(tx, ai_id)
        if case.origin != "correction" and len(case.questions) == 1 and not case.expect.must_abstain
    )
    return list(dict.fromkeys(question for question in asked if len(question) <= _LONGEST))[:_MOST_QUESTIONS]


def _words(colleague: Colleague) -> set[str]:
    return set(terms(" ".join((colleague.name, colleague.about, *colleague.questions))))
