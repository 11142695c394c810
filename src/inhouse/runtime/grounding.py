"""From passages to an answer that stands on them: how words are found again in their passage, and quoted.

An answer that is not in the passages is not given, whatever the model says: see ``docs/design/answers.md``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from inhouse.content.lexical import terms
from inhouse.content.sentences import spans
from inhouse.core.passages import Citation, Passage

#: Share of an answer's terms that one sentence must hold for the answer to stand on it.
_ENOUGH_SUPPORT = 0.7
#: English words that say nothing of what a question is about.
_FUNCTION_WORDS = frozenset(
    terms(
        "a about an and any are as at be been by can could did do does for from get go had has have he her him his how i in is"
        " it its long many may me much my no not of often old on one or our please she should so some than that the their them"
        " then there they this to up us use was we were what when where which who whom whose why will with would you your"
    )
)
#: Words that turn a sentence into its opposite: an answer in other words must not gain or lose one.
_DENIAL = regex.compile(r"\b(?:no|not|never|none|nothing|neither|nor|cannot|without)\b|n[’']t\b", regex.I)


#: One kind of quotation mark stands for all of its kind.
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’`´", "'"))


@dataclass(frozen=True)
class Support:
    """The sentence that an answer stands on. ``share`` of the answer's terms are in it, 1 where it is verbatim."""

    passage: Passage
    quote: str
    share: float

    def after(self, beginning: str) -> str:
        """What the quote goes on with after these words; all of it where there are none."""
        words = r"\s+".join(regex.escape(word) for word in beginning.split())
        match = regex.search(words, self.quote, regex.IGNORECASE)
        return self.quote[match.end() :] if match else ""

    def citation(self, number: int = 1) -> Citation:
        """The support as a reader sees it."""
        return Citation(
            number=number,
            passage_id=self.passage.id,
            document=self.passage.title,
            url=self.passage.url,
            place=self.passage.place,
            quote=self.quote,
            credit=self.passage.credit,
        )


class Notes:
    """The passages of one answer, ready to be searched for what the model writes."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        self._sentences = [
            (passage, passage.text[start:end]) for passage in passages for start, end in spans(passage.text)
        ]
        self._folded = [folded(passage.text) for passage in passages]

    def holds(self, text: str) -> bool:
        """Whether there are words and they stand in a passage just so, whatever their case, width and spacing."""
        wanted = folded(text)
        return bool(wanted) and any(wanted in passage for passage in self._folded)

    def support(self, answer: str, question: str) -> Support | None:
        """The sentence that the answer stands on: the one that holds it and is nearest to the question."""
        wanted, asked = folded(answer), set(terms(question))
        if not wanted:
            return None
        found = (
            [Support(passage, text, 1.0) for passage, text in self._sentences if wanted in folded(text)]
            or self._across_sentences(wanted)
            or self._by_terms(answer)
        )
        return max(found, key=lambda support: len(asked & set(terms(support.quote))), default=None)

    def elsewhere(self, support: Support, question: str) -> Support | None:
        """A sentence with every word of what the question is about, where the one that supports the answer has none."""
        about = set(terms(question)) - _FUNCTION_WORDS
        if not about or about & _words(support.passage, support.quote):
            return None
        named = ((passage, text) for passage, text in self._sentences if about <= _words(passage, text))
        return next((Support(passage, text, 1.0) for passage, text in named), None)

    def sentences(self) -> Sequence[tuple[Passage, str]]:
        """Every sentence with its passage, in the passages' order."""
        return self._sentences

    def _across_sentences(self, wanted: str) -> list[Support]:
        """Passages that hold the words over more than one sentence, quoted from the first of those to the last."""
        found = []
        for passage in self.passages:
            inside = [place for place in spans(passage.text) if folded(passage.text[slice(*place)]) in wanted]
            if inside and wanted in folded(passage.text):
                found.append(Support(passage, passage.text[inside[0][0] : inside[-1][1]], 1.0))
        return found

    def _by_terms(self, answer: str) -> list[Support]:
        said, denies = set(terms(answer)), bool(_DENIAL.search(answer))
        shares = [
            Support(passage, sentence, len(said & set(terms(sentence))) / max(1, len(said)))
            for passage, sentence in self._sentences
            if bool(_DENIAL.search(sentence)) == denies
        ]
        best = max((support.share for support in shares), default=0.0)
        return [support for support in shares if support.share == best and best >= _ENOUGH_SUPPORT]


def _words(passage: Passage, sentence: str) -> set[str]:
    """A sentence's terms with those of what it stands under."""
    return set(terms(f"{passage.title} {passage.place.heading or ''} {sentence}"))


def folded(text: str) -> str:
    """A text without what doesn't matter to a reader: case, width, white space, the kind of quotation mark."""
    normal = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    return " ".join(normal.split()).strip(" .,;:!?。、")
