"""What can go wrong between us and a server, each in one sentence."""

from __future__ import annotations

from collections.abc import Iterator

from mcp.shared.exceptions import MCPError
from mcp.types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT

from inhouse.content import plain

MOST_MESSAGE = 8 * 1024 * 1024
"""Longest message that is taken from a server, in bytes."""
MOST_SECONDS = 130.0
"""No call lasts longer, whoever forgot to set a limit: a tool's own limit is at most 120."""
TOO_LONG = f"The server sends more than {MOST_MESSAGE // 1024**2} MB at once, which is refused."

#: Codes that we give to errors of our own making, from the range that the protocol leaves to implementations.
REFUSED = -32018
UNSENT = -32017
"""The request never reached the server, or was turned away at its door: nothing was done for it."""
SESSION_LOST = -32019

_MOST_WORDS = 300
_SENTENCES = {
    CONNECTION_CLOSED: "The server stopped before it answered.",
    REQUEST_TIMEOUT: "The server does not answer in time.",
    PARSE_ERROR: "The server's answer is no valid message.",
    SESSION_LOST: "The server has forgotten the session.",
}


class Broken(Exception):
    """The connection can't go on. Its text is a sentence for whoever waits for an answer."""

    def __init__(self, words: str, *, sent: bool = True) -> None:
        super().__init__(words)
        self.sent = sent
        """Whether the request may have been on its way."""


class Unasked(Exception):
    """The connection ended before the server was asked: the same may be asked again on a new one."""


def words(error: BaseException) -> str:
    """A sentence for whoever waits for an answer."""
    if isinstance(error, BaseExceptionGroup):
        error = _cause(error)
    if isinstance(error, Broken | Unasked):
        return str(error)
    if isinstance(error, MCPError):
        return _of(error)
    return "The server's answer is not what the protocol says."


def is_unclear(error: BaseException) -> bool:
    """Whether the server may have done what it was asked although no answer of its own says so."""
    if isinstance(error, Broken):
        return error.sent
    if isinstance(error, MCPError):
        return error.code in (REFUSED, CONNECTION_CLOSED, REQUEST_TIMEOUT, PARSE_ERROR)
    return not isinstance(error, Unasked)


def shown(text: str) -> str:
    """What a server says of its failure, as much of it as is shown."""
    return plain.one_line(text[: 4 * _MOST_WORDS])[:_MOST_WORDS]


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first to break takes others with it: our own words say best what it was."""
    leaves = list(_leaves(group))
    return next((leaf for leaf in leaves if isinstance(leaf, Broken)), leaves[0])


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _of(error: MCPError) -> str:
    if error.code in (REFUSED, UNSENT):
        return shown(error.message)
    return (
        _SENTENCES.get(error.code) or f"The server refuses: {shown(error.message) or 'it does not say why.'}"
    )
