"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask whether to go on.")]
