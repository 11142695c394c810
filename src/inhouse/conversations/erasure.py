"""Erasing a whole AI: a walk over every table that holds its data, with a receipt; its files follow as a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from inhouse.accounts import ais, audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.accounts.tables import ais as ais_table
from inhouse.conversations import ledger, lineage
from inhouse.conversations.fandata import FanData
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Ledger, Receipt
from inhouse.conversations.tables import fans
from inhouse.core import ids
from inhouse.releases import routing
from inhouse.store import jobs
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Handler, Progress
from inhouse.store.schema import metadata

#: What stays: the log names ids only; the AI's and its keys' rows are emptied by accounts.
_KEPT = frozenset({"audit", "ais", "api_keys"})

#: Names the blobs of an AI, before its rows go, or of everything that there is (``None``).
BlobNames = Callable[[Tx, str | None], Iterable[str]]
#: Removes what an AI has outside the database and the blobs, such as uploads; called again after a kill.
Cleaner = Callable[[str], object]


class Erasure:
    """Erasing AIs, and applying earlier erasures to a restored database."""

    def __init__(
        self,
        db: Database,
        blobs: Blobs,
        ledger: Ledger,
        fan_data: FanData,
        *,
        blob_names: Sequence[BlobNames] = (),
        cleaners: Sequence[Cleaner] = (),
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._ledger = ledger
        self._fan_data = fan_data
        self._blob_names = blob_names
        self._cleaners = cleaners

    @property
    def handler(self) -> Handler:
        """The handler of the job ``sweep``, which removes the files of what was erased."""
        return Handler("sweep", "quick", self._sweep)

    def erase_ai(self, actor: Actor, ai_id: str) -> Receipt:
        """Erase an AI: content, brief, adapters, releases, conversations, keys. Its name stays taken."""
        with self._db.write() as tx:
            authorise(tx, actor, Action.MANAGE, ai_id=ai_id)
            routing.lock(tx, ai_id)
            receipt = self._erase_in(tx, actor, ai_id)
        self._ledger.append([receipt])
        return receipt

    def receipts(self, actor: Actor, limit: int = 200) -> list[Receipt]:
        """The newest receipts of the installation, for its operator."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
        return self._ledger.entries()[::-1][:limit]

    def apply(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """Erase again whatever of these is there: run after a restore. Returns the new receipts."""
        gone = {(receipt.scope, receipt.subject) for receipt in receipts}
        made = []
        with self._db.write() as tx:
            for ai_id in tx.execute(select(ais_table.c.id).where(ais_table.c.erased_at.is_(None))).scalars():
                if ("ai", ids.digest(ai_id)) in gone:
                    made.append(self._erase_in(tx, Actor.system(), ai_id))
            for row in tx.execute(select(fans.c.id, fans.c.ai_id)).all():
                if ("fan", ids.digest(row.id)) in gone:
                    counts = self._fan_data.erase_in(tx, Fan(row.id, row.ai_id))
                    made.append(ledger.record(tx, "fan", row.id, counts))
        self._ledger.append(made)
        return made

    def _erase_in(self, tx: Tx, actor: Actor, ai_id: str) -> Receipt:
        blobs = sorted({name for names in self._blob_names for name in names(tx, ai_id)})
        counts = _remove_rows(tx, ai_id) | {"data_sets": len(lineage.of_ai(tx, ai_id))}
        lineage.mark_ai(tx, ai_id, "erased")
        ais.mark_erased(tx, ai_id)
        receipt = ledger.record(tx, "ai", ai_id, counts | {"files": len(blobs), "ais": 1})
        audit.record(tx, actor, "erased AI", ai_id=ai_id, subject=receipt.id)
        jobs.enqueue(tx, "sweep", {"ai_id": ai_id, "blobs": blobs})
        return receipt

    def _sweep(self, progress: Progress) -> Mapping[str, Any]:
        payload = progress.job.payload
        removed = sum(self._blobs.delete(name) for name in sorted(self._unshared(payload["blobs"])))
        for clean in self._cleaners:
            clean(payload["ai_id"])
        return {"files": removed}

    def _unshared(self, blobs: Sequence[str]) -> set[str]:
        """Those that nothing names any more: files of the same content are one blob, such as two adapters' settings."""
        if not blobs:
            return set()
        with self._db.read() as tx:
            return set(blobs).difference(*(names(tx, None) for names in self._blob_names))


def _remove_rows(tx: Tx, ai_id: str) -> dict[str, int]:
    """Every table with an ``ai_id`` is walked, those that later packages bring too; a running job loses its row."""
    counts = {}
    for table in reversed(metadata.sorted_tables):
        if "ai_id" in table.c and table.name not in _KEPT:
            counts[table.name] = tx.execute(delete(table).where(table.c.ai_id == ai_id)).rowcount
    return counts
