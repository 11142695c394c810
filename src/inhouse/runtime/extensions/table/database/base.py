"""What is asked of a database, of whichever make: to be read, within bounds, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import SQLAlchemyError

from inhouse.runtime.extensions.base import ToolFailed

_log = logging.getLogger(__name__)
MOST_CELL = 1_000
"""Characters of a cell that leave the database."""
CONNECT_SECONDS = 3

Element = ColumnElement[Any]


class Base(Protocol):
    """A database. Its expressions make columns comparable as a table's columns are."""

    def reading(self) -> AbstractContextManager[Connection]:
        """One snapshot that can't be written in. Raises ``ToolFailed`` with a sentence where it can't be had, or ends."""
        ...

    def is_plain(self, type_code: Any) -> bool:
        """Whether cells of this type, as a cursor names it, are numbers, truths or dates: short, and told as they are."""
        ...

    def cell(self, element: Element, plain: bool) -> Element:
        """What is read of a cell: no more than ``MOST_CELL`` characters."""
        ...

    def number(self, element: Element) -> Element:
        """The cell where it is a number, else nothing."""
        ...

    def day(self, element: Element) -> Element:
        """The day of a cell that holds a date or a moment."""
        ...

    def that_day(self, iso: str) -> Any:
        """What ``day`` is compared with."""
        ...

    def folded(self, element: Element) -> Element:
        """A text as conditions compare it: whatever its case and width."""
        ...

    def bare(self, element: Element) -> Element:
        """A text as words are looked for in it: folded, and without accents."""
        ...


@contextmanager
def told(late: Callable[[], bool]) -> Iterator[None]:
    """Any failure as one sentence. A driver's own words name hosts and users, so that only their kind is logged."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = type(getattr(error, "orig", None) or error).__name__
        _log.warning("a database could not be read: %s", cause)
        if late():
            raise ToolFailed(reason="The database takes too long: ask for less at once.") from None
        raise ToolFailed(reason="The database can't be read at the moment.") from None
