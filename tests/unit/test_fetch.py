"""Addresses: what may be asked, at every hop, and how much may come."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from inhouse.content.addresses import PrivateAddress, UnknownHost, public_address
from inhouse.content.fetch import BadAddress, Fetcher, FetchFailed, FetchTooLarge, WrongType

HOSTS = {
    "kumo.example": ["93.184.216.34"],
    "inside.example": ["10.0.0.5"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"],
}
HTML = {"content-type": "text/html; charset=utf-8"}


def resolve(host: str, port: int) -> list[str]:
    if host in HOSTS:
        return HOSTS[host]
    if host.replace(".", "").isdigit() or ":" in host:
        return [host]
    raise OSError("no such host")


def fetcher(answer: Callable[[httpx.Request], httpx.Response], **more: int) -> Fetcher:
    return Fetcher(resolve=resolve, transport=httpx.MockTransport(answer), **more)


def never(_request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing may be asked")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1",
        "64:ff9b::7f00:1", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_of_private_networks_are_refused(address: str) -> None:
    with pytest.raises(PrivateAddress, match="private network"):
        public_address("host", 80, lambda host, port: [address], allow_private=False)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"]
)
def test_public_addresses_are_asked(address: str) -> None:
    assert public_address("host", 80, lambda host, port: [address], allow_private=False) == address


def test_one_private_address_among_public_ones_is_an_attack(tmp_path: Path) -> None:
    with pytest.raises(PrivateAddress):
        fetcher(never).fetch("http://mixed.example/", tmp_path)


def test_the_checked_address_itself_is_asked_and_never_resolved_again(tmp_path: Path) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, headers=HTML, text="<p>hi</p>")

    fetched = fetcher(answer).fetch("https://kumo.example:8443/a/page?x=1#frag", tmp_path)
    (request,) = asked
    assert str(request.url) == "https://93.184.216.34:8443/a/page?x=1"
    assert request.headers["host"] == "kumo.example:8443"
    assert request.extensions["sni_hostname"] == "kumo.example"
    assert (fetched.url, fetched.name) == ("https://kumo.example:8443/a/page?x=1", "page.html")
    assert fetched.path.read_text() == "<p>hi</p>"


@pytest.mark.parametrize(
    "target",
    ["http://inside.example/", "http://127.0.0.1:8600/", "//[::1]/", "http://169.254.169.254/latest"],
)
def test_a_redirect_to_a_private_address_is_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(PrivateAddress):
        fetcher(lambda request: httpx.Response(302, headers={"location": target})).fetch(
            "http://kumo.example/", tmp_path
        )


def test_a_redirect_to_another_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAddress):
        fetcher(lambda request: httpx.Response(302, headers={"location": "file:///etc/passwd"})).fetch(
            "http://kumo.example/", tmp_path
        )


def test_redirects_end(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="redirects more than 5 times"):
        fetcher(lambda request: httpx.Response(302, headers={"location": "/again"})).fetch(
            "http://kumo.example/", tmp_path
        )


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://kumo.example/",
        "kumo.example",
        "http://",
        "http://u:p@kumo.example/",
        "gopher://x",
        "",
    ],
)
def test_what_is_no_address_is_refused_without_showing_a_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadAddress) as caught:
        fetcher(never).fetch(url, tmp_path)
    assert "u:p" not in caught.value.message


def test_an_unknown_host_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownHost, match=r"nowhere\.example"):
        fetcher(never).fetch("http://nowhere.example/", tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_too_much_is_refused_while_it_comes(tmp_path: Path, packed: bool) -> None:
    content = b"x" * 5_000_000
    headers = HTML | ({"content-encoding": "gzip"} if packed else {})
    body = gzip.compress(content) if packed else content
    with pytest.raises(FetchTooLarge):
        fetcher(
            lambda request: httpx.Response(200, headers=headers, content=body), most_bytes=1_000_000
        ).fetch("http://kumo.example/", tmp_path)


def test_too_slow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="longer than 0 seconds"):
        fetcher(lambda request: httpx.Response(200, headers=HTML, content=b"x"), seconds=0).fetch(
            "http://kumo.example/", tmp_path
        )


def test_an_error_status_and_a_broken_connection_are_said(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="answers 404"):
        fetcher(lambda request: httpx.Response(404)).fetch("http://kumo.example/", tmp_path)

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("late")

    with pytest.raises(FetchFailed, match="in time"):
        fetcher(broken).fetch("http://kumo.example/", tmp_path)


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/feed", "application/rss+xml", "feed.rss"),
        ("/a.md", "text/plain", "a.md"),
        ("/a.pdf", "application/octet-stream", "a.pdf"),
        ("/", "text/html", "index.html"),
        ("/x/..%2f..%2fetc", "text/html", "etc.html"),
    ],
)
def test_the_type_tells_the_importer(tmp_path: Path, path: str, kind: str, name: str) -> None:
    answer = httpx.Response(200, headers={"content-type": kind}, content=b"x")
    assert fetcher(lambda request: answer).fetch(f"http://kumo.example{path}", tmp_path).name == name


@pytest.mark.parametrize("kind", ["image/png", "video/mp4", "application/octet-stream", ""])
def test_other_types_are_refused(tmp_path: Path, kind: str) -> None:
    answer = httpx.Response(200, headers={"content-type": kind}, content=b"x")
    with pytest.raises(WrongType):
        fetcher(lambda request: answer).fetch("http://kumo.example/x", tmp_path)
