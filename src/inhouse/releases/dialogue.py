"""A dialogue that is asked offline: by the gate, a replay or a comparison. No fan is there, and nothing is charged to anybody."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from inhouse.core.errors import InhouseError
from inhouse.core.events import Ended
from inhouse.releases.release import Route
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.request import Answerer, Exchange, answered


class BrokeOff(InhouseError):
    """An answer broke off. Start it again."""

    status = 503


async def answers(
    answerer: Answerer,
    route: Route,
    said: Sequence[str],
    *,
    before: Sequence[Exchange] = (),
    priority: Priority,
) -> AsyncGenerator[Ended, None]:
    """The end of each answer, one question after the other, with what was said until then.

    Raises ``BrokeOff``, which names no question: it may be a fan's.
    """
    history = list(before)
    for question in said:
        request = route.request(question, history=tuple(history), priority=priority)
        ended = await answered(answerer, request)
        if ended is None:
            raise BrokeOff()
        history.append(Exchange(question, ended.answer))
        yield ended


async def last_answer(
    answerer: Answerer,
    route: Route,
    said: Sequence[str],
    *,
    before: Sequence[Exchange] = (),
    priority: Priority,
) -> Ended:
    """The end of the last answer of a dialogue of at least one question."""
    return [one async for one in answers(answerer, route, said, before=before, priority=priority)][-1]
