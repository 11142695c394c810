"""Examining a generation for grounded answering: the file that will be served, with the right notes given."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inhouse.lab.curriculum import Told
from inhouse.lab.reading_score import token_f1
from inhouse.runtime.engines.base import Completion, Engine, Priority, Usage
from inhouse.runtime.engines.embedded.engine import EmbeddedEngine
from inhouse.runtime.profile import Method, Profile
from inhouse.runtime.prompts import NO_ANSWER

_AT_ONCE = 4
_LONGEST = 60
_CONTEXT = 2048
#: Thresholds that are printed beside the one that ships, for whoever chooses it.
_THRESHOLDS = (0.3, 0.5, 0.7)


@dataclass(frozen=True)
class _Outcome:
    row: Told
    answer: str
    declining: float
    """Probability that the first token begins "not in the notes"."""


async def examine(
    model: Path, rows: Sequence[Told], run_dir: Path, threads: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Scores of each set: token F1 where an answer is there, abstentions right and wrong, with their numbers."""
    engine = EmbeddedEngine(
        model=model, run_dir=run_dir, threads=threads, context_per_sequence=_CONTEXT, sequences=_AT_ONCE
    )
    try:
        outcomes = await _ask_all(engine, rows, say)
    finally:
        await engine.aclose()
    names = dict.fromkeys(row.lesson for row in rows)
    return {name: _scores([one for one in outcomes if one.row.lesson == name]) for name in names}


async def marks(
    engine: Engine, rows: Sequence[Told], abstain_above: float, say: Callable[[str], None]
) -> list[float]:
    """A mark for each row, 0 to 1: the answer's token F1, or whether it abstains where there is none."""
    outcomes = await _ask_all(engine, rows, say)
    return [_mark(one, one.declining > abstain_above) for one in outcomes]


def _mark(outcome: _Outcome, abstains: bool) -> float:
    if outcome.row.answer == NO_ANSWER:
        return float(abstains)
    return 0.0 if abstains else token_f1(outcome.answer, [outcome.row.answer])


async def _ask_all(engine: Engine, rows: Sequence[Told], say: Callable[[str], None]) -> list[_Outcome]:
    outcomes: list[_Outcome] = []
    for start in range(0, len(rows), _AT_ONCE):
        if start % 100 == 0:
            say(f"examined {start} of {len(rows)}")
        outcomes += await asyncio.gather(*(_ask(engine, row) for row in rows[start : start + _AT_ONCE]))
    return outcomes


async def _ask(engine: Engine, row: Told) -> _Outcome:
    asked = Completion(
        messages=row.messages[:-1], max_tokens=_LONGEST, top_logprobs=5, priority=Priority.BENCH
    )
    answer, declining = "", None
    async with aclosing(engine.complete(asked)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Usage):
                continue
            if declining is None:
                declining = sum(math.exp(p) for text, p in piece.top if text and NO_ANSWER.startswith(text))
            answer += piece.text
    return _Outcome(row, answer.strip(), declining or 0.0)


def _scores(outcomes: Sequence[_Outcome]) -> dict[str, Any]:
    there = [one for one in outcomes if one.row.answer != NO_ANSWER]
    gone = [one for one in outcomes if one.row.answer == NO_ANSWER]
    ships = Profile(method=Method.TRAINED).abstain_above
    scores: dict[str, Any] = {"n": len(there), "n unanswerable": len(gone)}
    for most in sorted({*_THRESHOLDS, ships}):
        kept = [0.0 if one.declining > most else token_f1(one.answer, [one.row.answer]) for one in there]
        scores[f"above {most}"] = {
            "token F1 where answerable": _mean(kept),
            "right abstentions": _mean([one.declining > most for one in gone]),
            "wrong abstentions": _mean([one.declining > most for one in there]),
        }
    return scores


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
