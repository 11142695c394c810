"""Clauses that hold a list: the same is asked of each thing in it."""

from __future__ import annotations

import regex

from inhouse.runtime.agent import frames
from inhouse.runtime.agent.arithmetic import multiplied, worked
from inhouse.runtime.agent.lists import Item, is_named, items
from inhouse.runtime.agent.making import WIDE, Making, sentence, slot

_PRICE = "What is the price of the {name}?"
_PRICE_JA = "{name}の値段はいくらですか？"
_PLURAL = regex.compile(r"(?<=\b(?:price|cost|weight|height|width|length|size))s$", regex.I)
_TOPICS = regex.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")
_STANDS_FOR_EACH = regex.compile(r"\b(?:its|it|them|each(?:\s+one)?|they)\b", regex.I)


def compared(making: Making, clause: str) -> bool:
    """Several things compared in one or more respects."""
    for pattern in frames.COMPARE:
        found = pattern.search(clause)
        things = items(found["list"]) if found else []
        if found is None or len(things) < 2 or not all(map(is_named, things)):
            continue
        groups = found.groupdict()
        topics = [
            _PLURAL.sub("", topic.removeprefix("the "))
            for topic in _TOPICS.split(groups.get("topic") or groups.get("column") or "")
            if topic
        ]
        for thing in things:
            for topic in topics:
                making.ask_about(
                    thing, _question(making, thing, topic, says=bool(groups.get("topic"))), topic
                )
        making.grouped(len(things) * len(topics))
        if groups.get("table") or clause.lower().startswith("compare") or "比" in clause:
            making.table()
        return True
    return False


def said(making: Making, clause: str) -> bool:
    """What one says about something: only that one's own words answer it."""
    found = frames.SAYS.search(clause)
    things = items(found["list"]) if found else []
    if found is None or len(things) != 1 or not is_named(things[0]):
        return False
    topic = found["topic"]
    if frames.SAME_TOPIC.fullmatch(topic):
        topic = next((task.topic for task in reversed(making.tasks) if task.topic), topic)
    making.ask_about(things[0], _question(making, things[0], topic, says=True), topic)
    return True


def _question(making: Making, thing: Item, topic: str, *, says: bool) -> str:
    asked = f"What is the {topic} of the {thing.name}?"
    if not says and making.reads(asked):
        return asked
    return f"What does {thing.name} say about {topic}?"


def for_each(making: Making, clause: str) -> bool:
    """A question that is asked of each of several."""
    found = frames.EACH.search(clause)
    things = items(found["list"]) if found else []
    if found is None or len(things) < 2:
        return False
    for thing in things:
        asked, count = _STANDS_FOR_EACH.subn(f"the {thing.name}", found["question"], count=1)
        making.ask_about(thing, sentence(asked if count else f"{found['question']} {thing.name}"))
    making.grouped(len(things))
    return True


def picked_of(making: Making, clause: str) -> bool:
    """Which of several is the most of something."""
    for pattern in frames.PICK:
        found = pattern.search(clause)
        said = frames.adjective(found) if found else None
        things = items(found["list"]) if found else []
        if said is None or len(things) < 2 or not making.fits(things, said.question):
            continue
        for thing in things:
            making.ask_about(thing, said.question.format(name=thing.name))
        numbers = making.grouped(len(things))
        making.pick(clause, said, numbers)
        return True
    return False


def costing(making: Making, clause: str) -> bool:
    """Prices of a list, their total, and what is done to it."""
    for pattern in frames.COST:
        found = pattern.search(clause)
        things = items(found["list"]) if found else []
        question = _PRICE_JA if WIDE.search(clause) else _PRICE
        if found is None or not things:
            continue
        groups = found.groupdict()
        tail = groups.get("tail") or ""
        adds = bool(groups.get("together") or tail)
        if not making.fits(things, question, works=adds) or worked("1", tail) is None:
            continue
        many = any(thing.quantity > 1 for thing in things)
        summed = adds or (many and not groups.get("each"))
        if len(things) == 1 and not (many or tail):
            return False
        for thing in things:
            making.ask_about(thing, question.format(name=thing.name))
        numbers = making.grouped(len(things))
        if summed:
            parts = [multiplied(slot(n), thing.quantity) for n, thing in zip(numbers, things, strict=True)]
            making.sum(worked(" + ".join(parts), tail) or "", numbers, clause)
        return True
    return False


def distributed(making: Making, clause: str) -> bool:
    """What is asked of several that have full names, asked of each."""
    found = frames.NAMES.search(clause)
    things = items(found["list"]) if found else []
    if found is None or len(things) < 2 or frames.TOGETHER.search(clause) or frames.wants_working_out(clause):
        return False
    one = frames.ONE[found["verb"].strip().lower()]
    one = one.capitalize() if found["verb"][0].isupper() else one
    for thing in things:
        asked = f"{clause[: found.start()]}{one} {thing.name}{clause[found.end() :]}"
        making.ask_about(thing, sentence(asked))
    making.grouped(len(things))
    return True
