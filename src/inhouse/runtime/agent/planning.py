"""From a request to a plan, by its structure and by what the tools understand. No model writes it: the one that ships can't.

A request comes apart where it says so: sentences and clauses that each ask something, "compare A, B and C on X", "for each
of". What it only implies (a list of prices with their total, the cheapest of three, a size in other units, the days until
an event) is taken apart only where an attached tool understands every part without doubt. What stays one thing stays one
task, which is answered as if there were no plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

from inhouse.content.followup import points_back
from inhouse.runtime.agent import frames
from inhouse.runtime.agent.arithmetic import multiplied, worked
from inhouse.runtime.agent.clauses import clauses, plain
from inhouse.runtime.agent.frames import Adjective
from inhouse.runtime.agent.lists import Item, is_named, items
from inhouse.runtime.agent.plans import MOST_TASKS, Plan, Task, Want
from inhouse.runtime.agent.referring import resolved

#: Whether an attached tool understands a request without doubt.
Reads = Callable[[str], bool]

_PRICE = "What is the price of the {name}?"
_PRICE_JA = "{name}の値段はいくらですか？"
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_PLURAL = regex.compile(r"(?<=\b(?:price|cost|weight|height|width|length|size))s$", regex.I)
_TOPICS = regex.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")
_STANDS_FOR_EACH = regex.compile(r"\b(?:its|it|them|each(?:\s+one)?|they)\b", regex.I)
_UNITS_TRIED = ("10 cm", "10 kg", "10 ml", "10 days", "10 °C")


def plan(request: str, reads: Reads) -> Plan:
    """The tasks of a request, numbered from 1; one of its own words where it is one thing."""
    making = _Making(reads)
    parts = clauses(request)
    for part in parts:
        making.add(part)
    tasks = making.tasks[:MOST_TASKS]
    worth = len(tasks) > 1 and any(task.kind == "ask" for task in tasks)
    return tuple(tasks) if worth else (Task(1, _unslotted(request)),)


class _Making:
    """A plan in the making."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self.tasks: list[Task] = []
        self._group: tuple[int, ...] = ()
        """The tasks that asked the same of several things last."""

    def add(self, clause: str) -> None:
        """Add what one clause asks for."""
        clause = _unslotted(clause)
        text = plain(resolved(clause))
        ways = (
            *(
                (
                    self._alike,
                    self._tabled,
                    self._totalled,
                    self._differing,
                    self._picked,
                    self._worked_on,
                    self._dated,
                )
                if self.tasks
                else ()
            ),
            self._compared,
            self._said,
            self._for_each,
            self._picked_of,
            self._costing,
            self._arriving,
            self._converted,
            self._until_event,
            self._distributed,
            *((self._pointing,) if self.tasks else ()),
        )
        if not any(way(text) for way in ways):
            self._ask(clause)

    # What refers to the tasks before.

    def _tabled(self, clause: str) -> bool:
        if not frames.TABLE.search(clause):
            return False
        self._table()
        return True

    def _table(self) -> None:
        needs = tuple(task.number for task in self.tasks if task.about and task.kind == "ask")
        if needs and not any(task.kind == "table" for task in self.tasks):
            said = "表にまとめる" if _WIDE.search(self.tasks[0].said) else "Put it in a table"
            self.tasks.append(Task(len(self.tasks) + 1, said, said, kind="table", needs=needs))

    def _totalled(self, clause: str) -> bool:
        needs = self._group or tuple(task.number for task in self.tasks if task.kind == "ask")
        last = self.tasks[-1]
        if last.computed and set(needs) <= set(last.needs):
            # It is there already: what else is said is done to it.
            return frames.TOTAL.search(clause) is not None and worked("1", clause) == "1"
        if not frames.TOTAL.search(clause) or len(needs) < 2 or self._reads(clause):
            return False
        made = worked(" + ".join(_slot(number) for number in needs), clause)
        if made is None or self._mentions_new_things(clause):
            return False
        self._sum(made, needs, clause)
        return True

    def _differing(self, clause: str) -> bool:
        needs = self._group
        if len(needs) != 2 or not frames.DIFFERENCE.search(clause):
            return False
        self._sum(f"abs({_slot(needs[0])} - {_slot(needs[1])})", needs, clause)
        return True

    def _picked(self, clause: str) -> bool:
        found = frames.PICKED.search(clause)
        said = frames.adjective(found) if found else None
        if said is None or not self._group:
            return False
        self._pick(clause, said, self._group)
        return True

    def _worked_on(self, clause: str) -> bool:
        """A percentage, a share or a multiple of what was found before."""
        self._pick_first(clause)
        last = self._valued()
        if last is None or self._reads(clause):
            return False
        unit = frames.IN_UNIT.search(clause)
        made = worked(_slot(last), clause)
        if made is None:
            return False
        if unit is not None and self._is_unit(unit["unit"]):
            made = f"{made} to {unit['unit']}"
        elif made == _slot(last) or self._mentions_new_things(clause):
            return False
        self._sum(made, (last,), clause)
        return True

    def _pick_first(self, clause: str) -> None:
        """Make "the cheapest" a task, where a clause goes on with it and nobody has asked for it yet."""
        found = frames.THE_MOST.search(clause)
        said = frames.adjective(found) if found else None
        is_picked = any(task.kind == "pick" for task in self.tasks)
        if said is not None and self._group and not is_picked and worked("1", clause) not in ("1", None):
            self._pick(found[0] if found else "", said, self._group)

    def _dated(self, clause: str) -> bool:
        """Something that is counted to a date, or from one, that was found before."""
        last = self.tasks[-1].number
        if frames.UNTIL_THEN.search(clause):
            return self._dates(f"How many days until {_slot(last)}?", "date", (last,), clause)
        if found := frames.STEP_AFTER.search(clause):
            step = (
                found["step"].replace("from", "after").replace("earlier", "before").replace("later", "after")
            )
            return self._dates(f"{step} {_slot(last)}", "date", (last,), clause)
        if frames.WEEKDAY.search(clause):
            return self._dates(f"What day of the week is {_slot(last)}?", "date", (last,), clause)
        valued = self._valued()
        if valued is None or not frames.ARRIVAL.search(clause):
            return False
        return self._dates(f"What date is {_slot(valued)} after today?", "days", (valued,), clause)

    def _alike(self, clause: str) -> bool:
        """The question before, asked of something else."""
        found = frames.ALIKE.search(clause)
        things = items(found["list"]) if found else []
        last = self.tasks[-1]
        names = frames.FULL_NAME.findall(last.text)
        if len(things) != 1 or not is_named(things[0]) or last.kind != "ask" or len(names) != 1:
            return False
        self._ask_about(things[0], last.text.replace(names[0], things[0].name), last.topic)
        return True

    def _pointing(self, clause: str) -> bool:
        """A question about what an earlier task names: "how heavy is it?"."""
        found = frames.POINTER.search(clause)
        if found is None or not points_back(clause):
            return False
        last = self.tasks[-1].number
        whose = found[0].lower() in ("its", "their", "その")
        slot = (
            f"{_slot(last)}の"
            if whose and _WIDE.match(found[0])
            else f"{_slot(last)}'s"
            if whose
            else _slot(last)
        )
        text = f"{clause[: found.start()]}{slot}{clause[found.end() :]}"
        self.tasks.append(Task(len(self.tasks) + 1, text, clause, needs=(last,), want="name"))
        return True

    # What holds a list.

    def _compared(self, clause: str) -> bool:
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
                    self._ask_about(
                        thing, self._question(thing, topic, says=bool(groups.get("topic"))), topic
                    )
            self._grouped(len(things) * len(topics))
            if groups.get("table") or clause.lower().startswith("compare") or "比" in clause:
                self._table()
            return True
        return False

    def _said(self, clause: str) -> bool:
        """What one says about something: only that one's own words answer it."""
        found = frames.SAYS.search(clause)
        things = items(found["list"]) if found else []
        if found is None or len(things) != 1 or not is_named(things[0]):
            return False
        topic = found["topic"]
        if frames.SAME_TOPIC.fullmatch(topic):
            topic = next((task.topic for task in reversed(self.tasks) if task.topic), topic)
        self._ask_about(things[0], self._question(things[0], topic, says=True), topic)
        return True

    def _question(self, thing: Item, topic: str, *, says: bool) -> str:
        asked = f"What is the {topic} of the {thing.name}?"
        if not says and self._reads(asked):
            return asked
        return f"What does {thing.name} say about {topic}?"

    def _for_each(self, clause: str) -> bool:
        found = frames.EACH.search(clause)
        things = items(found["list"]) if found else []
        if found is None or len(things) < 2:
            return False
        for thing in things:
            asked, count = _STANDS_FOR_EACH.subn(f"the {thing.name}", found["question"], count=1)
            self._ask_about(thing, _sentence(asked if count else f"{found['question']} {thing.name}"))
        self._grouped(len(things))
        return True

    def _picked_of(self, clause: str) -> bool:
        for pattern in frames.PICK:
            found = pattern.search(clause)
            said = frames.adjective(found) if found else None
            things = items(found["list"]) if found else []
            if said is None or len(things) < 2 or not self._fits(things, said.question):
                continue
            for thing in things:
                self._ask_about(thing, said.question.format(name=thing.name))
            numbers = self._grouped(len(things))
            self._pick(clause, said, numbers)
            return True
        return False

    def _costing(self, clause: str) -> bool:
        """Prices of a list, their total, and what is done to it."""
        for pattern in frames.COST:
            found = pattern.search(clause)
            things = items(found["list"]) if found else []
            question = _PRICE_JA if _WIDE.search(clause) else _PRICE
            if found is None or not things:
                continue
            groups = found.groupdict()
            tail = groups.get("tail") or ""
            adds = bool(groups.get("together") or tail)
            if not self._fits(things, question, works=adds) or worked("1", tail) is None:
                continue
            many = any(thing.quantity > 1 for thing in things)
            summed = adds or (many and not groups.get("each"))
            if len(things) == 1 and not (many or tail):
                return False
            for thing in things:
                self._ask_about(thing, question.format(name=thing.name))
            numbers = self._grouped(len(things))
            if summed:
                parts = [
                    multiplied(_slot(n), thing.quantity) for n, thing in zip(numbers, things, strict=True)
                ]
                self._sum(worked(" + ".join(parts), tail) or "", numbers, clause)
            return True
        return False

    # What is implied.

    def _arriving(self, clause: str) -> bool:
        """When something comes that takes so many days."""
        found = frames.ARRIVES.search(clause)
        things = items(found["list"]) if found else []
        question = "How long does the {name} take to ship?"
        if len(things) != 1 or not self._fits(things, question):
            return False
        self._ask_about(things[0], question.format(name=things[0].name))
        number = self.tasks[-1].number
        if not self._dates(f"What date is {_slot(number)} after today?", "days", (number,), clause):
            self.tasks.pop()
            return False
        return True

    def _converted(self, clause: str) -> bool:
        """A measure that is looked up, in other units."""
        found = frames.CONVERT.search(clause)
        if found is None or self._reads(clause) or not self._is_unit(found["unit"]):
            return False
        question = f"{found['question']}?"
        if not self._reads(question):
            return False
        self._ask(question)
        number = self.tasks[-1].number
        self._sum(f"{_slot(number)} to {found['unit']}", (number,), clause)
        return True

    def _until_event(self, clause: str) -> bool:
        """Days until, or a date some time after, what only an announcement dates."""
        until, after = frames.EVENT.search(clause), frames.AFTER_EVENT.search(clause)
        found = until or after
        if found is None or self._reads(clause):
            return False
        made = (
            f"How many days until {_slot(len(self.tasks) + 1)}?"
            if until
            else f"{found['step']} {_slot(len(self.tasks) + 1)}"
        )
        if not self._reads(made.replace(_slot(len(self.tasks) + 1), "3 March 2031")):
            return False
        self._ask(f"When is {found['event']}?")
        return self._dates(made, "date", (self.tasks[-1].number,), clause)

    def _distributed(self, clause: str) -> bool:
        """What is asked of several that have full names, asked of each."""
        found = frames.NAMES.search(clause)
        things = items(found["list"]) if found else []
        if (
            found is None
            or len(things) < 2
            or frames.TOGETHER.search(clause)
            or frames.wants_working_out(clause)
        ):
            return False
        one = frames.ONE[found["verb"].strip().lower()]
        one = one.capitalize() if found["verb"][0].isupper() else one
        for thing in things:
            asked = f"{clause[: found.start()]}{one} {thing.name}{clause[found.end() :]}"
            self._ask_about(thing, _sentence(asked))
        self._grouped(len(things))
        return True

    # The tasks themselves.

    def _ask(self, text: str) -> None:
        self.tasks.append(Task(len(self.tasks) + 1, text, text))

    def _ask_about(self, thing: Item, text: str, topic: str = "") -> None:
        self.tasks.append(Task(len(self.tasks) + 1, text, text, about=thing.name, topic=topic))

    def _sum(self, text: str, needs: tuple[int, ...], said: str) -> None:
        self.tasks.append(Task(len(self.tasks) + 1, text, said, needs=needs))

    def _dates(self, text: str, want: Want, needs: tuple[int, ...], said: str) -> bool:
        task = Task(len(self.tasks) + 1, text, said, needs=needs, want=want)
        if not self._reads(task.masked):
            return False
        self.tasks.append(task)
        return True

    def _pick(self, clause: str, said: Adjective, needs: tuple[int, ...]) -> None:
        number = len(self.tasks) + 1
        self.tasks.append(
            Task(number, clause, clause, kind="pick", needs=needs, most=said.most, adjective=said.word)
        )

    def _grouped(self, count: int) -> tuple[int, ...]:
        """The last tasks as a group that what follows may refer to."""
        numbers = tuple(task.number for task in self.tasks[-count:])
        self._group = numbers
        return numbers

    # What is known of the tools.

    def _fits(self, things: Sequence[Item], question: str, *, works: bool = False) -> bool:
        """Whether a question can be asked of each: a tool understands all of them, or one of them and the others are called
        by names too (that there is no such thing is found out by asking). ``works``: a sum is asked for in so many words,
        so that names are enough where something here can calculate."""
        understood = [self._reads(question.format(name=thing.name)) for thing in things]
        if all(understood):
            return True
        return all(map(is_named, things)) and (any(understood) or (works and self._reads("2 * £10")))

    def _is_unit(self, word: str) -> bool:
        return any(self._reads(f"{amount} to {word}") for amount in _UNITS_TRIED)

    def _valued(self) -> int | None:
        """The last task that has one value, rather than one of several."""
        last = self.tasks[-1]
        return None if last.number in self._group and len(self._group) > 1 else last.number

    def _mentions_new_things(self, clause: str) -> bool:
        """Whether a clause names something by itself, so that it does not go on with what was found."""
        return bool(regex.search(r"(?<=\p{Ll}\s)(?!I\b)\p{Lu}\p{Ll}+", clause)) or bool(
            regex.search(r"[£$€¥]\s?\d", clause)
        )


def _sentence(question: str) -> str:
    return f"{question[:1].upper()}{question[1:]}{'' if question.endswith(('?', '？')) else '?'}"


def _slot(number: int) -> str:
    return f"{{{number}}}"


def _unslotted(text: str) -> str:
    """The asker's own words can't be taken for a slot."""
    return text.replace("{", "(").replace("}", ")").strip()
