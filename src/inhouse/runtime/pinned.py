"""Answers that an owner pinned: found again for a question that asks the same in other words."""

from __future__ import annotations

from inhouse.content.lexical import terms
from inhouse.runtime.grounding import folded
from inhouse.runtime.request import PinnedAnswer, ReplyRequest, Retriever

#: Measured with the embedder that ships: the same question in other words lies above, another on the same thing below.
_SAME_COSINE = 0.92
_SAME_TERMS = 0.5


async def find(request: ReplyRequest, question: str, retriever: Retriever) -> PinnedAnswer | None:
    """The pinned answer to this question, if there is one; the newest where several fit."""
    pinned = tuple(reversed(request.pinned))
    asked = folded(question)
    for candidate in pinned:
        if folded(candidate.question) == asked:
            return candidate
    cosines = (
        await retriever.similar(question, [candidate.question for candidate in pinned]) if pinned else ()
    )
    close = [
        (cosine, candidate)
        for cosine, candidate in zip(cosines, pinned, strict=False)
        if cosine >= _SAME_COSINE and _shared_terms(question, candidate.question) >= _SAME_TERMS
    ]
    return max(close, key=lambda pair: pair[0])[1] if close else None


def _shared_terms(one: str, other: str) -> float:
    a, b = set(terms(one)), set(terms(other))
    return len(a & b) / max(1, len(a | b))
