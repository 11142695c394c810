"""Which AI a request's key is good for, and how often it may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from inhouse.accounts import ais
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.ais import Ai
from inhouse.accounts.authorisation import authorise
from inhouse.core.errors import InhouseError
from inhouse.web.limits import Allowance, RateLimit
from inhouse.web.services import Services

_bearer = HTTPBearer(
    auto_error=False, description="A key of the AI, made in the studio: `Authorization: Bearer ih_…`."
)


class NoKey(InhouseError):
    """Send an API key of the AI in the header "Authorization: Bearer ih_…". The studio makes keys."""

    status = 401


@dataclass(frozen=True)
class Caller:
    """A program with a key that may chat with one AI."""

    actor: Actor
    ai: Ai
    services: Services


def caller(
    request: Request,
    response: Response,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Check the key and take one request from its allowance."""
    calling, left = authenticate(request, credentials.credentials if credentials else None)
    request.state.rate_headers = {
        "x-ratelimit-limit-requests": str(left.limit),
        "x-ratelimit-remaining-requests": str(left.remaining),
        "x-ratelimit-reset-requests": f"{left.reset_seconds:.1f}s",
    }
    response.headers.update(request.state.rate_headers)
    return calling


def authenticate(request: Request, key: str | None) -> tuple[Caller, Allowance]:
    """Whose key this is, and what is left of its allowance. Raises ``NoKey``, ``TooMany`` and what authorising raises."""
    services: Services = request.app.state.services
    if not key:
        raise NoKey()
    actor = services.keys.authenticate(key)
    rate: RateLimit = request.app.state.key_rate
    left = rate.take(actor.key_id or "")
    with services.db.read() as tx:
        authorise(tx, actor, Action.CHAT, ai_id=actor.ai_id)
        return Caller(actor, ais.get(tx, actor.ai_id or ""), services), left


Calling = Annotated[Caller, Depends(caller)]
