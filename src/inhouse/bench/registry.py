"""All benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inhouse.bench import (
    demo,
    dialogue,
    engine,
    faults,
    fresh,
    grounded,
    hostile,
    main_job,
    overhead,
    rivals,
    search,
    tools,
)
from inhouse.bench.report import Report, Say


@dataclass(frozen=True)
class Benchmark:
    """``run`` takes whether to be quick, the folder of data, and where to say how far it is."""

    summary: str
    run: Callable[[bool, Path, Say], Report]


BENCHMARKS: Mapping[str, Benchmark] = {
    "demo": Benchmark("How long does a sample AI take from a clean clone, and in how much memory?", demo.run),
    "dialogue": Benchmark("Does a conversation hold together over three to six turns?", dialogue.run),
    "engine": Benchmark("Is the embedded engine fast, fair and robust beside the stock server?", engine.run),
    "faults": Benchmark(
        "Is anything lost or half live when processes are killed at the worst moments?", faults.run
    ),
    "fresh": Benchmark(
        "Is what is new found by searching, and is nothing searched that is known?", fresh.run
    ),
    "grounded": Benchmark(
        "Does it answer from its passages, and say so where they hold no answer?", grounded.run
    ),
    "hostile": Benchmark(
        "Do hostile extensions cost a line, and never a turn, an order or a private address?", hostile.run
    ),
    "main-job": Benchmark(
        "Do an owner's own words become an AI of their own, step by step, through the command and the API?",
        main_job.run,
    ),
    "overhead": Benchmark("What does the way through Inhouse cost over the bare engine?", overhead.run),
    "rivals": Benchmark("Does the guard stop every judgement of a rival, and nothing else?", rivals.run),
    "search": Benchmark(
        "Is the right passage found, by words, by meaning and by both, and how quickly?", search.run
    ),
    "tools": Benchmark(
        "Is the right tool asked, with the right arguments, and none where none is meant?", tools.run
    ),
}
