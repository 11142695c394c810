"""The models that can be compared: generations that are installed, with or without an AI's adapter, and endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from inhouse.runtime.cascade.listening import Listening
from inhouse.runtime.profile import ENDPOINT
from inhouse.runtime.request import Answerer
from inhouse.store.database import Tx

ADAPTER = "+adapter"


@dataclass(frozen=True)
class Contender:
    """``name`` is ``gen_…``, ``gen_…+adapter`` or ``endpoint:MODEL``. ``adapter_hash`` is the AI's, of that generation."""

    name: str
    kind: Literal["generation", "endpoint"]
    adapter_hash: str | None = None

    @property
    def model(self) -> str:
        """The model's own name."""
        return model_of(self.name)


def model_of(name: str) -> str:
    """The model that a contender's name means, as price tables and servers call it."""
    return name.removesuffix(ADAPTER).removeprefix(ENDPOINT)


@dataclass(frozen=True)
class Standing:
    """A contender that answers; ``close`` ends it."""

    answerer: Answerer
    ear: Listening
    close: Callable[[], Awaitable[None]]


class Arena(Protocol):
    """Knows the contenders and starts them. `app` builds it."""

    def contenders(self, tx: Tx, ai_id: str) -> list[Contender]:
        """What this AI could be answered by, what is served now first."""
        ...

    def named(self, tx: Tx, ai_id: str, name: str) -> Contender:
        """One of them; ``UsageError`` names those that there are."""
        ...

    def serves(self, name: str) -> bool:
        """Whether fans could be answered by it, beside what is live."""
        ...

    async def stand(self, contender: Contender) -> Standing:
        """Start it in the caller's event loop, in a process of its own where it is a generation."""
        ...
