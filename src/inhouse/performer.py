"""The performer: makes the calls that fans agreed to, and ends when there is nothing left to do. See
``docs/design/acting.md``.
"""

from __future__ import annotations

import asyncio
import signal

from inhouse.app import performers
from inhouse.app.performing import Performer
from inhouse.app.services import Services
from inhouse.core import logs
from inhouse.core.settings import Settings


def main() -> None:
    """Run as ``python -m inhouse.performer``, through ``inhouse.detached``; does nothing where one runs already."""
    logs.begin("%(asctime)s performer %(levelname)s %(message)s")
    settings = Settings()
    with performers.place(settings) as is_mine:
        if is_mine:
            asyncio.run(_run(Services(settings)))


async def _run(services: Services) -> None:
    performer = Performer(services.db, services.releases, services.open_desk(services.engines))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, performer.stop)
    try:
        await performer.run()
    finally:
        services.close()


if __name__ == "__main__":
    main()
