"""Turns sent over OTLP/HTTP to a collector of the test's own, read with the protocol's own messages."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from inhouse.app.schema import metadata
from inhouse.content.index import View
from inhouse.content.search import Found
from inhouse.conversations.conversations import Conversations
from inhouse.conversations.telemetry import otlp
from inhouse.conversations.telemetry.base import Sink
from inhouse.conversations.telemetry.factory import make_sink
from inhouse.conversations.turns import Turn
from inhouse.core.events import Ended
from inhouse.core.passages import Passage, Place
from inhouse.core.settings import Settings
from inhouse.runtime.engines.fake import FakeEngine
from inhouse.runtime.engines.watched import Watched
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.reply import Replier
from inhouse.runtime.retrieval import SearchRetriever
from inhouse.store.database import Database
from web_home import build, furnish

pytestmark = pytest.mark.integration
QUESTION = "When do you ship to Norway?"


class Collector:
    """Takes spans as a collector does; ``slow`` keeps every request waiting."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.slow = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                time.sleep(outer.slow)
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        outer.spans += scope.spans
                answer = ExportTraceServiceResponse().SerializeToString()
                with suppress(BrokenPipeError):  # who asked may have given up
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector(socket_enabled: None) -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()


class Found1:
    """A search that finds one passage."""

    def look(self, view: View, question: str, k: int, history: Any) -> Found:
        text = "We ship to Norway every Thursday. Parcels take five days."
        passage = Passage(
            id="psg_1",
            ai_id=view.ai_id,
            document_id="doc_1",
            title="Shipping",
            url=None,
            place=Place(),
            text=text,
            language="en",
            published_at=None,
        )
        return Found((passage,), (), question, 1, 0.9, 1.0, 0.9)


class Flat:
    """An embedder to which all is alike."""

    def queries(self, texts: list[str]) -> Any:
        return np.ones((len(texts), 2)) / 2

    passages = queries


def turns_of(tmp_path: Path, sink: Sink | None, count: int = 1) -> tuple[list[Turn], float]:
    """Ask so many times; returns the turns and the seconds that it took."""
    db = Database(f"sqlite:///{tmp_path / 'inhouse.db'}")
    with db.write() as tx:
        metadata.create_all(tx)
    home = build(db, tmp_path)
    ai = furnish(home)
    engine = Watched(FakeEngine(["every Thursday"] * count), "llama.cpp", "gen_1")
    retriever = SearchRetriever(Found1(), Flat())  # type: ignore[arg-type]
    answerer = Replier(engine, retriever, Profile(method=Method.TRAINED))
    settings = Settings(fan_turns_per_minute=1000)
    conversations = Conversations(db, home.releases, answerer, settings, home.documents, sink)
    fan, _token = home.fans.welcome(ai.id)

    async def main() -> list[Turn]:
        made = []
        for _ in range(count):
            turn = await conversations.begin(fan, QUESTION)
            async for _event in conversations.follow(fan, turn.id):
                pass
            made.append(conversations.turn(fan, turn.id))
        await conversations.aclose()
        return made

    began = time.perf_counter()
    made = asyncio.run(main())
    seconds = time.perf_counter() - began
    db.close()
    return made, seconds


def sink_for(monkeypatch: pytest.MonkeyPatch, address: str, *, content: bool = False) -> Sink:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    made = make_sink({"OTEL_EXPORTER_OTLP_ENDPOINT": address}, content=content)
    assert made is not None
    return made


def told(span: Span) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        kind = value.WhichOneof("value")
        return (
            [plain(one) for one in value.array_value.values]
            if kind == "array_value"
            else getattr(value, kind)
        )

    return {attribute.key: plain(attribute.value) for attribute in span.attributes}


def test_a_turn_is_a_trace_in_the_conventions_words(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = sink_for(monkeypatch, collector.address)
    [turn], _ = turns_of(tmp_path, sink)
    sink.close()
    by_name = {span.name: span for span in collector.spans}
    assert set(by_name) == {"invoke_agent quill", "retrieval passages", "chat gen_1"}
    agent, chat, search = by_name["invoke_agent quill"], by_name["chat gen_1"], by_name["retrieval passages"]
    assert {span.trace_id for span in collector.spans} == {agent.trace_id} and not agent.parent_span_id
    assert chat.parent_span_id == search.parent_span_id == agent.span_id
    assert agent.start_time_unix_nano <= search.start_time_unix_nano <= search.end_time_unix_nano
    assert search.end_time_unix_nano <= chat.start_time_unix_nano <= chat.end_time_unix_nano
    assert (chat.kind, agent.kind) == (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL)
    assert isinstance(turn.end, Ended)
    agents = told(agent)
    assert agents["gen_ai.operation.name"] == "invoke_agent"
    assert agents["gen_ai.agent.name"] == "quill" and agents["gen_ai.conversation.id"] == turn.conversation_id
    assert agents["gen_ai.usage.input_tokens"] == turn.end.timing.prompt_tokens
    assert agents["inhouse.turn.id"] == turn.id
    chats = told(chat)
    assert chats["gen_ai.operation.name"] == "chat"
    assert (chats["gen_ai.provider.name"], chats["gen_ai.request.model"]) == ("llama.cpp", "gen_1")
    assert chats["gen_ai.usage.output_tokens"] > 0 and chats["gen_ai.response.time_to_first_chunk"] >= 0
    assert chats["gen_ai.response.finish_reasons"] == ["stop"]
    assert (
        told(search)["gen_ai.operation.name"] == "retrieval" and told(search)["inhouse.retrieval.found"] == 1
    )
    assert QUESTION not in str(collector.spans) and "Thursday" not in str(collector.spans)


def test_words_leave_only_where_the_operator_says_so(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = sink_for(monkeypatch, collector.address, content=True)
    turns_of(tmp_path, sink)
    sink.close()
    agents = told(next(span for span in collector.spans if span.name.startswith("invoke_agent")))
    assert QUESTION in agents["gen_ai.input.messages"] and "Thursday" in agents["gen_ai.output.messages"]


def test_a_dead_or_slow_collector_delays_no_turn(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setattr(otlp, "_CLOSE_SECONDS", 0.5)
    (tmp_path / "none").mkdir()
    _, usual = turns_of(tmp_path / "none", None, 12)
    collector.slow = 6.0
    for name, address in (("slow", collector.address), ("dead", "http://127.0.0.1:9")):
        (tmp_path / name).mkdir()
        sink = sink_for(monkeypatch, address)
        turns, seconds = turns_of(tmp_path / name, sink, 12)  # 36 spans through a queue of 8
        assert [turn.state for turn in turns] == ["done"] * 12
        assert seconds < usual + 2
        began = time.perf_counter()
        sink.close()
        assert time.perf_counter() - began < 2


def test_nothing_is_set_up_where_no_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_sink({}, content=True) is None
    there = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert make_sink(there | {"OTEL_SDK_DISABLED": "true"}, content=False) is None
    assert make_sink(there | {"OTEL_TRACES_EXPORTER": "none"}, content=False) is None


def test_a_sink_that_breaks_breaks_no_turn(tmp_path: Path) -> None:
    class Broken:
        def take(self, turn: Turn, ai: Any) -> None:
            raise RuntimeError("no")

        def close(self) -> None: ...

    [turn], _ = turns_of(tmp_path, Broken())
    assert turn.state == "done"
