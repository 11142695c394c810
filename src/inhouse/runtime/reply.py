"""One answer: values in, a stream of events out.

The order in which an answer is looked for puts the owner's words before the model's:

1. what the rules themselves answer ("are you a human?", a rival, a topic to avoid);
2. an answer that the owner pinned to this question;
3. friendliness, which is returned in the owner's lines;
4. what a tool of the asking program brought, or the call of one that it requires (`agent.client`);
5. a tool of the AI's extensions, where one is meant, or a plan of several tasks (`agent`), else one of the asking program;
6. the passages, with citations; and where they hold nothing,
7. a tool that takes any question, such as a search;
8. conversation in the owner's voice, or "I don't know" with the offer of a person.

Whatever it is, the guard reads it before the fan does.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from inhouse.brief.brief import LANGUAGES
from inhouse.brief.rules import compile_rules
from inhouse.content import languages
from inhouse.content.search import Found
from inhouse.core.events import Event, Replaced, Step, Token
from inhouse.runtime import chat, given, pinned, prompts, smalltalk
from inhouse.runtime.agent.bounds import Bounds
from inhouse.runtime.agent.client import Client
from inhouse.runtime.agent.deciding import Deciding
from inhouse.runtime.agent.using import Tools
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Engine
from inhouse.runtime.extensions.calling import Caller
from inhouse.runtime.grounded import Grounded
from inhouse.runtime.guard import questions, replies
from inhouse.runtime.guard.findings import Violation
from inhouse.runtime.guard.guard import Guard
from inhouse.runtime.profile import Profile
from inhouse.runtime.request import ReplyRequest, Retriever, Toolbox
from inhouse.runtime.research.verdict import Verdicts

_FOUND_SHOWN = 5
#: Of what somebody gave to be read, the nearest sentence is told rather than nothing, where search is so sure.
_NEAREST = 0.85


class Replier:
    """Answers questions with one engine, one way to search, and what the engine's model can be trusted with."""

    def __init__(
        self,
        engine: Engine,
        retriever: Retriever,
        profile: Profile,
        toolbox: Toolbox | None = None,
        caller: Caller | None = None,
        bounded: Bounds | None = None,
    ) -> None:
        """``bounded``: other bounds for plans than those of the AI's kind."""
        self._retriever = retriever
        self._profile = profile
        self._grounded = Grounded(engine, retriever, profile)
        self._verdicts = Verdicts(engine, retriever, profile)
        self._chat = chat.Chat(engine, profile)
        self._tools = (
            Tools(engine, retriever, self._grounded, toolbox, caller, profile, bounded)
            if toolbox and caller
            else None
        )
        self._client = Client(Deciding(engine, retriever, profile.tools), self._grounded, retriever)

    async def reply(self, request: ReplyRequest) -> AsyncGenerator[Event, None]:
        """Stream the events of one answer, ending with ``Ended``. Engine trouble is raised as an ``InhouseError``."""
        draft = Draft(request, request.question, request.language or _language(request))
        guard = Guard(
            compile_rules(request.brief),
            private=(prompts.GROUNDED_SYSTEM, prompts.PROMPTED_SYSTEM, request.answering.prompt or ""),
        )
        stream = guard.stream()
        async with aclosing(self._answer(draft, guard)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Step):
                    yield piece
                    continue
                cleared = stream.feed(piece)
                if isinstance(cleared, Violation):
                    yield _withdraw(draft, cleared)
                    break
                if cleared:
                    draft.say(cleared)
                    yield Token(text=cleared)
        if draft.finish != "guard":
            rest = stream.finish()
            if isinstance(rest, Violation):
                yield _withdraw(draft, rest)
            elif rest:
                draft.say(rest)
                yield Token(text=rest)
        yield draft.ended()

    async def _answer(self, draft: Draft, guard: Guard) -> AsyncGenerator[str | Step, None]:
        brief = draft.request.brief
        signal = questions.check_question(guard, draft.question)
        if signal is not None:
            draft.kind = "chat" if signal.ask == "human" else "guarded"
            yield replies.canned_answer(brief, signal, draft.language)
            return
        known = await pinned.find(draft.request, draft.question, self._retriever)
        if known is not None:
            draft.kind, draft.own = "pinned", True
            yield known.answer
            return
        waits = draft.request.client is not None and draft.request.client.waits
        talk = smalltalk.recognise(draft.question)
        if talk is not None and not talk.rest and not waits:
            yield chat.line(draft, talk.kind)
            return
        if talk is not None and talk.rest:
            draft.question = talk.rest
        talks = smalltalk.exclaims(draft.question) and not waits
        says = self._chat.answer(draft) if talks else self._find_out(draft)
        async with aclosing(says) as pieces:
            async for piece in pieces:
                yield piece

    async def _find_out(self, draft: Draft) -> AsyncGenerator[str | Step, None]:
        """Look in one place after the other, until one has answered; the passages are the last."""
        for look in self._places(draft):
            async with aclosing(look) as pieces:
                async for piece in pieces:
                    yield piece
            if draft.kind != "chat":
                return

    def _places(self, draft: Draft) -> Iterator[AsyncGenerator[str | Step, None]]:
        client = draft.request.client
        if client is not None and client.waits:
            yield self._client.take(draft, client)
            yield self._client.call(draft, client)
            yield self._client.tell(draft)
        else:
            if self._tools is not None:
                yield self._tools.answer(draft)
            if client is not None:
                yield self._client.call(draft, client)
        yield self._look_up(draft)

    async def _look_up(self, draft: Draft) -> AsyncGenerator[str | Step, None]:
        """Search, answer from what was found; else talk, or say that it is not known."""
        yield Step(name="search", state="begun", detail={"question": draft.question})
        request = draft.request
        reads = request.answering.reads(self._profile)
        found = await given.find(request, draft.question, self._retriever, reads)
        draft.retrieval_ms = draft.elapsed_ms
        yield Step(name="search", state="done", detail=_shown(found))
        if found.question != draft.question and request.history:
            draft.before = _before(request)
        for answers in (self._verdicts.answer, self._grounded.answer):
            said = False
            async with aclosing(answers(draft, found)) as pieces:
                async for piece in pieces:
                    said = True
                    yield piece
            if said:
                return
        if request.documents and (found.support or 0.0) >= _NEAREST and smalltalk.asks(request.question):
            async with aclosing(self._grounded.nearest(draft, found)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        if smalltalk.asks(request.question):
            if self._tools is not None:
                async with aclosing(self._tools.look_further(draft, found.question)) as further:
                    async for more in further:
                        yield more
            if draft.kind == "tool":
                return
            draft.kind = "abstained"
            brief = request.brief
            yield f"{brief.say(brief.abstain, draft.language)} {brief.say(brief.hand_over, draft.language)}"
            return
        async with aclosing(self._chat.answer(draft)) as pieces:
            async for piece in pieces:
                yield piece


def _before(request: ReplyRequest) -> prompts.Before:
    """The exchange before; that its answer was not known says nothing of this one's."""
    last, brief = request.history[-1], request.brief
    unknown = any(last.answer.startswith(brief.say(brief.abstain, language)) for language in LANGUAGES)
    return last.question, "" if unknown else last.answer


def _language(request: ReplyRequest) -> str:
    """The question's language; the conversation's where the question is too short to tell."""
    for text in (request.question, *(exchange.question for exchange in reversed(request.history))):
        language = languages.guess(text)
        if language != languages.UNKNOWN:
            return language
    return request.brief.languages[0]


def _shown(found: Found) -> dict[str, object]:
    titles = list(dict.fromkeys(passage.title for passage in found.passages))
    return {"query": found.question, "found": titles[:_FOUND_SHOWN]}


def _withdraw(draft: Draft, violation: Violation) -> Replaced:
    """Take back what was shown, and say instead what the brief has for this."""
    draft.kind, draft.finish, draft.citations = "guarded", "guard", ()
    draft.text = replies.replacement(draft.request.brief, violation, draft.language)
    return Replaced(text=draft.text, reason=violation.kind)
