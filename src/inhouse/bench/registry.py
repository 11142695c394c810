"""All benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from inhouse.bench.report import Report, Say

Run = Callable[[bool, Path, Say], Report]
"""Takes whether to be quick, the folder of data, and where to say how far it is."""


@dataclass(frozen=True)
class Benchmark:
    """What it answers, and the module of this package that does."""

    summary: str
    module: str

    def load(self) -> Run:
        """Its ``run``. Only who measures waits for the import: the names alone are needed by every command."""
        run: Run = import_module(f"inhouse.bench.{self.module}").run
        return run


BENCHMARKS: Mapping[str, Benchmark] = {
    "acting": Benchmark(
        "Is what a fan agreed to done once, and told truly, whatever is killed in mid-call?", "acting"
    ),
    "demo": Benchmark("How long does a sample AI take from a clean clone, and in how much memory?", "demo"),
    "dialogue": Benchmark("Does a conversation hold together over three to six turns?", "dialogue"),
    "engine": Benchmark("Is the embedded engine fast, fair and robust beside the stock server?", "engine"),
    "experiments": Benchmark(
        'Do experiments say "different" where it is so, soon, and hardly ever else?', "experiments"
    ),
    "faults": Benchmark(
        "Is anything lost or half live when processes are killed at the worst moments?", "faults"
    ),
    "fresh": Benchmark("Is what is new found by searching, and is nothing searched that is known?", "fresh"),
    "grounded": Benchmark(
        "Does it answer from its passages, and say so where they hold no answer?", "grounded"
    ),
    "hostile": Benchmark(
        "Do hostile extensions cost a line, and never a turn, an order or a private address?", "hostile"
    ),
    "internalise": Benchmark(
        "Can the next generation use tools that nobody describes, and what did that cost?", "internalise"
    ),
    "jobs": Benchmark(
        "Are jobs of several steps done with tools, and is what can't be done said and not invented?",
        "jobs",
    ),
    "lab-faults": Benchmark(
        "Is there one truth about what is live when the lab is killed while it makes, checks, moves or goes back?",
        "lab_faults",
    ),
    "ledger": Benchmark(
        "Are facts that change kept out of the weights, and those that hold let in, whatever a tool says of itself?",
        "ledger",
    ),
    "main-job": Benchmark(
        "Do an owner's own words become an AI of their own, step by step, through the command and the API?",
        "main_job",
    ),
    "moving": Benchmark(
        "Does the base move under many AIs while fans chat, and no turn is dropped or answered by the wrong release?",
        "moving",
    ),
    "overhead": Benchmark("What does the way through Inhouse cost over the bare engine?", "overhead"),
    "personal": Benchmark(
        "Is personal data found before a trace leaves, and is little else taken with it?", "personal"
    ),
    "research": Benchmark(
        "Are yes/no questions over papers answered rightly, with sentences of the right paper?", "research"
    ),
    "rivals": Benchmark("Does the guard stop every judgement of a rival, and nothing else?", "rivals"),
    "routing": Benchmark(
        "Is asking the small model first, and the giant where it looks wrong, better than chance?", "routing"
    ),
    "search": Benchmark(
        "Is the right passage found, by words, by meaning and by both, and how quickly?", "search"
    ),
    "search-inside": Benchmark(
        "Does the decision to search move into the weights, with its query and without the facts?",
        "search_inside",
    ),
    "tools": Benchmark(
        "Is the right tool asked, with the right arguments, and none where none is meant?", "tools"
    ),
}
