"""A yes/no question to a body of papers: a verdict, with the sentences that it stands on.

The nearest paper decides. What it reports is read twice: by signs in its words (``cues``), and by the model, which says how
likely it would begin with "Yes", "No" or "Not in the notes". A small linear model weighs both (``deciding``).
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from inhouse.content.search import Found
from inhouse.content.sentences import sentences
from inhouse.core.events import Step
from inhouse.core.passages import Passage
from inhouse.runtime import prompts
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Completion, Engine, Piece, Priority, Usage
from inhouse.runtime.grounding import Support, folded
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.request import Retriever
from inhouse.runtime.research import cues
from inhouse.runtime.research.cues import Sentence
from inhouse.runtime.research.deciding import Verdict, shipped
from inhouse.runtime.research.questions import wants_verdict

#: How the answer begins. It says whose word it is: the verdict is inferred, the sentences after it are the paper's own.
OPENINGS: dict[Verdict, str] = {
    "yes": "Yes, as far as this paper reports:",
    "no": "No, as far as this paper reports:",
    "maybe": "Unclear: what this paper reports does not settle it.",
}
_LANGUAGE = "en"
_MOST_CITED = 2
#: A second sentence is quoted where it counts at least this much beside the first.
_SECOND = 0.6
_EVIDENCE_CHARS = 1200
#: Parts of a paper that say less than this of its findings are not shown to the model where others do.
_LEAST_ROLE = 0.5
_TOP = 20
_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class Evidence:
    """A sentence of a paper with the passage that it stands in."""

    passage: Passage
    sentence: Sentence


class Verdicts:
    """Gives verdicts for AIs of the kind *research*."""

    def __init__(self, engine: Engine, retriever: Retriever, profile: Profile) -> None:
        self._engine = engine
        self._retriever = retriever
        self._profile = profile

    async def answer(self, draft: Draft, found: Found) -> AsyncGenerator[str | Step, None]:
        """Stream the verdict and its evidence; yields nothing where none is wanted or the papers say nothing of it."""
        if not self._is_due(draft, found):
            return
        evidence = await self._evidence(draft, found)
        if not evidence:
            return
        told = [one.sentence for one in evidence]
        signs = cues.features(draft.question, told)
        if self._profile.method is Method.TRAINED:
            signs |= await self._read(draft, told)
        weights = shipped()
        verdict, likely = weights.choose(signs), weights.probabilities(signs)
        yield Step(name="verdict", state="done", detail={"verdict": verdict, "likely": likely})
        cited = _chosen(draft.question, evidence, verdict)
        draft.kind, draft.verdict = "grounded", verdict
        draft.citations = tuple(
            Support(one.passage, one.sentence.text, 1.0).citation(number)
            for number, one in enumerate(cited, 1)
        )
        yield OPENINGS[verdict]
        for number, one in enumerate(cited, 1):
            yield f" {one.sentence.text} [{number}]"

    def _is_due(self, draft: Draft, found: Found) -> bool:
        wanted = (
            draft.request.kind == "research" and draft.language == _LANGUAGE and wants_verdict(draft.question)
        )
        sure = found.support is None or found.support >= self._profile.least_support
        return wanted and sure and bool(found.passages)

    async def _evidence(self, draft: Draft, found: Found) -> list[Evidence]:
        """The sentences of the nearest paper that the search came upon, in reading order."""
        there = [*found.passages, *found.near]
        paper = [passage for passage in there if passage.document_id == there[0].document_id]
        paper.sort(key=lambda passage: passage.position)
        parts = [(passage, text) for passage in paper for text in sentences(passage.text)]
        cosines = await self._retriever.relevance(found.question, [text for _, text in parts])
        # A paper says its conclusions twice: the first time counts.
        once = {folded(text): at for at, (_, text) in reversed([*enumerate(parts)])}
        return [
            Evidence(parts[at][0], Sentence(parts[at][1], parts[at][0].place.heading or "", cosines[at]))
            for at in sorted(once.values())
        ]

    async def _read(self, draft: Draft, told: Sequence[Sentence]) -> dict[str, float]:
        """What the model makes of it."""
        look = reading(draft.question, told, draft.request.priority)
        first: Piece | None = None
        async with aclosing(self._engine.complete(look)) as stream:
            async for piece in stream:
                if isinstance(piece, Usage):
                    draft.charge(replace(piece, finish="stop"))  # cut off on purpose
                else:
                    first = first or piece
        return opinion(first.top) if first else {}


def reading(question: str, told: Sequence[Sentence], priority: Priority) -> Completion:
    """Ask the model, as it was trained to be asked, for its answer's first word.

    The question stands over the findings too, as a title would: that made "No" tell more (docs/lab-log.md).
    """
    notes = prompts.note(question, " ".join(_findings(question, told)))
    return Completion(
        messages=prompts.grounded(notes, question), max_tokens=1, top_logprobs=_TOP, priority=priority
    )


def opinion(top: Sequence[tuple[str, float]]) -> dict[str, float]:
    """The likeliest first tokens as signs: natural logarithms of the probabilities of *yes*, *no* and *not*."""
    likely = dict.fromkeys(("yes", "no", "not"), 0.0)
    for text, logprob in top:
        if (word := text.strip().casefold()) in likely:
            likely[word] += math.exp(logprob)
    return {f"model: {word}": math.log(max(value, _LEAST_PROBABILITY)) for word, value in likely.items()}


def _findings(question: str, told: Sequence[Sentence]) -> list[str]:
    """What the model reads: the findings in reading order, the nearest to the question where they are too long."""
    findings = [one for one in told if cues.role(one.heading) >= _LEAST_ROLE] or list(told)
    near = cues.nearness(question, findings)
    kept: set[int] = set()
    left = _EVIDENCE_CHARS
    for at in sorted(range(len(findings)), key=lambda at: -near[at]):
        left -= len(findings[at].text)
        if kept and left < 0:
            break
        kept.add(at)
    return [findings[at].text[:_EVIDENCE_CHARS] for at in sorted(kept)]


def _chosen(question: str, evidence: Sequence[Evidence], verdict: Verdict) -> list[Evidence]:
    """The sentences that speak for the verdict: near the question, from the findings, and saying so."""
    told = [one.sentence for one in evidence]
    near = cues.nearness(question, told)
    worth = [
        float(weight) * cues.role(one.heading) * (1 + cues.speaks_for(one.text, verdict))
        for weight, one in zip(near, told, strict=True)
    ]
    order = sorted(range(len(evidence)), key=lambda at: -worth[at])
    kept = [at for at in order[:_MOST_CITED] if worth[at] >= _SECOND * worth[order[0]]]
    return [evidence[at] for at in sorted(kept)]
