"""What a generation learns of tools: uses from many places, each once, none of them an evaluation request, with provenance."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inhouse.content.lexical import terms
from inhouse.lab.skills.tools import Use
from inhouse.runtime.agent import builtin


@dataclass(frozen=True)
class Sourced:
    """A use and where it comes from, such as ``example of weather`` or ``trace trc_…``."""

    use: Use
    source: str


@dataclass(frozen=True)
class Dataset:
    """Uses in a fixed order. ``sha256`` names their content; ``left_out`` counts what was not taken, by reason."""

    uses: tuple[Sourced, ...]
    left_out: Mapping[str, int]
    sha256: str

    def first(self, count: int) -> Dataset:
        """The first so many uses, which are an even sample of all."""
        return _named(self.uses[:count], self.left_out)

    def sources(self) -> dict[str, int]:
        """How many uses came from each kind of place: the source up to its last word."""
        return dict(Counter(one.source.rpartition(" ")[0] or one.source for one in self.uses))


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
    return _named([kept[said] for said in ordered], dict(left_out))


def _named(uses: Sequence[Sourced], left_out: Mapping[str, int]) -> Dataset:
    lines = [
        json.dumps([one.use.request, builtin.written(one.use.call), one.source], ensure_ascii=False)
        for one in uses
    ]
    return Dataset(tuple(uses), left_out, hashlib.sha256("\n".join(lines).encode()).hexdigest())


def _said(text: str) -> str:
    return " ".join(terms(text))
