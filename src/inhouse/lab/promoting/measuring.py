"""What an adapter is worth on a generation that it was not trained on: its own held-out words and picks, asked of the engine.

The words are the training's, the measure (bits per byte without and with it) is too, the engine is the one that serves. So
both generations are measured, and only figures of the same kind are compared.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inhouse.core.errors import InhouseError
from inhouse.core.ids import digest
from inhouse.releases.gate import Bridge
from inhouse.releases.shelves import AdapterFacts, PickScore, VoiceScore
from inhouse.runtime.engines.base import Adapter, Message, Priority, Score, ScoreRequest
from inhouse.runtime.serving import Engines
from inhouse.store.blobs import Blobs
from inhouse.store.jobs import Progress
from inhouse.tuning.bits import bits_per_byte, difference_interval
from inhouse.tuning.shelf import Adapter as Trained
from inhouse.tuning.trainer import preference_data, rows
from inhouse.tuning.trainer.preference_data import PickRow
from inhouse.tuning.trainer.rows import Row, Said

#: Asks a generation, by its id, how likely a text is.
Scorer = Callable[[str, ScoreRequest], Awaitable[Score]]

#: A row that is longer may not fit the engine's context; the trainer left out most of these too.
_MOST_CHARACTERS = 4000


class Unmeasurable(InhouseError):
    """The adapter could not be measured: {reason}"""


def of_engines(engines: Engines) -> Scorer:
    """Each generation's own engine. One that is not here is missed, and no other asked in its place."""

    async def score(generation: str, request: ScoreRequest) -> Score:
        with engines.lent(generation) as served:
            if not served.fits(generation):
                raise Unmeasurable(reason=f"{generation} is not here.")
            return await served.engine.score(request)

    return score


@dataclass(frozen=True)
class _Answer:
    """Words of the owner after what stands before them. Those of one unit are not independent of each other."""

    before: Sequence[Said]
    words: str
    unit: str


class Measuring:
    """Measures adapters by their held-out rows, which are kept as blobs with what they were trained on."""

    def __init__(self, blobs: Blobs, score: Scorer, bridge: Bridge) -> None:
        self._blobs = blobs
        self._score = score
        self._bridge = bridge

    def facts(
        self, progress: Progress, adapter: Trained, known: AdapterFacts, generation: str, most: int
    ) -> AdapterFacts:
        """The facts of an adapter as they are on this generation, by at most so many held-out rows.

        Each figure is kept in the job's detail, so that a killed measuring goes on after the last one.
        """
        answers = self._answers(adapter, most)
        picks = self._picks(adapter)[:most]
        lora = Adapter(known.hash, known.path)
        heard = self._all(
            progress.part(0.0, 0.8),
            f"voice on {generation}",
            [[_asked(one, None), _asked(one, lora)] for one in answers],
            generation,
        )
        liked = self._all(
            progress.part(0.8, 0.2),
            f"picks on {generation}",
            [[_asked(one, lora) for one in _sides(pick)] for pick in picks],
            generation,
        )
        return replace(known, generation_id=generation, voice=_voice(answers, heard), picks=_agreed(liked))

    def _all(
        self, progress: Progress, name: str, asked: Sequence[Sequence[ScoreRequest]], generation: str
    ) -> list[list[list[float]]]:
        """For each pair of requests their log-probabilities with the number of tokens."""
        known: list[list[list[float]]] = list(progress.detail.get(name, ()))
        for number, pair in enumerate(asked):
            progress.report(number / len(asked), f"hearing {number + 1} of {len(asked)}", **{name: known})
            if number >= len(known):
                known.append([self._one(generation, request) for request in pair])
        if asked:
            progress.report(1.0, "heard", **{name: known})
        return known

    def _one(self, generation: str, request: ScoreRequest) -> list[float]:
        async def ask() -> Score:
            return await self._score(generation, request)

        score: Score = self._bridge(ask)
        return [score.logprob, float(score.tokens)]

    def _answers(self, adapter: Trained, most: int) -> list[_Answer]:
        path = self._blobs.path(adapter.corpus_hash)
        if not path.exists():
            raise Unmeasurable(reason="what it was trained on is gone.")
        found = [answer for row in rows.read(path, "held_out") for answer in _learnt(row)]
        return [one for one in found if _fits(one)][:most]

    def _picks(self, adapter: Trained) -> list[PickRow]:
        if adapter.picks_blob is None:
            return []
        path = self._blobs.path(adapter.picks_blob)
        if not path.exists():
            raise Unmeasurable(reason="the picks that it was trained on are gone.")
        return [
            pick
            for pick in preference_data.read(path, "held_out")
            if all(_fits(side) for side in _sides(pick))
        ]


def _learnt(row: Row) -> list[_Answer]:
    """The answers of a row that training would have learnt: all of them, or the last one."""
    unit = row.unit or digest(row.model_dump_json())
    places = [at for at, said in enumerate(row.messages) if said.role == "assistant" and at]
    kept = places if row.learn == "all" else places[-1:]
    return [_Answer(row.messages[:at], row.messages[at].content, unit) for at in kept]


def _sides(pick: PickRow) -> list[_Answer]:
    return [_Answer(pick.messages, words, "") for words in (pick.chosen, pick.rejected)]


def _fits(answer: _Answer) -> bool:
    return bool(answer.words) and _size(answer) <= _MOST_CHARACTERS


def _size(answer: _Answer) -> int:
    return len(answer.words) + sum(len(said.content) for said in answer.before)


def _asked(answer: _Answer, adapter: Adapter | None) -> ScoreRequest:
    return ScoreRequest(
        continuation=answer.words,
        messages=[Message(role=said.role, content=said.content) for said in answer.before],
        adapter=adapter,
        priority=Priority.GATE,
    )


def _voice(answers: Sequence[_Answer], heard: Sequence[Any]) -> VoiceScore | None:
    """Bits per byte, and the interval of what the adapter changes, by drawing whole units."""
    if not answers:
        return None
    before, after = (-np.array([pair[side][0] for pair in heard]) for side in (0, 1))
    sizes = np.array([len(one.words.encode()) for one in answers], dtype=float)
    units = [one.unit for one in answers]
    return VoiceScore(
        none=bits_per_byte(before, sizes),
        adapter=bits_per_byte(after, sizes),
        interval=difference_interval(before, after, sizes, units, seed=0),
        n=len(set(units)),
        held_out=digest("\n".join(one.words for one in answers)),
    )


def _agreed(liked: Sequence[Any]) -> PickScore | None:
    """How often the chosen answer is the likelier one, per token."""
    if not liked:
        return None
    wins = sum(
        chosen[0] / max(1.0, chosen[1]) > rejected[0] / max(1.0, rejected[1]) for chosen, rejected in liked
    )
    return PickScore(wins=wins, n=len(liked))
