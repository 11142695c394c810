"""``/v1/actions``: what an AI proposed to do, agreed to or declined through a program in the name of one of its people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from inhouse.conversations.actions import Deed
from inhouse.web.api.chat import fan_of
from inhouse.web.api.key import Calling

router = APIRouter(prefix="/v1/actions", tags=["Actions"])

User = Annotated[
    str, Field(min_length=1, max_length=100, description="The person that the turn was asked for.")
]


class Decided(BaseModel):
    """What a person decided."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={"examples": [{"user": "ann", "decision": "agree", "hash": "9f86d081…"}]},
    )

    user: User
    decision: Annotated[Literal["agree", "decline"], Field(description="What this person decided.")]
    hash: Annotated[
        str,
        Field(
            max_length=64,
            description="To agree: the proposal's hash, so that what was shown is what is done.",
        ),
    ] = ""


class ActionTold(BaseModel):
    """What was proposed, and what came of it. ``unknown``: nobody knows whether it was done."""

    id: str
    object: Literal["action"] = "action"
    state: Literal["proposed", "agreed", "sending", "done", "failed", "declined", "expired", "unknown"]
    tool: str
    title: str
    arguments: dict[str, Any]
    hash: str
    expires_at: datetime
    line: str
    """What went wrong, in a sentence."""
    result: str
    """What the tool answered: words from outside."""


@router.get("/{action_id}", summary="Look at what an AI proposed to do")
def one(
    calling: Calling, action_id: str, user: Annotated[str, Query(min_length=1, max_length=100)]
) -> ActionTold:
    """What was proposed to this person, and what came of it so far."""
    return _told(calling.services.actions.get(fan_of(calling, user), action_id))


@router.post("/{action_id}", summary="Agree to it, or decline")
def decide(calling: Calling, action_id: str, decided: Decided) -> ActionTold:
    """Pass on what the person decided, who was shown the arguments. It is performed afterwards: look again for what came of it."""
    fan = fan_of(calling, decided.user)
    actions = calling.services.actions
    if decided.decision == "agree":
        return _told(actions.agree(fan, action_id, decided.hash))
    return _told(actions.decline(fan, action_id))


def _told(deed: Deed) -> ActionTold:
    named = deed.model_dump(include=set(ActionTold.model_fields) - {"arguments", "object"})
    return ActionTold(arguments=deed.values, **named)
