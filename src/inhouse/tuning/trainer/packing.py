"""Packing: many rows in one sequence without padding, and rows with a common beginning sharing its computation.

A **tree** is a stem (the common beginning, perhaps empty) and its branches. Each branch sees the stem and itself,
never its sisters, and its positions go on where the stem ends: what comes out for each row is what would come out
had it been alone. Ten questions on one paragraph cost one encoding of the paragraph.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.tuning.trainer.rows import Encoded

#: A stem shorter than this does not pay for its mask.
_SHORTEST_STEM = 24
#: Where neighbours share much less than this share of what others next to them do, a new tree begins.
_CUT = 0.6


@dataclass(frozen=True)
class Tree:
    """``stem`` tokens shared by ``branches`` (start, end) that follow it in ``ids``.

    ``targets`` are (index of the hidden state that predicts, token id, how many rows want it).
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    stem: int
    branches: tuple[tuple[int, int], ...]
    targets: tuple[tuple[int, int, int], ...]
    row_tokens: int
    """Tokens of the rows, counting the stem for each of them."""
    rehearsed: bool
    """Whether its rows are rehearsed and not taught."""


def trees(rows: Sequence[Encoded], most_tokens: int) -> list[Tree]:
    """Group rows by common beginnings into trees of at most ``most_tokens`` (a single row may be longer).

    What is taught and what is rehearsed never share one.
    """
    parts = ([row for row in rows if row.rehearsed == rehearsed] for rehearsed in (False, True))
    return [tree for part in parts for tree in _grouped(part, most_tokens)]


def alone(row: Encoded) -> Tree:
    """One row as a tree of its own."""
    return _tree([row], 0)


def batches(forest: Sequence[Tree], batch_tokens: int, seed: int, epoch: int) -> list[list[Tree]]:
    """The trees of one epoch, shuffled and laid into batches of about ``batch_tokens`` tokens."""
    order = list(forest)
    random.Random(f"{seed}/{epoch}").shuffle(order)
    filled: list[list[Tree]] = []
    room = 0
    for tree in order:
        if len(tree.ids) > room:
            filled.append([])
            room = batch_tokens
        filled[-1].append(tree)
        room -= len(tree.ids)
    return filled


def _grouped(rows: Sequence[Encoded], most_tokens: int) -> list[Tree]:
    ordered = sorted(rows, key=lambda row: row.ids)
    shared = [_common(a.ids, b.ids) for a, b in itertools.pairwise(ordered)]
    found: list[Tree] = []
    group: list[Encoded] = []
    stem = 0
    for index, row in enumerate(ordered):
        link = shared[index - 1] if index else 0
        joined = min(stem, link) if len(group) > 1 else link
        if group and _belongs(shared, index - 1) and _size([*group, row], joined) <= most_tokens:
            group.append(row)
            stem = joined
            continue
        if group:
            found.append(_tree(group, stem if len(group) > 1 else 0))
        group, stem = [row], 0
    if group:
        found.append(_tree(group, stem if len(group) > 1 else 0))
    return found


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    length = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        length += 1
    return length


def _belongs(shared: Sequence[int], link: int) -> bool:
    """Whether the rows on both sides of ``link`` stand closer to each other than to those around them."""
    around = max(shared[max(0, link - 1) : link + 2])
    return shared[link] >= max(_SHORTEST_STEM, _CUT * around)


def _size(group: Sequence[Encoded], stem: int) -> int:
    return stem + sum(len(row.ids) - stem for row in group)


def _tree(group: Sequence[Encoded], stem: int) -> Tree:
    first = group[0]
    ids, positions = list(first.ids[:stem]), list(range(stem))
    wanted: dict[tuple[int, int], int] = {}
    branches = []
    for row in group:
        start = len(ids)
        for place in range(1, len(row.ids)):
            if not row.learn[place]:
                continue
            before = place - 1 if place - 1 < stem else start + place - 1 - stem
            wanted[before, row.ids[place]] = wanted.get((before, row.ids[place]), 0) + 1
        ids += row.ids[stem:]
        positions += range(stem, len(row.ids))
        if len(ids) > start:
            branches.append((start, len(ids)))
    targets = tuple((place, token, count) for (place, token), count in wanted.items())
    row_tokens = sum(len(row.ids) for row in group)
    return Tree(tuple(ids), tuple(positions), stem, tuple(branches), targets, row_tokens, first.rehearsed)
