"""What every command needs: the installation's services, who is asking, and how results are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from inhouse.accounts.actors import Actor
from inhouse.app.services import Services, open_home
from inhouse.core.settings import Settings

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

_as_email: list[str] = []


def act_as(email: str | None) -> None:
    """Remember ``--as EMAIL``; without it the command line acts as the installation's operator."""
    _as_email[:] = [email] if email else []


@cache
def services() -> Services:
    """The installation in ``INHOUSE_HOME``, opened once per process."""
    return open_home(Settings())


def actor() -> Actor:
    """Who this command acts as, for authorisation and the audit log."""
    if not _as_email:
        return Actor.local_operator()
    return services().accounts.actor_of(_as_email[0])


def show(value: Any, as_json: bool, text: str | None = None) -> None:
    """Print a result: one JSON value, or ``text``, or a table made of the value."""
    if as_json:
        typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))
    elif text is not None:
        out.print(text, markup=False, highlight=False)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        _print_table([plain(row) for row in value])
    else:
        _print_fields(plain(value))


def plain(value: Any) -> Any:
    """A value as JSON would hold it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value


@contextmanager
def progress_bar(title: str) -> Iterator[Any]:
    """A bar on standard error; yields ``report(share, message)`` with ``share`` from 0 to 1."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share, message="": bar.update(task, completed=share, description=message or title)


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        out.print("Nothing yet.")
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")  # an id that is cut can't be copied
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    out.print(table)


def _print_fields(value: Any) -> None:
    if not isinstance(value, dict):
        out.print(_cell(value), markup=False)
        return
    width = max((len(name) for name in value), default=0)
    for name, item in value.items():
        out.print(f"{name:<{width}}  {_cell(item)}", markup=False, highlight=False)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
