"""The owner's statement of why a source may be used."""

from __future__ import annotations

from inhouse.accounts.actors import Actor
from inhouse.content.values import Basis, Right
from inhouse.core import clock
from inhouse.core.errors import UsageError

_MOST_NOTE = 2000
_NEEDS_NOTE = (Basis.LICENSED, Basis.PERMISSION)


class NoRight(UsageError):
    """Say why this may be used: own-work, "licensed: which licence", "permission: whose", or public-domain."""


def state(actor: Actor, words: str) -> Right:
    """A right from words such as ``own work`` or ``permission: Ann Lee agreed on 3 May``; ``NoRight`` where it is none.

    A licence and a permission need a note that says which and whose.
    """
    basis, _, note = words.partition(":")
    name, note = "-".join(basis.strip().lower().replace("_", " ").split()), note.strip()
    if name not in set(Basis) or len(note) > _MOST_NOTE or (name in _NEEDS_NOTE and not note):
        raise NoRight()
    return Right(basis=Basis(name), note=note, stated_by=actor.id or actor.kind, stated_at=clock.now())
