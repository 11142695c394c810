"""Several adapters in one batch: each row is what it would be beside rows of its own adapter alone."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from engine_parts import model_file, random_adapter

from inhouse.runtime.engines.embedded.mixing import Mixing
from inhouse.runtime.engines.embedded.model import NativeModel, Outputs, Row, Shape

pytestmark = pytest.mark.integration

PROMPT = "The shop opens at nine, and the bread is baked each morning by the same two"
#: Adapters by number, the base without one: neighbours differ, one stands twice.
WHO = (0, None, 1, 2, 0, 3)


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    native = NativeModel(model_file(), Shape(context=64, sequences=len(WHO), batch=64), threads=2)
    yield native
    native.close()


@pytest.fixture(scope="module")
def handles(model: NativeModel, tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    folder = tmp_path_factory.mktemp("adapters")
    return [model.load_adapter(random_adapter(folder, seed).path) for seed in range(4)]


def _read(model: NativeModel, who: list[int | None]) -> int:
    """Each sequence reads the prompt under its adapter. Returns the next position."""
    tokens = model.tokenize(PROMPT)
    for sequence, handle in enumerate(who):
        model.keep(sequence, 0)
        model.decode(
            [Row(token, at, sequence, at == len(tokens) - 1, handle) for at, token in enumerate(tokens)]
        )
    return len(tokens)


def _together(model: NativeModel, who: list[int | None], steps: int = 3) -> Outputs:
    """The logits of some tokens after the prompt, all sequences in one batch: (steps, sequences, vocabulary)."""
    at = _read(model, who)
    return np.array(
        [
            model.decode([Row(100 + step, at + step, s, True, handle) for s, handle in enumerate(who)]).copy()
            for step in range(steps)
        ]
    )


def test_rows_of_many_adapters_are_as_in_a_batch_of_their_own(model: NativeModel, handles: list[int]) -> None:
    who = [None if number is None else handles[number] for number in WHO]
    alone = {handle: _together(model, [handle] * len(WHO)) for handle in set(who)}
    mixed = _together(model, who)
    worst = max(float(np.abs(mixed[:, s] - alone[handle][:, s]).max()) for s, handle in enumerate(who))
    apart = min(float(np.abs(alone[None] - alone[handle]).max()) for handle in handles)
    assert worst <= 1e-3 < 1 < apart, (worst, apart)


def test_a_row_masked_for_another_adapter_would_be_found(
    model: NativeModel, handles: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = [None if number is None else handles[number] for number in WHO]
    right = _together(model, who)
    mix = Mixing.mix
    monkeypatch.setattr(Mixing, "mix", lambda self, adapters, *rest: mix(self, adapters[::-1], *rest))
    assert float(np.abs(_together(model, who) - right).max()) > 1


def test_gaps_and_new_adapters_are_computed_apart(model: NativeModel, handles: list[int]) -> None:
    """Sequences that are no neighbours, and an adapter that has not computed yet: other passes, the same logits."""
    at = _read(model, [handles[0], handles[1], handles[2], handles[3], None, None])
    rows = [Row(7, at, s, True, handle) for s, handle in ((0, handles[0]), (1, handles[1]), (3, handles[3]))]
    first = model.decode(rows).copy()
    for row in rows:
        model.keep(row.sequence, at)
    model._mixing.forget(handles[1])
    again = model.decode(rows)
    assert first.shape == again.shape == (3, model.vocab_size)
    assert np.abs(first - again).max() < 1.5  # passes of one row and of two differ in the order of their sums
    assert (first.argmax(axis=1) == again.argmax(axis=1)).all()


def test_what_is_not_understood_is_an_error(model: NativeModel, handles: list[int]) -> None:
    at = _read(model, [handles[0], handles[1]])
    known = model._mixing._buffers[handles[1]]
    model._mixing._buffers[handles[1]] = (1,)
    try:
        with pytest.raises(RuntimeError, match="not understood"):
            model.decode([Row(7, at, 0, True, handles[0]), Row(7, at, 1, True, handles[1])])
    finally:
        model._mixing._buffers[handles[1]] = known


def test_adapters_that_come_and_go_stay_apart(
    model: NativeModel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Freed and loaded at addresses that may be the same, each row is still what it is in a batch of its own adapter."""
    folder, chance = tmp_path_factory.mktemp("more"), random.Random(5)
    files = [random_adapter(folder, 50 + seed).path for seed in range(6)]
    live = {number: model.load_adapter(files[number]) for number in range(3)}
    expected: dict[tuple[int, int], Outputs] = {}
    for _ in range(25):
        gone = chance.choice(sorted(live))
        model.free_adapter(live.pop(gone))
        new = chance.choice([number for number in range(len(files)) if number not in live])
        live[new] = model.load_adapter(files[new])
        numbers = [chance.choice(sorted(live)) for _ in WHO]
        mixed = _together(model, [live[number] for number in numbers], steps=1)[0]
        for number in set(numbers) - {n for n, _ in expected}:
            alone = _together(model, [live[number]] * len(WHO), steps=1)[0]
            expected |= {(number, s): alone[s] for s in range(len(WHO))}
        for s, number in enumerate(numbers):
            assert np.abs(mixed[s] - expected[number, s]).max() <= 1e-3, (number, s)
