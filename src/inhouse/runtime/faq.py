"""Questions that the owner has answered themselves: a passage under a question of its own is the answer to it."""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.content.lexical import terms
from inhouse.core.passages import Passage
from inhouse.runtime.grounding import Support
from inhouse.runtime.request import Retriever

#: Chosen on the sample shop's FAQ and some 60 questions (docs/lab-log.md): so alike is the same question, and so alike
#: is one about the same matter, where all of its words stand in the question and answer that are there.
_SAME, _NEAR = 0.97, 0.90


async def find(question: str, passages: Sequence[Passage], retriever: Retriever) -> Support | None:
    """The passage whose own question this is, whole; ``None`` where there is none."""
    asked = [(head, passage) for passage in passages if (head := _own_question(passage))]
    if not asked:
        return None
    cosines = await retriever.similar(question, [head for head, _ in asked])
    close = [
        (cosine, passage)
        for cosine, (head, passage) in zip(cosines, asked, strict=True)
        if cosine >= _SAME or (cosine >= _NEAR and _covers(f"{head} {passage.text}", question))
    ]
    if not close:
        return None
    _, best = max(close, key=lambda pair: pair[0])
    return Support(best, best.text, 1.0)


def _own_question(passage: Passage) -> str:
    """The question that the passage stands under, or nothing."""
    heads = (passage.place.heading or "", passage.title)
    return next((head for head in heads if head.rstrip().endswith(("?", "？"))), "")


def _covers(text: str, question: str) -> bool:
    return set(terms(question)) <= set(terms(text))
