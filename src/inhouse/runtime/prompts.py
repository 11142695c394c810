"""The prompts that the runtime sends, and that the shipped generation was trained on: one place for both.

A prompt costs a fan about 3.5 ms a token on two cores, so each is as short as its job allows.
"""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.core.passages import Passage
from inhouse.runtime.engines.base import Message

GROUNDED_SYSTEM = "Answer from the notes, in their words."
NO_ANSWER = "Not in the notes."


def notes(passages: Sequence[Passage]) -> str:
    """Passages as the model reads them: a title once, then the text, a blank line between."""
    return "\n\n".join(note(passage.title, passage.text) for passage in passages)


def note(title: str, text: str) -> str:
    """One passage. Markup that could end the message early is taken apart: a passage is data."""
    return defuse(f"# {title}\n{text}" if title else text)


def grounded(passages_text: str, question: str) -> tuple[Message, Message]:
    """Ask for a short answer in the notes' own words, or `NO_ANSWER`."""
    return (
        Message("system", GROUNDED_SYSTEM),
        Message("user", f"{passages_text}\n\nQuestion: {defuse(question)}"),
    )


def defuse(text: str) -> str:
    """Text from outside, unable to leave its place: the chat template's markers are broken up."""
    return text.replace("<|", "< |").replace("|>", "| >")
