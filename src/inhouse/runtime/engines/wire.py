"""The OpenAI shape on the wire: requests as JSON bodies, streamed answers as pieces. One client for all engines."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx

from inhouse.core import ids
from inhouse.core.errors import Busy, InhouseError, Unavailable
from inhouse.runtime.engines.base import Completion, Finish, FunctionCall, Message, Piece, Usage

#: Longest line and longest error body that are read from a server, in bytes.
_LINE_LIMIT = 4 * 1024 * 1024
_ERROR_LIMIT = 64 * 1024
#: Most calls of one answer, and longest arguments of one, that are read from a server.
_MOST_CALLS = 32
_MOST_ARGUMENTS = 64 * 1024
_RETRY = "it stopped in the middle of an answer. Nothing is lost: ask again"


class EngineRefused(InhouseError):
    """The engine refuses the request: {reason}"""


class Unreached(Unavailable):
    """{what} cannot be reached: {reason}"""


class Interrupted(Unavailable):
    """{what} cannot be reached: {reason}"""


def completion_body(request: Completion, model: str) -> dict[str, Any]:
    """The body of ``/completions`` or ``/chat/completions``, streamed and with usage."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.json_schema is not None:
        schema = {"name": "answer", "schema": request.json_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body | _asked(request)


def _asked(request: Completion) -> dict[str, Any]:
    top = request.top_logprobs
    if request.prompt is not None:
        return {"prompt": request.prompt} | ({"logprobs": top} if top else {})
    body: dict[str, Any] = {"messages": [_message(message) for message in request.messages]}
    if request.tools:
        body |= _offered(request)
    return body | ({"logprobs": True, "top_logprobs": top} if top else {})


def _message(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        told["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.call_id is not None:
        told["tool_call_id"] = message.call_id
    return told


def _offered(request: Completion) -> dict[str, Any]:
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in request.tools
    ]
    choice = "required" if request.must_call else "auto"
    return {"tools": tools, "tool_choice": choice, "parallel_tool_calls": request.parallel_calls}


def completion_path(request: Completion) -> str:
    """Where the body goes."""
    return "chat/completions" if request.prompt is None else "completions"


class Client:
    """Talks to one server. ``what`` names it in errors."""

    def __init__(self, http: httpx.AsyncClient, what: str) -> None:
        self._http = http
        self._what = what

    async def stream(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Piece | Usage, None]:
        """Pieces, then the usage. Raises ``Busy``, ``EngineRefused``, or ``Unavailable`` (which may be retried)."""
        try:
            async with self._http.stream("POST", path, json=body) as response:
                await self._check(response)
                async with aclosing(_parts(response, self._what)) as parts:
                    async for part in parts:
                        yield part
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One question, one JSON answer."""
        try:
            response = await self._http.post(path, json=body)
            await self._check(response)
            return _object(response.content)
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error

    async def get(self, path: str) -> dict[str, Any]:
        """Read one JSON answer."""
        try:
            response = await self._http.get(path)
            await self._check(response)
            return _object(response.content)
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _check(self, response: httpx.Response) -> None:
        if response.status_code == httpx.codes.OK:
            return
        body = b""
        async for data in response.aiter_bytes():
            body += data
            if len(body) > _ERROR_LIMIT:
                break
        raise _error(response.status_code, _object(body), self._what)

    def _unavailable(self, error: httpx.HTTPError) -> Unavailable:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return Unreached(what=self._what, reason="nothing answers at its address")
        if isinstance(error, httpx.TimeoutException):
            return Unavailable(what=self._what, reason="it takes too long to answer. Ask again later")
        return Interrupted(what=self._what, reason=_RETRY)


async def _parts(response: httpx.Response, what: str) -> AsyncGenerator[Piece | Usage, None]:
    finish: Finish | None = None
    usage: dict[str, Any] = {}
    calls = _Calls()
    pieces = 0
    async for event in _events(response):
        if "error" in event:
            raise _error(400, event, what)
        usage = event.get("usage") or usage
        for choice in event.get("choices") or ():
            if piece := _piece(choice):
                pieces += 1
                yield piece
            calls.add((choice.get("delta") or {}).get("tool_calls"))
            if reason := choice.get("finish_reason"):
                finish = "length" if reason == "length" else "stop"
    if finish is None:
        raise Interrupted(what=what, reason=_RETRY)
    if made := calls.made():
        yield Piece("", calls=made)
        finish = finish if finish == "length" else "tool_calls"
    yield Usage(
        finish,
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or pieces),
        int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
    )


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The ``data:`` lines of a server-sent stream as objects, until ``[DONE]`` or the end."""
    rest = b""
    async for data in response.aiter_bytes():
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > _LINE_LIMIT:
            raise httpx.RemoteProtocolError("a line of the stream is too long")
        for line in lines:
            if line.startswith(b"data:"):
                payload = line[5:].strip()
                if payload == b"[DONE]":
                    return
                yield _object(payload)


class _Calls:
    """Calls as a stream brings them: pieces, each with the index of the call that it belongs to."""

    def __init__(self) -> None:
        self._begun: dict[int, dict[str, str]] = {}

    def add(self, deltas: Any) -> None:
        """Take in the pieces of one event. A server that sends whole calls needs no index."""
        for place, delta in enumerate(deltas if isinstance(deltas, list) else ()):
            if not isinstance(delta, dict):
                continue
            index = delta.get("index")
            call = self._call(index if isinstance(index, int) else place)
            told = delta.get("function")
            function = told if isinstance(told, dict) else {}
            # Some servers say the id and the name again with every piece.
            call["id"] = call["id"] or str(delta.get("id") or "")
            call["name"] = call["name"] or str(function.get("name") or "")
            call["arguments"] += _arguments(function.get("arguments"))
            if len(call["arguments"]) > _MOST_ARGUMENTS:
                raise httpx.RemoteProtocolError("the arguments of a call are too long")

    def made(self) -> tuple[FunctionCall, ...]:
        """The calls in their order."""
        found = (self._begun[index] for index in sorted(self._begun))
        return tuple(
            FunctionCall(one["id"] or ids.new_id("call"), one["name"], one["arguments"] or "{}")
            for one in found
            if one["name"]
        )

    def _call(self, index: int) -> dict[str, str]:
        if index not in self._begun and len(self._begun) >= _MOST_CALLS:
            raise httpx.RemoteProtocolError("an answer has too many calls")
        return self._begun.setdefault(index, {"id": "", "name": "", "arguments": ""})


def _arguments(told: Any) -> str:
    """A piece of the JSON text; some servers send the object itself."""
    return told if isinstance(told, str) else "" if told is None else json.dumps(told, ensure_ascii=False)


def _piece(choice: dict[str, Any]) -> Piece | None:
    delta = choice.get("delta") or {}
    text = delta.get("content") or choice.get("text") or ""
    logprobs = choice.get("logprobs") or {}
    if content := logprobs.get("content"):
        top = tuple((entry["token"], entry["logprob"]) for entry in content[-1].get("top_logprobs") or ())
        return Piece(text, content[-1]["logprob"], top)
    if chosen := logprobs.get("token_logprobs"):
        named = (logprobs.get("top_logprobs") or [None])[-1] or {}
        return Piece(text, chosen[-1], tuple(named.items()))
    return Piece(text) if text else None


def _error(status: int, body: dict[str, Any], what: str) -> InhouseError:
    error = body.get("error")
    said = str(error.get("message") if isinstance(error, dict) else error or body.get("detail") or "")[:500]
    code = error.get("code") if isinstance(error, dict) else None
    if code == "Busy" or status in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
        return Busy()
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Unavailable(what=what, reason="it refuses the key. Check INHOUSE_ENGINE_KEY")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.NOT_FOUND:
        return Unavailable(what=what, reason=f"it answers with status {status}. {said}".rstrip())
    return EngineRefused(reason=said or f"status {status}")


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
