"""``/healthz``: for load balancers and start scripts."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text
from starlette.requests import Request

router = APIRouter(tags=["Health"])


class Alive(BaseModel):
    """This process answers and reaches its database."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="Whether this server answers")
def health(request: Request) -> Alive:
    """Asks the database for one row; an unreachable one makes this a 500."""
    with request.app.state.services.db.read() as tx:
        tx.execute(text("SELECT 1"))
    return Alive()
