"""Retention: each AI's conversations are removed when they are older than its team wants to keep them.

What the team made of them (cases, pinned answers, examples, picks) stays, and still names the fan, so that erasing
the fan finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, select

from inhouse.accounts.tables import ais
from inhouse.conversations.actions import OPEN
from inhouse.conversations.tables import (
    actions,
    conversations,
    corrections,
    fans,
    given_documents,
    handovers,
    picks,
    responses,
    tool_calls,
    trace_consents,
    turns,
)
from inhouse.conversations.turns import RUNNING
from inhouse.core import clock
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Job, Progress

RETENTION_JOB = "retention"


def queue_daily(tx: Tx) -> Job | None:
    """Queue today's retention, once a day; call it as often as you like."""
    return jobs.enqueue_daily(tx, RETENTION_JOB)


class Retention:
    """The job ``retention``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def handler(self) -> Handler:
        return Handler(RETENTION_JOB, "quick", self.run)

    def run(self, progress: Progress) -> Mapping[str, Any]:
        """Remove what is older than its AI's ``retention_days``, one AI a transaction; the result counts per AI."""
        with self._db.read() as tx:
            query = select(ais.c.id, ais.c.retention_days).where(
                ais.c.retention_days.is_not(None), ais.c.erased_at.is_(None)
            )
            wanted = tx.execute(query.order_by(ais.c.id)).all()
        removed = {}
        for number, row in enumerate(wanted):
            progress.report(number / len(wanted), f"AI {number + 1} of {len(wanted)}")
            with self._db.write() as tx:
                counts = remove_older(tx, row.id, clock.now() - timedelta(days=row.retention_days))
            if any(counts.values()):
                removed[row.id] = counts
        return {"removed": removed}


def remove_older(tx: Tx, ai_id: str, before: datetime) -> dict[str, int]:
    """Remove one AI's turns, hand-overs and given documents from before, threads left empty, and fans of whom nothing is
    left."""
    old_turn = and_(turns.c.ai_id == ai_id, turns.c.created_at < before, turns.c.state.not_in(RUNNING))
    old_response = and_(
        responses.c.ai_id == ai_id,
        responses.c.created_at < before,
        ~exists().where(turns.c.id == responses.c.turn_id),
    )
    old_handover = and_(handovers.c.ai_id == ai_id, handovers.c.changed_at < before)
    old_call = and_(tool_calls.c.ai_id == ai_id, tool_calls.c.at < before)
    old_action = and_(actions.c.ai_id == ai_id, actions.c.created_at < before, actions.c.state.not_in(OPEN))
    old_document = and_(given_documents.c.ai_id == ai_id, given_documents.c.used_at < before)
    empty = and_(
        conversations.c.ai_id == ai_id,
        conversations.c.changed_at < before,
        ~exists().where(turns.c.conversation_id == conversations.c.id),
        ~exists().where(handovers.c.conversation_id == conversations.c.id),
        ~exists().where(given_documents.c.conversation_id == conversations.c.id),
    )
    forgotten = and_(
        fans.c.ai_id == ai_id,
        fans.c.seen_at < before,
        *(
            ~exists().where(table.c.fan_id == fans.c.id)
            for table in (conversations, corrections, picks, responses, given_documents)
        ),
    )
    nobodys = and_(
        trace_consents.c.ai_id == ai_id,
        trace_consents.c.fan_id.is_not(None),
        ~exists().where(fans.c.id == trace_consents.c.fan_id),
    )
    wheres = {
        turns: old_turn,
        responses: old_response,
        handovers: old_handover,
        tool_calls: old_call,
        actions: old_action,
        given_documents: old_document,
        conversations: empty,
        fans: forgotten,
        trace_consents: nobodys,  # after the fans
    }
    return {table.name: tx.execute(delete(table).where(where)).rowcount for table, where in wheres.items()}
