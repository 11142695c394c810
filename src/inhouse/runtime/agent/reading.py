"""What a work brought, read as the answer to its task; or found to hold none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

import regex

from inhouse.content.followup import content_words
from inhouse.content.lexical import terms
from inhouse.content.search import Found
from inhouse.core.passages import Citation, Passage
from inhouse.runtime.agent.evidence import covers
from inhouse.runtime.agent.frames import wants_working_out
from inhouse.runtime.agent.plans import Task
from inhouse.runtime.agent.strategy import Done, Use
from inhouse.runtime.agent.values import Finding
from inhouse.runtime.draft import Draft
from inhouse.runtime.extensions.base import Result, Source
from inhouse.runtime.grounded import Grounded
from inhouse.runtime.grounding import Notes, Support
from inhouse.runtime.request import Retriever

_MOST_SOURCES = 5
#: A sentence longer than this is told by the words that were picked out of it.
_LONGEST_QUOTE = 400
#: Words for the sort of an answer, which the answer itself need not have.
_SORTS = frozenset(
    [
        "date",
        "day",
        "time",
        "number",
        "price",
        "cost",
        "amount",
        "name",
        "place",
        "way",
        "kind",
        "sort",
        "find",
        "look",
        "tell",
        "opening",
        "end",
        "start",
        "long",
        "far",
    ]
)
#: Questions that say all with a name: "When is the Kiln Opening?"
_PLAIN = regex.compile(
    r"^\W*(?:when|where|who|how\s+(?:much|long|far)|what\s+(?:is|are|was)|(?:what|which)\s+(?:date|day|time)|tell|find|on\s+what)\b",
    regex.I,
)
_WORD = regex.compile(r"[\p{L}\p{M}'’-]+")
_PROPER = regex.compile(r"(?<=[\p{L}\p{N},]['’\"“(]?\s['’\"“(]?)(?!I\b)\p{Lu}[\p{L}\p{N}'’-]*")
_PROPER_RUN = regex.compile(rf"{_PROPER.pattern}(?:\s+(?!I\b)\p{{Lu}}[\p{{L}}\p{{N}}'’-]*)*")


class Reader:
    """Reads results and passages for tasks."""

    def __init__(self, grounded: Grounded, retriever: Retriever) -> None:
        self._grounded = grounded
        self._retriever = retriever

    async def read(self, task: Task, draft: Draft, done: Done) -> Finding | None:
        """What the task came to, or nothing where no answer to it was brought."""
        if isinstance(done.work, Use):
            result = done.outcome.result if done.outcome else None
            if result is None or result.empty:
                return None
            if done.work.certain or result.whole:
                return _whole(task, done.work, result)
            if not any(source.text for source in result.sources):
                is_all = covers(done.work.arguments, draft.question, proper_names(draft.question))
                return _whole(task, done.work, result) if is_all else None
            return await self._picked_out(
                task, draft, as_found(draft, done.work.attached.extension, result.sources)
            )
        return await self._picked_out(task, draft, done.found) if done.found is not None else None

    async def _picked_out(self, task: Task, draft: Draft, found: Found) -> Finding | None:
        """The sentence that answers the task. Its source has to name what the task is about; what is to be worked out is
        not looked up."""
        if wants_working_out(draft.question):
            return None
        about = task.about or " ".join(proper_names(draft.question))
        there = tuple(passage for passage in found.passages if names(passage, about, draft.language))
        if not there:
            return None
        near = tuple(passage for passage in found.near if names(passage, about, draft.language))
        if task.topic:
            return await self._said_of(task, [*there, *near])
        part = draft.part(draft.question)
        if found.question != draft.question and draft.request.history:
            last = draft.request.history[-1]
            part.before = (last.question, last.answer)
        said = ""
        async with aclosing(self._grounded.answer(part, _among(found, there, near))) as pieces:
            async for piece in pieces:
                said += piece
        draft.absorb(part)
        if not said.strip() or not part.citations:
            return None
        quote = part.citations[0].quote
        passage = next((one for one in (*there, *near) if one.id == part.citations[0].passage_id), None)
        if passage is not None and not _touches(draft.question, about, passage, quote):
            return None
        text = " ".join(quote.split()) if len(quote) <= _LONGEST_QUOTE else said.strip()
        return Finding(task, "done", text, part.citations[:1], name=task.about, span=said.strip())

    async def _said_of(self, task: Task, passages: Sequence[Passage]) -> Finding | None:
        """The sentence on the task's topic that is nearest to it; it has to hold a word of the topic, or stand under one."""
        words = content_words(task.topic) or [task.topic]
        on = [
            (passage, sentence)
            for passage, sentence in Notes(passages).sentences()
            if any(_speaks_of(word, f"{passage.place.heading or ''} {sentence}") for word in words)
        ]
        if not on:
            return None
        cosines = await self._retriever.relevance(task.topic, [sentence for _, sentence in on])
        passage, sentence = on[list(cosines).index(max(cosines))]
        quote = " ".join(sentence.split())
        return Finding(task, "done", quote, (Support(passage, sentence, 1.0).citation(),), name=task.about)


