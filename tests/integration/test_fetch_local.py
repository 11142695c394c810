"""Fetching over real sockets: redirects, slow servers, and the refusal of this very machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inhouse.content.addresses import PrivateAddress
from inhouse.content.fetch import Fetcher, FetchFailed, FetchTooLarge

pytestmark = pytest.mark.integration


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/page")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<p>asked for {self.headers['Host']}</p>".encode())
        for _ in range(40 if self.path == "/slow" else 0):
            time.sleep(0.1)
            with suppress(ConnectionError):
                self.wfile.write(b".")
        if self.path == "/endless":
            with suppress(ConnectionError):
                while True:
                    self.wfile.write(b"x" * 100_000)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


def test_a_redirect_is_followed_with_the_name_in_the_host_header(site: str, tmp_path: Path) -> None:
    fetched = Fetcher(allow_private=True).fetch(f"{site}/moved", tmp_path)
    assert fetched.url == f"{site}/page"
    assert fetched.path.read_text() == f"<p>asked for {site.removeprefix('http://')}</p>"


def test_this_machine_is_refused(site: str, tmp_path: Path) -> None:
    with pytest.raises(PrivateAddress):
        Fetcher().fetch(site, tmp_path)


def test_a_stream_without_end_is_cut(site: str, tmp_path: Path) -> None:
    with pytest.raises(FetchTooLarge):
        Fetcher(allow_private=True, most_bytes=1_000_000).fetch(f"{site}/endless", tmp_path)


def test_a_server_that_drips_is_left(site: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(FetchFailed, match="longer than 1 seconds"):
        Fetcher(allow_private=True, seconds=1).fetch(f"{site}/slow", tmp_path)
    assert time.monotonic() - begun < 3
