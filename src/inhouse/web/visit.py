"""One visit to a page: who asks, in which language, and with which token against forged forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from inhouse.accounts.actors import Actor
from inhouse.accounts.sessions import Session
from inhouse.core import ids
from inhouse.core.errors import NotSignedIn
from inhouse.web import i18n, notices, rendering, told
from inhouse.web.services import Services

SESSION_COOKIE = "inhouse_session"
_FORM_COOKIE = "inhouse_form"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Visit:
    """What every page is made from."""

    request: Request
    services: Services
    language: str
    session: Session | None
    csrf: str
    """What a form must send back: the session's own token, or for visitors the one in their cookie."""
    csrf_is_kept: bool
    """Whether the browser has the token's other half already; a first visit has not."""
    shared: dict[str, Any] = field(default_factory=dict)
    """Values that every template of a page group needs, such as the AI."""

    @property
    def actor(self) -> Actor:
        """Who is signed in, else ``NotSignedIn``."""
        if self.session is None:
            raise NotSignedIn()
        return self.session.actor

    def told(self, message: str) -> str:
        """One message in the visitor's language."""
        return told.tell(self.language, message)

    def html(self, template: str, **values: Any) -> str:
        """A template as text, with what all of them need."""
        common = {
            "csrf": self.csrf,
            "session": self.session,
            "path": self.request.url.path,
            "here": _here(self.request),
            "notice": notices.said(self.request.query_params.get("said", "")),
            "error": None,
            "unread_notices": self._unread,
        }
        return rendering.render(template, self.language, common | self.shared | values)

    def _unread(self) -> int:
        """What the person was told of their extensions and has not opened; asked by the pages that show it."""
        with self.services.db.read() as tx:
            return self.services.notices.unread(tx, self.actor)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page as a response."""
        response = HTMLResponse(self.html(template, **values), status)
        response.headers["Content-Language"] = self.language
        response.headers["Vary"] = "Cookie, Accept-Language"
        if not self.csrf_is_kept:
            set_cookie(self.request, response, _FORM_COOKIE, self.csrf, age=_YEAR)
        return response

    def go(self, path: str, said: str | None = None, **query: str) -> Response:
        """After a post: on to a page of ours, which says the notice of that name."""
        wanted = {**query, **({"said": said} if said else {})}
        path, hash_sign, anchor = path.partition("#")
        address = f"{path}?{urlencode(wanted)}" if wanted else path
        return RedirectResponse(address + hash_sign + anchor, 303)


def visit_of(request: Request) -> Visit:
    """Reads the session from the database, so it runs beside the event loop."""
    services: Services = request.app.state.services
    token = request.cookies.get(SESSION_COOKIE, "")
    session = services.accounts.session(token) if token else None
    kept = session.csrf if session else request.cookies.get(_FORM_COOKIE, "")
    return Visit(
        request=request,
        services=services,
        language=i18n.negotiate(request),
        session=session,
        csrf=kept or ids.new_secret(),
        csrf_is_kept=bool(kept),
    )


def anonymous(request: Request) -> Visit:
    """A visit by nobody: needs no database."""
    token = request.cookies.get(_FORM_COOKIE, "")
    language = i18n.negotiate(request)
    return Visit(request, request.app.state.services, language, None, token or ids.new_secret(), bool(token))


Visiting = Annotated[Visit, Depends(visit_of)]


def set_cookie(
    request: Request, response: Response, name: str, value: str, *, age: int, path: str = "/"
) -> None:
    """A cookie that scripts can't read and other sites can't send along with a post."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=age, path=path, secure=secure, httponly=True, samesite="lax")


def local_path(path: str, default: str = "/studio") -> str:
    """A path on this site, whatever a form field claims."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and "\\" not in path else default


def _here(request: Request) -> str:
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "said"]
    return request.url.path + (f"?{urlencode(query)}" if query else "")
