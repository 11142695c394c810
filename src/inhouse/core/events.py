"""What happens while a turn is answered: one versioned union, the same in Python, in the database and on the wire.

Each event carries a sequence number within its turn, so that a reader who reconnects can go on after the last one
it saw. Version 1.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from inhouse.core.passages import Citation
from inhouse.core.proposals import Proposal

VERSION = 1


class Timing(BaseModel):
    """How long an answer took, in milliseconds and tokens."""

    model_config = ConfigDict(frozen=True)

    first_token_ms: float | None = None
    total_ms: float = 0.0
    retrieval_ms: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)

    seq: int = 0


class Started(_Event):
    """The turn is stored and its answer begins."""

    type: Literal["started"] = "started"
    turn_id: str = ""
    release_id: str | None = None


class Step(_Event):
    """Something the runtime does before or between words, worth showing while it happens."""

    type: Literal["step"] = "step"
    name: str
    """``search``, ``tool``, ``plan`` (the whole plan, each time that something of it has changed), or ``giant``: a bigger model
    is asked, because the answer so far looks wrong."""
    state: Literal["begun", "done", "failed"]
    detail: dict[str, Any] = Field(default_factory=dict)


class Token(_Event):
    """Some more of the answer's text, already held back and cleared by the guard."""

    type: Literal["token"] = "token"
    text: str


class Replaced(_Event):
    """What was shown so far is withdrawn, and ``text`` stands in its place."""

    type: Literal["replaced"] = "replaced"
    text: str
    reason: str


class ClientCall(BaseModel):
    """A call of one of the asker's own tools, which the asker makes: only they know how."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    """As the asker calls the tool."""
    arguments: str
    """JSON text of an object that fits the tool's schema."""


class Ended(_Event):
    """The answer as it is stored."""

    type: Literal["ended"] = "ended"
    answer: str
    citations: tuple[Citation, ...] = ()
    abstained: bool = False
    own: bool = False
    """The owner's own answer to this question, whole: pinned, or of their FAQ."""
    kind: Literal["grounded", "extractive", "pinned", "tool", "chat", "abstained", "guarded"] = "chat"
    verdict: Literal["yes", "no", "maybe"] | None = None
    """What the papers of a research AI say to a yes/no question."""
    finish: Literal["stop", "length", "stopped", "guard"] = "stop"
    tools: tuple[dict[str, Any], ...] = ()
    client_calls: tuple[ClientCall, ...] = ()
    """What the asker is to call before this can be answered; ``answer`` is empty then."""
    proposal: Proposal | None = None
    """What the AI would do, if whoever asked agrees to it."""
    plan: tuple[dict[str, Any], ...] = ()
    """The tasks that the question came apart into: each with its ``number``, ``text``, ``state`` and ``line``."""
    timing: Timing = Timing()


class Failed(_Event):
    """The answer could not be finished; the turn is kept and may be asked again."""

    type: Literal["failed"] = "failed"
    code: str
    message: str
    retriable: bool = True


Event = Annotated[Started | Step | Token | Replaced | Ended | Failed, Field(discriminator="type")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
