"""An operator's own SELECT, checked before any database sees it: one statement that reads, with values at named places.

The check is for mistakes more than for attacks, as only an operator writes one. What holds in any case is the
transaction, which can't write, and that the statement stands inside another one's FROM, where only a query may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from inhouse.core.errors import InhouseError

MOST_STATEMENT = 8_000
_MOST_PLACES = 6
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_PIECES = regex.compile(rf"(?P<quoted>{_QUOTED})|(?P<bare>[^'\"]+)|(?P<stray>['\"])")
_PLACE = regex.compile(r"(?<![:\w]):([a-z][a-z0-9_]{0,39})(?!\w)")
_COLON = regex.compile(r"(?<!:):(?!:)")
_BEGIN = regex.compile(r"\s*(?:select|with)\b", regex.IGNORECASE)
#: What a query has no use for. A column of such a name goes in double quotation marks.
_CHANGES = regex.compile(
    r"\b(?:insert|update|delete|merge|drop|alter|create|truncate|grant|revoke|copy|call|do|vacuum|attach|detach|pragma|"
    r"into|lock|listen|notify|set)\b",
    regex.IGNORECASE,
)


class BadStatement(InhouseError):
    """The SELECT can't be used: {reason}"""


@dataclass(frozen=True)
class Statement:
    """A SELECT that was checked."""

    text: str
    """As SQLAlchemy's ``text`` takes it: a colon inside quotation marks names no place."""
    places: tuple[str, ...]
    """The names at which values are bound, in their order."""


def checked(sql: str) -> Statement:
    """The statement. Raises ``BadStatement`` with a sentence."""
    trimmed = sql.strip().removesuffix(";").rstrip()
    if len(trimmed) > MOST_STATEMENT or "\0" in trimmed:
        raise BadStatement(reason=f"it is text of at most {MOST_STATEMENT:,} characters.")
    if "\\" in trimmed:  # in some quotation marks it would end them later than we think
        raise BadStatement(reason="a backslash has no place in it.")
    pieces = list(_pieces(trimmed))
    bare = " ".join(piece for piece, is_quoted in pieces if not is_quoted)
    _check(bare)
    places = tuple(dict.fromkeys(_PLACE.findall(bare)))
    if len(places) > _MOST_PLACES:
        raise BadStatement(reason=f"it has more than {_MOST_PLACES} places for values.")
    return Statement("".join(_escaped(piece, is_quoted) for piece, is_quoted in pieces), places)


def _pieces(sql: str) -> Iterator[tuple[str, bool]]:
    """The statement in pieces, each with whether it stands in quotation marks."""
    for found in _PIECES.finditer(sql):
        if found["stray"]:
            raise BadStatement(reason="a quotation mark in it is never closed.")
        yield found[0], found["quoted"] is not None


def _check(bare: str) -> None:
    if not _BEGIN.match(bare):
        raise BadStatement(reason="it begins with SELECT or WITH.")
    if ";" in bare:
        raise BadStatement(reason="it is one statement, without a semicolon in it.")
    if "--" in bare or "/*" in bare or "#" in bare:
        raise BadStatement(reason="comments have to be left out.")
    if "$" in bare or "`" in bare or "?" in bare:
        raise BadStatement(
            reason="it takes values at places such as :order_no, and quotes texts with ' only."
        )
    if changing := _CHANGES.search(bare):
        raise BadStatement(
            reason=f'"{changing[0]}" has no place in it; a column of that name goes in double quotation marks.'
        )
    depth = 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    if depth:
        raise BadStatement(reason="its parentheses don't match.")
    if _COLON.search(_PLACE.sub("", bare)):
        raise BadStatement(
            reason="a place for a value is a colon and a name in small letters, such as :order_no."
        )


def _escaped(piece: str, is_quoted: bool) -> str:
    return piece.replace(":", r"\:") if is_quoted else piece
