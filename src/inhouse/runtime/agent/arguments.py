"""The arguments of a call, decoded under the tool's schema: what the smallest model writes fits it.

What a tool's examples always say in the request's own words has to be said so: there the grammar lets through nothing but
pieces of the request.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from inhouse.runtime import prompts
from inhouse.runtime.agent.choosing import Choice
from inhouse.runtime.agent.evidence import copied, stands
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Completion, Engine, Message
from inhouse.runtime.extensions.base import Example, Json, Tool

SYSTEM = "Write the call of {name} for the request, as JSON. {description}"
_LONGEST_CALL = 120
#: Of one that has to be made: the model may need room to come to an end.
_LONGEST_WRITTEN = 300
#: Words of a request that pieces are made of, and of one piece.
_MOST_WORDS, _LONGEST_PIECE = 40, 10


class Arguments:
    """Asks a model for a call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def make(self, draft: Draft, choice: Choice) -> Json | None:
        """The arguments for the draft's question; nothing where the model could not finish them, or made them up."""
        tool, question = choice.attached.tool, draft.question
        text = await self._decoded(draft, choice, narrowed(tool, question), _LONGEST_CALL)
        return made(text, tool, question)

    async def written(self, draft: Draft, choice: Choice) -> Json | None:
        """The arguments of a call that has to be made, whatever is asked: they may hold what nobody said, such as a class
        that a text belongs to. Nothing where the model could not finish them."""
        return read(await self._decoded(draft, choice, choice.attached.tool.parameters, _LONGEST_WRITTEN))

    async def _decoded(self, draft: Draft, choice: Choice, schema: Json, longest: int) -> str:
        request = Completion(
            messages=messages(choice.attached.tool, choice.examples, draft.question),
            json_schema=schema,
            max_tokens=longest,
            priority=draft.request.priority,
        )
        return await draft.written(self._engine, request)


def messages(tool: Tool, examples: Sequence[Example], question: str) -> list[Message]:
    """The prompt: the tool in a line, its nearest examples with the nearest last, the request."""
    said = [Message("system", SYSTEM.format(name=tool.name, description=tool.description))]
    for example in reversed(examples):
        said.append(Message("user", prompts.defuse(example.request)))
        said.append(Message("assistant", _written(tool, example.arguments)))
    return [*said, Message("user", prompts.defuse(question))]


def narrowed(tool: Tool, question: str) -> Json:
    """The tool's schema, in which what is always copied from the request can only be a piece of this one."""
    properties = tool.parameters.get("properties", {})
    pieces = _pieces(question)
    narrow = {
        name: schema | {"enum": pieces} if _is_open(schema) and copied(name, tool.examples) else schema
        for name, schema in properties.items()
    }
    return tool.parameters | {"properties": narrow} if pieces and properties else tool.parameters


def made(text: str, tool: Tool, question: str) -> Json | None:
    """The call in what was decoded; nothing where it was cut off or has values that nobody asked for."""
    value = read(text)
    return value if value is not None and stands(value, question, tool) else None


def read(text: str) -> Json | None:
    """The JSON object in what was decoded; nothing where it was cut off."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _written(tool: Tool, arguments: Json) -> str:
    """Arguments as the engine's grammar writes them: in the order of the schema."""
    order = [*tool.parameters.get("properties", {}), *arguments]
    return json.dumps({name: arguments[name] for name in order if name in arguments}, ensure_ascii=False)


def _is_open(schema: Json) -> bool:
    return schema.get("type") == "string" and not {"enum", "const", "format"} & set(schema)


def _pieces(question: str) -> list[str]:
    """Every run of words of the request, with and without the marks at its end."""
    words = question.split()[:_MOST_WORDS]
    runs = (
        " ".join(words[begin:end])
        for begin in range(len(words))
        for end in range(begin + 1, min(begin + _LONGEST_PIECE, len(words)) + 1)
    )
    found = dict.fromkeys(piece for run in runs for piece in (run, run.strip(" .,;:!?\"'“”()")))
    return [piece for piece in found if piece]
