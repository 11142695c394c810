"""`inhouse lab`: what is learnt for all AIs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inhouse.cli import experiments
from inhouse.cli.comparing import compare
from inhouse.cli.context import err, show
from inhouse.cli.options import AsJson
from inhouse.content.embedding.factory import make_embedder
from inhouse.core.settings import Settings
from inhouse.lab import teaching
from inhouse.lab.datasets import data_folder
from inhouse.tuning import models, recipes

app = typer.Typer(
    help="What is learnt for all AIs. Example: inhouse lab teach inhouse-2", no_args_is_help=True
)
app.add_typer(experiments.app, name="experiment")
app.command()(compare)


@app.command()
def teach(
    name: Annotated[str, typer.Argument(help="What the new generation is called.")],
    folder: Annotated[Path, typer.Option(help="Folder to make it in; a broken-off making goes on there.")],
    recipe: Annotated[str, typer.Option(help="How it is trained.")] = "skill",
    data: Annotated[Path | None, typer.Option(help="Folder of the data; else INHOUSE_TEST_DATA.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train the next generation for grounded answering, and examine it. Takes an hour and a half on two cores.

    Example: inhouse lab teach inhouse-2 --folder /tmp/inhouse-2
    """
    settings = Settings()

    def say(words: str) -> None:
        err.print(f"  {words}", style="dim", highlight=False)

    base = models.fetch(models.BASE, settings.models_folder, lambda _share, words: say(words))
    plan = teaching.Plan(
        name=name,
        base=base,
        data=data_folder(data),
        folder=folder,
        cache=settings.models_folder / "torch",
        recipe=recipes.recipe(recipe),
        threads=settings.threads,
    )
    embedder = make_embedder(settings)
    try:
        made = teaching.teach(plan, embedder, say)
    finally:
        embedder.close()
    show(made.model_dump(mode="json"), as_json, f"{name} is in {folder / 'shipped'}: {made.scores}")
