"""How a release answers, in plain words, for pages and the command line."""

from __future__ import annotations

from collections.abc import Callable

from inhouse.runtime.answering import BY_GENERATION, Answering
from inhouse.runtime.profile import ENDPOINT
from inhouse.web.i18n import N_
from inhouse.web.pages.comparison_words import shown

_HERE = N_("%(giant)s is asked where its own answer looks wrong")
_ELSEWHERE = N_("%(giant)s on the model server is asked where its own answer looks wrong")


def sentence(answering: Answering, translate: Callable[[str], str]) -> str:
    """What was laid down about it, or that nothing was."""
    said = []
    if answering.passages is not None:
        said.append(translate(N_("passages read: %(n)s")) % {"n": answering.passages})
    if answering.prompt is not None:
        said.append(translate(N_("told: “%(prompt)s”")) % {"prompt": answering.prompt})
    if answering.cascade is not None:
        giant = answering.cascade.giant
        words = _ELSEWHERE if giant.startswith(ENDPOINT) else _HERE
        said.append(translate(words) % {"giant": shown(giant)})
    return " · ".join(said) or translate(N_("as its generation says"))


def where_different(answering: Answering, translate: Callable[[str], str]) -> str:
    """The same; nothing where it is left to the generation."""
    return "" if answering == BY_GENERATION else sentence(answering, translate)
