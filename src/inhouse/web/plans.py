"""A plan as people read it: each task in words, and how far it has got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from inhouse.web import i18n
from inhouse.web.i18n import N_

_STATES = {
    "waiting": N_("waiting"),
    "working": N_("being worked on"),
    "done": N_("done"),
    "missing": N_("not found"),
    "failed": N_("did not work"),
    "left": N_("not begun"),
    "acting": N_("waits for your agreement"),
}


class PlannedTask(TypedDict):
    """``word`` says its state to those who don't see the mark."""

    text: str
    state: str
    word: str


def plan_of(tasks: Iterable[Mapping[str, Any]], language: str) -> list[PlannedTask]:
    """The plan of an ``Ended``, or of a step."""
    return [
        {
            "text": str(task["text"]),
            "state": str(task["state"]),
            "word": i18n.translate(language, _STATES.get(str(task["state"]), "")),
        }
        for task in tasks
    ]
