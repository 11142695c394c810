"""The one form of all benchmarks: tables of estimates with sample size and interval, and targets met or missed."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from rich.table import Table as RichTable

from inhouse.core import clock

_Z = 1.959964
_RESAMPLES = 2000
#: Tables with more columns are printed as a name and words.
_MOST_COLUMNS = 8


@dataclass(frozen=True)
class Estimate:
    """A measured value with its sample size and 95% interval."""

    value: float
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.value)} [{_short(self.low)}–{_short(self.high)}] n={self.n}"


Cell = str | int | float | Estimate


@dataclass(frozen=True)
class Table:
    """Rows with the same columns."""

    title: str
    rows: Sequence[Mapping[str, Cell]]


@dataclass(frozen=True)
class Target:
    """What was promised, and what came out."""

    what: str
    met: bool
    measured: str


@dataclass(frozen=True)
class Report:
    """One run of one benchmark."""

    name: str
    quick: bool
    tables: Sequence[Table]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()
    seconds: float = 0.0
    at: datetime = field(default_factory=clock.now)
    machine: str = field(
        default_factory=lambda: f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    )

    @property
    def passed(self) -> bool:
        """Whether every target was met."""
        return all(target.met for target in self.targets)

    def as_json(self) -> dict[str, Any]:
        """All figures, as JSON holds them."""
        return {**asdict(self), "at": self.at.isoformat(), "passed": self.passed}

    def write(self, folder: Path) -> Path:
        """Keep the figures as ``NAME.json`` (``NAME-quick.json``) in the folder; returns the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}{'-quick' if self.quick else ''}.json"
        file.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return file

    def show(self, console: Console) -> None:
        """Print the tables, then what was promised and what came out."""
        smaller = ", the quick version: smaller samples, wider intervals" if self.quick else ""
        console.print(f"bench {self.name}{smaller}; {self.machine}; {self.seconds:.0f} s", highlight=False)
        for table in self.tables:
            console.print(_rich(table))
        for note in self.notes:
            console.print(f"  {note}", highlight=False, markup=False)
        for target in self.targets:
            word = "met   " if target.met else "MISSED"
            console.print(f"  {word}  {target.what}: {target.measured}", highlight=False, markup=False)


def share(hits: Sequence[bool]) -> Estimate:
    """A proportion with Wilson's interval."""
    n = len(hits)
    if n == 0:
        return Estimate(float("nan"), 0, 0.0, 1.0)
    p = sum(hits) / n
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n)) / (1 + _Z**2 / n)
    return Estimate(p, n, max(0.0, middle - half), min(1.0, middle + half))


def mean(values: ArrayLike, groups: Sequence[Any] | None = None, seed: int = 0) -> Estimate:
    """A mean with its bootstrap interval; ``groups`` (such as articles) are drawn whole where given."""
    numbers = np.asarray(values, dtype=float)
    if len(numbers) and set(np.unique(numbers)) in ({0.0}, {1.0}):
        return share([bool(one) for one in numbers])  # drawing again from equal values would claim certainty
    draws = _resampled_means(numbers, groups, np.random.default_rng(seed))
    low, high = np.quantile(draws, [0.025, 0.975]) if len(numbers) else (float("nan"), float("nan"))
    value = float(numbers.mean()) if len(numbers) else float("nan")
    return Estimate(value, len(numbers), float(low), float(high))


def quantile(values: ArrayLike, q: float, seed: int = 0) -> Estimate:
    """A quantile (such as 0.95) with its bootstrap interval."""
    numbers = np.asarray(values, dtype=float)
    random = np.random.default_rng(seed)
    picks = random.integers(0, len(numbers), (_RESAMPLES, len(numbers)))
    low, high = np.quantile(np.quantile(numbers[picks], q, axis=1), [0.025, 0.975])
    return Estimate(float(np.quantile(numbers, q)), len(numbers), float(low), float(high))


def at_least(what: str, measured: float, bar: float) -> Target:
    """A target that the figure must reach."""
    return Target(f"{what}, at least {_short(bar)}", measured >= bar, _short(measured))


def at_most(what: str, measured: float, bar: float) -> Target:
    """A target that the figure must not exceed."""
    return Target(f"{what}, at most {_short(bar)}", measured <= bar, _short(measured))


#: How a benchmark says how far it is.
Say = Callable[[str], None]


def _resampled_means(
    numbers: NDArray[np.float64], groups: Sequence[Any] | None, random: np.random.Generator
) -> NDArray[np.float64]:
    groups = range(len(numbers)) if groups is None else groups
    names = {name: at for at, name in enumerate(dict.fromkeys(groups))}
    places = np.array([names[name] for name in groups], dtype=int)
    sums, sizes = np.bincount(places, numbers), np.bincount(places)
    picks = random.integers(0, max(1, len(sums)), (_RESAMPLES, len(sums)))
    return np.asarray(sums[picks].sum(axis=1) / sizes[picks].sum(axis=1))


def _rich(table: Table) -> RichTable:
    columns = list(dict.fromkeys(name for row in table.rows for name in row))
    if len(columns) > _MOST_COLUMNS:
        return _rich(Table(table.title, [_told(row) for row in table.rows]))
    made = RichTable(*columns, title=table.title, title_justify="left", box=None, pad_edge=False)
    for row in table.rows:
        made.add_row(*(_cell(row.get(name, "")) for name in columns))
    return made


def _told(row: Mapping[str, Cell]) -> dict[str, Cell]:
    """A row that has columns of its own: its name, and all else as words."""
    (name, first), *rest = row.items()
    return {name: first, "measured": "; ".join(f"{column} {_cell(value)}" for column, value in rest)}


def _cell(value: Cell) -> str:
    return _short(value) if isinstance(value, float) else str(value)


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"
