"""Answering from passages: by a model that was trained for it, by one that is only told, or without a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from inhouse.content.lexical import terms
from inhouse.content.search import Found
from inhouse.core.passages import Passage
from inhouse.runtime import faq, prompts, smalltalk
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Completion, Engine, Piece, Usage
from inhouse.runtime.grounding import Notes, Support
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.request import Retriever

_LONGEST_ANSWER = 80
#: So many words must stand in the notes in one piece before the fan sees the first of them: fewer may stand anywhere.
_WORDS_BEFORE_SHOWN = 3
#: What only says something is answered from the notes where the model has no more doubt than this: it may want no facts.
_UNASKED = 0.5
#: Odds against an answer, by search and model together, above which none is given: each alone would let it pass.
_MOST_ODDS = 6.0
_LEAST = 1e-9
#: What a sentence's share of the question's words counts beside its cosine, when one is picked.
_WORDS = 0.1
#: Passages longer than this are cut for the model: a prompt costs the fan about 3.5 ms a token.
_NOTE_CHARS = 900
#: And all of them together, so that many passages fit the engine's context too.
_NOTES_CHARS = 4500
_NEAREST = {
    "en": "I can't tell for sure. What comes nearest is: ",
    "ja": "確かなことは言えませんが、最も近い記述は次のとおりです。",
}
_ENDS = ".!?…:。！？\"'”’)]"


class Grounded:
    """Answers from what was found, or says nothing where that does not hold the answer."""

    def __init__(self, engine: Engine, retriever: Retriever, profile: Profile) -> None:
        self._engine = engine
        self._retriever = retriever
        self._profile = profile

    async def answer(self, draft: Draft, found: Found) -> AsyncGenerator[str, None]:
        """Stream the answer and set the draft's kind and citations; yields nothing where the passages hold none."""
        if not found.passages:
            return
        extract = self._profile.method is Method.EXTRACTIVE or not self._profile.writes(draft.language)
        known = await self._known(draft, found, looks=not extract)
        if known is not None:
            draft.kind, draft.own = "extractive", True
            draft.citations = (Support(known, known.text, 1.0).citation(),)
            yield known.text
            return
        least = self._profile.extract_support if extract else self._profile.least_support
        if found.support is not None and found.support < least:
            return
        said = self._quoted(draft, found) if extract else _as_sentence(self._written(draft, found))
        async with aclosing(said) as pieces:
            async for piece in pieces:
                yield piece

    async def nearest(self, draft: Draft, found: Found) -> AsyncGenerator[str, None]:
        """The sentence nearest to the question, said to be no more than that."""
        yield _NEAREST["ja" if draft.language == "ja" else "en"]
        async with aclosing(self._quoted(draft, found)) as quote:
            async for piece in quote:
                yield piece

    async def _known(self, draft: Draft, found: Found, looks: bool) -> Passage | None:
        """The owner's own answer to this question. It is given whole, so the model ``looks`` where that isn't certain."""
        there = [*found.passages, *found.near]
        same = await faq.find(found.question, there, self._retriever)
        if same is not None or not looks or self._profile.method is not Method.TRAINED:
            return same
        likely = faq.likely(there)
        if likely is None:
            return None
        look = replace(self._completion(draft, Notes([likely])), max_tokens=1)
        doubt = 1.0
        async with aclosing(self._engine.complete(look)) as stream:
            async for piece in stream:
                if isinstance(piece, Usage):
                    draft.charge(replace(piece, finish="stop"))  # cut off on purpose
                elif piece.top:
                    doubt = prompts.doubt(piece.top)
        return likely if doubt <= faq.DOUBT else None

    async def _quoted(self, draft: Draft, found: Found) -> AsyncGenerator[str, None]:
        """The sentence that is nearest to the question."""
        support = await self._best_sentence(draft, found)
        if support is not None:
            draft.kind, draft.citations = "extractive", (support.citation(),)
            yield support.quote

    async def _written(self, draft: Draft, found: Found) -> AsyncGenerator[str, None]:
        """What the model writes, as far as it stands in the notes; where it strays from them, their own words go on."""
        notes = Notes(found.passages[: self._reads(draft)])
        said = shown = ""
        async with aclosing(self._pieces(draft, notes, found.support)) as pieces:
            async for piece in pieces:
                said += piece
                if len(said.split()) > _WORDS_BEFORE_SHOWN and notes.holds(said):
                    draft.kind = "grounded"
                    yield said[len(shown) :]
                    shown = said
        support = notes.support(said, found.question)
        if support is not None and not shown and (other := notes.elsewhere(support, draft.question)):
            draft.kind, draft.citations = "extractive", (other.citation(),)
            yield other.quote
        elif support is not None:
            draft.kind, draft.citations = "grounded", (support.citation(),)
            yield said[len(shown) :]
        elif (support := notes.support(shown, found.question)) is not None:
            draft.citations = (support.citation(),)
            yield support.after(shown)
        elif said and (found.support or 0.0) >= self._profile.extract_support:
            async with aclosing(self._quoted(draft, found)) as quote:
                async for piece in quote:
                    yield piece

    async def _pieces(self, draft: Draft, notes: Notes, support: float | None) -> AsyncGenerator[str, None]:
        """The model's words, or none where it says that the notes don't hold the answer."""
        opening, decided = "", False
        async with aclosing(self._engine.complete(self._completion(draft, notes))) as stream:
            async for piece in stream:
                if isinstance(piece, Usage):
                    draft.charge(piece)
                elif decided:
                    yield piece.text
                elif (not opening and self._declines(draft, piece, support)) or opening.strip().startswith(
                    prompts.NO_ANSWER
                ):
                    return
                else:
                    opening += piece.text
                    decided = not prompts.NO_ANSWER.startswith(opening.strip())
                    if decided:
                        yield opening
        if not decided and opening.strip() != prompts.NO_ANSWER:
            yield opening

    def _declines(self, draft: Draft, first: Piece, support: float | None) -> bool:
        """Whether "not in the notes" is likely enough, judged by the answer's first token and by what the search says."""
        if self._profile.method is not Method.TRAINED:
            return False
        doubt = prompts.doubt(first.top)
        above = self._profile.abstain_above if smalltalk.asks(draft.question) else _UNASKED
        return doubt > above or (support is not None and _odds_against(support, doubt) > _MOST_ODDS)

    def _completion(self, draft: Draft, notes: Notes) -> Completion:
        trained = self._profile.method is Method.TRAINED
        room = min(_NOTE_CHARS, _NOTES_CHARS // len(notes.passages))
        text = prompts.notes([_shortened(passage, room) for passage in notes.passages])
        system = draft.request.answering.instruction(self._profile)
        return Completion(
            messages=prompts.grounded(text, draft.question, draft.before, system),
            # No adapter: a voice bends what is read (docs/lab-log.md), and all AIs share one batch here.
            max_tokens=min(draft.request.max_tokens, _LONGEST_ANSWER),
            # Whether there is an answer is the probability's to say (`_declines`); where it says yes, the words follow.
            grammar=prompts.SOME_ANSWER if trained else None,
            top_logprobs=5 if trained else 0,
            priority=draft.request.priority,
        )

    def _reads(self, draft: Draft) -> int:
        return draft.request.answering.reads(self._profile)

    async def _best_sentence(self, draft: Draft, found: Found) -> Support | None:
        """The sentence most like the question, by meaning and by words."""
        sentences = Notes(found.passages[: self._reads(draft)]).sentences()
        # A sentence alone may not say what it is about, and a follow-up is searched by what it refers to.
        texts = [f"{passage.title}\n{sentence}" for passage, sentence in sentences]
        cosines = await self._retriever.relevance(found.question, texts)
        asked = set(terms(found.question))
        shared = [len(asked & set(terms(sentence))) / max(1, len(asked)) for _, sentence in sentences]
        scores = [cosine + _WORDS * share for cosine, share in zip(cosines, shared, strict=True)]
        if not scores:
            return None
        passage, sentence = sentences[scores.index(max(scores))]
        return Support(passage, sentence, 1.0)


def _odds_against(support: float, doubt: float) -> float:
    """That the notes hold no answer: the search and the model are taken for two witnesses who don't know each other."""
    return (1 - support) * doubt / max(support * (1 - doubt), _LEAST)


async def _as_sentence(pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The same words with a capital at the beginning and a full stop at the end: a span of a note is neither."""
    said = ""
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece if said else piece[:1].upper() + piece[1:]
            said += piece
    words = said.split()
    if words and words[-1][-1] not in _ENDS and not any(mark in words[-1] for mark in ("@", "://")):
        yield "."


def _shortened(passage: Passage, room: int) -> Passage:
    if len(passage.text) <= room:
        return passage
    return passage.model_copy(update={"text": passage.text[:room].rsplit(" ", 1)[0]})
