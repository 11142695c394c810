"""Fitting the weights of a verdict (`runtime/research`) on the tuning half: multinomial logistic regression, with offsets so
that the rare verdicts count as much as the common one. Both are judged by cross-validation inside that half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from inhouse.content.embedding.base import Embedder
from inhouse.content.sentences import sentences
from inhouse.lab.findings import Finding
from inhouse.runtime.engines.base import Engine, Piece, Priority
from inhouse.runtime.research.cues import Sentence, features
from inhouse.runtime.research.deciding import VERDICTS, Weights
from inhouse.runtime.research.verdict import opinion, reading

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Penalty on the squared weights, chosen by cross-validation among 20, 50, 100, 200.
_PENALTY = 50.0
_NO_PENALTY = 1e-3
_MOST = 3.0
_STEPS = 30
_FOLDS = 5
#: Tried as offsets of "no" and of "maybe".
_NO = np.arange(-3, 4) * 0.3
_MAYBE = np.arange(-1, 5) * 0.5


class Fit(BaseModel):
    """The weights, and what cross-validation says of their making (mean over repetitions, nothing of the reported half)."""

    weights: Weights
    macro_f1: float
    accuracy: float


@dataclass(frozen=True)
class _Model:
    """Fitted: ``coefficients`` is (3, names + 1), the constant last."""

    centre: Floats
    scale: Floats
    coefficients: Floats
    offsets: Floats

    def scores(self, rows: Floats) -> Floats:
        """(rows, 3), without the offsets."""
        return np.asarray(_standard(rows, self.centre, self.scale) @ self.coefficients.T)

    def choose(self, rows: Floats) -> Whole:
        """The verdict of each row, by its place in ``VERDICTS``."""
        return np.asarray((self.scores(rows) + self.offsets).argmax(1))


async def signs_of(found: Sequence[Finding], embedder: Embedder, engine: Engine) -> list[dict[str, float]]:
    """What the runtime knows of each finding when it decides, given its paper."""
    signs = []
    for finding, evidence in zip(found, told(found, embedder), strict=True):
        look = reading(finding.question, evidence, Priority.BENCH)
        tops = [piece.top async for piece in engine.complete(look) if isinstance(piece, Piece)]
        signs.append(features(finding.question, evidence) | opinion(tops[0]))
    return signs


def fit(found: Sequence[Finding], signs: Sequence[dict[str, float]], repetitions: int = 5) -> Fit:
    """Fit on these findings and their signs."""
    names = tuple(signs[0])
    rows = np.array([[one[name] for name in names] for one in signs])
    verdicts = np.array([VERDICTS.index(finding.verdict) for finding in found])
    scores = [_validated(rows, verdicts, seed) for seed in range(repetitions)]
    model = _fit(rows, verdicts)
    macro, right = np.mean([score[0] for score in scores]), np.mean([score[1] for score in scores])
    return Fit(weights=_as_weights(model, names, len(found)), macro_f1=float(macro), accuracy=float(right))


def told(found: Sequence[Finding], embedder: Embedder) -> list[list[Sentence]]:
    """Each paper's sentences with their likeness to its question."""
    made = []
    for finding in found:
        parts = [(heading, text) for heading, part in finding.parts for text in sentences(part)]
        cosines = embedder.passages([text for _, text in parts]) @ embedder.queries([finding.question])[0]
        made.append(
            [
                Sentence(text, heading, float(cosine))
                for (heading, text), cosine in zip(parts, cosines, strict=True)
            ]
        )
    return made


def _validated(rows: Floats, verdicts: Whole, seed: int) -> tuple[float, float]:
    """Macro-F1 and accuracy on what was left out, offsets and all chosen without it."""
    chosen = np.empty_like(verdicts)
    for taught, asked in _folds(verdicts, seed):
        chosen[asked] = _fit(rows[taught], verdicts[taught]).choose(rows[asked])
    return macro_f1(verdicts, chosen), float((chosen == verdicts).mean())


