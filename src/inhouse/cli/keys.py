"""`inhouse keys`: programs that may use one AI."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.accounts.actors import Scope
from inhouse.accounts.keys import Key
from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson

app = typer.Typer(
    help="Programs that may use one AI. Example: inhouse keys list potter", no_args_is_help=True
)

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]


@app.command()
def add(
    ai: AiSlug,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; may be given again.")] = None,
    days: Annotated[int | None, typer.Option(help="How long it is good; without, until revoked.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a key, for chatting where no scope is named, and print its secret, which is shown only now.

    Example: inhouse keys add potter --name "Web shop" --scope chat --days 365
    """
    secret, key = services().keys.create(actor(), _ai_id(ai), name, scope or [Scope.CHAT], days=days)
    text = f"{secret}\nKeep it safe: it is shown only now. Its id is {key.id}."
    show({"secret": secret, "key": key}, as_json, text)


@app.command("list")
def list_(ai: AiSlug, as_json: AsJson = False) -> None:
    """List an AI's keys, newest first.

    Example: inhouse keys list potter
    """
    keys = services().keys.listing(actor(), _ai_id(ai))
    show(keys if as_json else [_row(key) for key in keys], as_json)


@app.command()
def revoke(
    ai: AiSlug, key: Annotated[str, typer.Argument(help="The key's id.")], as_json: AsJson = False
) -> None:
    """End a key at once.

    Example: inhouse keys revoke potter key_01h9
    """
    show(services().keys.revoke(actor(), _ai_id(ai), key), as_json, f"Revoked {key}.")


def _ai_id(slug: str) -> str:
    return services().ais.by_slug(actor(), slug).id


def _row(key: Key) -> dict[str, str]:
    ends = (
        f"revoked {key.revoked_at:%F}" if key.revoked_at else f"{key.expires_at:%F}" if key.expires_at else ""
    )
    used = f"{key.last_used_at:%F}" if key.last_used_at else "never"
    scopes = ", ".join(key.scopes)
    return {
        "id": key.id,
        "starts": key.prefix,
        "name": key.name,
        "scopes": scopes,
        "used": used,
        "ends": ends,
    }
