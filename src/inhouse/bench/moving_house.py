"""The installation of ``bench moving``: AIs with content, adapters and keys, and a look at how much memory it takes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

from inhouse.bench.faults_house import CommandFailed, House
from inhouse.bench.report import Say

_POSTS = Path(__file__).parents[1] / "samples" / "kilnfold" / "posts"
#: Posts of one AI: enough that some are held back to measure its voice by.
_MOST_POSTS = 40
#: Each so many-th AI has no adapter.
_WITHOUT = 4
#: Done within a minute.
RECIPE = "voice-quick"
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Furnished:
    """An AI that is live, and a key to ask it with."""

    slug: str
    secret: str
    adapter: bool


def furnish(house: House, number: int, say: Say) -> Furnished:
    """An AI with posts of its own that is live, most of them with an adapter that was trained on what is served."""
    slug, with_adapter = f"kiln{number:02}", number % _WITHOUT != _WITHOUT - 1
    say(f"{slug}: importing")
    house.command("new", slug, "--name", f"Kiln {number}", "--kind", "business")
    house.command("import", slug, str(_content(house, number)), "--right", "own-work")
    if with_adapter:
        say(f"{slug}: training")
        house.command("train", slug, "--recipe", RECIPE)
    say(f"{slug}: releasing")
    with_adapter = with_adapter and _passes(house, slug)
    if not with_adapter:
        house.command("release", slug, "--no-adapter")
    secret = str(house.command("keys", "add", slug, "--name", "bench")["secret"])
    return Furnished(slug, secret, with_adapter)


def _passes(house: House, slug: str) -> bool:
    """Whether its adapter went live; on a busy machine a minute may be too short to learn a voice."""
    try:
        house.command("release", slug)
    except CommandFailed:
        return False
    return True


def _content(house: House, number: int) -> Path:
    """A part of the sample's posts, another one for each AI."""
    folder = house.home / f"posts-{number}"
    folder.mkdir()
    posts = sorted(_POSTS.glob("*.md"))
    for place in range(_MOST_POSTS):
        source = posts[(number * 3 + place) % len(posts)]
        (folder / source.name).write_text(source.read_text("utf-8"), encoding="utf-8")
    return folder


class MemoryWatch(threading.Thread):
    """Looks at how much memory the server and all that descends from it take, in MB, until told to stop."""

    def __init__(self, house: House, seen: list[float]) -> None:
        super().__init__(daemon=True)
        self._house, self._seen = house, seen
        self._over = threading.Event()

    def run(self) -> None:
        """Look every second."""
        while not self._over.wait(_LOOK_SECONDS):
            root = self._house.find("server")
            if root is not None:
                family = [root, *root.children(recursive=True)]
                self._seen.append(sum(_resident(one) for one in family) / 1e6)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join(timeout=10)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has just ended
