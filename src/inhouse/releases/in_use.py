"""Which generations answer fans now, over all AIs, alone or as the giant behind another one."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from inhouse.accounts.tables import ais
from inhouse.releases.tables import releases, routing
from inhouse.runtime.answering import Answering
from inhouse.runtime.profile import ENDPOINT
from inhouse.store.database import Tx

_AT_ONCE = 500


def by_generation(tx: Tx) -> dict[str, list[str]]:
    """The ids of the AIs that serve at least some of their fans on each generation. For the operator only."""
    query = (
        select(routing.c.ai_id, routing.c.shares)
        .join(ais, ais.c.id == routing.c.ai_id)
        .where(ais.c.archived_at.is_(None))
        .order_by(ais.c.created_at, ais.c.id)
    )
    live = [(ai_id, release_id) for ai_id, shares in tx.execute(query) for release_id, _share in shares]
    answering: dict[str, list[str]] = {}
    for start in range(0, len(live), _AT_ONCE):
        names = [release_id for _ai, release_id in live[start : start + _AT_ONCE]]
        columns = (releases.c.id, releases.c.generation_id, releases.c.answering)
        for row in tx.execute(select(*columns).where(releases.c.id.in_(names))):
            cascade = Answering.model_validate(row.answering).cascade
            both = (row.generation_id, cascade.giant if cascade else None)
            answering[row.id] = [name for name in both if name and not name.startswith(ENDPOINT)]
    found: dict[str, list[str]] = defaultdict(list)
    for ai_id, release_id in live:
        for generation in answering.get(release_id, ()):
            if ai_id not in found[generation]:
                found[generation].append(ai_id)
    return dict(found)
