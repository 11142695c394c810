"""What the guard holds: a brief compiled into data. Names and terms are kept as the owner wrote them."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from inhouse.brief.brief import Brief, Rival, Subject

#: Words that say what kind of business it is: without them the rest of a rival's name still names it.
_GENERIC = re.compile(
    r"[\s,]+(academy|bakery|books?|brand|cafe|club|co|coffee|company|corp|design|gmbh|group|house|inc|kitchen|labs?|llc|"
    r"ltd|market|nursery|online|potter(y|ies)|press|roasters?|school|services|shop|software|store|studios?|systems|"
    r"tea|works|workshop)\.?$",
    re.IGNORECASE,
)
_GENERIC_JA = re.compile(
    r"^(株式会社|有限会社|合同会社)\s*|\s*(株式会社|有限会社|合同会社|工房|書店|商店|珈琲店|学院)$"
)
_SHORTEST_DERIVED = 5


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True)


class RivalRule(_Rule):
    """A rival and everything that names it. ``hints`` are derived and may be ordinary words."""

    rival: str
    names: tuple[str, ...]
    hints: tuple[str, ...] = ()


class TopicRule(_Rule):
    """A topic to avoid and the terms that show it."""

    topic: str
    terms: tuple[str, ...]


class Rules(_Rule):
    """All rules of one brief. That the AI never claims to be human is no rule of a brief: it always holds."""

    rivals: tuple[RivalRule, ...] = ()
    own: tuple[str, ...] = ()
    """What names the owner and their products."""
    topics: tuple[TopicRule, ...] = ()
    subjects: tuple[Subject, ...] = ()
    max_answer_chars: int = 1200


def compile_rules(brief: Brief) -> Rules:
    """The rules that hold for every answer given under this brief."""
    products = (name for product in brief.products for name in (product.name, *product.aliases))
    return Rules(
        rivals=tuple(_rival(rival) for rival in brief.rivals),
        own=tuple(dict.fromkeys(name for name in (brief.name, *products) if name)),
        topics=tuple(TopicRule(topic=topic.name, terms=topic.terms) for topic in brief.avoid),
        subjects=brief.limits.no,
        max_answer_chars=brief.limits.max_answer_chars,
    )


def _rival(rival: Rival) -> RivalRule:
    names = tuple(dict.fromkeys((*rival.names, *rival.domains)))
    bare = (_without_kind(name) for name in rival.names)
    hosts = (domain.rsplit(".", 1)[0] for domain in rival.domains)
    derived = dict.fromkeys(hint for hint in (*bare, *hosts) if len(hint) >= _SHORTEST_DERIVED)
    return RivalRule(rival=rival.name, names=names, hints=tuple(h for h in derived if h not in names))


def _without_kind(name: str) -> str:
    return _GENERIC_JA.sub("", _GENERIC.sub("", name)).strip()
