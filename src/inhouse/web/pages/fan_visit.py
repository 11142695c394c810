"""Who visits an AI's page: the AI, its brief as released, and the fan, known by a cookie of this AI alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Path
from starlette.responses import Response

from inhouse.accounts.ais import Ai
from inhouse.conversations.fans import Fan
from inhouse.core.errors import NotFound
from inhouse.releases.release import Route
from inhouse.web.limits import RateLimit
from inhouse.web.visit import Visit, Visiting, set_cookie

_COOKIE = "inhouse_fan"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class FanVisit:
    """One visit to one AI's page."""

    visit: Visit
    ai: Ai
    fan: Fan | None
    token: str | None = None
    """For the browser, where the fan is new."""

    @property
    def base(self) -> str:
        return f"/a/{self.ai.slug}"

    @property
    def known(self) -> Fan:
        """The fan, else ``NotFound``: what they ask for belongs to somebody else or is gone."""
        if self.fan is None:
            raise NotFound(kind="conversation", name=self.ai.slug)
        return self.fan

    def welcomed(self, newcomers: RateLimit) -> FanVisit:
        """The same visit with a fan: a new one on the first message, so that just looking leaves no trace."""
        if self.fan is not None:
            return self
        newcomers.take(address_of(self.visit))
        fan, token = self.visit.services.fans.welcome(self.ai.id)
        return replace(self, fan=fan, token=token)

    def keep(self, response: Response) -> Response:
        """Hand a new fan's token to the browser; it goes nowhere but to this AI's page."""
        if self.token is not None:
            set_cookie(self.visit.request, response, _COOKIE, self.token, age=_YEAR, path=self.base)
        return response

    def forget(self, response: Response) -> Response:
        """Take the token out of the browser."""
        response.delete_cookie(_COOKIE, path=self.base)
        return response

    @property
    def by_script(self) -> bool:
        """Whether a script of ours asks, and wants values rather than a page."""
        return "text/html" not in self.visit.request.headers.get("accept", "")

    def released(self) -> Route:
        """What this visitor is served with; ``NotLive`` before the first release."""
        services = self.visit.services
        with services.db.read() as tx:
            return services.releases.route(tx, self.ai.id, self.fan.id if self.fan else "")


def fan_visit(visit: Visiting, slug: Annotated[str, Path(max_length=60)]) -> FanVisit:
    """Look up the AI and the fan."""
    ai = visit.services.ais.public(slug)
    visit.shared["ai"] = ai
    fan = visit.services.fans.known(ai.id, visit.request.cookies.get(_COOKIE))
    return FanVisit(visit, ai, fan)


FanVisiting = Annotated[FanVisit, Depends(fan_visit)]


def address_of(visit: Visit) -> str:
    """The network address that a request came from."""
    return visit.request.client.host if visit.request.client else "unknown"
