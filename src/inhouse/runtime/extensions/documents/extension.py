"""What can be done with documents that a person gave, and with a page whose address they wrote: compare, ask, look through.

All of it quotes: every line of an answer stands in a document letter by letter, so that any model can be trusted with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from inhouse.content import comparing, given, plain
from inhouse.content.asked import names_a_subject, subject
from inhouse.content.comparing import Change, Statement
from inhouse.content.followup import content_words
from inhouse.content.given import Given, Reading
from inhouse.content.lexical import terms
from inhouse.content.search import Found
from inhouse.content.sentences import spans
from inhouse.core import ids
from inhouse.core.errors import InhouseError
from inhouse.core.passages import Passage
from inhouse.runtime.extensions.base import Context, Example, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.documents import tools, versions, words

#: Reads a public address in a thread: the reading, and the last address.
Fetch = Callable[[str], tuple[Reading, str]]
#: Searches documents: (documents, question, how many passages).
Find = Callable[[Sequence[Given], str, int], Awaitable[Found]]

#: A call's result has room for twenty sources, and a change may take two.
_MOST_SOURCES = 20
_MOST_QUOTED = 300
_MOST_PARTS = 8
_PAGE_PASSAGES = 5
#: Less likely than this, a document says nothing about a subject.
_LEAST_SUPPORT = 0.8
#: The same where the embedding model was not measured: so much of the subject's words it holds.
_LEAST_COVERAGE = 0.5
#: Sentences that are quoted of a document that is asked alone.
_MOST_OF_ONE = 3
_ADDRESS = regex.compile(r"https?://[^\s<>\"“”「」（）、。]+", regex.IGNORECASE)
_ENDS = ".,;:!?)]}'’"


@dataclass(frozen=True)
class Reader:
    """What the tools need of the installation."""

    fetch: Fetch
    find: Find


class DocumentTools:
    """Four tools; those that need documents are there only where somebody gave some."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def tools(self) -> Sequence[Tool]:
        """All of them."""
        return tools.ALL

    async def offered(self, context: Context) -> Sequence[Tool]:
        """A page can be read where the request has its address, which is then what it means; the rest wants documents."""
        asked = _asked(context)
        reading = [_reading(asked, address) for address in _addresses(asked)[:1]]
        return (*reading, *(tools.ALL[:3] if context.documents else ()))

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        """Raises ``ToolFailed``. That a page can't be read is a result that says why."""
        about = _about(str(arguments.get("about", "")), _asked(context))
        if tool == tools.READ.name:
            return await self._read(str(arguments["address"]), about, context)
        if not context.documents:
            return Result(text=words.of(context.language).nothing_given, whole=True)
        if tool == tools.COMPARE.name:
            return await asyncio.to_thread(_compared, context, about)
        if tool == tools.EACH.name:
            return await self._each(about or _asked(context), context)
        if tool == tools.OUTLINE.name:
            return _outline(_meant(context), context.language)
        raise ToolFailed(reason=f'Documents have no tool named "{tool}".')

    async def aclose(self) -> None:
        """Nothing to close."""

    async def _each(self, about: str, context: Context) -> Result:
        """What each document that is meant says, quoted: of one alone several sentences."""
        said, meant = words.of(context.language), _named(context, about) or context.documents
        titles = Counter(one.title for one in meant)
        names = {one.id: one.title if titles[one.title] == 1 else _full_name(one) for one in meant}
        lines: list[str] = []
        sources: list[Source] = []
        for document in meant[:_MOST_SOURCES]:
            found = await self._reader.find([document], about, _PAGE_PASSAGES)
            quotes = _best_sentences(found, about)[: 1 if len(meant) > 1 else _MOST_OF_ONE]
            if not quotes:
                lines.append(f"- {said.says_nothing.format(title=names[document.id], about=about)}")
            for passage, quote in quotes:
                sources.append(_source(passage, quote))
                head = f"{names[document.id]}: " if len(meant) > 1 else ""
                lines.append(f"- {head}{said.quote.format(text=_short(quote))} [{len(sources)}]")
        return Result(text="\n".join(lines), sources=tuple(sources), whole=True)

    async def _read(self, address: str, about: str, context: Context) -> Result:
        url = _asked_for(address, context.said)
        if url is None:
            return Result(text=words.of(context.language).no_address, whole=True)
        try:
            reading, last = await asyncio.to_thread(self._reader.fetch, url)
        except InhouseError as error:  # the person asked for this page: that it can't be read is the answer
            return Result(text=error.message, whole=True)
        page = given.given(context.ai_id, ids.new_id(given.PREFIX), reading, origin=last, url=last)
        question = _ADDRESS.sub(" ", _asked(context))
        if not about and not set(terms(question)) - _READING_WORDS:
            return _of_the_web(_outline(page, context.language))
        found = await self._reader.find([page], about or question, _PAGE_PASSAGES)
        return _of_the_web(
            Result(
                text="\n\n".join(_short(passage.text) for passage in found.passages[:2]),
                sources=tuple(_source(passage, passage.text) for passage in found.passages),
                empty=not found.passages,
            )
        )


#: Words of a request that only say that a page is to be read.
_READING_WORDS = frozenset(
    terms("read look at open please this page the can you for me check go to and 読 見 開 ください を")
)


