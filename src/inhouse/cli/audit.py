"""`inhouse audit`: who did what."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from inhouse.accounts import audit
from inhouse.accounts.audit import Entry
from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson

app = typer.Typer(help="Who did what. Example: inhouse audit list --ai potter", no_args_is_help=True)


# Without a callback Typer would make the only command the group itself: `inhouse audit list` must stay what it is.
@app.callback()
def group() -> None:
    """Who did what."""


@app.command("list")
def list_(
    ai: Annotated[str | None, typer.Option(help="Only what was done to this AI.")] = None,
    action: Annotated[str | None, typer.Option(help='Only this action, such as "created key".')] = None,
    before: Annotated[int | None, typer.Option(help="Only lines older than the one with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many lines to list.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the audit log, newest first: of one AI for its owners, of everything for operators.

    Example: inhouse audit list --ai potter --limit 20
    """
    installation = services()
    ai_id = installation.ais.by_slug(actor(), ai).id if ai else None
    entries = audit.read(installation.db, actor(), ai_id=ai_id, action=action, before=before, limit=limit)
    show(entries if as_json else [_row(entry) for entry in entries], as_json)


def _row(entry: Entry) -> dict[str, str]:
    return {
        "id": str(entry.id),
        "at": f"{entry.at:%F %T}",
        "who": entry.actor_name or entry.actor_id or entry.actor_kind,
        "action": entry.action,
        "what": entry.subject or "",
        "detail": json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
    }
