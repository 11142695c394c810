"""Clauses that imply a step: something has to be looked up before it can be counted, or told in other units."""

from __future__ import annotations

from inhouse.runtime.agent import frames
from inhouse.runtime.agent.lists import items
from inhouse.runtime.agent.making import Making, slot


def arriving(making: Making, clause: str) -> bool:
    """When something comes that takes so many days."""
    found = frames.ARRIVES.search(clause)
    things = items(found["list"]) if found else []
    question = "How long does the {name} take to ship?"
    if len(things) != 1 or not making.fits(things, question):
        return False
    making.ask_about(things[0], question.format(name=things[0].name))
    number = making.tasks[-1].number
    if not making.dates(f"What date is {slot(number)} after today?", "days", (number,), clause):
        making.tasks.pop()
        return False
    return True


def converted(making: Making, clause: str) -> bool:
    """A measure that is looked up, in other units."""
    found = frames.CONVERT.search(clause)
    if found is None or making.reads(clause) or not making.is_unit(found["unit"]):
        return False
    question = f"{found['question']}?"
    if not making.reads(question):
        return False
    making.ask(question)
    number = making.tasks[-1].number
    making.sum(f"{slot(number)} to {found['unit']}", (number,), clause)
    return True


def until_event(making: Making, clause: str) -> bool:
    """Days until, or a date some time after, what only an announcement dates."""
    until, after = frames.EVENT.search(clause), frames.AFTER_EVENT.search(clause)
    found = until or after
    if found is None or making.reads(clause):
        return False
    made = (
        f"How many days until {slot(len(making.tasks) + 1)}?"
        if until
        else f"{found['step']} {slot(len(making.tasks) + 1)}"
    )
    if not making.reads(made.replace(slot(len(making.tasks) + 1), "3 March 2031")):
        return False
    making.ask(f"When is {found['event']}?")
    return making.dates(made, "date", (making.tasks[-1].number,), clause)
