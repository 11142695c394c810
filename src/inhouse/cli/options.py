"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask whether to go on.")]
Passages = Annotated[
    int | None, typer.Option(help="How many passages the model reads, 1 to 8; 0 for as its generation says.")
]
Prompt = Annotated[
    str | None, typer.Option(help='What the model is told before them; "" for as its generation says.')
]
