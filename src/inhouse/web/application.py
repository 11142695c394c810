"""The web application: what is mounted, in which order, under which limits."""

from __future__ import annotations

import os
from functools import partial
from importlib.resources import files as package_files

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from inhouse.core.settings import Settings
from inhouse.web import errors
from inhouse.web.api import actions, chat, docs, files, health, mcp, models, responses
from inhouse.web.limits import MEGABYTE, USUAL_BODY, BodyLimit, RateLimit
from inhouse.web.pages import (
    account,
    fan,
    fan_actions,
    fan_data,
    fan_documents,
    fan_source,
    fan_turns,
    home,
    joining,
    operator,
    operator_comparisons,
    operator_experiments,
    operator_generations,
    operator_internalising,
    operator_ledger,
    operator_promotions,
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

_FAN = (fan, fan_turns, fan_actions, fan_data, fan_documents, fan_source)
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
_PAGES = (
    home,
    sign_in,
    joining,
    account,
    *_FAN,
    *_STUDIO,
    operator,
    operator_experiments,
    operator_promotions,
    operator_ledger,
    operator_comparisons,
    operator_generations,
    operator_internalising,
)
_API = (models, chat, actions, responses, files, health)


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
    app.mount("/static", _Static(directory=str(package_files("inhouse.web").joinpath("static"))))
    errors.install(app)
    app.add_middleware(BodyLimit, limit_of=partial(_most_sent, services.settings))
    app.add_middleware(SecurityHeaders)
    return app


def _most_sent(settings: Settings, path: str) -> int:
    """The largest body of a request to a path, in bytes."""
    if path.endswith("/content/upload"):
        return settings.max_upload_mb * MEGABYTE
    if path.endswith("/documents") or path == "/v1/files":
        return settings.document_mb * MEGABYTE + USUAL_BODY
    if path == "/v1/chat/completions":  # a document may be in it, as text that is a third longer
        return settings.document_mb * MEGABYTE * 4 // 3 + USUAL_BODY
    return USUAL_BODY


class _Static(StaticFiles):
    """Static files are named with their content's hash, so a browser need not ask for them again."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        if scope["query_string"].startswith(b"v="):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
