"""Pictures of what was measured of a generation: what more examples teach, and what was gained or lost against a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inhouse.web.charts import Frame, Plane, Tick

#: A strip shows so many margins to each side at the most; of what lies further a stub is seen at the edge.
_MOST_MARGINS = 4.0
_LEAST_MARGINS = 1.5
_STUB = 4.0


@dataclass(frozen=True)
class Line:
    """One figure over examples, with its band and a dot for each point; places in the picture."""

    name: str
    area: str
    path: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Curves(Frame):
    """What so many examples teach."""

    lines: tuple[Line, ...]


def curves_picture(
    lines: Sequence[tuple[str, Sequence[tuple[float, float, float, float]]]],
) -> Curves | None:
    """``(name, points)`` each, a point ``(examples, low, value, high)`` in percent; ``None`` for under two points."""
    points = [point for _name, some in lines for point in some]
    counts = sorted({count for count, *_ in points})
    if len(counts) < 2:
        return None
    ends = [end for _count, low, _value, high in points for end in (low, high)]
    plane = Plane.around(counts, [0.0, *ends, 100.0], edge=0.04)
    return Curves(
        lines=tuple(
            Line(
                name,
                f"{plane.path([(n, high) for n, _, _, high in some] + [(n, low) for n, low, _, _ in reversed(some)])}Z",
                plane.path([(n, value) for n, _, value, _ in some]),
                tuple((plane.x(n), plane.y(value)) for n, _, value, _ in some),
            )
            for name, some in lines
        ),
        across=tuple(Tick(plane.x(count), f"{count:,.0f}") for count in counts),
        up=plane.worths(),
    )


@dataclass(frozen=True)
class Strip:
    """A gain with its interval beside the margin, in hundredths of the width from left (worse) to right (better)."""

    low: float
    middle: float | None
    """``None`` where it lies outside."""
    high: float
    limit: float
    """Where the margin ends: what lies left of it is too much lost."""
    zero: float = 50.0


def strips(gains: Sequence[tuple[float, float, float, float]]) -> list[Strip]:
    """``(low, gain, high, margin)`` each, all on one scale: how many margins were gained or lost."""
    units = [margin or max(abs(low), abs(high)) or 1.0 for low, _, high, margin in gains]
    widest = max(
        (max(abs(low), abs(high)) / unit for (low, _, high, _), unit in zip(gains, units, strict=True)),
        default=0.0,
    )
    reach = min(_MOST_MARGINS, max(_LEAST_MARGINS, 1.1 * widest))

    def place(value: float, unit: float) -> float:
        kept = min(reach, max(-reach, value / unit))
        return round(50 + 50 * kept / reach, 1)

    return [
        Strip(
            low=min(100 - _STUB, place(low, unit)),
            middle=place(gain, unit) if abs(gain) <= reach * unit else None,
            high=max(_STUB, place(high, unit)),
            limit=place(-margin, unit),
        )
        for (low, gain, high, margin), unit in zip(gains, units, strict=True)
    ]
