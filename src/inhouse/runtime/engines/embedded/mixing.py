"""Several adapters in one batch. ``_mixing.c`` says how; this drives it.

llama.cpp computes one set of adapters for all rows of a batch. Here the set is the adapters of all rows, and each row
keeps only what its own adapter adds (compare S-LoRA and Punica, which do it by kernels of their own). The rest becomes
exact zeros: a row's logits are those that it would have in a batch of its own adapter.
"""

from __future__ import annotations

import ctypes as c
import importlib.util
from collections.abc import Callable, Sequence

import numpy as np

from inhouse.core.errors import InhouseError

_OFF, _PROBE, _LEARN, _MIX = range(4)
_MOST_BUFFERS = 256
#: The owner of rows without an adapter.
_BASE = -1


class MixingUnavailable(InhouseError):
    """The embedded engine cannot start: {reason}."""

    status = 503


class _State(c.Structure):
    """``struct mixing``."""

    _fields_ = (
        ("mode", c.c_int32),
        ("rows", c.c_int32),
        ("outputs", c.c_int32),
        ("buffers", c.c_int32),
        ("sound", c.c_int32),
        ("row_owners", c.c_void_p),
        ("output_owners", c.c_void_p),
        ("buffer", c.c_void_p * _MOST_BUFFERS),
        ("owner", c.c_int32 * _MOST_BUFFERS),
    )


class Mixing:
    """Set around each pass over a batch: ``learn`` for one of a new adapter, ``mix`` for one of several, else nothing."""

    def __init__(self) -> None:
        self._state = _State()
        self._library = _load()
        self._buffers: dict[int, tuple[int, ...]] = {}
        self.callback: int | None = c.cast(self._library.inhouse_mix, c.c_void_p).value
        self.data: int = c.addressof(self._state)

    def check(self, compute: Callable[[], None]) -> None:
        """``compute`` one row with an output; raises ``MixingUnavailable`` where tensors are not laid out as expected."""
        if not self._watched(_PROBE, 1, 1, compute):
            raise MixingUnavailable(reason="the library lays out its tensors differently")

    def knows(self, handle: int | None) -> bool:
        """Whether an adapter's rows may stand beside others': it has computed alone before, in ways that can be masked."""
        return handle is None or bool(self._buffers.get(handle))

    def is_new(self, handle: int) -> bool:
        """Whether an adapter has not computed yet."""
        return handle not in self._buffers

    def forget(self, handle: int) -> None:
        """The adapter is freed; its buffers' addresses may be given to another."""
        self._buffers.pop(handle, None)

    def learn(self, handle: int, rows: int, outputs: int, compute: Callable[[], None]) -> None:
        """``compute`` a batch of this adapter alone, and note where its weights lie."""
        self._state.buffers = 0
        owners = np.zeros(max(rows, outputs), np.int32)
        self._point(owners, owners)
        sound = self._watched(_LEARN, rows, outputs, compute)
        self._buffers[handle] = tuple(self._state.buffer[: self._state.buffers]) if sound else ()

    def mix(
        self, adapters: Sequence[int | None], outputs: Sequence[bool], compute: Callable[[], None]
    ) -> None:
        """``compute`` a batch whose rows have these adapters and outputs, one row a sequence. All have to be known."""
        names = sorted({handle for handle in adapters if handle is not None})
        owned = [(buffer, owner) for owner, handle in enumerate(names) for buffer in self._buffers[handle]]
        for at, (buffer, owner) in enumerate(owned):
            self._state.buffer[at], self._state.owner[at] = buffer, owner
        self._state.buffers = len(owned)
        rows = np.array([_BASE if one is None else names.index(one) for one in adapters], np.int32)
        shown = rows[np.array(outputs, bool)]
        self._point(rows, shown)
        if not self._watched(_MIX, len(rows), len(shown), compute):
            raise RuntimeError("a batch of several adapters was computed in a way that is not understood")

    def _point(self, rows: np.ndarray, outputs: np.ndarray) -> None:
        self._state.row_owners, self._state.output_owners = rows.ctypes.data, outputs.ctypes.data

    def _watched(self, mode: int, rows: int, outputs: int, compute: Callable[[], None]) -> bool:
        state = self._state
        state.mode, state.rows, state.outputs, state.sound = mode, rows, outputs, mode != _PROBE
        try:
            compute()
        finally:
            state.mode = _OFF
        return bool(state.sound)


def _load() -> c.CDLL:
    """The compiled part, built when the package is installed."""
    spec = importlib.util.find_spec("inhouse.runtime.engines.embedded._mixing")
    if spec is None or spec.origin is None:
        raise MixingUnavailable(
            reason="its compiled part is missing; with a C compiler there, run make setup (or pip install .) again"
        )
    return c.CDLL(spec.origin)
