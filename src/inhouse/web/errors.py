"""Errors as people and programs read them: one clear sentence, in the visitor's language, never a traceback."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from inhouse.core.errors import InhouseError, NotSignedIn, TooMany
from inhouse.web import i18n
from inhouse.web.i18n import N_
from inhouse.web.visit import anonymous, visit_of

log = logging.getLogger(__name__)

_SENTENCES = {
    404: N_("There is nothing at this address. Look at its spelling, or go back."),
    405: N_("This address can't be used that way. Go back and use the button on the page."),
    413: N_("What you sent is too large. Send less at a time."),
    422: N_("Something in this request is not as it should be. Go back and fill in the form again."),
    500: N_("Something went wrong on our side. Try again; if it stays, tell the operator."),
}
#: Kinds of trouble in OpenAI's own words, which its clients turn into exceptions.
_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(InhouseError, _on_ours)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_unexpected)


def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, InhouseError)
    if isinstance(error, NotSignedIn) and not _wants_json(request):
        visit = visit_of(request)
        return visit.go("/sign-in", next=request.url.path if request.method == "GET" else "/studio")
    language = "en" if _is_api(request) else i18n.negotiate(request)
    headers = {"Retry-After": str(error.context["seconds"])} if isinstance(error, TooMany) else {}
    return _answer(request, error.status, i18n.sentence(language, error), error.code, headers)


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(
        error.__cause__, InhouseError
    ):  # such as a body over its limit, found while it was being parsed
        return _on_ours(request, error.__cause__)
    sentence = _SENTENCES.get(error.status_code)
    language = "en" if _is_api(request) else i18n.negotiate(request)
    said = i18n.translate(language, sentence) if sentence else str(error.detail)
    return _answer(request, error.status_code, said, "HTTPError", dict(error.headers or {}))


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not _is_api(request):
        return _answer(request, 422, i18n.translate(i18n.negotiate(request), _SENTENCES[422]), "Invalid", {})
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return _answer(request, 400, f"{where or 'body'}: {first['msg']}", "Invalid", {})


def _on_unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    language = "en" if _is_api(request) else i18n.negotiate(request)
    return _answer(request, 500, i18n.translate(language, _SENTENCES[500]), "Unexpected", {})


def _answer(request: Request, status: int, sentence: str, code: str, headers: dict[str, str]) -> Response:
    if _is_api(request):
        return JSONResponse(openai_error(status, sentence, code), status, headers)
    if _wants_json(request):
        return JSONResponse({"code": code, "message": sentence}, status, headers)
    # After an unexpected error nothing may be asked of the database: it may be what broke.
    visit = visit_of(request) if status < 500 else anonymous(request)
    page = visit.page("error.html", status, sentence=sentence, number=status)
    page.headers.update(headers)
    return page


def openai_error(status: int, sentence: str, code: str) -> dict[str, object]:
    """An error in the shape that OpenAI's clients know."""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": sentence, "type": kind, "param": None, "code": code}}


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/v1/")


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "text/html" not in accept and ("json" in accept or "event-stream" in accept)
