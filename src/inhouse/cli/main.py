"""``inhouse``: every command, and what they share: who acts, and errors as one sentence."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inhouse.cli import (
    ais,
    ask,
    audit,
    bench,
    brief,
    content,
    context,
    conversations,
    demo,
    doctor,
    extensions,
    house,
    jobs,
    keys,
    lab,
    models,
    people,
    releases,
    serve,
    teams,
    traces,
    train,
)
from inhouse.core.errors import InhouseError, UsageError

app = typer.Typer(
    name="inhouse",
    help="Every creator and every business gets an AI of its own, on one open model that you run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

for group in (
    ais,
    content,
    brief,
    train,
    releases,
    ask,
    conversations,
    serve,
    demo,
    jobs,
    house,
    doctor,
    bench,
    traces,
):
    group.register(app)
for name, group in (
    ("people", people),
    ("teams", teams),
    ("keys", keys),
    ("extension", extensions),
    ("audit", audit),
    ("models", models),
    ("lab", lab),
):
    app.add_typer(group.app, name=name)


@app.callback()
def common(
    as_email: Annotated[
        str, typer.Option("--as", envvar="INHOUSE_AS", help="Act as this person, by e-mail address.")
    ] = "",
) -> None:
    """Set who acts: without ``--as`` the local operator does."""
    context.act_as(as_email or None)


def main() -> None:
    """Run one command. What a user can cause ends in one sentence and exit code 1, or 2 for wrong use."""
    try:
        app()
    except InhouseError as error:
        context.err.print(error.message, markup=False, highlight=False, style="red")
        sys.exit(2 if isinstance(error, UsageError) else 1)
