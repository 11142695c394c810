"""What of a result is its answer: the same answer gives the same digest, however it was wrapped this time.

Only what is compared may ever be built in. So a field that is left out here as noise can't get into the weights either, and
leaving out too much can't make a changing fact look stable: it makes it no fact at all.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from inhouse.core import ids
from inhouse.runtime.extensions.base import Json, Result

#: Fields of JSON that tell how a response was made, by their letters alone. What dates the content (``updated_at``,
#: ``date``, ``time``) is part of the answer.
NOISE = frozenset(
    {
        "requestid",
        "traceid",
        "spanid",
        "correlationid",
        "responseid",
        "nonce",
        "etag",
        "took",
        "tookms",
        "elapsedms",
        "durationms",
        "latencyms",
        "generatedat",
        "retrievedat",
        "fetchedat",
        "servedat",
        "queriedat",
    }
)


def digest_of(result: Result, arguments: Json) -> str:
    """SHA-256 of the answer in a result of a call with these arguments."""
    return ids.digest(json.dumps(answer_in(result, arguments), sort_keys=True, ensure_ascii=False))


def answer_in(result: Result, arguments: Json) -> Json:
    """The answer as JSON: text, sources and value. ``data`` says the same as the text, so it is not read."""
    return {
        "text": _read(result.text, arguments),
        "sources": [
            [_folded(one.title), one.url, one.date.isoformat() if one.date else None, _folded(one.text)]
            for one in result.sources
        ],
        "value": _folded(result.value),
        "empty": result.empty,
    }


def _read(text: str, arguments: Json) -> Any:
    """Text as its words; JSON as the value that it is, without noise. JSON of which nothing would be left but an echo of
    the arguments keeps its noise: then that is what it answers."""
    if text.lstrip()[:1] not in ("{", "["):
        return _folded(text)
    try:
        value = json.loads(text)
    except ValueError:
        return _folded(text)
    stripped = _stripped(value)
    asked = set(_leaves(arguments))
    return stripped if any(leaf not in asked for leaf in _leaves(stripped)) else value


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stripped(inner) for name, inner in value.items() if _letters(name) not in NOISE}
    if isinstance(value, list):
        return [_stripped(inner) for inner in value]
    return _folded(value) if isinstance(value, str) else value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield _folded(str(value)).casefold()


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _folded(text: str) -> str:
    """The same words in one form: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())
