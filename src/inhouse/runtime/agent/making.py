"""A plan in the making: its tasks so far, and what the attached tools are known to understand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

from inhouse.runtime.agent.frames import Adjective
from inhouse.runtime.agent.lists import Item, is_named
from inhouse.runtime.agent.plans import Task, Want

#: Whether an attached tool understands a request without doubt.
Reads = Callable[[str], bool]

WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_UNITS_TRIED = ("10 cm", "10 kg", "10 ml", "10 days", "10 °C")


class Making:
    """A plan in the making."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.tasks: list[Task] = []
        self.group: tuple[int, ...] = ()
        """The tasks that asked the same of several things last."""

    def table(self) -> None:
        """A table of what the tasks find, once."""
        needs = tuple(task.number for task in self.tasks if task.about and task.kind == "ask")
        if needs and not any(task.kind == "table" for task in self.tasks):
            said = "表にまとめる" if WIDE.search(self.tasks[0].said) else "Put it in a table"
            self.tasks.append(Task(len(self.tasks) + 1, said, said, kind="table", needs=needs))

    def ask(self, text: str) -> None:
        """A question in its own words."""
        self.tasks.append(Task(len(self.tasks) + 1, text, text))

    def ask_about(self, thing: Item, text: str, topic: str = "") -> None:
        """A question about one of several things."""
        self.tasks.append(Task(len(self.tasks) + 1, text, text, about=thing.name, topic=topic))

    def sum(self, text: str, needs: tuple[int, ...], said: str) -> None:
        """Something to be worked out of what others find."""
        self.tasks.append(Task(len(self.tasks) + 1, text, said, needs=needs))

    def dates(self, text: str, want: Want, needs: tuple[int, ...], said: str) -> bool:
        """A date to be worked out, where a tool understands it."""
        task = Task(len(self.tasks) + 1, text, said, needs=needs, want=want)
        if not self.reads(task.masked):
            return False
        self.tasks.append(task)
        return True

    def pick(self, clause: str, said: Adjective, needs: tuple[int, ...]) -> None:
        """The one of several that is the most of something."""
        number = len(self.tasks) + 1
        self.tasks.append(
            Task(number, clause, clause, kind="pick", needs=needs, most=said.most, adjective=said.word)
        )

    def grouped(self, count: int) -> tuple[int, ...]:
        """The last tasks as a group that what follows may refer to."""
        numbers = tuple(task.number for task in self.tasks[-count:])
        self.group = numbers
        return numbers

    def fits(self, things: Sequence[Item], question: str, *, works: bool = False) -> bool:
        """Whether a question can be asked of each: a tool understands all of them, or one of them and the others are called
        by names too (that there is no such thing is found out by asking). ``works``: a sum is asked for in so many words,
        so that names are enough where something here can calculate."""
        understood = [self.reads(question.format(name=thing.name)) for thing in things]
        if all(understood):
            return True
        return all(map(is_named, things)) and (any(understood) or (works and self.reads("2 * £10")))

    def is_unit(self, word: str) -> bool:
        """Whether a tool converts to it."""
        return any(self.reads(f"{amount} to {word}") for amount in _UNITS_TRIED)

    def valued(self) -> int | None:
        """The last task that has one value, rather than one of several."""
        last = self.tasks[-1]
        return None if last.number in self.group and len(self.group) > 1 else last.number

    def mentions_new_things(self, clause: str) -> bool:
        """Whether a clause names something by itself, so that it does not go on with what was found."""
        return bool(regex.search(r"(?<=\p{Ll}\s)(?!I\b)\p{Lu}\p{Ll}+", clause)) or bool(
            regex.search(r"[£$€¥]\s?\d", clause)
        )


def sentence(question: str) -> str:
    """A question as a sentence."""
    return f"{question[:1].upper()}{question[1:]}{'' if question.endswith(('?', '？')) else '?'}"


def slot(number: int) -> str:
    """The place of what another task finds."""
    return f"{{{number}}}"


def unslotted(text: str) -> str:
    """The asker's own words can't be taken for a slot."""
    return text.replace("{", "(").replace("}", ")").strip()
