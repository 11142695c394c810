"""What changed between two briefs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inhouse.brief.brief import Brief

_LONGEST = 60


def differences(old: Brief, new: Brief) -> list[str]:
    """One line a change, such as ``rivals: added "Acme"`` or ``limits, max answer chars: 1200 → 600``."""
    return list(_between(old.model_dump(mode="json"), new.model_dump(mode="json"), ()))


def _between(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in new:
            yield from _between(old.get(name), new[name], (*path, str(name)))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _between_lists(old, new, path)
    else:
        yield f"{_where(path)}: {_short(old)} → {_short(new)}"


def _between_lists(old: Sequence[Any], new: Sequence[Any], path: tuple[str, ...]) -> Iterator[str]:
    before, after = _by_name(old), _by_name(new)
    for name in after:
        if name not in before:
            yield f'{_where(path)}: added "{name}"'
        elif before[name] != after[name]:
            yield from _between(before[name], after[name], (*path, name))
    for name in before:
        if name not in after:
            yield f'{_where(path)}: removed "{name}"'
    if before == after:
        yield f"{_where(path)}: put in another order"


def _by_name(items: Sequence[Any]) -> dict[str, Any]:
    return {_short_name(item): item for item in items}


def _short_name(item: Any) -> str:
    return str(item["name"]) if isinstance(item, Mapping) else str(item)


def _where(path: tuple[str, ...]) -> str:
    return ", ".join(part.replace("_", " ") for part in path)


def _short(value: Any) -> str:
    text = str(value) if value not in ("", None) else "nothing"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
