"""What releasing needs to know of adapters and briefs. `app` plugs in the packages that keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inhouse.brief.brief import Brief
from inhouse.store.database import Tx


@dataclass(frozen=True)
class VoiceScore:
    """Bits per byte on the owner's held-out text: with no adapter and with this one (lower is better)."""

    none: float
    adapter: float
    interval: tuple[float, float]
    """95% interval of ``adapter - none``."""
    n: int
    """Held-out pieces of text."""
    held_out: str = ""
    """Names the held-out text; scores of equal names may be compared with each other."""


@dataclass(frozen=True)
class PickScore:
    """Of ``n`` held-out picks, the adapter gave the chosen answer the higher probability ``wins`` times."""

    wins: int
    n: int


@dataclass(frozen=True)
class AdapterFacts:
    """An adapter as releasing sees it. ``path`` is its GGUF file."""

    hash: str
    generation_id: str | None
    path: Path
    tainted: bool
    voice: VoiceScore | None = None
    picks: PickScore | None = None


class Adapters(Protocol):
    """The shelf of adapters. ``get`` raises ``NotFound`` where the AI has none of that hash."""

    def get(self, tx: Tx, ai_id: str, adapter_hash: str) -> AdapterFacts: ...

    def newest(self, tx: Tx, ai_id: str) -> str | None:
        """The hash of the AI's newest adapter that is not tainted, or ``None``."""
        ...

    def generation(self, tx: Tx) -> str | None:
        """The generation that a release without an adapter runs on."""
        ...

    def taint(self, tx: Tx, ai_id: str, lineage_id: str) -> Sequence[str]:
        """Mark every adapter trained on this source (or example) as tainted; returns all such hashes, old ones too."""
        ...

    def queue_training(self, tx: Tx, ai_id: str) -> None:
        """Queue a training of the AI on what is left, in the caller's transaction."""
        ...


class BriefShelf(Protocol):
    """The versions of the briefs."""

    def current_version(self, tx: Tx, ai_id: str) -> int:
        """The version that a release made now would take; 0 for an AI whose brief was never saved."""
        ...

    def at(self, tx: Tx, ai_id: str, version: int) -> Brief:
        """One version of an AI's brief; 0 is the empty one."""
        ...
