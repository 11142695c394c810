"""When content is taken back: what was trained on it goes out of use in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.accounts import audit
from inhouse.accounts.actors import Actor
from inhouse.releases import amendments, releases, routing
from inhouse.releases.shelves import Adapters
from inhouse.store.database import Tx


class Revocation:
    """The walk from a source (or a training example) to the adapters and the live releases that rest on it."""

    def __init__(self, adapters: Adapters) -> None:
        self._adapters = adapters

    def on_source_revoked(self, tx: Tx, ai_id: str, source_id: str) -> None:
        """Hook of the content's revoking: number the revocation, then ``withdraw``."""
        routing.lock(tx, ai_id)
        amendments.add(tx, ai_id, "revocation", {"source_id": source_id}, by=None)
        self.withdraw(tx, ai_id, source_id)

    def withdraw(self, tx: Tx, ai_id: str, lineage_id: str) -> Sequence[str]:
        """Taint what was trained on it, switch live adapters off at once and queue a training on what is left.

        Returns the hashes of the tainted adapters.
        """
        routing.lock(tx, ai_id)
        tainted = self._adapters.taint(tx, ai_id, lineage_id)
        off = amendments.named(amendments.in_force(tx, ai_id), "adapter_off", "adapter_hash")
        for adapter_hash in sorted(_live_adapters(tx, ai_id).intersection(tainted) - off):
            payload = {"adapter_hash": adapter_hash, "source_id": lineage_id}
            made = amendments.add(tx, ai_id, "adapter_off", payload, by=None)
            detail = {"amendment": made.number, "because of": lineage_id}
            audit.record(
                tx, Actor.system(), "switched adapter off", ai_id=ai_id, subject=adapter_hash, detail=detail
            )
        if tainted:
            self._adapters.queue_training(tx, ai_id)
        return tainted


def _live_adapters(tx: Tx, ai_id: str) -> set[str]:
    live = routing.get(tx, ai_id)
    names = [share.release_id for share in live.shares] if live else []
    adapters = {releases.get(tx, ai_id, name).adapter_hash for name in names}
    return {adapter_hash for adapter_hash in adapters if adapter_hash is not None}
