"""What an AI proposed to do, and what came of it, as pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inhouse.conversations.actions import Deed
from inhouse.web.i18n import N_

#: For the fan, in a sentence.
_SENTENCES = {
    "proposed": N_("Shall I do this?"),
    "agreed": N_("You agreed. It is being sent…"),
    "sending": N_("You agreed. It is being sent…"),
    "done": N_("Done."),
    "failed": N_("It was not done."),
    "declined": N_("You declined. Nothing was sent."),
    "expired": N_("The time to agree is over. Nothing was sent; ask again if you still want it."),
    "unknown": N_("It is not known whether this was done. Please look there yourself; the team was told."),
}
#: For the team, in a word.
_WORDS = {
    "proposed": N_("waits for the fan"),
    "agreed": N_("agreed"),
    "sending": N_("being sent"),
    "done": N_("done"),
    "failed": N_("not done"),
    "declined": N_("declined"),
    "expired": N_("expired"),
    "unknown": N_("unknown"),
}
_TONES = {"done": "good", "failed": "bad", "unknown": "bad", "agreed": "accent", "sending": "accent"}


@dataclass(frozen=True)
class ActionView:
    """What ``fan/action.html`` and the studio's journal draw."""

    id: str
    turn_id: str
    state: str
    sentence: str
    word: str
    tone: str
    title: str
    extension: str
    told: tuple[tuple[str, str], ...]
    hash: str
    line: str
    result: str
    attempts: int
    at: datetime
    expires_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    is_open: bool
    """Whether something may still come of it by itself."""


def view(deed: Deed) -> ActionView:
    """Draw one."""
    return ActionView(
        id=deed.id,
        turn_id=deed.turn_id,
        state=deed.state,
        sentence=_SENTENCES[deed.state],
        word=_WORDS[deed.state],
        tone=_TONES.get(deed.state, ""),
        title=deed.title,
        extension=deed.extension,
        told=deed.told,
        hash=deed.hash,
        line=deed.line if deed.state == "failed" else "",
        result=deed.result,
        attempts=deed.attempts,
        at=deed.created_at,
        expires_at=deed.expires_at,
        ended_at=deed.ended_at,
        seen_at=deed.seen_at,
        is_open=deed.open,
    )
