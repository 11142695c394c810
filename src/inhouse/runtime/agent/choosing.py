"""Is a tool meant, and which? By likeness to the requests that it was made for.

The model that ships makes no usable choice from descriptions. Its embedder does: a question is compared with every
tool's example requests, and with a background of requests that want no tool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inhouse.runtime.extensions.base import Example
from inhouse.runtime.extensions.calling import Attached
from inhouse.runtime.request import Retriever

#: How clearly a tool must be meant: its best examples are so much nearer to the question than requests without a tool.
LEAST_MARGIN = 0.025
#: How many of a tool's examples are looked at: one may be alike by chance.
_NEAREST = 5
#: A description is nearer than a request is to whatever is on its subject, also where no call is meant.
_DESCRIBED = 0.025
#: Examples that the model is shown.
_SHOWN = 4


@dataclass(frozen=True)
class Choice:
    """A tool that is meant, how clearly (above 0), and its examples that are most like the question, nearest first."""

    attached: Attached
    margin: float
    examples: tuple[Example, ...]


class Chooser:
    """Ranks tools for a question."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    async def choose(self, question: str, tools: Sequence[Attached]) -> Choice | None:
        """The tool that the question clearly means, or none."""
        ranked = await self.rank(question, tools)
        return ranked[0] if ranked and ranked[0].margin >= LEAST_MARGIN else None

    async def rank(self, question: str, tools: Sequence[Attached]) -> list[Choice]:
        """All tools, the likeliest first. One without examples is compared by its description."""
        without = background()
        texts = [text for one in tools for text in _requests(one)]
        cosines = list(await self._retriever.similar(question, [*texts, *without]))
        nothing = _mean_of_best(cosines[len(texts) :])
        ranked, at = [], 0
        for one in tools:
            mine = cosines[at : at + len(_requests(one))]
            at += len(mine)
            nearest = sorted(zip(mine, one.tool.examples, strict=False), key=lambda pair: -pair[0])[:_SHOWN]
            margin = _mean_of_best(mine) - nothing - (0 if one.tool.examples else _DESCRIBED)
            ranked.append(Choice(one, margin, tuple(example for _, example in nearest)))
        return sorted(ranked, key=lambda choice: -choice.margin)


def _requests(one: Attached) -> list[str]:
    """What a question is compared with."""
    return [example.request for example in one.tool.examples] or [one.tool.description]


def _mean_of_best(cosines: Sequence[float]) -> float:
    best = sorted(cosines, reverse=True)[:_NEAREST]
    return sum(best) / len(best) if best else 0.0


@cache
def background() -> tuple[str, ...]:
    """Requests that want no tool."""
    text = (Path(__file__).parent / "no_tool.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)
