"""Our names for tools that others have named: lower case, words joined by underscores, at most 48 characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from inhouse.core.ids import digest

_MOST_NAME = 48
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FOREIGN = re.compile(r"[^a-z0-9]+")
_DIGEST = 6


def names(originals: Iterable[str]) -> dict[str, str]:
    """Our name of each tool.

    Where several would get the same name, only the one that had it keeps it, whatever order they come in: who agreed
    to one tool has not agreed to another that looks like it.
    """
    plain_names = {original: _plain(original) for original in originals}
    shared = Counter(plain_names.values())
    return {
        original: name if name == original or shared[name] == 1 else _marked(name, original)
        for original, name in plain_names.items()
    }


def _plain(original: str) -> str:
    if _NAME.fullmatch(original):
        return original
    name = _FOREIGN.sub("_", _CAMEL.sub("_", original).lower()).strip("_")
    if not name[:1].isalpha():
        name = f"tool_{name}"
    return name[:_MOST_NAME].rstrip("_")


def _marked(name: str, original: str) -> str:
    return f"{name[: _MOST_NAME - _DIGEST - 1]}_{digest(original)[:_DIGEST]}"
