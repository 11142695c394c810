"""`inhouse models`: the model files of the installation."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.app.models import fetch_shipped, fetch_url
from inhouse.cli.context import progress_bar, show
from inhouse.cli.options import AsJson
from inhouse.core.settings import Settings

app = typer.Typer(help="The model files. Example: inhouse models fetch", no_args_is_help=True)


@app.command()
def fetch(
    url: Annotated[str, typer.Option(help="A GGUF file's address; without, the generation that ships.")] = "",
    sha256: Annotated[str, typer.Option(help="The file's SHA-256, checked before it is used.")] = "",
    as_json: AsJson = False,
) -> None:
    """Fetch the model that answers and make it the one that is served. Does nothing where that is done.

    Example: inhouse models fetch --url https://example.org/model.gguf --sha256 9f86d0…
    """
    settings = Settings()
    with progress_bar("model") as report:
        made = fetch_url(settings, url, sha256, report) if url else fetch_shipped(settings, report)
    show(made, as_json, f"{made.generation} is ready: {made.file}")
