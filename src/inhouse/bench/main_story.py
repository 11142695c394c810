"""Making an owner's AI and asking it, as people do: by the command and the API."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from inhouse.bench import grounded, main_material
from inhouse.bench.installation import Answer, Client, Installation, client
from inhouse.bench.report import Say
from inhouse.lab.readings import Reading

T = TypeVar("T")
_SEED = 5


@dataclass(frozen=True)
class Size:
    """How much of everything; ``None`` is all."""

    entries: int | None
    bank: int | None
    recipes: Mapping[str, str]
    answerable: int
    unanswerable: int
    own: int
    messages: int
    others: int
    rounds: int
    round_seconds: float


#: The business's content is three times the author's: with the author's recipe it would take an hour.
FULL = Size(
    entries=None,
    bank=None,
    recipes={"author": "voice", "business": "voice-small"},
    answerable=100,
    unanswerable=50,
    own=40,
    messages=100,
    others=1200,
    rounds=3,
    round_seconds=45,
)
QUICK = Size(
    entries=60,
    bank=30,
    recipes={"author": "voice-small", "business": "voice-small"},
    answerable=6,
    unanswerable=3,
    own=4,
    messages=8,
    others=160,
    rounds=2,
    round_seconds=10,
)


@dataclass(frozen=True)
class Owner:
    """Whose AI it is, and how its own documents are asked for."""

    slug: str
    kind: str
    content: Path
    right: str
    asked: Callable[[str], str]


@dataclass
class Made:
    """One owner's AI with what its making took, in seconds by step."""

    owner: Owner
    ai_id: str
    seconds: dict[str, float] = field(default_factory=dict)
    imported: Mapping[str, Any] = field(default_factory=dict)
    adapter: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)

    def timed(self, step: str, work: Callable[[], T]) -> T:
        """Do it, and keep how long it took."""
        started = time.perf_counter()
        done = work()
        self.seconds[step] = time.perf_counter() - started
        return done


@dataclass(frozen=True)
class Asks:
    """What is asked with the adapter and without it."""

    readings: Sequence[tuple[Reading, bool]]
    own: Sequence[str]
    messages: Sequence[str]


@dataclass(frozen=True)
class Answers:
    """The answers to one ``Asks``, each in its order."""

    readings: Sequence[Answer]
    own: Sequence[Answer]
    messages: Sequence[Answer]

    @property
    def all(self) -> list[Answer]:
        return [*self.readings, *self.own, *self.messages]


def owners(data: Path, place: Installation, size: Size) -> list[Owner]:
    material = place.home / "material"
    return [
        Owner(
            slug="author",
            kind="creator",
            content=main_material.book(data, material / "book", size.entries),
            right="public-domain",
            asked=lambda title: f"What is {title.lower()}?",
        ),
        Owner(
            slug="business",
            kind="business",
            content=main_material.bank(data, material / "bank", size.bank),
            right="licensed: MIT",
            asked=lambda title: f"What should I know about {title}?",
        ),
    ]


def make(place: Installation, owner: Owner, size: Size, say: Say) -> Made:
    """From nothing to a release with an adapter (none where the gate refused it)."""
    say(f"{owner.slug}: importing")
    ai = Made(owner, place.run("new", owner.slug, "--kind", owner.kind)["id"])
    ai.imported = ai.timed("import and index", lambda: import_(place, owner.slug, owner.content, owner.right))
    ai.timed("first release", lambda: place.run("release", owner.slug, "--no-adapter"))
    recipe = size.recipes[owner.slug]
    say(f"{owner.slug}: training with the recipe {recipe}")
    trained = ai.timed("train", lambda: place.run("train", owner.slug, "--recipe", recipe))
    ai.adapter, ai.metrics = trained["adapter"], trained["metrics"]
    say(f"{owner.slug}: releasing")
    released = ai.timed("gate and release", lambda: place.run("release", owner.slug, allowed=(0, 1)))
    ai.gate = released["gate"]
    return ai


def import_(place: Installation, slug: str, what: Path, right: str) -> Mapping[str, Any]:
    report: Mapping[str, Any] = place.run("import", slug, str(what), "--right", right)[0]
    return report


def readings_of(
    data: Path, quick: bool, size: Size
) -> tuple[list[tuple[Reading, bool]], list[tuple[str, str]]]:
    """Questions with whether the pages hold the answer, and the pages."""
    questions, pages = grounded.sample(data, quick)
    there = [one for one in questions if one[1]][: size.answerable]
    gone = [one for one in questions if not one[1]][: size.unanswerable]
    return [*there, *gone], pages


def asks_of(
    place: Installation,
    owner: Owner,
    readings: Sequence[tuple[Reading, bool]],
    data: Path,
    size: Size,
    strange: set[str],
) -> Asks:
    """The same for both sides. Only the author is talked to: the business has no other authors to be told from."""
    listed = place.run("documents", owner.slug, "--limit", "1000")
    titles = sorted({document["title"] for document in listed} - strange)
    own = random.Random(_SEED).sample(titles, min(size.own, len(titles)))
    messages = main_material.messages(data, size.messages) if owner.slug == "author" else []
    return Asks(readings, own, messages)


def ask_both(place: Installation, address: str, ai: Made, asks: Asks, say: Say) -> dict[str, Answers]:
    """With the adapter, then without; where the gate refused the adapter there is only the second."""
    slug = ai.owner.slug
    secret = place.run("keys", "add", slug, "--name", "bench")["secret"]
    found = {}
    with client(address, slug, secret) as asking:
        if ai.gate["passed"]:
            found["on"] = ai.timed("ask, on", lambda: _ask(asking, ai.owner, asks, say, "adapter on"))
            place.run("rollback", slug)
        found["off"] = ai.timed("ask, off", lambda: _ask(asking, ai.owner, asks, say, "adapter off"))
    return found


def _ask(asking: Client, owner: Owner, asks: Asks, say: Say, how: str) -> Answers:
    say(f"{owner.slug}: asking with the {how}")
    return Answers(
        readings=[asking.ask(reading.question) for reading, _ in asks.readings],
        own=[asking.ask(owner.asked(title)) for title in asks.own],
        messages=[asking.ask(message) for message in asks.messages],
    )
