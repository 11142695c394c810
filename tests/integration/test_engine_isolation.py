"""No AI ever computes on what another AI's adapter left in a sequence."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_parts import model_file, random_adapter

from inhouse.runtime.engines.base import Adapter, Priority
from inhouse.runtime.engines.embedded.adapters import Adapters
from inhouse.runtime.engines.embedded.jobs import Looking
from inhouse.runtime.engines.embedded.model import NativeModel, Outputs, Shape
from inhouse.runtime.engines.embedded.prefixes import Prefixes
from inhouse.runtime.engines.embedded.scheduler import Limits, Scheduler
from inhouse.runtime.engines.embedded.slots import Slots

pytestmark = pytest.mark.integration

PROMPT = (
    "The shop opens at nine. Our bread is baked each morning by the same two people, and the shop closes when"
)
HAND_OVERS = 100


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    native = NativeModel(model_file(), Shape(context=256, sequences=2, batch=64), threads=1)
    yield native
    native.close()


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> list[Adapter]:
    folder = tmp_path_factory.mktemp("adapters")
    return [random_adapter(folder, seed) for seed in range(4)]


class _Forgetful(Scheduler):
    """A scheduler whose cache key lacks the adapter: what must not happen."""

    def _key(self, job: object) -> str:
        return self._base


def _scheduler(
    model: NativeModel, kind: type[Scheduler] = Scheduler, adapters: Adapters | None = None
) -> Scheduler:
    for sequence in range(2):
        model.keep(sequence, 0)
    slots = Slots(model, 2, Prefixes(2**26))
    cache = Adapters(model, 2**26) if adapters is None else adapters
    return kind(model, cache, slots, "base", Limits(256, 2))


def _look(scheduler: Scheduler, model: NativeModel, adapter: Adapter | None) -> Outputs:
    seen: list[Outputs] = []
    scheduler.submit(Looking(model.tokenize(PROMPT), seen.append, adapter, Priority.FAN))
    while scheduler.work:
        scheduler.step()
    return seen[0]


def _worst(model: NativeModel, tenants: list[Adapter | None], kind: type[Scheduler]) -> float:
    """Largest difference of a logit from that of a fresh engine, over hand-overs of two sequences."""
    fresh = [_look(_scheduler(model), model, tenant) for tenant in tenants]
    scheduler, chance = _scheduler(model, kind), random.Random(7)
    worst, last, hand_overs = 0.0, -1, 0
    while hand_overs < HAND_OVERS:
        at = chance.randrange(len(tenants))
        hand_overs += at != last
        worst = max(worst, float(np.abs(_look(scheduler, model, tenants[at]) - fresh[at]).max()))
        last = at
    return worst


def _noise(model: NativeModel, tenant: Adapter | None) -> float:
    """How much one AI's own logits vary between a whole prompt and a reused prefix."""
    scheduler = _scheduler(model)
    first = _look(scheduler, model, tenant)
    return max(float(np.abs(_look(scheduler, model, tenant) - first).max()) for _ in range(5))


def test_six_ais_on_two_sequences_never_meet(model: NativeModel, adapters: list[Adapter]) -> None:
    tenants = [*adapters, None, None]
    noise = max(_noise(model, tenant) for tenant in tenants)
    worst = _worst(model, tenants, Scheduler)
    assert worst <= max(2 * noise, 1e-3), (worst, noise)


def test_the_check_finds_a_cache_key_without_the_adapter(model: NativeModel, adapters: list[Adapter]) -> None:
    noise = max(_noise(model, tenant) for tenant in adapters)
    assert _worst(model, [*adapters, None, None], _Forgetful) > 10 * max(noise, 1e-3)


def test_a_freed_adapter_leaves_nothing_behind(model: NativeModel, adapters: list[Adapter]) -> None:
    """Freed and loaded again and again, at addresses that may be the same: the answers stay each AI's own."""
    fresh = [_look(_scheduler(model), model, adapter) for adapter in adapters]
    one = adapters[0].path.stat().st_size
    cache = Adapters(model, one + one // 2)
    scheduler = _scheduler(model, adapters=cache)
    for _ in range(3):
        for adapter, expected in zip(adapters, fresh, strict=True):
            assert np.abs(_look(scheduler, model, adapter) - expected).max() < 0.5
    assert cache.loads >= 12
    assert cache.size <= one + one // 2


def test_adapters_change_the_answer(model: NativeModel, adapters: list[Adapter]) -> None:
    """Else the tests above would prove nothing."""
    base = _look(_scheduler(model), model, None)
    assert all(np.abs(_look(_scheduler(model), model, one) - base).max() > 1 for one in adapters)


def test_needs_no_path_to_be_unique(model: NativeModel, adapters: list[Adapter], tmp_path: Path) -> None:
    """The hash names an adapter: its file may move between requests."""
    moved = tmp_path / "moved.gguf"
    moved.write_bytes(adapters[1].path.read_bytes())
    scheduler = _scheduler(model)
    first = _look(scheduler, model, adapters[1])
    again = _look(scheduler, model, Adapter(adapters[1].hash, moved))
    assert np.abs(first - again).max() < 0.5
