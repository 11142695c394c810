"""Fetching an address that an owner gave: checked at every hop, within limits of size and time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import httpx

from inhouse.content import addresses
from inhouse.content.addresses import Resolver
from inhouse.core.errors import InhouseError, TooLarge

_MEGABYTE = 1024 * 1024
_MOST_HOPS = 5
_MOST_URL = 2000
_AGENT = "Inhouse-Import/1 (+content import on behalf of its owner)"
#: What can be imported, by content type, with the ending that its importer knows it by.
_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/rss+xml": ".rss",
    "application/atom+xml": ".atom",
    "application/rdf+xml": ".rdf",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/json": ".json",
    "application/feed+json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/gzip": ".tgz",
}
#: Types that say little: the address's own ending counts.
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "text/plain")


class BadAddress(InhouseError):
    """ "{url}" is not an address that can be imported: it begins with http:// or https:// and holds no password."""


class FetchFailed(InhouseError):
    """{host} could not be read: {reason}"""


class FetchTooLarge(TooLarge):
    """{host} sends more than {limit} MB, which is refused."""


class WrongType(InhouseError):
    """{host} sends "{type}", which can't be imported."""


@dataclass(frozen=True)
class Fetched:
    """A fetched file, its last address and a name with an ending that says what it is."""

    path: Path
    url: str
    name: str


class Fetcher:
    """Reads public addresses. ``allow_private`` is for tests against a local server, and nothing else."""

    def __init__(
        self,
        *,
        most_bytes: int = 64 * _MEGABYTE,
        seconds: float = 120.0,
        allow_private: bool = False,
        resolve: Resolver = addresses.resolve,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._allow_private = allow_private
        self._resolve = resolve
        self._transport = transport

    def checked(self, url: str) -> str:
        """The address as it will be asked; ``BadAddress`` where it is none that can be imported."""
        return str(_parsed(url.strip()))

    def fetch(self, url: str, folder: Path) -> Fetched:
        """Read an address into a file in ``folder``, following at most five redirects."""
        deadline = time.monotonic() + self._seconds
        target = _parsed(url)
        # The machine's proxy is not asked (trust_env): it would resolve names anew, beyond the check.
        with httpx.Client(transport=self._transport, trust_env=False, timeout=20.0) as client:
            for _ in range(_MOST_HOPS + 1):
                with self._get(client, target) as answer:
                    if answer.has_redirect_location:
                        target = _parsed(str(target.join(answer.headers["location"])))
                        continue
                    if not answer.is_success:
                        raise FetchFailed(host=target.host, reason=f"it answers {answer.status_code}.")
                    name = _name(target, answer.headers.get("content-type", ""))
                    path = self._save(answer, target.host, folder / name, deadline)
                    return Fetched(path, str(target), name)
        raise FetchFailed(host=target.host, reason=f"it redirects more than {_MOST_HOPS} times.")

    @contextmanager
    def _get(self, client: httpx.Client, target: httpx.URL) -> Iterator[httpx.Response]:
        """One hop, to the very address that was checked; the certificate is checked against the name."""
        port = target.port or (443 if target.scheme == "https" else 80)
        address = addresses.public_address(
            target.host, port, self._resolve, allow_private=self._allow_private
        )
        request = client.build_request(
            "GET",
            target.copy_with(host=address),
            headers={
                "Host": target.netloc.decode("ascii"),
                "User-Agent": _AGENT,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
            extensions={"sni_hostname": target.host},
        )
        try:
            answer = client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise FetchFailed(host=target.host, reason=_words(error)) from error
        try:
            yield answer
        finally:
            answer.close()

    def _save(self, answer: httpx.Response, host: str, path: Path, deadline: float) -> Path:
        size = 0
        try:
            with path.open("wb") as file:
                # As they come: a given size of pieces would wait for a slow server beyond the deadline.
                for piece in answer.iter_bytes():
                    size += len(piece)
                    if size > self._most_bytes:
                        raise FetchTooLarge(host=host, limit=max(1, self._most_bytes // _MEGABYTE))
                    if time.monotonic() > deadline:
                        raise FetchFailed(
                            host=host, reason=f"it takes longer than {self._seconds:.0f} seconds."
                        )
                    file.write(piece)
        except httpx.HTTPError as error:
            raise FetchFailed(host=host, reason=_words(error)) from error
        return path


def _parsed(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise BadAddress(url=url[:200]) from error
    if target.scheme not in ("http", "https") or not target.host or target.userinfo or len(url) > _MOST_URL:
        raise BadAddress(url=str(target.copy_with(userinfo=b"", query=None))[:200])
    return target.copy_with(fragment=None)


def _name(target: httpx.URL, content_type: str) -> str:
    """A file name with the ending of the content's type: by the type, or by the address where the type is vague."""
    kind = content_type.split(";")[0].strip().lower()
    base = PurePosixPath(unquote(target.path)).name.replace("\0", "")[-100:].lstrip(".") or "index"
    ending = PurePosixPath(base).suffix.lower()
    if kind in _VAGUE and ending in (*_ENDINGS.values(), ".jsonl", ".ndjson", ".markdown"):
        return base
    if kind not in _ENDINGS:
        raise WrongType(host=target.host, type=kind[:80] or "no content type")
    return base if ending == _ENDINGS[kind] else base + _ENDINGS[kind]


def _words(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time."
    if isinstance(error, httpx.ConnectError):
        return "no connection, or its certificate is not valid."
    return "the connection broke off."
