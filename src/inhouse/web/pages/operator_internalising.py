"""Building tools in: what a generation would be made of, how far one is, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from inhouse.core.errors import InhouseError
from inhouse.lab.internalising.internalising import MARGIN, MOST_EXTENSIONS
from inhouse.web.forms import Posted
from inhouse.web.pages.operator_visit import Operator, OperatorVisit

router = APIRouter(prefix="/operator/internalise")
JobId = Annotated[str, Path(max_length=40)]
Names = Annotated[list[str], Query(max_length=MOST_EXTENSIONS)]


@router.get("")
def listing(operator: Operator, extension: Names = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Every making, the newest first, and a form for the next: what is built in first, then what it would be made of."""
    return _list(operator, extension)


@router.post("")
def begin(operator: Operator, form: Posted) -> Response:
    """Queue one; the worker makes it."""
    names = form.texts("extension", 90)
    try:
        job = operator.services.internalising.start(operator.actor, names, curve=form.checked("curve"))
    except InhouseError as error:
        return _list(operator, names, error.status, error=operator.told(error))
    return operator.go(f"internalise/{job.id}", "building-in")


@router.get("/{job_id}")
def page(operator: Operator, job_id: JobId) -> Response:
    """One of them: how far it is, or what came of it."""
    stored = operator.services.internalising.get(operator.actor, job_id)
    return operator.page("internalise", "internalising.html", stored=stored)


@router.get("/{job_id}/progress")
def progress(operator: Operator, job_id: JobId) -> Response:
    """How far it is: what a live part of the page is drawn with again."""
    stored = operator.services.internalising.get(operator.actor, job_id)
    return operator.page("internalise", "internalising_progress.html", stored=stored)


def _list(operator: OperatorVisit, names: list[str], status: int = 200, **values: Any) -> Response:
    service = operator.services.internalising
    preview = None
    if names:
        try:
            preview = service.preview(operator.actor, names)
        except InhouseError as error:
            status, values = error.status, {"error": operator.told(error), **values}
    return operator.page(
        "internalise",
        "internalisings.html",
        status,
        shown=service.listing(operator.actor),
        choices=sorted({*service.choices(operator.actor), *names}),
        chosen=names,
        preview=preview,
        margin=MARGIN,
        **values,
    )
