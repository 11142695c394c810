"""Clauses that go on with the tasks before them: their total, the cheapest of them, a date counted from what they find."""

from __future__ import annotations

from inhouse.content.followup import points_back
from inhouse.runtime.agent import frames
from inhouse.runtime.agent.arithmetic import worked
from inhouse.runtime.agent.lists import is_named, items
from inhouse.runtime.agent.making import WIDE, Making, slot
from inhouse.runtime.agent.plans import Task


def tabled(making: Making, clause: str) -> bool:
    """What was found, in a table."""
    if not frames.TABLE.search(clause):
        return False
    making.table()
    return True


def totalled(making: Making, clause: str) -> bool:
    """The total of what was found."""
    needs = making.group or tuple(task.number for task in making.tasks if task.kind == "ask")
    last = making.tasks[-1]
    if last.computed and set(needs) <= set(last.needs):
        # It is there already: what else is said is done to it.
        return frames.TOTAL.search(clause) is not None and worked("1", clause) == "1"
    if not frames.TOTAL.search(clause) or len(needs) < 2 or making.reads(clause):
        return False
    made = worked(" + ".join(slot(number) for number in needs), clause)
    if made is None or making.mentions_new_things(clause):
        return False
    making.sum(made, needs, clause)
    return True


def differing(making: Making, clause: str) -> bool:
    """The difference of two."""
    needs = making.group
    if len(needs) != 2 or not frames.DIFFERENCE.search(clause):
        return False
    making.sum(f"abs({slot(needs[0])} - {slot(needs[1])})", needs, clause)
    return True


def picked(making: Making, clause: str) -> bool:
    """The cheapest, lightest or newest of several."""
    found = frames.PICKED.search(clause)
    said = frames.adjective(found) if found else None
    if said is None or not making.group:
        return False
    making.pick(clause, said, making.group)
    return True


def worked_on(making: Making, clause: str) -> bool:
    """A percentage, a share or a multiple of what was found before."""
    _pick_first(making, clause)
    last = making.valued()
    if last is None or making.reads(clause):
        return False
    unit = frames.IN_UNIT.search(clause)
    made = worked(slot(last), clause)
    if made is None:
        return False
    if unit is not None and making.is_unit(unit["unit"]):
        made = f"{made} to {unit['unit']}"
    elif made == slot(last) or making.mentions_new_things(clause):
        return False
    making.sum(made, (last,), clause)
    return True


def _pick_first(making: Making, clause: str) -> None:
    """Make "the cheapest" a task, where a clause goes on with it and nobody has asked for it yet."""
    found = frames.THE_MOST.search(clause)
    said = frames.adjective(found) if found else None
    is_picked = any(task.kind == "pick" for task in making.tasks)
    if said is not None and making.group and not is_picked and worked("1", clause) not in ("1", None):
        making.pick(found[0] if found else "", said, making.group)


def dated(making: Making, clause: str) -> bool:
    """Something that is counted to a date, or from one, that was found before."""
    last = making.tasks[-1].number
    if frames.UNTIL_THEN.search(clause):
        return making.dates(f"How many days until {slot(last)}?", "date", (last,), clause)
    if found := frames.STEP_AFTER.search(clause):
        step = found["step"].replace("from", "after").replace("earlier", "before").replace("later", "after")
        return making.dates(f"{step} {slot(last)}", "date", (last,), clause)
    if frames.WEEKDAY.search(clause):
        return making.dates(f"What day of the week is {slot(last)}?", "date", (last,), clause)
    valued = making.valued()
    if valued is None or not frames.ARRIVAL.search(clause):
        return False
    return making.dates(f"What date is {slot(valued)} after today?", "days", (valued,), clause)


def alike(making: Making, clause: str) -> bool:
    """The question before, asked of something else."""
    found = frames.ALIKE.search(clause)
    things = items(found["list"]) if found else []
    last = making.tasks[-1]
    names = frames.FULL_NAME.findall(last.text)
    if len(things) != 1 or not is_named(things[0]) or last.kind != "ask" or len(names) != 1:
        return False
    making.ask_about(things[0], last.text.replace(names[0], things[0].name), last.topic)
    return True


def pointing(making: Making, clause: str) -> bool:
    """A question about what an earlier task names: "how heavy is it?"."""
    found = frames.POINTER.search(clause)
    if found is None or not points_back(clause):
        return False
    last = making.tasks[-1].number
    whose = found[0].lower() in ("its", "their", "その")
    place = (
        f"{slot(last)}の" if whose and WIDE.match(found[0]) else f"{slot(last)}'s" if whose else slot(last)
    )
    text = f"{clause[: found.start()]}{place}{clause[found.end() :]}"
    making.tasks.append(Task(len(making.tasks) + 1, text, clause, needs=(last,), want="name"))
    return True
