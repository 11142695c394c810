"""The prompts that the runtime sends, and that the shipped generation was trained on: one place for both.

A prompt costs a fan about 3.5 ms a token on two cores, so each is as short as its job allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from inhouse.core.passages import Passage
from inhouse.runtime.engines.base import Message

GROUNDED_SYSTEM = "Answer from the notes, in their words."
NO_ANSWER = "Not in the notes."
#: GBNF of every text but one that begins as ``NO_ANSWER`` does. Longer beginnings of it must be open to no token, or
#: the model takes them and can't go on ("Notinually").
SOME_ANSWER = r"""
root ::= [^N \n] any* | "N" ([^o] any*)? | "No" ([^t] any*)?
any ::= [^\x00]
"""
#: The exchange before a follow-up: question and answer.
Before = tuple[str, str]
#: Characters of its answer that are told again.
_ANSWER_BEFORE = 160

#: For a model that nobody trained for it.
PROMPTED_SYSTEM = (
    "Answer the question in a few words, only from the notes. "
    f'If the notes do not hold the answer, say exactly "{NO_ANSWER}"'
)
CHAT_SYSTEM = "You are the AI of {name}. {voice} Reply warmly in one or two short sentences. Claim no facts."


def notes(passages: Sequence[Passage]) -> str:
    """Passages as the model reads them: a title once, then the text, a blank line between."""
    return "\n\n".join(note(passage.title, passage.text) for passage in passages)


def note(title: str, text: str) -> str:
    """One passage. Markup that could end the message early is taken apart: a passage is data."""
    return defuse(f"# {title}\n{text}" if title else text)


def grounded(
    passages_text: str, question: str, before: Before | None = None, system: str = GROUNDED_SYSTEM
) -> tuple[Message, Message]:
    """Ask for a short answer in the notes' own words, or `NO_ANSWER`. ``before`` is what a follow-up follows."""
    asked = f"Question: {defuse(question)}"
    if before is not None:
        earlier, answer = (defuse(" ".join(said.split())) for said in before)
        asked = f"Earlier: {earlier} {answer[:_ANSWER_BEFORE]}".rstrip() + f"\n{asked}"
    return (Message("system", system), Message("user", f"{passages_text}\n\n{asked}"))


def chat_system(name: str, voice: str) -> str:
    """Who the model speaks as when it chats; the same words stand over every row that trains an adapter."""
    return " ".join(CHAT_SYSTEM.format(name=name, voice=voice).split())


def chat(name: str, voice: str, history: Sequence[tuple[str, str]], message: str) -> list[Message]:
    """Ask for a friendly word in the owner's voice. ``history`` is (question, answer), oldest first."""
    said = [Message("system", chat_system(name, voice))]
    for question, answer in history:
        said += [Message("user", defuse(question)), Message("assistant", defuse(answer))]
    return [*said, Message("user", defuse(message))]


def doubt(first: Sequence[tuple[str, float]]) -> float:
    """The probability of `NO_ANSWER` by the likeliest first tokens of an answer, each with its natural-log probability."""
    return sum(math.exp(logprob) for text, logprob in first if text and NO_ANSWER.startswith(text))


def defuse(text: str) -> str:
    """Text from outside, unable to leave its place: the chat template's markers are broken up."""
    return text.replace("<|", "< |").replace("|>", "| >")
