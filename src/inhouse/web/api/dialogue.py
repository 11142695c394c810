"""A client's messages as one question, with what was said before it and what was called for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from inhouse.core.errors import UsageError
from inhouse.core.events import ClientCall
from inhouse.runtime.clients import ClientResult
from inhouse.runtime.request import Exchange

_MOST_RESULTS = 64


@dataclass(frozen=True)
class Said:
    """Words of one of the two."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Returned:
    """What a call brought."""

    call_id: str
    text: str


#: In the order of the dialogue; a ``ClientCall`` is one that the AI asked for.
Item = Said | ClientCall | Returned


@dataclass(frozen=True)
class Dialogue:
    """What is asked now. ``results`` are of the calls that were made for this question."""

    question: str
    history: tuple[Exchange, ...]
    results: tuple[ClientResult, ...]


def read(items: Sequence[Item]) -> Dialogue:
    """The last question of a dialogue. Raises ``UsageError`` where the AI is not to speak next."""
    asked = [at for at, item in enumerate(items) if isinstance(item, Said) and item.role == "user"]
    question = items[asked[-1]] if asked else None
    answered = bool(asked) and isinstance(items[-1], Said) and asked[-1] < len(items) - 1
    if not isinstance(question, Said) or answered:
        raise UsageError(reason='The last message must have the role "user", or be the result of a call.')
    return Dialogue(question.text, _exchanges(items[: asked[-1]]), _results(items[asked[-1] + 1 :]))


def _exchanges(items: Iterable[Item]) -> tuple[Exchange, ...]:
    """Each question with the words that answered it."""
    exchanges: list[Exchange] = []
    asked = ""
    for item in items:
        if not isinstance(item, Said):
            continue
        if item.role == "user":
            asked = item.text
        elif asked and item.text:
            exchanges.append(Exchange(asked, item.text))
            asked = ""
    return tuple(exchanges)


def _results(items: Sequence[Item]) -> tuple[ClientResult, ...]:
    calls = {item.id: item for item in items if isinstance(item, ClientCall)}
    brought = [item for item in items if isinstance(item, Returned)]
    if len(brought) > _MOST_RESULTS:
        raise UsageError(reason=f"At most {_MOST_RESULTS} results go with a question.")
    for item in brought:
        if item.call_id not in calls:
            raise UsageError(reason=f'There is no call "{item.call_id[:80]}" before its result.')
    for call_id in calls.keys() - {item.call_id for item in brought}:
        raise UsageError(reason=f'The call "{call_id[:80]}" has no result.')
    return tuple(ClientResult(calls[item.call_id], item.text) for item in brought)