def _compared(context: Context, about: str) -> Result:
    said = words.of(context.language)
    pair = versions.two_of(context.documents, _asked(context), context.now)
    if pair is None:
        return Result(text=said.one_given.format(title=context.documents[0].title), whole=True)
    old, new = pair
    names = {"old": _called(old, new), "new": _called(new, old)}
    changes = comparing.compare(old, new)
    if not changes:
        return Result(text=said.nothing_changed.format(**names), whole=True)
    shown, lines, sources = comparing.most_telling(changes, set(terms(about)), _MOST_SOURCES // 2), [], []
    for change in shown:
        numbers = {}
        for key, side in (("a", change.old), ("b", change.new)):
            if side is not None:
                sources.append(_source(side.passage, side.text, names["old" if key == "a" else "new"]))
                numbers[key] = len(sources)
        lines.append(f"- {_line(change, said, numbers)}")
    head = said.changed_one if len(changes) == 1 else said.changed
    told = [head.format(count=len(changes), **names), *lines]
    if rest := len(changes) - len(shown):
        told.append(said.more.format(count=rest))
    return Result(text="\n".join(told), sources=tuple(sources), whole=True)


def _line(change: Change, said: words.Words, numbers: Mapping[str, int]) -> str:
    shape = said.added if change.old is None else said.removed if change.new is None else said.was
    told = shape.format(old=_quoted(change.old), new=_quoted(change.new), **numbers)
    return f"{change.here.heading}: {told}" if change.here.heading else told


def _outline(document: Given, language: str) -> Result:
    """The parts of a document with the first sentence of each, spread over all of it where there are many."""
    first: dict[str, Passage] = {}
    for passage in document.passages:
        first.setdefault(passage.place.heading or f"{passage.place.page or 0}", passage)
    parts = _spread(list(first.values()) if len(first) > 1 else list(document.passages), _MOST_PARTS)
    said = words.of(language)
    lines, sources = [said.parts.format(title=document.title)], []
    for passage in parts:
        start, end = next(iter(spans(passage.text)), (0, len(passage.text)))
        quote = passage.text[start:end]
        sources.append(_source(passage, quote))
        heading = f"{passage.place.heading}: " if passage.place.heading else ""
        lines.append(f"- {heading}{said.quote.format(text=_short(quote))} [{len(sources)}]")
    return Result(text="\n".join(lines), sources=tuple(sources), whole=True)


def _meant(context: Context) -> Given:
    """The document that the request names, else the one that was given last."""
    return (_named(context, "") or list(context.documents))[-1]


def _named(context: Context, about: str) -> list[Given]:
    """The documents that the request names by a word that only their title has, and that is not its subject."""
    asked = set(terms(_asked(context))) - set(terms(about))
    titles = [set(terms(one.title)) for one in context.documents]
    return [
        one
        for number, one in enumerate(context.documents)
        if (titles[number] - set().union(*titles[:number], *titles[number + 1 :])) & asked
    ]


def _best_sentences(found: Found, about: str) -> list[tuple[Passage, str]]:
    """The sentences with the most words of the subject, best first; none where it seems to be about something else."""
    is_sure = found.coverage >= _LEAST_COVERAGE if found.support is None else found.support >= _LEAST_SUPPORT
    if not is_sure:
        return []
    asked = set(terms(" ".join(content_words(about)) or about))
    enough = max(1, len(asked) - len(asked) // 3)
    ranked = [
        (len(asked & _words_of(passage, passage.text[start:end])), passage, passage.text[start:end])
        for passage in found.passages
        for start, end in spans(passage.text)
    ]
    most = max((shared for shared, _, _ in ranked), default=0)
    return [(passage, text) for shared, passage, text in ranked if shared == most >= enough]


def _words_of(passage: Passage, sentence: str) -> set[str]:
    """A sentence's terms with those of its heading."""
    return set(terms(f"{passage.place.heading or ''} {sentence}"))


def _asked(context: Context) -> str:
    """The request itself, without what was said before."""
    return context.said.rpartition("\n")[2]


def _about(argument: str, asked: str) -> str:
    """The subject as the call has it; as the request has it where a small model picked words that name none."""
    if names_a_subject(argument):
        return argument
    found = subject(asked)
    return found if found != asked and names_a_subject(found) else ""


def _reading(asked: str, address: str) -> Tool:
    """The tool that reads a page, with this very request as its example: whatever model chooses knows what is meant."""
    about = subject(_ADDRESS.sub("this page", asked))
    arguments = {
        "address": address,
        **({"about": about} if about in asked and names_a_subject(about) else {}),
    }
    return tools.READ.model_copy(update={"examples": (Example(request=asked[:500], arguments=arguments),)})


def _asked_for(address: str, said: str) -> str | None:
    """The address, if the person wrote it themselves; the last one that they wrote where the call has none of theirs."""
    there = _addresses(said)
    wanted = address.strip().rstrip(_ENDS)
    return wanted if wanted in there else (there[-1] if there else None)


def _addresses(said: str) -> list[str]:
    return [match[0].rstrip(_ENDS) for match in _ADDRESS.finditer(said)]


def _of_the_web(result: Result) -> Result:
    """A page is opened where it stands: it is none of the documents that are kept."""
    bare = tuple(source.model_copy(update={"passage": ""}) for source in result.sources)
    return result.model_copy(update={"sources": bare})


def _source(passage: Passage, quote: str, title: str = "") -> Source:
    return Source(
        title=title or passage.title,
        url=passage.url,
        date=passage.published_at,
        text=quote,
        passage=passage.id,
        place=passage.place,
    )


def _called(document: Given, other: Given) -> str:
    """A document's title, with its file's name where both have the same title."""
    return document.title if document.title != other.title else _full_name(document)


def _full_name(document: Given) -> str:
    return f"{document.title} ({document.origin})"


def _spread(passages: Sequence[Passage], most: int) -> list[Passage]:
    """At most so many, from the first on in equal steps."""
    if len(passages) <= most:
        return list(passages)
    return [passages[at * len(passages) // most] for at in range(most)]


def _quoted(statement: Statement | None) -> str:
    return _short(statement.text) if statement else ""


def _short(text: str) -> str:
    return plain.shortened(plain.one_line(text), _MOST_QUOTED)
