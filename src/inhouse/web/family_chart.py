"""The family tree of generations as a picture: parents above their children, a box each, in pixels of its own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.tuning.family import Branch
from inhouse.tuning.generations import Generation

BOX_WIDTH, BOX_HEIGHT = 214, 78
_GAP_ACROSS, _GAP_DOWN, _EDGE = 20, 44, 4


@dataclass(frozen=True)
class Box:
    """Where a generation stands: its upper left corner."""

    generation: Generation
    x: float
    y: float


@dataclass(frozen=True)
class FamilyPicture:
    """Boxes, and a line from each parent to each child."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def family_picture(roots: Sequence[Branch]) -> FamilyPicture | None:
    """Leaves stand side by side, a parent above the middle of its children; ``None`` where there is nobody."""
    if not roots:
        return None
    drawing = _Drawing()
    for root in roots:
        drawing.place(root, 0)
    depth = max(box.y for box in drawing.boxes)
    return FamilyPicture(
        width=drawing.next_leaf - _GAP_ACROSS + _EDGE,
        height=depth + BOX_HEIGHT + _EDGE,
        boxes=tuple(sorted(drawing.boxes, key=lambda box: (box.y, box.x))),
        lines=tuple(drawing.lines),
    )


class _Drawing:
    """What has been placed so far."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.lines: list[str] = []
        self.next_leaf: float = _EDGE

    def place(self, branch: Branch, depth: int) -> Box:
        """Place all below it, then itself."""
        children = [self.place(child, depth + 1) for child in branch.children]
        if children:
            x = (children[0].x + children[-1].x) / 2
        else:
            x, self.next_leaf = self.next_leaf, self.next_leaf + BOX_WIDTH + _GAP_ACROSS
        box = Box(branch.generation, x, _EDGE + depth * (BOX_HEIGHT + _GAP_DOWN))
        self.boxes.append(box)
        self.lines += [_line(box, child) for child in children]
        return box


def _line(parent: Box, child: Box) -> str:
    top, bottom = parent.y + BOX_HEIGHT, child.y
    start, end, half = parent.x + BOX_WIDTH / 2, child.x + BOX_WIDTH / 2, (top + bottom) / 2
    return f"M{start:.1f} {top:.1f} C{start:.1f} {half:.1f} {end:.1f} {half:.1f} {end:.1f} {bottom:.1f}"
