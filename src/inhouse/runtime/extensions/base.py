"""What an extension is: something attached outside the model, offered to it as tools.

An extension says which tools it has, and answers calls of them. It is handed checked arguments and gives back a
``Result`` or raises ``ToolFailed`` with one sentence. Time, size, quotas and consent are the caller's business
(``calling.py``); what is inside an extension may take as long and return as much as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, field_validator

from inhouse.content.given import Given
from inhouse.core.errors import InhouseError
from inhouse.core.passages import Place

Effect = Literal["reading", "acting"]
"""What calling does: look something up, or change something (send, book, buy, write) that somebody has to agree to."""

Json = dict[str, Any]


class ToolFailed(InhouseError):
    """{reason}"""

    status = 502


class ToolUnclear(ToolFailed):
    """{reason}"""

    # The call was on its way, and its answer did not come: nobody knows whether it was done. Plain ``ToolFailed``
    # promises that it was not.


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Example(_Value):
    """A request as a person would say it, and the call that answers it."""

    request: str = Field(max_length=500)
    arguments: Json


class Tool(_Value):
    """One thing that an extension can do.

    What was added later is left out of the JSON where it says nothing, so that signatures of older versions hold.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")
    title: str = Field(max_length=80)
    """What the page calls it while it works, such as "Search the news"."""
    description: str = Field(max_length=600)
    """For the model: when to use it, in one or two sentences."""
    parameters: Json
    """JSON schema of the arguments: an object."""
    examples: tuple[Example, ...] = Field((), max_length=40)
    effect: Effect = "reading"
    takes_any_question: str = Field("", exclude_if=lambda value: not value)
    """The argument that a question can stand in as it is: where the passages hold no answer, the tool is asked that."""
    repeatable: bool = Field(False, exclude_if=lambda value: not value)
    """Whether a call that acts may be made again with the same key, because its server does it only once."""


class Limits(_Value):
    """What one call may take, and how often it may be made."""

    seconds: float = Field(10.0, gt=0, le=120)
    result_chars: int = Field(8_000, ge=100, le=200_000)
    """Longer results are cut; what a model reads costs time by its length."""
    fan_daily: int = Field(100, ge=0)
    ai_daily: int = Field(5_000, ge=0)
    cost: float = Field(0.0, ge=0)
    """Money a call costs the owner, in the installation's currency."""


class Source(_Value):
    """Where a result, or a part of it, comes from."""

    title: str
    url: str | None = None
    date: datetime | None = None
    """When it was published or last changed, UTC."""
    text: str = ""
    """The words themselves: what an answer may quote."""
    passage: str = ""
    """The passage of a given document that they stand in; empty for what a tool found anywhere else."""
    place: Place = Place()

    @field_validator("url")
    @classmethod
    def _opens_a_page(cls, url: str | None) -> str | None:
        """An address from outside becomes a link that people follow: only to a web page, else to nothing."""
        return url if url and url.startswith(("http://", "https://")) and len(url) <= 2000 else None


class Result(_Value):
    """What a call brought. All of it is data from outside: nothing in it is ever obeyed."""

    text: str
    """For reading: by the model, and by a person where no model reads it."""
    sources: tuple[Source, ...] = ()
    data: Any = None
    """The same in JSON, where the tool has it."""
    empty: bool = False
    """Whether nothing was found: the answer is looked for elsewhere then."""
    whole: bool = False
    """Whether the text is the answer: it is told as it is, with its numbers of sources, and not read for the question."""
    value: str = Field("", max_length=80)
    """The one amount, date or name that it comes to, where it does: what a next call can go on with, such as "£24.00"."""


@dataclass(frozen=True)
class Context:
    """On whose behalf a call is made."""

    ai_id: str
    fan_id: str | None
    call_id: str
    """Unique; an acting tool sends it along as its idempotency key."""
    now: datetime
    """The asker's present, UTC."""
    language: str = "en"
    depth: int = 0
    """How many AIs have asked each other before this call: a specialist asks nobody."""
    said: str = ""
    """The asker's own words, a line for each request, this one last: what a tool may do only where a person asked for it is looked up here."""
    documents: Sequence[Given] = field(default=(), repr=False)
    """What the asker gave to be read."""


class Reading(_Value):
    """A call that an extension found spelled out in a request."""

    arguments: Json
    certain: bool = True
    """Whether every word of the request is accounted for. Else it is only the best guess, once the tool is known to be meant."""


@runtime_checkable
class Understanding(Protocol):
    """An extension that reads some requests by itself: those that leave no doubt need no model to be written as a call."""

    def understood(self, tool: str, request: str, today: date) -> Reading | None:
        """The call that the request spells out, its values all from the request; nothing where its words leave doubt.
        Quick, and never raises."""
        ...


class Extension(Protocol):
    """An attached extension, set up for one AI."""

    async def tools(self) -> Sequence[Tool]:
        """What it offers. Asked once, when it is attached, and again when its owner refreshes it."""
        ...

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Make a call. The arguments fit the tool's schema. Raises ``ToolFailed`` with a sentence for the answer, and
        ``ToolUnclear`` where the call may have been done all the same."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and processes."""
        ...


@runtime_checkable
class Present(Protocol):
    """What an extension is, too, whose tools depend on who asks and what there is now."""

    async def offered(self, context: Context) -> Sequence[Tool]:
        """The tools for this request. What was signed when it was set up are the tools that it can have."""
        ...
