"""What a program that we start gets of our environment."""

from __future__ import annotations

import os
from collections.abc import Iterable


def inherited(names: Iterable[str]) -> dict[str, str]:
    """The variables of these names, where they are set; whatever else is there may be secret."""
    return {name: os.environ[name] for name in names if name in os.environ}
