"""Pictures drawn by the server: points in, SVG paths out. The template gives them a name, axes and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 28


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it stands in the picture, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Picture:
    """A line over steps. ``path`` is an SVG path; the coordinates are those of ``viewBox 0 0 WIDTH HEIGHT``."""

    path: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    first: float
    last: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    bottom: int = HEIGHT - _BOTTOM


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
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * step / most

    def y(loss: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - (loss - low) / room)

    return Picture(
        path=" ".join(f"{'L' if i else 'M'}{x(s):.1f} {y(v):.1f}" for i, (s, v) in enumerate(points)),
        across=tuple(Tick(x(most * share), f"{most * share:.0f}") for share in (0, 0.5, 1)),
        up=tuple(Tick(y(low + room * share), f"{low + room * share:.2f}") for share in (0, 0.5, 1)),
        first=points[0][1],
        last=points[-1][1],
    )


@dataclass(frozen=True)
class Band:
    """An estimate with its interval over units. Paths and coordinates are those of ``viewBox 0 0 WIDTH HEIGHT``."""

    area: str
    path: str
    zero: float
    """Where "no difference" stands."""
    matters: float
    """Where the smallest gain that matters stands."""
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    bottom: int = HEIGHT - _BOTTOM


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
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * units / most

    def y(value: float) -> float:
        kept = min(reach, max(-reach, value))
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - (kept + reach) / (2 * reach))

    upper = [f"{x(n):.1f} {y(high):.1f}" for n, _, _, high in points]
    lower = [f"{x(n):.1f} {y(low):.1f}" for n, low, _, _ in reversed(points)]
    middle = [f"{x(n):.1f} {y(value):.1f}" for n, _, value, _ in points]
    return Band(
        area=f"M{' L'.join([*upper, *lower])}Z",
        path=f"M{' L'.join(middle)}",
        zero=y(0.0),
        matters=y(matters),
        across=tuple(Tick(x(most * share), f"{most * share:.0f}") for share in (0, 0.5, 1)),
        up=tuple(Tick(y(reach * share), f"{reach * share:+.{0 if reach >= 5 else 1}f}") for share in (-1, 1)),
    )


def _smoothed(points: Sequence[tuple[float, float]], window: int) -> list[tuple[float, float]]:
    """Each loss as the mean of the ``window`` losses that end with it."""
    losses = [loss for _, loss in points]
    means = [sum(losses[max(0, i + 1 - window) : i + 1]) / min(window, i + 1) for i in range(len(losses))]
    return [(step, mean) for (step, _), mean in zip(points, means, strict=True)]
