"""Sentences that services wrote with figures and names in them, told in the reader's language.

They are stored as they were said ("12 of 80 passages"). Every message of the catalogue that has places to fill in is a
shape by which such a sentence is known again: those named here, and what errors say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from inhouse.web import i18n
from inhouse.web.i18n import N_

#: ``{…}`` stands for what is kept as it is; ``{said…}`` for words of ours, which are translated in their turn.
SENTENCES = (
    # what long work says that it does
    N_("{done} of {all} passages"),
    N_("asking {number} of {all}"),
    N_("AI {number} of {all}"),
    N_("{added} added, {changed} changed, {unchanged} unchanged, {removed} removed, {skipped} skipped"),
    N_("{added} added, {changed} changed, {unchanged} unchanged, {skipped} skipped"),
    N_("gave up after {number} attempts that ended in a crash"),
    N_("An unexpected error; the log names job {job}."),
    N_("{said_arm}: {done} of {all}"),
    N_("guard: {said_kind}"),
    N_("taught before, {said_source}"),
    # what a gate found
    N_("{gained} newly right, {lost} newly wrong."),
    N_("Not better: {said_why}. The live release stays."),
    N_("Not better: {said_why}. Nothing goes live."),
    # what changed in a brief
    N_('{said_where}: added "{name}"'),
    N_('{said_where}: removed "{name}"'),
    N_("{said_where}: put in another order"),
    N_("{said_where}: {old} → {new}"),
)
_LONGEST = 2000
_PLACE = re.compile(r"\{(\w+)\}")


def tell(language: str, message: str) -> str:
    """A message in a language: as the catalogue has it, else by its shape, else as it is."""
    said = i18n.translate(language, message)
    if said != message or language == i18n.DEFAULT or len(message) > _LONGEST:
        return said
    for shape, pattern in _shapes(language):
        if found := pattern.fullmatch(message):
            parts = {name: _part(language, name, value) for name, value in found.groupdict().items()}
            return i18n.translate(language, shape).format_map(parts)
    return message


def _part(language: str, name: str, value: str) -> str:
    if not name.startswith("said"):
        return value
    return ", ".join(i18n.translate(language, word) for word in value.split(", "))


@cache
def _shapes(language: str) -> Sequence[tuple[str, re.Pattern[str]]]:
    """Those with the most words of their own first: they say most about what they fit."""
    shapes = [message for message in i18n.messages(language) if _PLACE.search(message)]
    shapes.sort(key=lambda shape: -len(_PLACE.sub("", shape)))
    return [(shape, _pattern(shape)) for shape in shapes]


def _pattern(shape: str) -> re.Pattern[str]:
    seen: set[str] = set()
    pieces = []
    for number, piece in enumerate(_PLACE.split(shape)):
        if number % 2 == 0:
            pieces.append(re.escape(piece))
        elif piece in seen:
            pieces.append(f"(?P={piece})")
        else:
            pieces.append(f"(?P<{piece}>.+?)")
            seen.add(piece)
    return re.compile("".join(pieces), re.DOTALL)
