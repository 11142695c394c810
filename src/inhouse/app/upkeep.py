"""What keeps an installation in order while it is served: done at the start of a worker, and every hour from then on."""

from __future__ import annotations

import logging
import threading

from inhouse.app.services import Services
from inhouse.conversations import actions, retention
from inhouse.lab.experiments import experiments
from inhouse.lab.ledger import repeating, telling
from inhouse.lab.promoting import current, queueing
from inhouse.releases import feeds

log = logging.getLogger(__name__)

_EVERY_SECONDS = 3600.0


def run_forever(services: Services, stop: threading.Event) -> None:
    """Look after the installation until ``stop`` is set. What fails is logged, and tried again an hour later."""
    while not stop.is_set():
        try:
            look_after(services)
        except Exception:
            log.exception("upkeep failed")
        stop.wait(_EVERY_SECONDS)


def look_after(services: Services) -> None:
    """Queue today's retention and today's word to authors, this hour's feeds, looks at experiments and repeats of calls, go on
    with moving the base, complete the ledger of erasures, close proposals that nobody decided on, and remove what nobody comes
    back for: uploads, generations that were never finished, documents that fans gave and left, and old passages that no
    release shows."""
    current.follow(services.db, services.settings)  # where another process was killed before it could
    with services.db.write() as tx:
        retention.queue_daily(tx)
        feeds.queue_hourly(tx)
        experiments.queue_looks(tx)
        queueing.tend(tx, current.current(services.settings))
        repeating.queue_due(tx, services.settings.repeats_daily)
        telling.queue_daily(tx)
        services.ledger.catch_up(tx)
        actions.expire(tx)
        services.releases.forget_passages(tx)
    services.staging.sweep()
    services.leftovers.sweep()
    services.documents.forget_old()
