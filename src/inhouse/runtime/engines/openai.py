"""Any OpenAI-compatible server: vLLM, Ollama, llama-server, a hosted one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
from pydantic import SecretStr

from inhouse.core.errors import InhouseError, Unavailable
from inhouse.runtime.engines.base import Completion, Health, Piece, Score, ScoreRequest, Usage
from inhouse.runtime.engines.wire import Client, completion_body, completion_path

#: Seconds to connect, and between two pieces of an answer (a cold server loads its model meanwhile).
_TIMEOUT = httpx.Timeout(120.0, connect=5.0, pool=10.0)
_CONNECTIONS = httpx.Limits(max_connections=256, max_keepalive_connections=32)


class OpenAIEngine:
    """One model on a server. ``adapters`` says that the server knows each adapter as a model named by its hash,
    ``tools`` that it calls tools natively.

    Belongs to the event loop that first uses it. ``transport`` replaces the network in tests.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: SecretStr | None = None,
        *,
        adapters: bool = False,
        tools: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._what = f"The model server at {httpx.URL(url).host}"
        self._model = model
        self._adapters = adapters
        self._tools = tools
        secret = key.get_secret_value() if key else ""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=_TIMEOUT, limits=_CONNECTIONS, transport=transport
        )
        self._client = Client(http, self._what)

    @property
    def calls_tools(self) -> bool:
        return self._tools

    async def complete(self, request: Completion) -> AsyncGenerator[Piece | Usage, None]:
        """Stream an answer. Grammars are refused with ``Unavailable``: the OpenAI shape has none."""
        if request.grammar is not None:
            raise Unavailable(what="Decoding by a grammar", reason="an OpenAI-compatible server has none")
        if request.tools and not self._tools:
            raise Unavailable(what="Native tool calls", reason="INHOUSE_ENGINE_TOOLS is off")
        body = completion_body(request, self._named(request))
        async with aclosing(self._client.stream(completion_path(request), body)) as parts:
            async for part in parts:
                yield part

    async def score(self, request: ScoreRequest) -> Score:
        """Not possible here: the OpenAI shape does not tell how likely a given text is."""
        raise Unavailable(what="Scoring a text", reason="only the embedded engine does it")

    async def health(self) -> Health:
        """Whether the server lists models."""
        try:
            await self._client.get("models")
        except InhouseError as error:
            return Health(ready=False, detail={"engine": "openai", "error": error.message})
        return Health(ready=True, detail={"engine": "openai", "model": self._model})

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _named(self, request: Completion) -> str:
        if request.adapter is None:
            return self._model
        if not self._adapters:
            raise Unavailable(
                what="This AI's adapter", reason="the model server serves none. Release without one"
            )
        return request.adapter.hash
