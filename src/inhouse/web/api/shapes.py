"""What a chat request and its answer look like: OpenAI's chat completions, with one field more, ``inhouse``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inhouse.core.errors import UsageError
from inhouse.core.events import Ended
from inhouse.core.passages import Place
from inhouse.runtime.request import Exchange

_MOST_MESSAGES = 200
_MOST_CHARS = 100_000
_FINISH = {"stop": "stop", "length": "length", "stopped": "stop", "guard": "content_filter"}


class Part(BaseModel):
    """A piece of a message; only text is understood."""

    model_config = ConfigDict(extra="ignore")

    type: str
    text: Annotated[str, Field(max_length=_MOST_CHARS)] = ""


class Message(BaseModel):
    """One message of the dialogue. The AI's own brief stands in place of ``system`` messages, which are not read."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: (
        Annotated[str, Field(max_length=_MOST_CHARS)] | Annotated[list[Part], Field(max_length=50)] | None
    ) = None

    @property
    def words(self) -> str:
        """The message's text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream holds beside the answer."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A question with what was said before. Settings of sampling are accepted and not used: the release fixes them."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "model": "marrow-and-mast",
                    "messages": [{"role": "user", "content": "Do you ship to Japan?"}],
                }
            ]
        },
    )

    model: Annotated[str, Field(max_length=60, description="The AI's slug.")]
    messages: Annotated[
        list[Message],
        Field(
            min_length=1,
            max_length=_MOST_MESSAGES,
            description="What was said, the question last. The AI's own brief stands in place of system messages.",
        ),
    ]
    stream: Annotated[bool, Field(description="Send the answer as server-sent events.")] = False
    stream_options: Annotated[
        StreamOptions | None, Field(description="With include_usage, the last event counts the tokens.")
    ] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=4096, description="Longest answer, in tokens.")] = None
    max_completion_tokens: Annotated[
        int | None, Field(ge=1, le=4096, description="Longest answer, in tokens.")
    ] = None
    n: Annotated[int, Field(ge=1, le=1, description="One answer a request.")] = 1
    user: Annotated[
        str | None,
        Field(
            max_length=100, description="Your name for the person who asks; one is never joined with another."
        ),
    ] = None

    @property
    def most_tokens(self) -> int:
        return self.max_completion_tokens or self.max_tokens or 256

    @property
    def question(self) -> str:
        """The last message, which must be the user's."""
        if self.messages[-1].role != "user":
            raise UsageError(reason='The last message must have the role "user".')
        return self.messages[-1].words

    @property
    def history(self) -> list[Exchange]:
        """The exchanges before the question: each user message with the assistant's next."""
        exchanges: list[Exchange] = []
        asked = ""
        for message in self.messages[:-1]:
            if message.role == "user":
                asked = message.words
            elif message.role == "assistant" and asked:
                exchanges.append(Exchange(asked, message.words))
                asked = ""
        return exchanges


class CitedSource(BaseModel):
    """What a claim of the answer stands on; its text refers to it as ``[number]``."""

    number: int
    document: str
    url: str | None
    place: Place
    quote: str


class Extra(BaseModel):
    """What Inhouse knows of the answer beside its text."""

    turn: str
    release: str | None
    kind: str
    abstained: bool
    citations: list[CitedSource]


class Answer(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: Answer
    finish_reason: str
    logprobs: None = None


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """An answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    inhouse: Extra


def finish_reason(ended: Ended) -> str:
    """Why the answer ended, in OpenAI's words."""
    return _FINISH[ended.finish]


def usage(ended: Ended) -> Usage:
    """What the answer cost the engine."""
    prompt, completion = ended.timing.prompt_tokens, ended.timing.completion_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def extra(ended: Ended, turn_id: str, release_id: str | None) -> Extra:
    """The field ``inhouse``."""
    citations = [CitedSource(**citation.model_dump(exclude={"passage_id"})) for citation in ended.citations]
    return Extra(
        turn=turn_id, release=release_id, kind=ended.kind, abstained=ended.abstained, citations=citations
    )


def chunk(completion_id: str, created: int, model: str, **values: Any) -> dict[str, Any]:
    """One piece of a streamed answer."""
    named = {"id": completion_id, "object": "chat.completion.chunk", "created": created, "model": model}
    return {**named, "choices": [], **values}


def choice(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
    """The one choice of a chunk."""
    return [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
