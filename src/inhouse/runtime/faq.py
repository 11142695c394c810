"""Questions that the owner has answered themselves: a passage under a question of its own may be the answer to this one.

Two ways to tell, chosen on the sample shop's FAQ and some 190 questions (docs/lab-log.md): questions that are the same,
and passages that mean nearly what was asked and in which the model finds an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.content.lexical import terms
from inhouse.core.passages import Passage
from inhouse.runtime.request import Retriever

#: So alike is the same question, and so alike is one about the same matter, where all of its words stand in the
#: question and answer that are there.
_SAME, _NEAR = 0.97, 0.90
#: A passage that is so near to what was asked may hold the answer: the model has a look.
_MEANT = 0.84
#: It holds none where the model gives "not in the notes" more than this probability.
DOUBT = 0.7


async def find(question: str, passages: Sequence[Passage], retriever: Retriever) -> Passage | None:
    """The passage whose own question this is; ``None`` where there is none."""
    asked = [(head, passage) for passage in passages if (head := _own_question(passage))]
    if not asked:
        return None
    cosines = await retriever.similar(question, [head for head, _ in asked])
    close = [
        (cosine, passage)
        for cosine, (head, passage) in zip(cosines, asked, strict=True)
        if cosine >= _SAME or (cosine >= _NEAR and _covers(f"{head} {passage.text}", question))
    ]
    return max(close, key=lambda pair: pair[0])[1] if close else None


def likely(passages: Sequence[Passage]) -> Passage | None:
    """The best of the passages under a question of their own, where it is near enough to be looked at."""
    best = next((passage for passage in passages if _own_question(passage)), None)
    return best if best is not None and (best.cosine or 0.0) >= _MEANT else None


def _own_question(passage: Passage) -> str:
    """The question that the passage stands under, or nothing."""
    heads = (passage.place.heading or "", passage.title)
    return next((head for head in heads if head.rstrip().endswith(("?", "？"))), "")


def _covers(text: str, question: str) -> bool:
    return set(terms(question)) <= set(terms(text))
