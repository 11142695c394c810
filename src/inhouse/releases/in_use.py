"""Which releases answer fans now, over all AIs, and on which generations: alone, or as the giant behind another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from inhouse.accounts.tables import ais
from inhouse.releases.tables import releases, routing
from inhouse.runtime.answering import Answering
from inhouse.runtime.profile import ENDPOINT
from inhouse.store.database import Tx

_AT_ONCE = 500


@dataclass(frozen=True)
class InUse:
    """A release that answers at least some fans of an AI."""

    ai_id: str
    slug: str
    number: int
    generation: str | None
    giant: str | None
    """What stands behind its generation: another one, or ``endpoint:NAME``."""


def in_use(tx: Tx) -> Iterator[InUse]:
    """Every one of them, by AI in the order in which they were made. For the operator only."""
    query = (
        select(routing.c.ai_id, routing.c.shares, ais.c.slug)
        .join(ais, ais.c.id == routing.c.ai_id)
        .where(ais.c.archived_at.is_(None))
        .order_by(ais.c.created_at, ais.c.id)
    )
    live = [(row.ai_id, row.slug, name) for row in tx.execute(query) for name, _share in row.shares]
    for start in range(0, len(live), _AT_ONCE):
        part = live[start : start + _AT_ONCE]
        columns = (releases.c.id, releases.c.number, releases.c.generation_id, releases.c.answering)
        asked = select(*columns).where(releases.c.id.in_([name for _ai, _slug, name in part]))
        found = {row.id: row for row in tx.execute(asked)}
        for ai_id, slug, name in part:
            if (row := found.get(name)) is not None:
                cascade = Answering.model_validate(row.answering).cascade
                giant = cascade.giant if cascade else None
                yield InUse(ai_id, slug, row.number, row.generation_id, giant)


def by_generation(tx: Tx) -> dict[str, list[str]]:
    """The ids of the AIs that serve at least some of their fans on each generation. For the operator only."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in in_use(tx):
        for generation in (one.generation, one.giant):
            if generation and not generation.startswith(ENDPOINT) and one.ai_id not in found[generation]:
                found[generation].append(one.ai_id)
    return dict(found)
