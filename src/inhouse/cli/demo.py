"""`inhouse demo`: a sample AI from nothing, live."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from inhouse.accounts.ais import Ai
from inhouse.app import sample
from inhouse.app.models import fetch_shipped
from inhouse.cli import ask, serve
from inhouse.cli.context import err, out, progress_bar, services
from inhouse.core.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Ask three questions, print the answers and exit.")
    ] = False,
) -> None:
    """Make a sample AI: import, train, gate, release; then serve it. What is done already is not done again.

    Example: inhouse demo --once
    """
    with progress_bar("model") as report:
        fetch_shipped(Settings(), report)
    ai = _make()
    if once:
        asyncio.run(_ask_all())
        services().close()
        return
    serve.run(lambda address: _greet(address, ai.slug))


def _make() -> Ai:
    """Make the sample with a line for each step: how far it is, then how long it took."""
    started = time.monotonic()
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%  {task.fields[said]}"),
    )
    with Progress(*columns, console=err) as bar:
        tasks: dict[str, TaskID] = {}
        begun: dict[str, float] = {}

        def say(step: str, share: float, message: str) -> None:
            if step not in tasks:
                tasks[step], begun[step] = bar.add_task(step, total=1.0, said=""), time.monotonic()
            took = f" ({time.monotonic() - begun[step]:.0f} s)" if share >= 1 else ""
            bar.update(tasks[step], completed=share, said=message + took)

        ai = sample.make(services(), say)
    err.print(f"{ai.name} is live after {time.monotonic() - started:.0f} s.", highlight=False)
    return ai


async def _ask_all() -> None:
    for question in sample.QUESTIONS:
        answer = await ask.one(sample.SLUG, question, None)
        out.print(f"\n> {question}", markup=False, highlight=False, style="bold")
        out.print(ask.as_text(answer), markup=False, highlight=False)
    await services().aclose()


def _greet(address: str, slug: str) -> None:
    out.print(f"The fan page:  {address}/a/{slug}", highlight=False)
    out.print(f"The studio:    {address}/studio", highlight=False)