def macro_f1(gold: Whole, said: Whole) -> float:
    """Mean over the three verdicts of 2·hits / (given + due)."""
    shares = [
        2 * ((said == one) & (gold == one)).sum() / max(1, (said == one).sum() + (gold == one).sum())
        for one in range(len(VERDICTS))
    ]
    return float(np.mean(shares))


def _fit(rows: Floats, verdicts: Whole) -> _Model:
    """The model of all rows; its offsets are chosen on what inner folds left out."""
    scores = np.empty((len(rows), len(VERDICTS)))
    for taught, asked in _folds(verdicts, seed=_FOLDS):
        scores[asked] = _regress(rows[taught], verdicts[taught]).scores(rows[asked])
    tried = [np.array([0.0, no, maybe]) for no, maybe in product(_NO, _MAYBE)]
    best = max(tried, key=lambda offsets: macro_f1(verdicts, (scores + offsets).argmax(1)))
    model = _regress(rows, verdicts)
    return _Model(model.centre, model.scale, model.coefficients, best)


def _regress(rows: Floats, verdicts: Whole) -> _Model:
    """Multinomial logistic regression by Newton's method; constants aren't penalised."""
    centre, scale = rows.mean(0), np.maximum(rows.std(0), 1e-6)
    values = _standard(rows, centre, scale)
    due = np.eye(len(VERDICTS))[verdicts]
    width, classes = values.shape[1], len(VERDICTS)
    penalty = np.append(np.full(width - 1, _PENALTY), _NO_PENALTY)
    coefficients = np.zeros((classes, width))
    for _ in range(_STEPS):
        likely = _softmax(values @ coefficients.T)
        slope = (likely - due).T @ values + penalty * coefficients
        bend = np.diag(np.tile(penalty, classes))
        for one, other in product(range(classes), repeat=2):
            weight = likely[:, one] * ((one == other) - likely[:, other])
            place = slice(one * width, (one + 1) * width), slice(other * width, (other + 1) * width)
            bend[place] += (values * weight[:, None]).T @ values
        step = np.linalg.solve(bend, slope.ravel()).reshape(classes, width)
        coefficients -= step
        if np.abs(step).max() < 1e-8:
            break
    return _Model(centre, scale, coefficients, np.zeros(classes))


def _standard(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    values = np.clip((rows - centre) / scale, -_MOST, _MOST)
    return np.hstack([values, np.ones((len(values), 1))])


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def _folds(verdicts: Whole, seed: int) -> Iterator[tuple[Whole, Whole]]:
    """(taught, asked) places, each verdict shared out evenly."""
    random = np.random.default_rng(seed)
    fold = np.empty(len(verdicts), dtype=int)
    for one in range(len(VERDICTS)):
        places = np.flatnonzero(verdicts == one)
        fold[random.permutation(places)] = np.arange(len(places)) % _FOLDS
    for number in range(_FOLDS):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _as_weights(model: _Model, names: tuple[str, ...], n: int) -> Weights:
    def rounded(values: Floats) -> tuple[float, ...]:
        return tuple(float(f"{value:.5g}") for value in values)

    return Weights(
        recipe=f"PubMedQA (MIT), the tuning half by hash ({n} questions, conclusions not read); multinomial logistic regression, "
        f"penalty {_PENALTY:g}, offsets by inner {_FOLDS}-fold cross-validation for macro-F1. Made by `inhouse lab verdict`.",
        names=names,
        centre=rounded(model.centre),
        scale=rounded(model.scale),
        most=_MOST,
        rows={name: rounded(row[:-1]) for name, row in zip(VERDICTS, model.coefficients, strict=True)},
        constants={name: float(row[-1]) for name, row in zip(VERDICTS, model.coefficients, strict=True)},
        offsets=dict(zip(VERDICTS, map(float, model.offsets), strict=True)),
    )
