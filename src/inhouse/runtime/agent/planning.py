"""From a request to a plan, by its structure and by what the tools understand. No model writes it: the one that ships can't.

A request comes apart where it says so: sentences and clauses that each ask something, "compare A, B and C on X", "for each
of". What it only implies (a list of prices with their total, the cheapest of three, a size in other units, the days until
an event) is taken apart only where an attached tool understands every part without doubt. What stays one thing stays one
task, which is answered as if there were no plan.
"""

from __future__ import annotations

from collections.abc import Callable

from inhouse.runtime.agent import going_on, implied, listed
from inhouse.runtime.agent.clauses import clauses, plain
from inhouse.runtime.agent.making import Making, Reads, unslotted
from inhouse.runtime.agent.plans import MOST_TASKS, Plan, Task
from inhouse.runtime.agent.referring import resolved

#: Each adds what a clause asks for where it is of its form, and says whether it was; the first that fits is taken.
_Way = Callable[[Making, str], bool]
_GOING_ON: tuple[_Way, ...] = (
    going_on.alike,
    going_on.tabled,
    going_on.totalled,
    going_on.differing,
    going_on.picked,
    going_on.worked_on,
    going_on.dated,
)
_BY_ITSELF: tuple[_Way, ...] = (
    listed.compared,
    listed.said,
    listed.for_each,
    listed.picked_of,
    listed.costing,
    implied.arriving,
    implied.converted,
    implied.until_event,
    listed.distributed,
)


def plan(request: str, reads: Reads) -> Plan:
    """The tasks of a request, numbered from 1; one of its own words where it is one thing."""
    making = Making(reads)
    for clause in clauses(request):
        _add(making, unslotted(clause))
    tasks = making.tasks[:MOST_TASKS]
    worth = len(tasks) > 1 and any(task.kind == "ask" for task in tasks)
    return tuple(tasks) if worth else (Task(1, unslotted(request)),)


def _add(making: Making, clause: str) -> None:
    """Add what one clause asks for."""
    text = plain(resolved(clause))
    ways = (*_GOING_ON, *_BY_ITSELF, going_on.pointing) if making.tasks else _BY_ITSELF
    if not any(way(making, text) for way in ways):
        making.ask(clause)
