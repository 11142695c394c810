"""What can go wrong, in the user's words.

The docstring of an error class is the sentence that the user reads, with the fields of ``context`` filled in.
"""

from __future__ import annotations

from typing import Any


class InhouseError(Exception):
    """Something went wrong in Inhouse."""

    #: The HTTP status that says the same; the command line exits with 1, or 2 for ``UsageError``.
    status = 400

    def __init__(self, **context: Any) -> None:
        self.context = context
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The class's docstring with the context filled in."""
        template = " ".join((type(self).__doc__ or "").split())
        return template.format_map(self.context)

    @property
    def code(self) -> str:
        """A stable name for programs: the class's name."""
        return type(self).__name__


class UsageError(InhouseError):
    """{reason}"""


class NotFound(InhouseError):
    """There is no {kind} named "{name}" here."""

    status = 404


class NotAllowed(InhouseError):
    """{who} may not {action}. Ask an owner of the team for the role that may."""

    status = 403


class NotSignedIn(InhouseError):
    """Sign in first."""

    status = 401


class Conflict(InhouseError):
    """{reason}"""

    status = 409


class TooLarge(InhouseError):
    """{what} is too large: the limit is {limit}."""

    status = 413


class TooMany(InhouseError):
    """Too many requests. Try again in {seconds} seconds."""

    status = 429


class Busy(InhouseError):
    """The engine is busy. Try again in a moment."""

    status = 503


class Unavailable(InhouseError):
    """{what} cannot be reached: {reason}"""

    status = 503
