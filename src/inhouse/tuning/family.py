"""The family tree of generations: who came from whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inhouse.tuning.generations import Generation


@dataclass(frozen=True)
class Branch:
    """A generation with all that came from it, the oldest child first."""

    generation: Generation
    children: tuple[Branch, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Branch]]:
        """This one and all below it, each with its depth, parents before children."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def tree(generations: Iterable[Generation]) -> tuple[Branch, ...]:
    """The roots, the oldest first: those whose parent is not here."""
    found = sorted(generations, key=lambda one: (one.created_at, one.id))
    known = {one.id for one in found}
    below: dict[str | None, list[Generation]] = defaultdict(list)
    for one in found:
        below[one.parent if one.parent in known else None].append(one)

    def branch(generation: Generation) -> Branch:
        return Branch(generation, tuple(map(branch, below[generation.id])))

    return tuple(map(branch, below[None]))
