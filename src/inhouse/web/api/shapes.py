"""What a chat request and its answer look like: OpenAI's chat completions, with one field more, ``inhouse``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from inhouse.conversations.documents import MOST_IN_CONVERSATION
from inhouse.core.errors import TooLarge, UsageError
from inhouse.core.events import ClientCall, Ended
from inhouse.core.passages import Credit, Place
from inhouse.core.proposals import Proposal
from inhouse.runtime.clients import MOST_TOOLS, ClientTools, Described
from inhouse.web.api import dialogue
from inhouse.web.api.attached import GivenFile
from inhouse.web.api.dialogue import Dialogue, Item, Returned, Said
from inhouse.web.api.tools import Choice as ToolChoice
from inhouse.web.api.tools import client_tools

_MOST_MESSAGES = 200
_MOST_CHARS = 100_000
_FINISH = {"stop": "stop", "length": "length", "stopped": "stop", "guard": "content_filter"}


#: Names of tools and of calls, as OpenAI's.
ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
CallId = Annotated[str, Field(min_length=1, max_length=200)]
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_FILE_PARTS = frozenset({"file", "input_file"})


class Part(BaseModel):
    """A piece of a message: text, or a document (`file`)."""

    model_config = ConfigDict(extra="ignore")

    type: Annotated[str, Field(max_length=60)]
    text: Annotated[str, Field(max_length=_MOST_CHARS)] = ""
    refusal: Annotated[str, Field(max_length=_MOST_CHARS)] = ""
    file: GivenFile | None = None


Content = Annotated[str, Field(max_length=_MOST_CHARS)] | Annotated[list[Part], Field(max_length=50)] | None


class NoDocuments(UsageError):
    """Documents are not read here. Give them to /v1/chat/completions, as file parts of a user's message."""


def words_of(content: Content) -> str:
    """A message's text. Raises ``UsageError`` where it holds anything else: a document, an image or a sound."""
    if not isinstance(content, list):
        return content or ""
    for part in content:
        if part.type in _FILE_PARTS:
            raise NoDocuments()
        if part.type not in _TEXT_PARTS and part.type != "refusal":
            raise UsageError(reason=f'Only text is understood, and "{part.type}" is none. Send text.')
    return "\n".join(part.text or part.refusal for part in content)


class Called(BaseModel):
    """The function of a call."""

    model_config = ConfigDict(extra="ignore")

    name: ToolName
    arguments: Annotated[str, Field(max_length=_MOST_CHARS)] = "{}"


class ToolCall(BaseModel):
    """A call that the AI asked for."""

    model_config = ConfigDict(extra="ignore")

    id: CallId
    type: Literal["function"] = "function"
    function: Called


class Message(BaseModel):
    """One message of the dialogue. The AI's own brief stands in place of ``system`` messages, which are not read."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=MOST_TOOLS)] | None = None
    tool_call_id: CallId | None = None

    def items(self) -> Iterator[Item]:
        """What it adds to the dialogue."""
        if self.role == "user":
            yield Said("user", words_of(self._without_files))
        elif self.role == "assistant":
            if said := words_of(self.content):
                yield Said("assistant", said)
            for call in self.tool_calls or ():
                yield ClientCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
        elif self.role == "tool":
            yield Returned(self.tool_call_id or "", words_of(self.content))

    @property
    def _without_files(self) -> Content:
        if not isinstance(self.content, list):
            return self.content
        return [part for part in self.content if part.type != "file" or part.file is None]

    @property
    def files(self) -> list[GivenFile]:
        """The documents that the message gives."""
        parts = self.content if isinstance(self.content, list) else []
        return [part.file for part in parts if part.type == "file" and part.file is not None]


class Function(BaseModel):
    """A function of the client's, described."""

    model_config = ConfigDict(extra="ignore")

    name: ToolName
    description: Annotated[str, Field(max_length=_MOST_CHARS)] | None = None
    parameters: dict[str, Any] | None = None

    @property
    def described(self) -> Described:
        return Described(self.name, self.description or "", self.parameters)