def names(passage: Passage, about: str, language: str) -> bool:
    """Whether a passage is of, or speaks of, what it is to be about: every word of the name stands in it. A name may be written
    otherwise in another language: there it can't be told, and holds."""
    words = set(terms(about))
    if not words or passage.language.partition("-")[0] not in (language, "und"):
        return True
    return words <= set(
        terms(f"{passage.title} {passage.place.heading or ''} {passage.url or ''} {passage.text}")
    )


def proper_names(question: str) -> list[str]:
    """The words of a question that are names: in capitals, and not because a sentence begins."""
    return [found[0] for found in _PROPER.finditer(question)]


def longest_names(question: str) -> list[str]:
    """The names of the most words in a question, such as "Kiln Opening Day" beside "Leeds"."""
    found = [match[0] for match in _PROPER_RUN.finditer(question)]
    most = max((len(one.split()) for one in found), default=0)
    return [one for one in found if len(one.split()) == most]


def _speaks_of(word: str, text: str) -> bool:
    """Whether a text has a word, in any form that is a noun too: "firing" is not spoken of by "it is fired"."""
    stem = terms(word)
    for found in _WORD.finditer(text):
        if terms(found[0]) == stem and (
            word.casefold().endswith("ed") or not found[0].casefold().endswith("ed")
        ):
            return True
    # Where words are not spaced, there are no forms to tell apart.
    return len(stem) > 1 and set(stem) <= set(terms(text))


def _touches(question: str, about: str, passage: Passage, quote: str) -> bool:
    """Whether a sentence, or what it stands under, has a word of what is asked beside the names: else it is of something else
    that the same source speaks of."""
    words = [word for word in content_words(question) if word.casefold() not in _SORTS]
    asked = set(terms(" ".join(words))) - set(terms(about))
    if passage.language.partition("-")[0] not in ("en", "und"):
        return True
    if not asked:
        return _PLAIN.match(question) is not None
    return bool(asked & set(terms(f"{passage.title} {passage.place.heading or ''} {quote}")))


def as_found(draft: Draft, extension: str, sources: Sequence[Source]) -> Found:
    """Sources as notes, in the order in which the tool ranked them."""
    passages = tuple(
        Passage(
            id=source_id(extension, number, source),
            ai_id=draft.request.ai_id,
            document_id=extension,
            title=source.title,
            url=source.url,
            place=source.place,
            text=source.text,
            language=draft.language,
            published_at=source.date,
        )
        for number, source in enumerate(sources, 1)
        if source.text
    )
    return Found(passages, (), draft.question, 0, None, 1.0, None)


def citations_of(extension: str, result: Result) -> tuple[Citation, ...]:
    """The first sources of a result as a reader sees them; all of one that numbers them itself."""
    sources = result.sources if result.whole else result.sources[:_MOST_SOURCES]
    return tuple(
        Citation(
            number=number,
            passage_id=source_id(extension, number, source),
            document=source.title,
            url=source.url,
            place=source.place,
            quote=source.text,
        )
        for number, source in enumerate(sources, 1)
    )


def source_id(extension: str, number: int, source: Source) -> str:
    """Names a source within its turn: a passage of a given document, else one that is in no index."""
    return source.passage or f"{extension}:{number}"


def _whole(task: Task, use: Use, result: Result) -> Finding:
    """A result that says just what was asked for."""
    one = result.sources[0].title if len(result.sources) == 1 else ""
    return Finding(
        task,
        "done",
        result.text.strip(),
        citations_of(use.attached.extension, result),
        value=result.value,
        name=one or task.about,
    )


def _among(found: Found, passages: tuple[Passage, ...], near: tuple[Passage, ...]) -> Found:
    return Found(passages, near, found.question, found.revision, found.cosine, found.coverage, found.support)
