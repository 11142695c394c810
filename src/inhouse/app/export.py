"""What an owner takes along: all that they made of their AI, as one JSON text."""

from __future__ import annotations

from pydantic_core import to_json

from inhouse.accounts import ais, audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.brief.briefs import Briefs
from inhouse.content import documents, sources
from inhouse.conversations import picks, verdicts
from inhouse.releases import amendments, cases
from inhouse.store.database import Database

VERSION = 1


def export(db: Database, actor: Actor, ai_id: str) -> bytes:
    """The AI as JSON in UTF-8, with its brief, sources, documents, cases, amendments, corrections and picks; no conversations of fans.

    A correction's question is a fan's, so only who may manage the AI may take it along.
    """
    with db.write() as tx:
        authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
        audit.record(tx, actor, "exported AI", ai_id=ai_id, subject=ai_id)
        briefs = Briefs(db)
        found = documents.listing(tx, ai_id, limit=documents.count(tx, ai_id))
        value = {
            "version": VERSION,
            "ai": ais.get(tx, ai_id),
            "brief": briefs.at(tx, ai_id, briefs.current_version(tx, ai_id)),
            "sources": sources.listing(tx, ai_id),
            "documents": [{"document": d, "sections": documents.sections(tx, ai_id, d.id)} for d in found],
            "cases": cases.active(tx, ai_id),
            "amendments": amendments.in_force(tx, ai_id),
            "corrections": verdicts.examples(tx, ai_id),
            "picks": picks.standing(tx, ai_id),
        }
    return to_json(value, indent=1)
