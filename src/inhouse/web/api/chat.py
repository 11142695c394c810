"""``/v1/chat/completions``: a stock OpenAI client talks to an AI, streamed or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from inhouse.content.given import Given
from inhouse.conversations.fans import Fan
from inhouse.conversations.turns import Turn
from inhouse.core import ids
from inhouse.core.errors import InhouseError, NotFound
from inhouse.core.events import Ended, Event, Failed, Replaced, Step, Token
from inhouse.runtime.bridge import in_thread
from inhouse.web import sse
from inhouse.web.api import files
from inhouse.web.api.key import Caller, Calling
from inhouse.web.api.shapes import (
    ChatCompletion,
    ChatRequest,
    Choice,
    answer,
    call_deltas,
    choice,
    chunk,
    extra,
    finish_reason,
    usage,
)
from inhouse.web.errors import openai_error

#: How long whoever hangs up while an answer is made may go unnoticed.
_LISTEN_SECONDS = 1.0

router = APIRouter(prefix="/v1/chat", tags=["Chat"])


class AnswerFailed(InhouseError):
    """{reason}"""

    status = 503


@router.post(
    "/completions",
    summary="Ask an AI",
    response_model=ChatCompletion,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "An answer, whole or as a stream."}
    },
)
async def complete(calling: Calling, asked: ChatRequest, request: Request) -> Response:
    """Ask a question with what was said before; the answer names its sources in the field `inhouse`.

    With `stream` it comes as server-sent events, ending with `data: [DONE]`. Hanging up stops the engine's work. Where one
    of your own `tools` is meant, the answer is its call (`tool_calls`): make it, and ask again with the result.
    """
    if asked.model != calling.ai.slug:
        raise NotFound(kind="model", name=asked.model)
    said = asked.dialogue
    client = asked.client(said)
    fan = await in_thread(fan_of, calling, asked.user)
    turn = await calling.services.conversations.begin(
        fan,
        said.question,
        history=said.history,
        origin="api",
        max_tokens=asked.most_tokens,
        client=client,
        may_act=bool(asked.user),
        documents=await in_thread(_given, calling, asked),
    )
    headers: dict[str, str] = request.state.rate_headers
    if asked.stream:
        return sse.stream(_chunks(calling, fan, turn, asked), headers)
    ended = await attended(request, calling, fan, turn)
    return JSONResponse(_completion(calling, turn, ended).model_dump(mode="json"), headers=headers)


def fan_of(calling: Caller, user: str | None) -> Fan:
    """Whoever asks, as this key names them; without a name every request stands for itself."""
    return calling.services.fans.named(
        calling.ai.id, f"key:{calling.actor.key_id}:{user or ids.new_id('once')}"
    )


def _given(calling: Caller, asked: ChatRequest) -> tuple[Given, ...]:
    """The documents that a request names or brings along."""
    documents = calling.services.documents
    found: list[Given] = []
    for file in asked.files:
        if file.file_id is not None:
            found += documents.named(files.owner(calling), [file.file_id])
        else:
            found.append(documents.read_once(calling.ai.id, file.filename, file.content))
    return tuple(found)


def _completion(calling: Caller, turn: Turn, ended: Ended) -> ChatCompletion:
    return ChatCompletion(
        id=turn.id,
        created=_created(turn),
        model=calling.ai.slug,
        choices=[Choice(message=answer(ended), finish_reason=finish_reason(ended))],
        usage=usage(ended),
        inhouse=extra(ended, turn.id, turn.release_id),
    )


async def whole(calling: Caller, fan: Fan, turn: Turn) -> Ended:
    """The end of a turn that was begun. Raises ``AnswerFailed``; whoever gives up waiting stops its work."""
    async with stopping(calling, fan, turn):
        async for event in calling.services.conversations.follow(fan, turn.id):
            if isinstance(event, Failed):
                raise AnswerFailed(reason=event.message)
            if isinstance(event, Ended):
                return event
    raise AnswerFailed(reason="The answer broke off. Ask again.")


async def attended(request: Request, calling: Caller, fan: Fan, turn: Turn) -> Ended:
    """`whole`, as long as the client listens: one that hangs up stops the work. Raises ``AnswerFailed``."""
    answering = asyncio.create_task(whole(calling, fan, turn))
    try:
        while not (await asyncio.wait([answering], timeout=_LISTEN_SECONDS))[0]:
            if await request.is_disconnected():
                raise AnswerFailed(reason="Nobody waits for this answer any more.")
        return answering.result()
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)


async def _chunks(calling: Caller, fan: Fan, turn: Turn, asked: ChatRequest) -> AsyncIterator[str]:
    named = (turn.id, _created(turn), calling.ai.slug)
    yield sse.message(chunk(*named, choices=choice({"role": "assistant", "content": ""})))
    sent = Sent()
    async with stopping(calling, fan, turn):
        async for event in calling.services.conversations.follow(fan, turn.id):
            if isinstance(event, Failed):
                yield sse.message(openai_error(503, event.message, event.code))
                return
            if isinstance(event, Step) and event.name == "plan":
                planned = {"plan": event.detail.get("tasks", [])}
                yield sse.message(chunk(*named, choices=choice({}), inhouse=planned))
            if more := sent.more(event):
                yield sse.message(chunk(*named, choices=choice({"content": more})))
            if isinstance(event, Ended):
                for delta in call_deltas(event):
                    yield sse.message(chunk(*named, choices=choice(delta)))
                told = extra(event, turn.id, turn.release_id).model_dump(mode="json")
                yield sse.message(chunk(*named, choices=choice({}, finish_reason(event)), inhouse=told))
                if asked.stream_options and asked.stream_options.include_usage:
                    yield sse.message(chunk(*named, usage=usage(event).model_dump()))
    yield sse.message("[DONE]")


class Sent:
    """What a client has got so far. OpenAI's shape can't take words back: where the runtime does, the words that
    stand instead follow after an empty line."""

    def __init__(self) -> None:
        self._text = ""

    def more(self, event: Event) -> str:
        """What to send for this event."""
        if isinstance(event, Token):
            self._text += event.text
            return event.text
        if not isinstance(event, Replaced | Ended):
            return ""
        now = event.text if isinstance(event, Replaced) else event.answer
        before, self._text = self._text, now
        if now.startswith(before):
            return now[len(before) :]
        return f"\n\n{now}" if now.strip() != before.strip() else ""


@asynccontextmanager
async def stopping(calling: Caller, fan: Fan, turn: Turn) -> AsyncIterator[None]:
    """Whoever hangs up has no way back to the answer, so the engine's work for it ends."""
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await calling.services.conversations.stop(fan, turn.id)
        raise


def _created(turn: Turn) -> int:
    return int(turn.created_at.timestamp())
