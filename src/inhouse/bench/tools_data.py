"""What the tools benchmark asks: SNIPS's intents as tools, BFCL's single functions, and turns that need no tool.

SNIPS: examples and tuning come from its training files, what is reported from its validation files. BFCL and the turns
without a tool: rows in even places tune, rows in odd places are reported.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from inhouse.lab.internalising.ways import Request
from inhouse.lab.readings import xquad
from inhouse.runtime.extensions.base import Example, Json, Tool

Split = Literal["tune", "report"]
INTENTS = {
    "AddToPlaylist": "Adds a song, album or artist to a playlist.",
    "BookRestaurant": "Books a table at a restaurant.",
    "GetWeather": "Tells the weather at a place and time.",
    "PlayMusic": "Plays music.",
    "RateBook": "Gives a book a rating.",
    "SearchCreativeWork": "Finds a creative work such as a film, book, song or game by its name.",
    "SearchScreeningEvent": "Finds where and when films are shown.",
}
_EXAMPLES = 40
_SEED = 3
_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


def snips_tools(data: Path, described: str = "") -> list[Tool]:
    """The seven intents with examples drawn from the training files; ``described`` adds to their descriptions."""
    chance = random.Random(_SEED)
    tools = []
    for intent, words in INTENTS.items():
        rows = list(_utterances(data / "snips" / f"train_{intent}.json", intent))
        slots = _in_order([list(arguments) for _, arguments in rows])
        examples = chance.sample(rows, _EXAMPLES)
        tools.append(
            Tool(
                name=_snake(intent),
                title=intent,
                description=words + described,
                parameters={
                    "type": "object",
                    "properties": {slot: {"type": "string"} for slot in slots},
                    "additionalProperties": False,
                },
                examples=tuple(Example(request=text[:500], arguments=slots) for text, slots in examples),
            )
        )
    return tools


def snips(data: Path, split: Split, count: int) -> list[Request]:
    """Requests of all intents, as many of each. For tuning: training rows that are not among the examples."""
    kind = "train" if split == "tune" else "validate"
    taught = {example.request for tool in snips_tools(data) for example in tool.examples}
    chance = random.Random(_SEED + 1)
    found: list[Request] = []
    for intent in INTENTS:
        rows = [
            row
            for row in _utterances(data / "snips" / f"{kind}_{intent}.json", intent)
            if row[0] not in taught
        ]
        for text, slots in chance.sample(rows, min(len(rows), max(1, count // len(INTENTS)))):
            accepted = {slot: [value] for slot, value in slots.items()}
            found.append(Request(text, _snake(intent), (accepted,)))
    return found


def snips_taught(data: Path) -> Iterator[tuple[str, str, Json]]:
    """Every request of the training files: what is said, the tool, its arguments."""
    for intent in INTENTS:
        for text, slots in _utterances(data / "snips" / f"train_{intent}.json", intent):
            yield text, _snake(intent), slots


def without_tool(data: Path, split: Split, count: int) -> list[Request]:
    """What people say that needs no tool: small talk, and questions on texts, half of each."""
    with (data / "personachat" / "valid.csv").open(encoding="utf-8") as file:
        said = [turn for row in csv.DictReader(file) for turn in _turns(row["Best Generated Conversation"])]
    chance = random.Random(_SEED + 2)
    side = 0 if split == "tune" else 1
    talk = chance.sample(said[side::2], count // 2)
    asked = chance.sample([reading.question for reading in xquad(data, split)], count - count // 2)
    return [Request(text) for text in [*talk, *asked]]


def bfcl(data: Path, split: Split, count: int) -> Iterator[tuple[Tool, Request]]:
    """Single functions with a request that means them, then with one that does not: as many of each."""
    side = 0 if split == "tune" else 1
    folder = data / "bfcl"
    answers = {row["id"]: row["ground_truth"] for row in _lines(next((folder / "possible_answer").iterdir()))}
    chance = random.Random(_SEED + 3)
    for name, relevant in (("simple_python", True), ("irrelevance", False)):
        rows = [row for row in _lines(folder / f"BFCL_v4_{name}.json") if len(row["function"]) == 1][side::2]
        for row in chance.sample(rows, min(count, len(rows))):
            tool = _function(row["function"][0])
            text = row["question"][0][-1]["content"]
            if relevant:
                yield (
                    tool,
                    Request(text, tool.name, tuple(next(iter(one.values())) for one in answers[row["id"]])),
                )
            else:
                yield tool, Request(text)


def _utterances(path: Path, intent: str) -> Iterator[tuple[str, dict[str, str]]]:
    seen = set()
    for row in json.loads(path.read_bytes().decode("utf-8", errors="replace"))[intent]:
        slots: dict[str, list[str]] = defaultdict(list)
        for part in row["data"]:
            if "entity" in part:
                slots[part["entity"]].append(part["text"].strip())
        text = " ".join("".join(part["text"] for part in row["data"]).split())
        if text not in seen:
            seen.add(text)
            yield text, {slot: " ".join(values) for slot, values in slots.items()}


def _in_order(said: Sequence[Sequence[str]]) -> list[str]:
    """All slots, the order in which they are usually said: what comes early in a request comes early in its call."""
    places: dict[str, list[float]] = defaultdict(list)
    for slots in said:
        for at, slot in enumerate(slots):
            places[slot].append(at / len(slots))
    return sorted(places, key=lambda slot: sum(places[slot]) / len(places[slot]))


def _turns(conversation: str) -> list[str]:
    turns = (line.partition(": ")[2].strip() for line in conversation.splitlines())
    return [turn for turn in turns if 10 <= len(turn) <= 200]


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _function(told: Json) -> Tool:
    name = re.sub(r"[^a-z0-9]+", "_", told["name"].lower()).strip("_")[:48]
    return Tool(
        name=name if name[:1].isalpha() else f"f_{name}"[:48],
        title=told["name"][:80],
        description=told["description"][:600],
        parameters=_schema(told["parameters"]) | {"additionalProperties": False},
    )


def _schema(told: Any) -> Any:
    """BFCL's types are Python's: as JSON schema names them."""
    if isinstance(told, dict):
        made = {key: _schema(value) for key, value in told.items() if key not in ("default", "optional")}
        if isinstance(made.get("type"), str):
            made["type"] = _TYPES.get(made["type"], made["type"])
        return made
    return [_schema(value) for value in told] if isinstance(told, list) else told


def _snake(intent: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", intent).lower()
