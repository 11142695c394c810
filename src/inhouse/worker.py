"""The worker process: runs jobs until it is told to stop, or until the process that started it is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading

from inhouse.app.services import open_home
from inhouse.app.working import run_forever
from inhouse.core import logs
from inhouse.core.settings import Settings

_LOOK_SECONDS = 1.0


def main() -> None:
    """Run as ``python -m inhouse.worker PARENT``. The parent says who it is: it may be gone before this one can look."""
    logs.begin("%(asctime)s worker %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_stop_with_parent, args=(int(sys.argv[1]), stop), daemon=True).start()
    services = open_home(Settings())
    try:
        run_forever(services, stop)
    finally:
        services.close()


def _stop_with_parent(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent and not stop.wait(_LOOK_SECONDS):
        pass
    stop.set()


if __name__ == "__main__":
    main()
