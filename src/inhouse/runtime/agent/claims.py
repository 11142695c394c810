"""What a model claims after it has called tools: every figure and every name in it has to stand in what it was given.

A sentence with one that stands nowhere is withheld. A sum that the model did in its head is such a figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from inhouse.content.lexical import terms
from inhouse.content.sentences import spans
from inhouse.runtime.agent.evidence import numbers

#: A name: words in capitals that don't begin the sentence.
_NAME = regex.compile(r"(?<=[\p{L}\p{N},;:]\s[\"“'‘(]?)(?!I\b)\p{Lu}[\p{L}\p{N}'’-]*")


def borne(text: str, evidence: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences of a text that claim nothing but what stands in the evidence, each with the white space before it; and the
    others."""
    figures = {number for one in evidence for number in numbers(one)}
    words = {term for one in evidence for term in terms(one)}
    kept, withheld, at = list[str](), list[str](), 0
    for start, end in spans(text):
        if _stands(text[start:end], figures, words):
            kept.append(text[at:end] if kept else text[start:end])
        else:
            withheld.append(text[start:end])
        at = end
    return kept, withheld


def _stands(sentence: str, figures: set[str], words: set[str]) -> bool:
    if not _written_out(sentence) <= figures:
        return False
    return all(set(terms(found[0])) <= words for found in _NAME.finditer(sentence))


def _written_out(sentence: str) -> set[str]:
    """The figures of a sentence; a list's own number is none, nor is a source's mark."""
    return numbers(regex.sub(r"^\s*\d{1,2}[.)]\s|\[\d{1,2}\]", "", sentence), in_words=False)
