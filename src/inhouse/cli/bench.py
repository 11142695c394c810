"""``inhouse bench NAME``: measure, print, keep the figures, and fail where a target is missed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inhouse.bench.registry import BENCHMARKS
from inhouse.cli.context import err, out, show
from inhouse.core.errors import UsageError
from inhouse.lab.datasets import data_folder


def register(app: typer.Typer) -> None:
    """Add the command."""
    names = "\n\n".join(f"{name}: {bench.summary}" for name, bench in sorted(BENCHMARKS.items()))
    app.command(
        help=f"Measure Inhouse on this machine. Exits with 1 where a stated target is missed.\n\n{names}",
        epilog="Example: inhouse bench search --quick",
    )(bench)


def bench(
    name: Annotated[str, typer.Argument(help="Which benchmark.")],
    quick: Annotated[bool, typer.Option(help="A smaller version that fits in a minute or so.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the data; else INHOUSE_TEST_DATA.")] = None,
    results: Annotated[Path, typer.Option(help="Folder that keeps the figures.")] = Path("results"),
) -> None:
    """Run one benchmark."""
    if name not in BENCHMARKS:
        raise UsageError(
            reason=f'There is no benchmark "{name}". There are: {", ".join(sorted(BENCHMARKS))}.'
        )
    report = BENCHMARKS[name].load()(
        quick, data_folder(data), lambda words: err.print(f"  {words}", style="dim")
    )
    file = report.write(results)
    if as_json:
        show(report.as_json(), as_json=True)
    else:
        report.show(out)
        out.print(f"Figures: {file}", highlight=False)
    if not report.passed:
        raise typer.Exit(1)
