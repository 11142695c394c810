"""``inhouse bench faults``: kill -9 at the worst moments, then compare what is stored with the clients' own journal.

Real processes on a folder of their own: the server, its worker, the engine, the trainer. Fans ask all the time. See
``docs/design/bench-faults.md``.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inhouse.bench.faults_fans import SLUG, ApiFan, PageFan, losses
from inhouse.bench.faults_house import House, NotInTime, Victim, opened, until
from inhouse.bench.report import Cell, Report, Say, Table, at_least, at_most, quantile
from inhouse.store.jobs import Job

_SAMPLE = Path(__file__).parents[1] / "samples" / "kilnfold"
_SEED = 41
_KILLS = 10
#: What `--quick` has time for: one kill each.
_QUICK = ("answer", "import", "release")
_POSTS = 12
#: Seconds until a queued job must have begun, until it must have ended, and until a fan must be answered again.
_BEGINS, _ENDS, _BACK = 90.0, 400.0, 90.0


@dataclass
class Tally:
    """What became of the kills of one phase."""

    kills: list[Victim] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    """Seconds from each kill to the next answer."""
    broken: list[str] = field(default_factory=list)
    """What did not go on, or was wrong."""
    interrupted: int = 0
    """Turns that a kill cut off."""


def run(quick: bool, data: Path, say: Say) -> Report:
    """Kill in every phase; ``data`` is not needed."""
    began = time.perf_counter()
    with opened("faults") as house:
        bench = _Bench(house, random.Random(_SEED), 1 if quick else _KILLS, say)
        tallies, lost = bench.run(_QUICK if quick else None)
    kills = [len(one.kills) for one in tallies.values()]
    broken = [f"{name}: {words}" for name, one in tallies.items() for words in one.broken]
    targets = [
        at_least("kills in every phase", float(min(kills)), 1 if quick else _KILLS),
        at_most("stored turns lost, changed or stuck", float(len(lost)), 0),
        at_most("what did not go on, or was half live", float(len(broken)), 0),
    ]
    notes = [f"seed {_SEED}; {bench.asked} turns in the clients' journal", *lost[:20], *broken[:20]]
    rows = [row(name, one) for name, one in tallies.items()]
    return Report("faults", quick, (Table("Kills", rows),), targets, notes, time.perf_counter() - began)


def row(phase: str, tally: Tally) -> dict[str, Cell]:
    """One phase as the table shows it."""
    victims = {name: tally.kills.count(name) for name in dict.fromkeys(tally.kills)}
    return {
        "phase": phase,
        "kills": len(tally.kills),
        "of": ", ".join(f"{name} {count}" for name, count in victims.items()),
        "p95 s to the next answer": quantile(tally.back, 0.95) if tally.back else "",
        "turns cut off": tally.interrupted,
        "faults": len(tally.broken),
    }


class _Bench:
    """One run: phases one after the other on one installation."""

    def __init__(self, house: House, chance: random.Random, kills: int, say: Say) -> None:
        self.house, self.chance, self.kills, self.say = house, chance, kills, say
        self.imports = 0
        self.asked = 0
        self._turns = itertools.count()

    def run(self, only: Sequence[str] | None = None) -> tuple[dict[str, Tally], list[str]]:
        """Returns a tally for each phase (``only`` these, where some are named), and what the journal misses."""
        self.say("making an AI that is live")
        secret = self._prepare()
        fans = [ApiFan(self.house, secret, name) for name in ("ann", "bo")]
        self.probe, self.page = ApiFan(self.house, secret, "probe"), PageFan(self.house)
        for fan in fans:
            fan.start()
        phases: dict[str, Callable[[Tally], None]] = {
            "answer": self.answer,
            "import": self.imported,
            "index": self.indexed,
            "release": self.released,
            "train": self.trained,
        }
        try:
            tallies = {name: self._phase(name, phases[name]) for name in only or phases}
        finally:
            for fan in fans:
                fan.stop()
            self.page.close()
        self.house.stop()
        self.house.start()  # start-up reconciles what the last moments left
        journal = [asked for fan in (*fans, self.probe) for asked in fan.journal]
        self.asked = sum(bool(asked.turn_id) for asked in journal)
        return tallies, losses(journal, self.house.turns())

    def _prepare(self) -> str:
        self.house.command("new", SLUG, "--name", "Kilnfold", "--kind", "business")
        self.house.command("import", SLUG, str(_SAMPLE / "faq.jsonl"), "--right", "own-work")
        self.house.command("brief", "edit", SLUG, str(_SAMPLE / "brief.yaml"))
        self.house.command("release", SLUG, "--no-adapter")
        self.house.start()
        made = self.house.command("keys", "add", SLUG, "--name", "bench")
        return str(made["secret"])

    def _phase(self, name: str, body: Callable[[Tally], None]) -> Tally:
        tally = Tally()
        while len(tally.kills) < self.kills:
            self.say(f"{name}: kill {len(tally.kills) + 1} of {self.kills}")
            before = len(tally.kills)
            try:
                body(tally)
            except NotInTime as late:
                tally.broken.append(late.message)
                if len(tally.kills) == before:
                    break
            tally.broken += self.house.half_live()
        states = [turn.state for turn in self.house.turns().values()]
        tally.interrupted = sum(state in ("interrupted", "failed") for state in states)
        return tally

    def answer(self, tally: Tally) -> None:
        """A kill while answers stream; what the page's fan asked is shown and can be asked again."""
        question = self.page.ask_aside()
        rows = self.house.turns
        until("the storing of a turn", lambda: any(t.question == question for t in rows().values()), _BEGINS)
        self._kill(tally)
        turn = next(t for t in rows().values() if t.question == question)
        ended = until("the end of a cut turn", lambda: self._ended(turn.id), _BACK)
        if not self.page.shows(question):
            tally.broken.append(f"{turn.id} is not shown after the kill")
        if ended != "done":
            self.page.retry(turn.id)
            until("the answer of a retried turn", lambda: self._ended(turn.id) == "done", _BACK)

    def imported(self, tally: Tally) -> None:
        """A kill while documents are taken in: each is there once in the end."""
        folder = self._content()
        job = self._queued("import", "import", SLUG, str(folder), "--right", "own-work")
        self._kill(tally)
        done = self._done(job)
        known = self.house.command("documents", SLUG, "--limit", "1000")
        titles = [document["title"] for document in known]
        mine = [title for title in titles if title.endswith(f"({self.imports})")]
        if done.state != "done" or len(mine) != _POSTS or len(set(mine)) != _POSTS:
            tally.broken.append(f"import {done.state} with {len(mine)} documents of {_POSTS}: {done.error}")

    def indexed(self, tally: Tally) -> None:
        """A kill while passages get their vectors."""
        self._queued("embed", "import", SLUG, str(self._content()), "--right", "own-work")
        self._kill(tally)
        waiting = [job for job in self.house.jobs("embed") if not job.ended]
        ended = [self._done(job) for job in waiting]
        tally.broken += [f"indexing {job.state}: {job.error}" for job in ended if job.state != "done"]

    def released(self, tally: Tally) -> None:
        """A kill while the gate asks: it ends, and what is live is a whole release."""
        job = self._queued("gate", "release", SLUG, "--no-adapter")
        self._kill(tally)
        tally.broken += self.house.half_live()
        done = self._done(job)
        if done.state != "done":
            tally.broken.append(f"release {done.state}: {done.error}")

    def trained(self, tally: Tally) -> None:
        """A kill while a training is at work: it goes on from what it kept; the phase's last one is seen to its end."""
        job = self._queued("train", "train", SLUG, "--recipe", "voice-small")
        until("the training's first step", lambda: self._step(job) >= 1, _ENDS)
        self._kill(tally, also="trainer")
        seen = self._step(job)
        until("the training's next step", lambda: self._step(job) > seen, _ENDS)
        if len(tally.kills) == self.kills:
            done = self._done(job)
            if done.state != "done" or not self.house.has_adapter():
                tally.broken.append(f"training {done.state}: {done.error}")
            return
        self.house.command("jobs", "--stop", job.id)
        until("the training's end", lambda: self.house.job(job.id).ended, _ENDS)

    def _queued(self, name: str, *command: str) -> Job:
        """Start a command and see its job run; the command itself is killed too: the job is durable without it."""
        known = {job.id for job in self.house.jobs(name)}
        process = self.house.command_aside(*command)

        def begun() -> Job | None:
            fresh = [job for job in self.house.jobs(name) if job.id not in known]
            return next((job for job in fresh if job.state != "queued"), None)

        try:
            return until(f"the begin of a job {name}", begun, _BEGINS, every=0.02)  # type: ignore[no-any-return]
        finally:
            process.kill()
            process.wait()

    def _kill(self, tally: Tally, also: Victim | None = None) -> None:
        """Kill one process after the other, at moments drawn by chance, and see that fans are answered again."""
        victims: tuple[Victim, ...] = ("server", "engine", "worker", *((also,) if also else ()))
        victim = victims[next(self._turns) % len(victims)]
        time.sleep(self.chance.uniform(0, 0.4))
        until(f"the presence of the {victim}", lambda: self.house.kill(victim), _BEGINS)
        tally.kills.append(victim)
        began = time.monotonic()
        if not self.house.is_up:
            tally.broken += self.house.half_live()
            self.house.start()
        until("an answer after the kill", lambda: self.probe.ask().ended, _BACK)
        tally.back.append(time.monotonic() - began)

    def _ended(self, turn_id: str) -> str:
        state = str(self.house.turns()[turn_id].state)
        return "" if state in ("pending", "streaming") else state

    def _done(self, job: Job) -> Job:
        until(f"the end of a job {job.name}", lambda: self.house.job(job.id).ended, _ENDS)
        return self.house.job(job.id)

    def _step(self, job: Job) -> int:
        found = self.house.job(job.id)
        if found.state == "failed":
            raise NotInTime(what=f"The training ({found.error})", seconds="its")
        return int(found.detail.get("step", 0))

    def _content(self) -> Path:
        """Posts that nobody imported before."""
        self.imports += 1
        folder = self.house.home / f"posts-{self.imports}"
        folder.mkdir()
        for number, source in enumerate(sorted((_SAMPLE / "posts").glob("*.md"))[:_POSTS]):
            text = source.read_text(encoding="utf-8")
            body = text.rpartition("\n---\n")[2].lstrip("# ")
            title = f"Post {number} ({self.imports})"
            (folder / f"{number}.md").write_text(
                f"# {title}\n\nNumber {self.imports}. {body}", encoding="utf-8"
            )
        return folder
