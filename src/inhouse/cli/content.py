"""`inhouse import`, `sources`, `documents`, `revoke`: what an AI is made of, and the right to use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inhouse.app.working import finish, finish_queued
from inhouse.cli.context import actor, err, progress_bar, services, show
from inhouse.cli.options import AsJson, Yes
from inhouse.content.library import SourceInUse, Wish
from inhouse.content.reports import ImportReport
from inhouse.content.values import Document
from inhouse.core.errors import InhouseError, UsageError
from inhouse.store.jobs import Job

_MOST_SHOWN = 20

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_)
    app.command("sources")(sources)
    app.command("documents")(documents)
    app.command("revoke")(revoke)


def import_(
    ai: AiSlug,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL...",
            help="Folders, files (Markdown, text, HTML, PDF, DOCX, JATS XML, VTT, SRT, RSS, Atom, JSON, JSONL), archives of"
            " Instagram, X, Substack and YouTube, or public addresses.",
        ),
    ],
    right: Annotated[
        str,
        typer.Option(
            help='Why it may be used: own-work, public-domain, "licensed: which licence", "permission: whose".'
        ),
    ],
    include_private: Annotated[
        bool, typer.Option(help="Take private videos, drafts and posts for paying readers too.")
    ] = False,
    prune: Annotated[bool, typer.Option(help="Remove documents that the source no longer holds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring content into an AI. Importing again adds only what changed.

    Example: inhouse import potter posts/ twitter.zip https://example.org/feed.xml --right own-work
    """
    ai_id = services().ais.by_slug(actor(), ai).id
    wish = Wish(include_private, prune)
    reports = [report for one in what if (report := _import_one(ai_id, one, right, wish))]
    lines = [*map(_told, reports), *_waiting(ai_id)]
    show(reports, as_json, "\n".join(lines))
    if len(reports) < len(what):
        raise typer.Exit(1)


def sources(ai: AiSlug, as_json: AsJson = False) -> None:
    """List what was imported, with the right that each stands on.

    Example: inhouse sources potter
    """
    found = services().library.sources(actor(), services().ais.by_slug(actor(), ai).id)
    show(found, as_json, "\n".join(_source(source) for source in found) or "Nothing is imported yet.")


def documents(
    ai: AiSlug,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Only those of this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many from the start.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List documents in the order of their import.

    Example: inhouse documents potter --limit 10
    """
    ai_id = services().ais.by_slug(actor(), ai).id
    found = services().library.documents(actor(), ai_id, source_id=source, limit=limit, offset=offset)
    show(found, as_json, "\n".join(_document(document) for document in found) or "No documents.")


def revoke(
    ai: AiSlug,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The source's id, as `inhouse sources` lists it.")
    ],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take back the right to a source: what came of it is gone at once, and can't be brought back.

    Example: inhouse revoke potter src_01h9 --yes
    """
    ai_id = services().ais.by_slug(actor(), ai).id
    if not yes:
        typer.confirm("Remove all documents of this source for good?", abort=True, err=True)
    gone = services().library.revoke(actor(), ai_id, source)
    text = f"Revoked {gone.source.origin}: {gone.documents} documents and {gone.passages} passages are gone."
    show(gone, as_json, text)


def _import_one(ai_id: str, what: str, right: str, wish: Wish) -> ImportReport | None:
    """Import one path or address; one that fails is named on standard error and leaves the rest."""
    try:
        job = _queue(ai_id, what, right, wish)
        with progress_bar(f"Importing {what}") as report:
            job = finish(services(), job, report)
            # Where the AI is live, its new content goes through the gate.
            for following in ("embed", "gate"):
                finish_queued(services(), ai_id, following, report)
    except UsageError:
        raise
    except InhouseError as error:
        err.print(f"{what}: {error.message}", markup=False, highlight=False)
        return None
    if job.result is None:
        err.print(f"{what}: {job.error or job.message}", markup=False, highlight=False)
        return None
    return ImportReport.model_validate(job.result)


def _waiting(ai_id: str) -> list[str]:
    with services().db.read() as tx:
        waiting = services().releases.waiting(tx, ai_id)
    return [f"{waiting} new passages are not live: the gate has not let them pass."] if waiting else []


def _queue(ai_id: str, what: str, right: str, wish: Wish) -> Job:
    library = services().library
    if "://" in what:
        return library.queue_url(actor(), ai_id, what, right=right, wish=wish)
    return library.queue_path(actor(), ai_id, Path(what), right=right, wish=wish)


def _told(report: ImportReport) -> str:
    lines = [f"{report.origin}: {report.sentence}"]
    lines += [f"  skipped {skipped.name}: {skipped.reason}" for skipped in report.skipped[:_MOST_SHOWN]]
    if report.skipped_count > _MOST_SHOWN:
        lines.append(f"  … and {report.skipped_count - _MOST_SHOWN} more; --json names them")
    return "\n".join(lines)


def _source(found: SourceInUse) -> str:
    """Ids stand whole, in lines and not in a table that would cut them: they are copied into other commands."""
    source, right = found.source, found.source.right
    state = f"revoked {source.revoked_at:%F}" if source.revoked_at else f"{found.documents} documents"
    return f"{source.id}  {state}  {right.basis}{f': {right.note}' if right.note else ''}  {source.origin}"


def _document(document: Document) -> str:
    day = f"{document.published_at:%F}" if document.published_at else "-" * 10
    return "  ".join(
        [document.id, day, document.kind, document.language, document.title, document.url or ""]
    ).rstrip()
