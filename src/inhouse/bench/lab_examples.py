"""Examples enough to build a calculator in: a benchmark has no fans who agreed to share, and what ships is too little to learn from."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import update

from inhouse.accounts import ais
from inhouse.releases import extensions
from inhouse.releases.tables import extension_versions
from inhouse.runtime.extensions.base import Example, Tool
from inhouse.store.database import Database
from inhouse.store.signing import Signer

#: A tool may have so many, so that several AIs have to have it.
_MOST = 40


def add_examples(db: Database, home: Path, slug: str, first: int) -> None:
    """Give the calculator of an AI other examples than it ships with, from this number on, signed anew. Call it before the
    AI is released."""
    with db.write() as tx:
        ai_id = ais.by_slug(tx, slug).id
        entry = next(one for one in extensions.current(tx, ai_id) if one.startswith("calculator@"))
        version = extensions.version(tx, ai_id, entry)
        taught = version.model_copy(update={"tools": tuple(_taught(tool, first) for tool in version.tools)})
        here = (extension_versions.c.ai_id == ai_id, extension_versions.c.version == version.version)
        values = {
            "tools": [tool.model_dump(mode="json") for tool in taught.tools],
            "signature": Signer(home).sign(taught.signed_text()),
        }
        tx.execute(update(extension_versions).where(*here).values(values))


def _taught(tool: Tool, first: int) -> Tool:
    make = _sum if tool.name == "calculate" else _date
    return tool.model_copy(update={"examples": tuple(make(n) for n in range(first, first + _MOST))})


def _sum(n: int) -> Example:
    written = f"{n + 12} * {3 * n + 7}"
    return Example(request=f"Please work out {written} for me", arguments={"expression": written})


def _date(n: int) -> Example:
    return Example(request=f"What date is it in {n + 9} days?", arguments={"add": f"{n + 9} days"})
