"""Every job that an installation can run, under its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from anyio.from_thread import start_blocking_portal

from inhouse.app.services import Services
from inhouse.content.embed_job import make_handler as embed_handler
from inhouse.content.jobs import import_handler
from inhouse.conversations.given_job import make_handler as given_handler
from inhouse.lab.comparing.comparing import Comparing
from inhouse.lab.experiments.looking import Looking
from inhouse.lab.experiments.replay import Replaying
from inhouse.lab.internalising.making_job import MakingJob
from inhouse.lab.ledger.repeating import Repeating, live
from inhouse.lab.ledger.telling import Telling
from inhouse.lab.promoting.measuring import Measuring, of_engines
from inhouse.lab.promoting.moving import Moving
from inhouse.releases.gate import GateKeeper
from inhouse.store.jobs import Handler


@contextmanager
def handlers_of(services: Services) -> Iterator[Mapping[str, Handler]]:
    """The handlers, while the event loop that their asynchronous parts run in is alive."""
    with start_blocking_portal() as portal:
        engines = services.open_engines()
        desk = services.open_desk(engines)
        serving = services.serving_on(engines, desk)
        gate = GateKeeper(services.db, services.releases, services.adapters, serving, portal.call)
        looking = Looking(services.db, services.experiments)
        replaying = Replaying(services.db, services.experiments, services.releases, serving, portal.call)
        comparing = Comparing(services.db, services.releases, services.arena, portal.call)
        measuring = Measuring(services.blobs, of_engines(engines), portal.call)
        moving = Moving(services.db, services.releases, services.adapters, gate, measuring, services.tuning)
        making = MakingJob(services.db, services.blobs, services.workshop, portal.call)
        repeating = Repeating(
            services.db,
            partial(live, services.releases),
            desk,
            services.settings.repeats_daily,
            portal.call,
        )
        handlers = (
            import_handler(services.library),
            embed_handler(services.db, services.embedder, [services.releases.refresh]),
            given_handler(services.db, services.embedder),
            gate.handler,
            looking.handler,
            replaying.handler,
            comparing.handler,
            moving.handler,
            making.handler,
            repeating.handler,
            Telling(services.notices, services.generation).handler,
            services.tuning.handler,
            services.erasure.handler,
            services.retention.handler,
            services.leftovers.handler,
            services.feeds.handler,
        )
        try:
            yield {handler.name: handler for handler in handlers}
        finally:
            portal.call(desk.aclose)
            portal.call(engines.aclose)
