"""Friendly words: the owner's own lines where they wrote some, else the adapter's voice, and never a claim of fact."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from inhouse.content.sentences import sentences
from inhouse.core import ids
from inhouse.runtime import prompts, smalltalk
from inhouse.runtime.draft import Draft
from inhouse.runtime.engines.base import Completion, Engine
from inhouse.runtime.profile import Profile

_LONGEST_CHAT = 60
_MOST_SENTENCES = 2
_HISTORY = 2


def line(draft: Draft, kind: smalltalk.Kind) -> str:
    """One of the owner's lines, another one as the conversation goes on."""
    brief = draft.request.brief
    choices = smalltalk.lines(brief, kind).of(draft.language)
    return brief.fill(choices[len(draft.request.history) % len(choices)], draft.language) if choices else ""


class Chat:
    """Answers what wants no facts."""

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self._engine = engine
        self._profile = profile

    async def answer(self, draft: Draft) -> AsyncGenerator[str, None]:
        """Stream one or two sentences in the owner's voice; a line of the brief where the model has no such voice."""
        if draft.request.adapter is None or not self._profile.writes(draft.language):
            yield line(draft, "small_talk")
            return
        said = await draft.written(self._engine, self._completion(draft))
        yield _without_claims(said) or line(draft, "small_talk")

    def _completion(self, draft: Draft) -> Completion:
        brief = draft.request.brief
        history = [(e.question, e.answer) for e in draft.request.history[-_HISTORY:]]
        return Completion(
            messages=prompts.chat(
                brief.name or draft.request.name, brief.voice.description, history, draft.question
            ),
            adapter=draft.request.adapter,
            max_tokens=_LONGEST_CHAT,
            temperature=0.7,
            top_p=0.9,
            # The same message at the same place gets the same answer, so that a case can be checked again.
            seed=int(ids.digest(f"{draft.question}|{len(history)}")[:7], 16),
            priority=draft.request.priority,
        )


def _without_claims(text: str) -> str:
    """The first whole sentences that name no figure and no address: nobody has checked those."""
    kept: list[str] = []
    for sentence in sentences(text)[:_MOST_SENTENCES]:
        ends = sentence.rstrip("\"'”’)").endswith((".", "!", "?", "…", "。", "！", "？"))
        if not ends or any(mark.isdigit() for mark in sentence) or "://" in sentence or "@" in sentence:
            break
        kept.append(sentence)
    return " ".join(kept)
