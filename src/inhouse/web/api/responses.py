"""``/v1/responses``: OpenAI's newer way to ask, with answers that can be asked for again and gone on from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from inhouse.conversations import responses as stored
from inhouse.conversations.fans import Fan
from inhouse.conversations.turns import Turn
from inhouse.core.errors import NotFound, UsageError
from inhouse.core.events import Event
from inhouse.releases.release import MOST_TOKENS
from inhouse.runtime.bridge import in_thread
from inhouse.web import sse
from inhouse.web.api import response_events
from inhouse.web.api.chat import attended, fan_of, stopping
from inhouse.web.api.key import Caller, Calling
from inhouse.web.api.response_shapes import Deleted, ResponseObject, ResponseRequest, items_of, response

router = APIRouter(prefix="/v1/responses", tags=["Responses"])

ResponseId = Annotated[str, Path(max_length=60)]


@router.post(
    "",
    summary="Ask an AI for a response",
    response_model=ResponseObject,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "A response, whole or as a stream."}
    },
)
async def create(calling: Calling, asked: ResponseRequest, request: Request) -> Response:
    """Ask a question, alone, with what was said before, or going on from an earlier response; the field `inhouse` of the
    response names the answer's sources.

    With `stream` it comes as typed server-sent events. Hanging up stops the engine's work, unless it was asked for in the
    background. Where one of your own `tools` is meant, the output is a `function_call`: make it, and send its
    `function_call_output`.
    """
    if asked.model != calling.ai.slug:
        raise NotFound(kind="model", name=asked.model)
    fan, turn, named = await _begin(calling, asked)
    headers: dict[str, str] = request.state.rate_headers
    if asked.stream:
        return sse.stream(_streamed(calling, fan, turn, named), headers)
    if not asked.background:
        await attended(request, calling, fan, turn)
        turn = await in_thread(calling.services.conversations.turn, fan, turn.id)
    return JSONResponse(response(named, turn, calling.ai.slug), headers=headers)


@router.get("/{response_id}", summary="Look at a response", response_model=ResponseObject)
async def retrieve(
    calling: Calling, response_id: ResponseId, stream: Annotated[bool, Query()] = False
) -> Any:
    """A response that this key has asked for, as it is now."""
    if stream:
        raise UsageError(reason="A response is streamed only while it is created. Ask without stream.")
    return response(*await _found(calling, response_id), calling.ai.slug)


@router.post("/{response_id}/cancel", summary="Stop a response", response_model=ResponseObject)
async def cancel(calling: Calling, response_id: ResponseId) -> Any:
    """Stop the work for a response that is being answered; one that has ended stays as it is."""
    named, turn = await _found(calling, response_id)
    if turn.running:
        conversations = calling.services.conversations
        await conversations.stop(named.fan, turn.id)
        async for _event in conversations.follow(named.fan, turn.id):
            pass
        named, turn = await _found(calling, response_id)
    return response(named, turn, calling.ai.slug)


@router.delete("/{response_id}", summary="Forget a response")
async def delete(calling: Calling, response_id: ResponseId) -> Deleted:
    """Nobody can ask for this response any more. The turn itself stays among the conversations of the AI's owner."""
    await in_thread(calling.services.responses.forget, calling.ai.id, _key(calling), response_id)
    return Deleted(id=response_id)


async def _begin(calling: Caller, asked: ResponseRequest) -> tuple[Fan, Turn, stored.Response]:
    """Store the question, and the name of its response before anybody hears it."""
    before: Sequence[tuple[stored.Response, Turn]] = ()
    if asked.previous_response_id is not None:
        before = await in_thread(
            calling.services.responses.thread, calling.ai.id, _key(calling), asked.previous_response_id
        )
    said = asked.dialogue(items_of([turn for _, turn in before]))
    client = asked.client(said)
    fan = await in_thread(_fan, calling, asked, before)
    turn = await calling.services.conversations.begin(
        fan,
        said.question,
        conversation_id=before[-1][1].conversation_id if before else None,
        history=said.history,
        origin="api",
        max_tokens=asked.max_output_tokens or MOST_TOKENS,
        client=client,
    )
    async with stopping(calling, fan, turn):
        named = await in_thread(_named, calling, asked, turn)
    return fan, turn, named


def _fan(calling: Caller, asked: ResponseRequest, before: Sequence[tuple[stored.Response, Turn]]) -> Fan:
    """Whoever asks; who goes on without a name is who began."""
    user = asked.user or asked.safety_identifier
    if before and user is None:
        return before[-1][0].fan
    fan = fan_of(calling, user)
    if before and fan != before[-1][0].fan:
        raise NotFound(kind="response of this user", name=asked.previous_response_id)
    return fan


def _named(calling: Caller, asked: ResponseRequest, turn: Turn) -> stored.Response:
    return calling.services.responses.name(
        turn,
        _key(calling),
        previous=asked.previous_response_id,
        settings=asked.settings,
        keep=asked.keeps,
    )


async def _found(calling: Caller, response_id: str) -> tuple[stored.Response, Turn]:
    return await in_thread(calling.services.responses.get, calling.ai.id, _key(calling), response_id)


async def _streamed(calling: Caller, fan: Fan, turn: Turn, named: stored.Response) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        if not named.settings["background"]:
            await stack.enter_async_context(stopping(calling, fan, turn))
        events: AsyncIterator[Event] = calling.services.conversations.follow(fan, turn.id)
        async for message in response_events.messages(named, turn, calling.ai.slug, events):
            yield message


def _key(calling: Caller) -> str:
    return calling.actor.key_id or ""
