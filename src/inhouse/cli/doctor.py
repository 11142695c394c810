"""`inhouse doctor`: what is wrong with an installation, in plain words."""

from __future__ import annotations

import typer

from inhouse.app.checkup import look
from inhouse.cli.context import out, show
from inhouse.cli.options import AsJson
from inhouse.core.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Look at everything that an installation rests on; exits with 1 where something is not well.

    Example: inhouse doctor
    """
    found = list(look(Settings()))
    if as_json:
        show(found, as_json)
    for finding in () if as_json else found:
        out.print(
            f"{'✓' if finding.is_well else '✗'} {finding.check:<9} {finding.said}",
            markup=False,
            highlight=False,
        )
        if not finding.is_well:
            out.print(f"            {finding.advice}", markup=False, highlight=False)
    if not all(finding.is_well for finding in found):
        raise typer.Exit(1)
