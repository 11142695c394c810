"""``/v1/models``: the AI that a key is good for."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from inhouse.accounts.ais import Ai
from inhouse.core.errors import NotFound
from inhouse.web.api.key import Calling

router = APIRouter(prefix="/v1/models", tags=["Models"])


class Model(BaseModel):
    """An AI as a model."""

    id: str
    """The AI's slug: what to send as ``model``."""
    object: Literal["model"] = "model"
    created: int
    """Seconds since 1970."""
    owned_by: str


class Models(BaseModel):
    """The AIs that this key is good for."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("", summary="List the AIs that this key is good for")
def listing(calling: Calling) -> Models:
    """A key is good for one AI, so the list holds one."""
    return Models(data=[_model(calling.ai)])


@router.get("/{model}", summary="Look at one AI")
def one(calling: Calling, model: str) -> Model:
    """One AI by its slug."""
    if model != calling.ai.slug:
        raise NotFound(kind="model", name=model[:60])
    return _model(calling.ai)


def _model(ai: Ai) -> Model:
    return Model(id=ai.slug, created=int(ai.created_at.timestamp()), owned_by=ai.name)