class ChatTool(BaseModel):
    """A tool of the client's; only functions are understood."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["function"]
    function: Function


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
    tools: Annotated[
        list[ChatTool] | None,
        Field(
            max_length=MOST_TOOLS,
            description="Functions of your own that the AI may ask you to call; its own tools and rules come first.",
        ),
    ] = None
    tool_choice: Annotated[
        ToolChoice, Field(description="none, auto, required, or the function that is to be called.")
    ] = None
    parallel_tool_calls: Annotated[
        bool | None, Field(description="Whether several calls may be asked for at once.")
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
    def dialogue(self) -> Dialogue:
        """The question, which is the last message or what the last results belong to, with what came before."""
        return dialogue.read([item for message in self.messages for item in message.items()])

    def client(self, asked: Dialogue) -> ClientTools | None:
        """What the request says of tools."""
        described = [tool.function.described for tool in self.tools or ()]
        parallel = self.parallel_tool_calls is not False
        return client_tools(described, self.tool_choice, parallel, asked.results)

    @property
    def files(self) -> list[GivenFile]:
        """The documents that the dialogue gives, in order."""
        found = [file for message in self.messages if message.role == "user" for file in message.files]
        if len(found) > MOST_IN_CONVERSATION:
            raise TooLarge(what="The list of documents", limit=str(MOST_IN_CONVERSATION))
        return found


class CitedSource(BaseModel):
    """What a claim of the answer stands on; its text refers to it as ``[number]``."""

    number: int
    document: str
    url: str | None
    place: Place
    quote: str
    credit: Credit | None = None
    """Who wrote it and where it appeared, where the document says so."""


class Proposed(BaseModel):
    """What the AI would do, if the person it concerns agrees: ``POST /v1/actions/{id}`` with its ``hash``."""

    id: str
    tool: str
    title: str
    arguments: dict[str, Any]
    hash: str


class PlannedPart(BaseModel):
    """A part of a question that is several: waiting, working, done, missing, failed, left or acting."""

    number: int
    text: str
    state: str
    line: str


class Extra(BaseModel):
    """What Inhouse knows of the answer beside its text."""

    turn: str
    release: str | None
    kind: str
    abstained: bool
    verdict: Literal["yes", "no", "maybe"] | None = None
    """What the papers of a research AI say to a yes/no question."""
    citations: list[CitedSource]
    plan: list[PlannedPart]
    """What the question came apart into, with what became of each part; empty where it is one thing."""
    proposal: Proposed | None = None


class Answer(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str | None
    tool_calls: list[ToolCall] | None = None

    @model_serializer(mode="wrap")
    def _as_openai(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the field where nothing is to be called: clients ask whether it is there."""
        told: dict[str, Any] = handler(self)
        if self.tool_calls is None:
            del told["tool_calls"]
        return told


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
    return "tool_calls" if ended.client_calls else _FINISH[ended.finish]


def answer(ended: Ended) -> Answer:
    """The answer's message."""
    calls = [_call(call) for call in ended.client_calls]
    return Answer(content=ended.answer or (None if calls else ""), tool_calls=calls or None)


def call_deltas(ended: Ended) -> Iterator[dict[str, Any]]:
    """The calls as a stream brings them: each is begun with its name, then its arguments follow."""
    for index, call in enumerate(ended.client_calls):
        begun = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": begun}]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": call.arguments}}]}


def _call(call: ClientCall) -> ToolCall:
    return ToolCall(id=call.id, function=Called(name=call.name, arguments=call.arguments))


def usage(ended: Ended) -> Usage:
    """What the answer cost the engine."""
    prompt, completion = ended.timing.prompt_tokens, ended.timing.completion_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def extra(ended: Ended, turn_id: str, release_id: str | None) -> Extra:
    """The field ``inhouse``."""
    citations = [CitedSource(**citation.model_dump(exclude={"passage_id"})) for citation in ended.citations]
    return Extra(
        turn=turn_id,
        release=release_id,
        kind=ended.kind,
        abstained=ended.abstained,
        verdict=ended.verdict,
        citations=citations,
        plan=[PlannedPart(**part) for part in ended.plan],
        proposal=_proposed(ended.proposal) if ended.proposal else None,
    )


def _proposed(proposal: Proposal) -> Proposed:
    return Proposed(
        id=proposal.action_id, **proposal.model_dump(include={"tool", "title", "arguments", "hash"})
    )


def chunk(completion_id: str, created: int, model: str, **values: Any) -> dict[str, Any]:
    """One piece of a streamed answer."""
    named = {"id": completion_id, "object": "chat.completion.chunk", "created": created, "model": model}
    return {**named, "choices": [], **values}


def choice(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
    """The one choice of a chunk."""
    return [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
