"""What a generation learns of tools: uses from many places, each once, none of them an evaluation request, with provenance."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from inhouse.content.lexical import terms
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent import builtin

#: One request of so many is kept to judge the result.
_KEPT = 5


@dataclass(frozen=True)
class Sourced:
    """A use and where it comes from: a kind of place, and behind a colon which one, as in ``example: ada/weather``."""

    use: Use
    source: str

    @property
    def kind(self) -> str:
        """The kind of place."""
        return self.source.partition(": ")[0]

    @property
    def which(self) -> str:
        """Which one of its kind; empty where there is only one."""
        return self.source.partition(": ")[2]


@dataclass(frozen=True)
class Dataset:
    """Uses in a fixed order. ``sha256`` names their content; ``left_out`` counts what was not taken, by reason."""

    uses: tuple[Sourced, ...]
    left_out: Mapping[str, int]
    sha256: str

    def first(self, count: int) -> Dataset:
        """The first so many uses, which are an even sample of all."""
        return named(self.uses[:count], self.left_out)

    def sources(self) -> dict[str, int]:
        """How many uses came from each kind of place."""
        return dict(Counter(one.kind for one in self.uses))


def apart(found: Iterable[Sourced]) -> tuple[list[Sourced], list[Sourced]]:
    """Those that teach, and the fifth that judges. The same request is on the same side whoever says it, in every generation."""
    sides: tuple[list[Sourced], list[Sourced]] = ([], [])
    for one in found:
        sides[judges(one.use.request)].append(one)
    return sides


def judges(request: str) -> bool:
    """Whether a request is on the side that judges."""
    return place(request) % _KEPT == 0


def place(request: str) -> int:
    """Where a request stands among all that could be said: an order that knows nothing of its source."""
    return int.from_bytes(hashlib.sha256(_said(request).encode()).digest()[:8])


def build(found: Iterable[Sourced], evaluation: Iterable[str]) -> Dataset:
    """Keep each request once, and none that says the same as one of ``evaluation``.

    Requests say the same where they have the same words in the same order, but for case and marks. The order is by hash, so that
    it doesn't depend on where a use came from, and any beginning of it is a sample.
    """
    apart = {_said(text) for text in evaluation}
    kept: dict[str, Sourced] = {}
    left_out: Counter[str] = Counter()
    for one in found:
        said = _said(one.use.request)
        if not said:
            left_out["without words"] += 1
        elif said in apart:
            left_out["an evaluation request"] += 1
        elif said in kept:
            left_out["said before"] += 1
        else:
            kept[said] = one
    ordered = sorted(kept, key=lambda said: hashlib.sha256(said.encode()).digest())
    return named([kept[said] for said in ordered], dict(left_out))


def count(made: Dataset, tool: str) -> int:
    """How many uses of a tool are in it."""
    return sum(one.use.call is not None and one.use.call.tool == tool for one in made.uses)


def noted(made: Dataset, left_out: Mapping[str, int]) -> Dataset:
    """The same with what was left out before."""
    return replace(made, left_out={**left_out, **made.left_out})


def named(uses: Sequence[Sourced], left_out: Mapping[str, int]) -> Dataset:
    """These uses, in this order, with the name of their content."""
    lines = [
        json.dumps([one.use.request, builtin.written(one.use.call), one.source], ensure_ascii=False)
        for one in uses
    ]
    return Dataset(tuple(uses), left_out, hashlib.sha256("\n".join(lines).encode()).hexdigest())


def _said(text: str) -> str:
    return " ".join(terms(text))
