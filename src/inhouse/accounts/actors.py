"""Who acts, and what there is to do: the vocabulary of authorisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Action(StrEnum):
    """What somebody may or may not do. All but ``OPERATE`` are done to one AI or one team."""

    VIEW = "view"
    EDIT_CONTENT = "edit_content"
    EDIT_BRIEF = "edit_brief"
    TRAIN = "train"
    REVIEW = "review"
    """Read conversations, give verdicts, answer hand-overs."""
    RELEASE = "release"
    MANAGE = "manage"
    """People, keys, erasing."""
    CHAT = "chat"
    OPERATE = "operate"
    """Run the installation: operators, teams, jobs, backups."""

    @property
    def words(self) -> str:
        """How an error message names the action, after "may not"."""
        return _WORDS[self]


_WORDS: Mapping[Action, str] = MappingProxyType(
    {
        Action.VIEW: "view this",
        Action.EDIT_CONTENT: "change the content",
        Action.EDIT_BRIEF: "change the brief",
        Action.TRAIN: "train",
        Action.REVIEW: "read conversations",
        Action.RELEASE: "release",
        Action.MANAGE: "manage people and keys or erase",
        Action.CHAT: "chat through the API",
        Action.OPERATE: "operate this installation",
    }
)


class Role(StrEnum):
    """What a person is in a team."""

    OWNER = "owner"
    EDITOR = "editor"
    REVIEWER = "reviewer"


class Scope(StrEnum):
    """What a key is good for, always on one AI."""

    CHAT = "chat"
    VIEW = "view"
    EDIT = "edit"
    REVIEW = "review"
    RELEASE = "release"
    MANAGE = "manage"


#: All that can be done to one AI or one team.
OF_A_TEAM = frozenset(Action) - {Action.OPERATE}
_REVIEWER = frozenset({Action.VIEW, Action.REVIEW, Action.CHAT})
_EDITOR = _REVIEWER | {Action.EDIT_CONTENT, Action.EDIT_BRIEF, Action.TRAIN}

OF_ROLE: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {Role.OWNER: OF_A_TEAM, Role.EDITOR: _EDITOR, Role.REVIEWER: _REVIEWER}
)
OF_SCOPE: Mapping[Scope, frozenset[Action]] = MappingProxyType(
    {
        Scope.CHAT: frozenset({Action.CHAT}),
        Scope.VIEW: frozenset({Action.VIEW}),
        Scope.EDIT: frozenset({Action.VIEW, Action.EDIT_CONTENT, Action.EDIT_BRIEF, Action.TRAIN}),
        Scope.REVIEW: frozenset({Action.VIEW, Action.REVIEW}),
        Scope.RELEASE: frozenset({Action.VIEW, Action.RELEASE}),
        Scope.MANAGE: OF_A_TEAM,
    }
)


@dataclass(frozen=True)
class Actor:
    """Who acts. Made by signing in, by a key, by the local command line or by the worker; never by a caller's word.

    ``name`` is for messages only: the audit log keeps ids, so that erasing a person leaves it intact.
    """

    kind: Literal["person", "key", "operator", "system"]
    name: str
    person_id: str | None = None
    key_id: str | None = None
    is_operator: bool = False
    ai_id: str | None = None
    """The one AI that a key is good for."""
    scopes: frozenset[Scope] = frozenset()

    @property
    def id(self) -> str | None:
        """The row that stands for this actor: a person's or a key's id, none for the machine itself."""
        return self.person_id or self.key_id

    @classmethod
    def local_operator(cls) -> Actor:
        """Whoever can run commands on the machine that holds the data."""
        return cls(kind="operator", name="the local operator", is_operator=True)

    @classmethod
    def system(cls) -> Actor:
        """The worker, acting on what somebody queued."""
        return cls(kind="system", name="the worker", is_operator=True)
