"""What an AI can do beside answering from its own words, as its page tells it before anybody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inhouse.accounts.ais import Ai
from inhouse.conversations.colleagues import ColleagueList
from inhouse.releases import extensions
from inhouse.releases.extensions import Version
from inhouse.releases.release import Route
from inhouse.web.i18n import N_, translate
from inhouse.web.services import Services

_SEARCHES = frozenset({"feeds", "searxng", "brave"})
_WORDS = {
    "calculator": ("tool", N_("Work out sums, units and dates")),
    "documents": ("document", N_("Compare two versions of a text, look through it, or ask several at once")),
    "feeds": ("search", N_("Look for what is new in the feeds that I follow")),
    "searxng": ("search", N_("Search the web")),
    "brave": ("search", N_("Search the web")),
}
_READS = N_("Read documents and pages that you give me, and quote them with their place")
_COLLEAGUES = N_("Ask %(names)s")
_ASKING = N_("Ask %(name)s: %(question)s")
_NO_SEARCH = N_("searching the web")
_NO_COLLEAGUES = N_("asking other AIs")
_MOST_NAMES = 4
_MOST_STARTERS = 3
_LONGEST_STARTER = 90


@dataclass(frozen=True)
class Ability:
    """One thing that it can do; ``icon`` names a picture of ours."""

    icon: str
    words: str


@dataclass(frozen=True)
class Abilities:
    """All of it, and what somebody may expect that is not there."""

    can: Sequence[Ability]
    cannot: Sequence[str]
    starters: Sequence[str]
    """Questions to begin with that need nothing but what is there."""


def abilities(services: Services, route: Route, language: str) -> Abilities:
    """Of what a visitor is served with, in the page's language. What is switched off is not told."""
    ai = route.ai
    with services.db.read() as tx:
        attached = [extensions.version(tx, ai.id, entry) for entry in route.extensions]
    kinds = {one.kind for one in attached}
    others = ColleagueList(services.db).of(ai.id, "") if "colleagues" in kinds else []
    can = [*_of_kinds(ai, attached, language)]
    if others:
        names = ", ".join(one.name for one in others[:_MOST_NAMES])
        can.append(Ability("person", translate(language, _COLLEAGUES) % {"names": names}))
    cannot = []
    if ai.kind == "assistant" and not kinds & _SEARCHES:
        cannot.append(translate(language, _NO_SEARCH))
    if ai.kind == "assistant" and not others and "specialist" not in kinds:
        cannot.append(translate(language, _NO_COLLEAGUES))
    asking = translate(language, _ASKING)
    questions = [asking % {"name": one.name, "question": one.questions[0]} for one in others if one.questions]
    return Abilities(can, cannot, _fitting([*questions[:1], *_examples(attached)], language))


def _of_kinds(ai: Ai, attached: Sequence[Version], language: str) -> Iterator[Ability]:
    if ai.takes_documents:
        yield Ability("document", translate(language, _READS))
    for one in attached:
        if one.kind in _WORDS:
            icon, words = _WORDS[one.kind]
            yield Ability(icon, translate(language, words))
        elif one.kind != "colleagues":
            yield Ability("tool", ", ".join(tool.title for tool in one.tools[:_MOST_NAMES]))


def _examples(attached: Sequence[Version]) -> Iterator[str]:
    """Requests that the calculator is there for: they need nothing else."""
    for one in attached:
        if one.kind == "calculator":
            for tool in one.tools:
                yield from (example.request for example in tool.examples if is_japanese(example.request))
                yield next(example.request for example in tool.examples)


def _fitting(questions: Sequence[str], language: str) -> list[str]:
    fits = [
        question
        for question in questions
        if len(question) <= _LONGEST_STARTER and is_japanese(question) == (language == "ja")
    ]
    return list(dict.fromkeys(fits))[:_MOST_STARTERS]


def is_japanese(text: str) -> bool:
    """Whether a text is written in Japanese."""
    return any("\u3040" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" for letter in text)
