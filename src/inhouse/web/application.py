"""The web application: what is mounted, in which order, under which limits."""

from __future__ import annotations

import os
from importlib.resources import files

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from inhouse.web import errors
from inhouse.web.api import actions, chat, docs, health, mcp, models, responses
from inhouse.web.limits import MEGABYTE, USUAL_BODY, BodyLimit, RateLimit
from inhouse.web.pages import (
    account,
    fan,
    fan_actions,
    fan_data,
    fan_source,
    fan_turns,
    home,
    joining,
    operator,
    operator_experiments,
    sign_in,
    studio_actions,
    studio_brief,
    studio_cases,
    studio_content,
    studio_conversations,
    studio_extensions,
    studio_handovers,
    studio_home,
    studio_jobs,
    studio_log,
    studio_overview,
    studio_people,
    studio_picks,
    studio_releases,
    studio_settings,
    studio_training,
)
from inhouse.web.security import SecurityHeaders
from inhouse.web.services import Services

_FAN = (fan, fan_turns, fan_actions, fan_data, fan_source)
_STUDIO = (
    studio_home,
    studio_overview,
    studio_content,
    studio_brief,
    studio_training,
    studio_picks,
    studio_releases,
    studio_conversations,
    studio_extensions,
    studio_actions,
    studio_handovers,
    studio_cases,
    studio_people,
    studio_log,
    studio_settings,
    studio_jobs,
)
_PAGES = (home, sign_in, joining, account, *_FAN, *_STUDIO, operator, operator_experiments)
_API = (models, chat, actions, responses, health)


def create_app(services: Services) -> FastAPI:
    """Pages and API over an installation's services. Building it starts nothing."""
    endpoint = mcp.McpEndpoint()
    app = FastAPI(
        title="Inhouse",
        summary="Chat with an AI of its owner's own words, in the shapes of OpenAI's API.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=endpoint.running,
    )
    app.state.services = services
    app.state.key_rate = RateLimit(services.settings.key_requests_per_minute)
    for group in _API:
        app.include_router(group.router)
    for page in (*_PAGES, docs):
        app.include_router(page.router, include_in_schema=False)
    app.router.routes.append(Route(mcp.PATH, endpoint=endpoint))
    app.mount("/static", _Static(directory=str(files("inhouse.web").joinpath("static"))))
    errors.install(app)
    most = services.settings.max_upload_mb * MEGABYTE
    app.add_middleware(
        BodyLimit, limit_of=lambda path: most if path.endswith("/content/upload") else USUAL_BODY
    )
    app.add_middleware(SecurityHeaders)
    return app


class _Static(StaticFiles):
    """Static files are named with their content's hash, so a browser need not ask for them again."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        if scope["query_string"].startswith(b"v="):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
