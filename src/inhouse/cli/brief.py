"""`inhouse brief`: what an owner lays down about their AI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inhouse.brief import file
from inhouse.brief.differences import differences
from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson
from inhouse.core.errors import UsageError

app = typer.Typer(
    help="Voice, facts, products, rivals and limits of an AI. Example: inhouse brief show potter",
    no_args_is_help=True,
)

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]


def register(root: typer.Typer) -> None:
    """Add the commands to the command line."""
    root.add_typer(app, name="brief")


@app.command("show")
def show_(
    ai: AiSlug,
    version: Annotated[int | None, typer.Option(min=0, help="An older version; without, the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a brief as the file that `edit` takes.

    Example: inhouse brief show potter > brief.yaml
    """
    briefs, who, ai_id = services().briefs, actor(), _ai_id(ai)
    found = briefs.current(who, ai_id) if version is None else briefs.get(who, ai_id, version)
    show(found, as_json, f"# version {found.number}\n{file.dump(found.brief)}".rstrip())


@app.command()
def edit(
    ai: AiSlug,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, or Markdown with front matter.")],
    base: Annotated[int | None, typer.Option(min=0, help="The version that the file was made from.")] = None,
    as_json: AsJson = False,
) -> None:
    """Save a file as the brief's next version, and say what it changes.

    Example: inhouse brief edit potter brief.yaml
    """
    briefs, who, ai_id = services().briefs, actor(), _ai_id(ai)
    before = briefs.current(who, ai_id)
    saved = briefs.save(who, ai_id, file.load(_read(path)), before.number if base is None else base)
    changes = differences(before.brief, saved.brief)
    lines = [f"Saved version {saved.number}.", *changes] if changes else ["Nothing to change."]
    show({"version": saved.number, "changes": changes}, as_json, "\n".join(lines))


@app.command()
def history(ai: AiSlug, as_json: AsJson = False) -> None:
    """List what each version changed, newest first.

    Example: inhouse brief history potter
    """
    changes = services().briefs.history(actor(), _ai_id(ai))
    lines = [f"{c.number}  {c.created_at:%F %H:%M}  {'; '.join(c.changes)}" for c in changes]
    show(changes, as_json, "\n".join(lines) or "Never saved: the AI has the brief that it began with.")


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.read(file.MOST_CHARS + 1)
    except OSError as error:
        raise UsageError(reason=f"Can't read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(reason=f"{path} is not UTF-8 text.") from None


def _ai_id(slug: str) -> str:
    return services().ais.by_slug(actor(), slug).id
