"""The adapters in memory: loaded on first use, kept within a budget of bytes, freed when nobody computes with them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inhouse.core.errors import TooLarge, UsageError


class Loader(Protocol):
    """What loads and frees adapters: the model."""

    def load_adapter(self, path: Path) -> int:
        """Load a file and return its handle."""
        ...

    def free_adapter(self, handle: int) -> None:
        """Free what was loaded."""
        ...


@dataclass
class _Resident:
    handle: int
    size: int
    users: int = 0


class Adapters:
    """An LRU of loaded adapters by content hash. An adapter's size is that of its file."""

    def __init__(self, loader: Loader, budget: int) -> None:
        self._loader = loader
        self._budget = budget
        self._resident: OrderedDict[str, _Resident] = OrderedDict()
        self.size = 0
        self.loads = 0
        self.hits = 0

    def __len__(self) -> int:
        return len(self._resident)

    def acquire(self, name: str, path: Path) -> int | None:
        """The handle of an adapter, to be given back by ``release``; nothing where others in use fill the budget."""
        found = self._resident.get(name)
        if found is None:
            size = _size(path)
            if not self._make_room(size):
                return None
            found = self._resident[name] = _Resident(self._loader.load_adapter(path), size)
            self.size += size
            self.loads += 1
        else:
            self._resident.move_to_end(name)
            self.hits += 1
        found.users += 1
        return found.handle

    def release(self, name: str) -> None:
        """One user less."""
        self._resident[name].users -= 1

    def _make_room(self, size: int) -> bool:
        if size > self._budget:
            raise TooLarge(
                what="The adapter", limit=f"{self._budget} bytes (the engine's budget for adapters)"
            )
        idle = [name for name, resident in self._resident.items() if resident.users == 0]
        while self.size + size > self._budget:
            if not idle:
                return False
            freed = self._resident.pop(idle.pop(0))
            self._loader.free_adapter(freed.handle)
            self.size -= freed.size
        return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UsageError(reason="The adapter's file is gone.") from error
