"""`inhouse serve`: the pages, the API, the engine and the worker."""

from __future__ import annotations

from collections.abc import Callable

import typer
import uvloop

from inhouse.app.server import serve as run_server
from inhouse.cli.context import out, services
from inhouse.core import logs


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve() -> None:
    """Serve the pages and the API until interrupted.

    Example: INHOUSE_PORT=8080 inhouse serve
    """
    run(lambda address: out.print(f"Inhouse is at {address}", highlight=False))


def run(on_ready: Callable[[str], None]) -> None:
    """Serve; ``on_ready`` is called with the address once pages answer."""
    logs.begin("%(asctime)s %(levelname)s %(name)s %(message)s")
    here = services()

    def ready(address: str) -> None:
        on_ready(address)
        token = here.accounts.setup_token()
        if token is not None:
            out.print(f"First run: open {address}/setup?token={token}", highlight=False, markup=False)

    try:
        uvloop.run(run_server(here, ready))
    except KeyboardInterrupt:
        out.print("Stopped.")
    finally:
        here.close()
