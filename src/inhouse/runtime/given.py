"""Where a question is looked up when somebody gave documents: in those first, beside what the AI has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import regex

from inhouse.content.asked import subject
from inhouse.content.given import Given
from inhouse.content.index import View
from inhouse.content.lexical import terms
from inhouse.content.search import Found
from inhouse.runtime.request import ReplyRequest, Retriever

#: What a passage of a given document counts more, beside one of the AI's own: fused scores run from 0 to some 2.
_GIVEN_FIRST = 0.1
_KINDS = (
    r"(?:documents?|files?|pdfs?|pages?|papers?|texts?|articles?|polic(?:y|ies)|contracts?|letters?|reports?|versions?"
    r"|attachments?|manuals?|leaflets?|terms|study|studies)"
)
#: "this document", "the attached letter", "these papers", "what does it say"; 「この文書」「添付」.
_POINTS = regex.compile(
    rf"\b(?:this|that|these|those|both|the (?:attached|given|uploaded|old|new|first|second|last)|my|our)\s+(?:\w+\s+)?{_KINDS}\b"
    rf"|\b(?:in|from|according to) the {_KINDS}\b|\bthe {_KINDS} (?:say|mention|state|tell|claim|describe)"
    r"|\battach(?:ed|ment)s?\b|\bwhat (?:does|do|did) (?:it|this|that|they|these|those) (?:say|mention|state|tell)"
    r"|\bdoes (?:it|this|that) (?:say|mention|state)"
    r"|(?:この|その|これらの|添付の?|渡した|送った)(?:文書|書類|資料|ファイル|ページ|文章|論文|契約書?|規約|方針|手紙|報告書?)|添付|これには|ここには",
    regex.IGNORECASE,
)


async def find(request: ReplyRequest, question: str, retriever: Retriever, k: int) -> Found:
    """The ``k`` best passages for a question: of the given documents alone where it is about them, else of both."""
    view = View(request.ai_id, request.index_revision)
    if not request.documents:
        return await retriever.find(view, question, request.history, k)
    if means_given(question, request.documents):
        found = await retriever.find_given(request.documents, subject(question), (), k)
        return replace(found, question=question)
    given = await retriever.find_given(request.documents, question, request.history, k)
    own = await retriever.find(view, question, request.history, k)
    return _together(given, own, k)


def means_given(question: str, documents: Sequence[Given]) -> bool:
    """Whether a question is about what was given: it points to it, or names a document."""
    if _POINTS.search(question):
        return True
    asked = set(terms(question))
    return any(len(name) > 1 and name <= asked for name in map(_name, documents))


def _name(document: Given) -> set[str]:
    return set(terms(document.title))


def _together(given: Found, own: Found, k: int) -> Found:
    """Both, best first: given passages lead where they are about as good."""
    ranked = [
        *((passage.score + _GIVEN_FIRST, passage) for passage in given.passages),
        *((passage.score, passage) for passage in own.passages),
    ]
    best = [passage for _, passage in sorted(ranked, key=lambda pair: -pair[0])]
    likelier = max(given, own, key=lambda found: (found.support or 0.0, found.cosine or -1.0, found.coverage))
    return Found(
        passages=tuple(best[:k]),
        near=(*best[k:], *given.near, *own.near),
        question=own.question,
        revision=own.revision,
        cosine=likelier.cosine,
        coverage=likelier.coverage,
        support=likelier.support,
    )
