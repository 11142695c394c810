"""Pictures drawn by the server: points in, SVG paths out. The template gives them a name, axes and a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 28
#: Costs whose ratio is above this are shown on a scale of powers.
_FAR_APART = 5


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it stands in the picture, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The axes. Paths and coordinates are those of ``viewBox 0 0 WIDTH HEIGHT``."""

    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT


@dataclass(frozen=True, kw_only=True)
class Picture(Frame):
    """A line over steps, from the ``first`` value to the ``last``."""

    path: str
    first: float
    last: float


def loss_picture(points: Sequence[tuple[float, float]]) -> Picture | None:
    """The loss over steps, ``(step, loss)`` each; ``None`` for under two points.

    Each step learns other rows, so that single losses say little: the line is the mean of a twelfth of the steps.
    """
    if len(points) < 2:
        return None
    points = _smoothed(points, max(1, len(points) // 12))
    most = max(step for step, _ in points) or 1
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    room = (high - low) or 1.0

    def x(step: float) -> float:
        return _x(step / most)

    def y(loss: float) -> float:
        return _y((loss - low) / room)

    return Picture(
        path=_path([(x(step), y(loss)) for step, loss in points]),
        across=_halves(most),
        up=tuple(Tick(y(low + room * share), f"{low + room * share:.2f}") for share in (0, 0.5, 1)),
        first=points[0][1],
        last=points[-1][1],
    )


@dataclass(frozen=True, kw_only=True)
class Band(Frame):
    """An estimate with its interval over units."""

    area: str
    path: str
    zero: float
    """Where "no difference" stands."""
    matters: float
    """Where the smallest gain that matters stands."""


def band_picture(points: Sequence[tuple[float, float, float, float]], matters: float) -> Band | None:
    """An estimate that gets sharper, ``(units, low, estimate, high)`` each; ``None`` for none.

    What is wider than eight times ``matters`` is cut off, so that the first looks don't flatten the rest.
    """
    if not points:
        return None
    most = max(units for units, *_ in points)
    reach = max(2 * matters, *(abs(estimate) + matters for _, _, estimate, _ in points))
    reach = max(reach, min(8 * matters, max(max(-low, high) for _, low, _, high in points)))

    def x(units: float) -> float:
        return _x(units / most)

    def y(value: float) -> float:
        kept = min(reach, max(-reach, value))
        return _y((kept + reach) / (2 * reach))

    upper = [(x(n), y(high)) for n, _, _, high in points]
    lower = [(x(n), y(low)) for n, low, _, _ in reversed(points)]
    return Band(
        area=f"{_path([*upper, *lower])}Z",
        path=_path([(x(n), y(value)) for n, _, value, _ in points]),
        zero=y(0.0),
        matters=y(matters),
        across=_halves(most),
        up=tuple(Tick(y(reach * share), f"{reach * share:+.{0 if reach >= 5 else 1}f}") for share in (-1, 1)),
    )


def _x(share: float) -> float:
    """Where a share of the width stands."""
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * share


def _y(share: float) -> float:
    """Where a share of the height stands, counted from below."""
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - share)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _halves(most: float) -> tuple[Tick, ...]:
    return tuple(Tick(_x(share), f"{most * share:.0f}") for share in (0, 0.5, 1))


def _smoothed(points: Sequence[tuple[float, float]], window: int) -> list[tuple[float, float]]:
    """Each loss as the mean of the ``window`` losses that end with it."""
    losses = [loss for _, loss in points]
    means = [sum(losses[max(0, i + 1 - window) : i + 1]) / min(window, i + 1) for i in range(len(losses))]
    return [(step, mean) for (step, _), mean in zip(points, means, strict=True)]


@dataclass(frozen=True)
class Dot:
    """Something that costs and is worth something: ``cost``, and what it is worth in percent with its interval."""

    cost: float
    worth: float
    low: float
    high: float
    label: str
    on_front: bool


@dataclass(frozen=True)
class Placed:
    """A dot in the picture."""

    x: float
    y: float
    low: float
    high: float
    label: str
    on_front: bool


@dataclass(frozen=True, kw_only=True)
class Dots(Frame):
    """Worth against cost, with the front that nothing beats."""

    dots: tuple[Placed, ...]
    front: str


def dots_picture(dots: Sequence[Dot]) -> Dots | None:
    """Worth over cost; costs that lie far apart are on a scale of powers. ``None`` for no dot."""
    if not dots:
        return None
    costs = [dot.cost for dot in dots]
    plane = Plane.around(costs, [end for dot in dots for end in (dot.low, dot.high)], edge=0.12)
    best = sorted((dot for dot in dots if dot.on_front), key=lambda dot: dot.cost)
    return Dots(
        dots=tuple(
            Placed(
                plane.x(dot.cost),
                plane.y(dot.worth),
                plane.y(dot.low),
                plane.y(dot.high),
                dot.label,
                dot.on_front,
            )
            for dot in dots
        ),
        front=plane.path([(dot.cost, dot.worth) for dot in best]) if len(best) > 1 else "",
        across=plane.costs(sorted({min(costs), max(costs)})),
        up=plane.worths(),
    )


@dataclass(frozen=True, kw_only=True)
class Routes(Frame):
    """A curve with its band over cost, and another to compare it with."""

    area: str
    path: str
    other: str


def routes_picture(
    points: Sequence[tuple[float, float, float, float]], other: Sequence[tuple[float, float]]
) -> Routes | None:
    """``points`` are (cost, low, value, high) in percent, ``other`` (cost, value); ``None`` for under two."""
    if len(points) < 2:
        return None
    costs = [cost for cost, *_ in points]
    worths = [value for _, low, _, high in points for value in (low, high)] + [value for _, value in other]
    plane = Plane.around(costs, worths, edge=0.0, powers=False)
    upper = [(cost, high) for cost, _, _, high in points]
    lower = [(cost, low) for cost, low, _, _ in reversed(points)]
    return Routes(
        area=f"{plane.path([*upper, *lower])}Z",
        path=plane.path([(cost, value) for cost, _, value, _ in points]),
        other=plane.path(other),
        across=plane.costs([min(costs), (min(costs) + max(costs)) / 2, max(costs)]),
        up=plane.worths(),
    )


@dataclass(frozen=True)
class Plane:
    """Where costs and percentages stand in the picture."""

    first: float
    last: float
    floor: float
    ceiling: float
    edge: float
    powers: bool

    @classmethod
    def around(
        cls, costs: Sequence[float], worths: Sequence[float], edge: float, powers: bool = True
    ) -> Plane:
        """Round tens above and below; ``edge`` is the share of the width that is left free on each side."""
        floor, ceiling = 10 * math.floor(min(worths) / 10), 10 * math.ceil(max(worths) / 10)
        spread = powers and min(costs) > 0 and max(costs) / min(costs) > _FAR_APART
        return cls(
            min(costs), max(costs), max(0.0, floor), min(100.0, max(ceiling, floor + 10)), edge, spread
        )

    def x(self, cost: float) -> float:
        first, last, at = (math.log(v) if self.powers else v for v in (self.first, self.last, cost))
        share = (at - first) / (last - first) if last > first else 0.5
        return _x(self.edge + (1 - 2 * self.edge) * share)

    def y(self, worth: float) -> float:
        return _y((worth - self.floor) / (self.ceiling - self.floor))

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        return _path([(self.x(cost), self.y(worth)) for cost, worth in points])

    def costs(self, at: Sequence[float]) -> tuple[Tick, ...]:
        return tuple(Tick(self.x(cost), f"{cost:.3g}") for cost in at)

    def worths(self) -> tuple[Tick, ...]:
        middle = (self.floor + self.ceiling) / 2
        return tuple(Tick(self.y(v), f"{v:.0f}") for v in (self.floor, middle, self.ceiling))


@dataclass(frozen=True)
class Bar:
    """A gain with its interval, under a name; ``clear`` where the interval leaves nothing out of doubt."""

    name: str
    low: float
    value: float
    high: float
    clear: bool


@dataclass(frozen=True)
class Lane:
    """A bar in the picture: its name stands above it."""

    name: str
    x1: float
    x: float
    x2: float
    y: float
    clear: bool


@dataclass(frozen=True, kw_only=True)
class Lanes(Frame):
    """Gains under each other, around the line of no difference."""

    lanes: tuple[Lane, ...]
    zero: float


_LANE, _EDGE = 52, 16


def lanes_picture(bars: Sequence[Bar]) -> Lanes | None:
    """Gains with their intervals, a lane for each; ``None`` for none. The scale reaches as far to both sides of 0."""
    if not bars:
        return None
    reach = max(max(abs(bar.low), abs(bar.high)) for bar in bars) or 1.0

    def x(value: float) -> float:
        return _EDGE + (WIDTH - 2 * _EDGE) * (value + reach) / (2 * reach)

    height = _TOP + _LANE * len(bars) + _BOTTOM
    return Lanes(
        lanes=tuple(
            Lane(bar.name, x(bar.low), x(bar.value), x(bar.high), _TOP + _LANE * place + 36.0, bar.clear)
            for place, bar in enumerate(bars)
        ),
        zero=x(0.0),
        across=tuple(
            Tick(x(reach * share), f"{reach * share:+.0f}".replace("-", "−") if share else "0")
            for share in (-1, 0, 1)
        ),
        up=(),
        height=height,
        left=_EDGE,
    )
