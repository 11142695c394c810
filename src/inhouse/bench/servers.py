"""Servers of this machine that benchmarks ask instead of the world: any handler, and a search that speaks SearXNG's API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from inhouse.runtime.extensions.search.item_index import ItemIndex
from inhouse.runtime.extensions.search.items import FeedItem


class Quiet(BaseHTTPRequestHandler):
    """A handler that writes no log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(handler: type[Quiet]) -> Iterator[int]:
    """Serve until the block ends; yields the port on 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def search_server(
    items: Sequence[FeedItem], most: int, shown: Callable[[FeedItem], bool] = lambda item: True
) -> Iterator[str]:
    """A search over the items, by their words, with at most so many results; yields its address. ``shown`` says which of
    them there are at the moment."""
    index = ItemIndex()
    index.scores(items, "made ready before anybody waits")

    class Search(Quiet):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query).get("q", [""])[0]
            best = [item for n in index.scores(items, query) if shown(item := items[n])][:most]
            body = json.dumps({"results": [_row(item) for item in best]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    try:
        with listening(Search) as port:
            yield f"http://127.0.0.1:{port}"
    finally:
        index.close()


def _row(item: FeedItem) -> dict[str, str]:
    dated = {"publishedDate": item.date.isoformat()} if item.date else {}
    return {"title": item.title, "url": item.url, "content": item.text} | dated
