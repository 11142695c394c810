"""What an AI would do for somebody, once they agree to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from inhouse.core import ids


class Proposal(BaseModel):
    """One call of a tool that acts, as it is shown to the person it concerns. Nothing of it was sent."""

    model_config = ConfigDict(frozen=True)

    action_id: str
    extension: str
    """The very version that would be called, as ``name@version``."""
    tool: str
    title: str
    arguments: dict[str, Any]
    told: tuple[tuple[str, str], ...]
    """The arguments in words: every value with the name it goes by, nothing left out."""
    hash: str
    """Names what is agreed to: over the version, the tool and the arguments."""
    repeatable: bool = False
    """Whether its server does a call that comes twice with one key only once."""


def written(arguments: Mapping[str, Any]) -> str:
    """Arguments as they are kept and hashed: a database's own JSON would rewrite numbers."""
    return json.dumps(dict(arguments), sort_keys=True)


def hash_of(extension: str, tool: str, arguments: str) -> str:
    """SHA-256 over all that decides what a call does; ``arguments`` as ``written``."""
    return ids.digest(json.dumps([extension, tool, arguments]))
