"""What releases ask of adapters, answered by the package that keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from inhouse.releases.shelves import AdapterFacts, PickScore, VoiceScore
from inhouse.store.blobs import Blobs
from inhouse.store.database import Tx
from inhouse.tuning import shelf, tuning


class AdapterShelf:
    """``releases.shelves.Adapters`` over tuning's tables. ``generation`` names what is served now."""

    def __init__(self, blobs: Blobs, generation: Callable[[], str | None]) -> None:
        self._blobs = blobs
        self._generation = generation

    def get(self, tx: Tx, ai_id: str, adapter_hash: str) -> AdapterFacts:
        """An adapter with what its training measured."""
        row = shelf.get(tx, ai_id, adapter_hash)
        return AdapterFacts(
            hash=row.hash,
            generation_id=row.generation_id,
            path=self._blobs.path(row.hash),
            tainted=row.tainted,
            voice=_voice(row.voice),
            picks=_picks(row.picks),
        )

    def newest(self, tx: Tx, ai_id: str) -> str | None:
        """The newest adapter that fits what is served and is not tainted."""
        served = self._generation()
        fit = (row for row in shelf.listing(tx, ai_id) if row.generation_id == served and not row.tainted)
        return next((row.hash for row in fit), None)

    def generation(self, tx: Tx) -> str | None:
        """The generation that the engine serves."""
        return self._generation()

    def taint(self, tx: Tx, ai_id: str, lineage_id: str) -> Sequence[str]:
        """Mark what was trained on it."""
        return shelf.taint(tx, ai_id, lineage_id)

    def queue_training(self, tx: Tx, ai_id: str) -> None:
        """Train anew on what is left."""
        tuning.queue(tx, ai_id)


def _voice(measured: Any) -> VoiceScore | None:
    if not measured:
        return None
    low, high = measured["interval"]
    return VoiceScore(
        none=measured["none"],
        adapter=measured["adapter"],
        interval=(low, high),
        n=measured["n"],
        held_out=measured["held_out"],
    )


def _picks(measured: Any) -> PickScore | None:
    return PickScore(wins=measured["wins"], n=measured["n"]) if measured else None
