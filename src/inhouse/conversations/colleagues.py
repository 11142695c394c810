"""Who may be asked by an AI: live AIs of its team, and those that their owners opened to others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select

from inhouse.accounts.tables import ais
from inhouse.content import documents
from inhouse.content.lexical import terms
from inhouse.releases import cases
from inhouse.releases.tables import routing
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

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, asker: str, question: str) -> list[Colleague]:
        """Those that fit a question best, by the words of what they have read and are checked to answer."""
        asked = set(terms(question))
        with self._db.read() as tx:
            team = select(ais.c.team_id).where(ais.c.id == asker).scalar_subquery()
            live = exists().where(routing.c.ai_id == ais.c.id).label("live")
            query = select(ais.c.id, ais.c.slug, ais.c.name, live).where(
                askable(asker), ais.c.kind != "assistant"
            )
            order = (ais.c.team_id != team, ais.c.slug)
            rows = tx.execute(query.order_by(*order).limit(_MOST_LOOKED_AT)).all()
            known = [_colleague(tx, row.id, row.slug, row.name) for row in rows if row.live]
        return sorted(known, key=lambda one: -len(asked & _words(one)))[:_MOST_OFFERED]


def _colleague(tx: Tx, ai_id: str, slug: str, name: str) -> Colleague:
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
        for case in cases.each_active(tx, ai_id)
        if case.origin != "correction" and len(case.questions) == 1 and not case.expect.must_abstain
    )
    found: dict[str, None] = {}
    for question in asked:
        if len(question) <= _LONGEST:
            found[question] = None
        if len(found) == _MOST_QUESTIONS:
            break
    return list(found)


def _words(colleague: Colleague) -> set[str]:
    return set(terms(" ".join((colleague.name, colleague.about, *colleague.questions))))
