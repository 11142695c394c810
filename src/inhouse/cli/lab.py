"""`inhouse lab`: what is learnt for all AIs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from inhouse.cli import experiments, generations, ledger, promoting
from inhouse.cli.comparing import cascade, compare
from inhouse.cli.context import err, show
from inhouse.cli.internalising import internalise
from inhouse.cli.options import AsJson
from inhouse.content.embedding.base import Embedder
from inhouse.content.embedding.factory import make_embedder
from inhouse.core.settings import Settings
from inhouse.lab import teaching, verdicts
from inhouse.lab.datasets import data_folder
from inhouse.lab.findings import Finding, findings
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import installed
from inhouse.tuning import models, recipes

app = typer.Typer(
    help="What is learnt for all AIs. Example: inhouse lab teach inhouse-2", no_args_is_help=True
)
app.add_typer(experiments.app, name="experiment")
app.add_typer(ledger.app, name="ledger")
app.command()(ledger.announce)
app.command()(compare)
app.command()(cascade)
app.command("generations")(generations.listing)
app.command("generation")(generations.card)
app.command()(generations.export)
promoting.register(app)
app.command()(internalise)


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


@app.command()
def verdict(
    file: Annotated[Path, typer.Argument(help="Where to write the weights.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the data; else INHOUSE_TEST_DATA.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fit again what decides yes/no questions over papers, for the generation that is served. Takes ten minutes on two cores.

    Example: inhouse lab verdict src/inhouse/runtime/research/weights.json
    """
    settings = Settings()
    found = findings(data_folder(data), "tune")
    embedder = make_embedder(settings)
    try:
        signs = asyncio.run(_signs(settings, found, embedder))
    finally:
        embedder.close()
    made = verdicts.fit(found, signs)
    file.write_text(made.weights.model_dump_json(indent=1) + "\n", encoding="utf-8")
    scores = {"macro_f1": made.macro_f1, "accuracy": made.accuracy, "questions": len(found)}
    show(
        scores, as_json, f"{file}: macro-F1 {made.macro_f1:.3f} by cross-validation on {len(found)} questions"
    )


async def _signs(settings: Settings, found: Sequence[Finding], embedder: Embedder) -> list[dict[str, float]]:
    engine = make_engine(settings, installed(settings).file)
    try:
        return await verdicts.signs_of(found, embedder, engine)
    finally:
        await engine.aclose()
