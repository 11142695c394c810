"""`inhouse erase`, `export`, `backup`, `restore`: keeping house."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from inhouse.accounts.actors import Action
from inhouse.accounts.authorisation import authorise
from inhouse.app import backup as backups
from inhouse.app.services import Services
from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson, Yes
from inhouse.conversations.fans import Fan
from inhouse.conversations.ledger import Receipt
from inhouse.core.errors import UsageError
from inhouse.core.settings import Settings

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (erase, export, backup, restore):
        app.command()(command)


def erase(
    ai: AiSlug,
    fan: Annotated[str, typer.Option(help="Erase only the fan of this id.")] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase an AI with all that it holds, or one of its fans; prints the receipt. There is no way back.

    Example: inhouse erase potter --fan fan_01h9
    """
    here, who = services(), actor()
    ai_id = here.ais.by_slug(who, ai).id
    if not yes:
        typer.confirm(
            f"Erase {f'fan {fan} of {ai}' if fan else f'the AI {ai} with all that it holds'}?", abort=True
        )
    receipt = _erase_fan(ai_id, fan) if fan else here.erasure.erase_ai(who, ai_id)
    counts = [f"  {name}: {count}" for name, count in receipt.counts.items()]
    show(receipt, as_json, "\n".join([f"Erased. Receipt {receipt.receipt}", *counts]))


def export(
    ai: AiSlug,
    file: Annotated[Path, typer.Argument(help="JSON file to write.")],
) -> None:
    """Write all that an owner made of their AI into a file; fans' conversations are not in it.

    Example: inhouse export potter potter.json
    """
    if file.exists():
        raise UsageError(reason=f"There is a file {file} already. Choose another name.")
    here = services()
    written = here.export(actor(), here.ais.by_slug(actor(), ai).id)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(written)
    part.rename(file)
    typer.echo(f"Wrote {file}.")


def backup(
    file: Annotated[Path, typer.Argument(help="Archive to write, such as inhouse.tar.gz.")],
    as_json: AsJson = False,
) -> None:
    """Back the whole installation up (models apart) while it runs.

    Example: inhouse backup /backups/inhouse-monday.tar.gz
    """
    here = services()
    with here.db.read() as tx:
        authorise(tx, actor(), Action.OPERATE)
        here.ledger.catch_up(tx)
    manifest = backups.backup(here.settings, here.db, file)
    file.chmod(0o600)
    show(manifest, as_json, f"Wrote {file}: {len(manifest.files)} files, {file.stat().st_size:,} bytes.")


def restore(
    file: Annotated[Path, typer.Argument(help="Archive that `inhouse backup` wrote.")],
    erasures: Annotated[
        Path | None, typer.Option(help="A copy of erasures.log from after the backup.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty installation; what was erased since stays erased.

    Example: INHOUSE_HOME=/srv/inhouse inhouse restore inhouse-monday.tar.gz
    """
    if erasures is not None and not erasures.is_file():
        raise UsageError(reason=f"There is no file {erasures}.")
    done = backups.restore(Settings(), file, _apply, erasures)
    show(done, as_json, f"Restored {done.files} files; {done.erased_again} erasures were applied again.")


def _erase_fan(ai_id: str, fan_id: str) -> Receipt:
    here = services()
    with here.db.read() as tx:
        authorise(tx, actor(), Action.MANAGE, ai_id=ai_id)
    return here.fan_data.erase(Fan(fan_id, ai_id))


def _apply(settings: Settings, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
    opened = Services(settings)
    try:
        return opened.erasure.apply(receipts)
    finally:
        opened.close()
