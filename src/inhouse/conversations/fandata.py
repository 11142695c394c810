"""A fan's own data: seeing all of it, and erasing it with everything that was made from it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, delete, select, update

from inhouse.accounts import audit
from inhouse.accounts.actors import Actor
from inhouse.conversations import fans, ledger, lineage
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger, Receipt
from inhouse.conversations.tables import (
    actions,
    conversations,
    corrections,
    given_documents,
    handovers,
    picks,
    responses,
    tool_calls,
    trace_consents,
    turns,
)
from inhouse.conversations.tables import fans as fans_table
from inhouse.releases import routing
from inhouse.releases.revocation import Revocation
from inhouse.releases.tables import amendments, cases
from inhouse.store.database import Database, Tx

_SHOWN = {
    "conversations": conversations.c["id", "origin", "created_at"],
    "turns": turns.c["id", "conversation_id", "author", "question", "answer", "thumb", "state", "created_at"],
    "handovers": handovers.c["id", "conversation_id", "contact", "note", "state", "created_at"],
    "corrections": corrections.c["id", "question", "created_at"],
    "picks": picks.c["id", "prompt", "created_at"],
    "cases": cases.c["id", "questions", "created_at"],
    "tool_calls": tool_calls.c["id", "extension", "tool", "at"],
    "responses": responses.c["id", "turn_id", "settings", "created_at"],
    "actions": actions.c["id", "turn_id", "title", "arguments", "state", "line", "result", "created_at"],
    "trace_consents": trace_consents.c["id", "purpose", "text_version", "given_at", "withdrawn_at"],
    "given_documents": given_documents.c[
        "id", "conversation_id", "name", "title", "url", "size", "passages", "created_at", "used_at"
    ],
}


class FanData:
    """What an AI holds about one of its fans."""

    def __init__(self, db: Database, revocation: Revocation, ledger: Ledger) -> None:
        self._db = db
        self._revocation = revocation
        self._ledger = ledger

    def see(self, fan: Fan) -> dict[str, Any]:
        """All that is held about this fan, as JSON: ``counts`` by kind, then the rows of each kind."""
        with self._db.read() as tx:
            held = {name: _rows(tx, fan, list(columns)) for name, columns in _SHOWN.items()}
            held["data_sets"] = [one.model_dump(mode="json") for one in lineage.of_fan(tx, fan.id)]
        counts = {name: len(rows) for name, rows in held.items()}
        return {"counts": counts, **held}

    def erase(self, fan: Fan) -> Receipt:
        """Erase the fan, their conversations, and what was made of their words; returns the receipt.

        An adapter that learnt from a correction of their turns is tainted: it goes out of use at once and a
        training on what is left is queued. An answer being produced is given up at its next stop.
        """
        with self._db.write() as tx:
            routing.lock(tx, fan.ai_id)  # the AI first, then the fan: the same order as erasing the AI
            fans.lock(tx, fan)
            receipt = ledger.record(tx, "fan", fan.id, self.erase_in(tx, fan))
            audit.record(tx, Actor.system(), "erased fan", ai_id=fan.ai_id, subject=receipt.id)
        self._ledger.append([receipt])
        return receipt

    def erase_in(self, tx: Tx, fan: Fan) -> dict[str, int]:
        """Remove the fan's rows in the caller's transaction; returns how many went, by kind."""
        counts = {"adapters_tainted": self._withdraw(tx, fan)}
        counts["pinned_answers"] = _blank_amendments(tx, fan)
        counts["data_sets"] = len(lineage.of_fan(tx, fan.id))
        lineage.mark_fan(tx, fan.id, "erased")
        for name, table in (
            ("cases", cases),
            ("corrections", corrections),
            ("picks", picks),
            ("handovers", handovers),
            ("tool_calls", tool_calls),
            ("responses", responses),
            ("actions", actions),
            ("trace_consents", trace_consents),
            ("given_documents", given_documents),
            ("turns", turns),
            ("conversations", conversations),
        ):
            mine = (table.c.ai_id == fan.ai_id, table.c.fan_id == fan.id)
            counts[name] = tx.execute(delete(table).where(*mine)).rowcount
        mine = (fans_table.c.ai_id == fan.ai_id, fans_table.c.id == fan.id)
        counts["fans"] = tx.execute(delete(fans_table).where(*mine)).rowcount
        return counts

    def _withdraw(self, tx: Tx, fan: Fan) -> int:
        """Walk from what the next corpus would have learnt, and past ones did, to the adapters."""
        learnt = [row["id"] for table in (corrections, picks) for row in _rows(tx, fan, [table.c.id])]
        return len({name for one in learnt for name in self._revocation.withdraw(tx, fan.ai_id, one)})


def _rows(tx: Tx, fan: Fan, columns: list[Column[Any]]) -> list[dict[str, Any]]:
    table = columns[0].table
    query = select(*columns).where(table.c.ai_id == fan.ai_id, table.c.fan_id == fan.id).order_by(table.c.id)
    return [_plain(dict(row._mapping)) for row in tx.execute(query)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _blank_amendments(tx: Tx, fan: Fan) -> int:
    """Amendments keep their numbers, which turns refer to; their words go."""
    mine = (amendments.c.ai_id == fan.ai_id, amendments.c.fan_id == fan.id)
    blank = {"payload": {}, "active": False, "turn_id": None, "fan_id": None}
    return tx.execute(update(amendments).where(*mine).values(blank)).rowcount
