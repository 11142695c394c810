"""``inhouse bench lab-faults``: kill -9 while the lab makes a generation, checks AIs on it, moves their fans and goes back.

Real processes on a folder of their own; fans ask all the time and keep a journal, as in ``bench faults``, whose parts these are.
See ``docs/design/bench-lab-faults.md``.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from inhouse.bench import children, moving_house
from inhouse.bench.faults import Tally, row
from inhouse.bench.faults_fans import SLUG, ApiFan, losses
from inhouse.bench.faults_house import CommandFailed, House, NotInTime, Victim, opened, until
from inhouse.bench.lab_examples import add_examples
from inhouse.bench.lab_truths import contradictions
from inhouse.bench.report import Report, Say, Table, at_least, at_most
from inhouse.lab.promoting import shelf
from inhouse.lab.promoting.promotion import UNSETTLED, Promotion
from inhouse.runtime.profile import installed
from inhouse.store.jobs import Job

Phase = Literal["internalise", "checking", "canary", "all", "roll-back"]

_SAMPLE = Path(__file__).parents[1] / "samples" / "kilnfold"
_SEED = 43
_KILLS, _QUICK_KILLS = 10, 2
#: Share of the kills while a generation is made that fall while its adapter is trained.
_OF_TRAINER = 0.3
#: Seconds until a job must have begun, until it must have ended, and until a fan must be answered again.
_BEGINS, _ENDS, _BACK = 120.0, 3600.0, 120.0
#: A command's life: it opens the installation, and changes it at its end.
_LONGEST_COMMAND = 30.0


def run(quick: bool, data: Path, say: Say) -> Report:
    """Kill in every phase; ``data`` is not needed."""
    began = time.perf_counter()
    kills = _QUICK_KILLS if quick else _KILLS
    with opened("lab-faults", children.own_models) as house:
        bench = _Bench(house, random.Random(_SEED), kills, quick, say)
        tallies, lost = bench.run()
    broken = [f"{phase}: {words}" for phase, one in tallies.items() for words in one.broken]
    targets = [
        at_least("kills in every phase", float(min(len(one.kills) for one in tallies.values())), kills),
        at_most("stored turns lost, changed or stuck", float(len(lost)), 0),
        at_most("contradictions about what is live, and what did not go on", float(len(broken)), 0),
    ]
    notes = [f"seed {_SEED}; {bench.asked} turns in the fans' journal", *lost[:20], *broken[:20]]
    tables = (Table("Kills", [row(phase, one) for phase, one in tallies.items()]),)
    return Report("lab-faults", quick, tables, targets, notes, time.perf_counter() - began)


class _Bench:
    """One run: a cycle of check, canary, all and roll-back for each kill, then kills while a generation is made."""

    def __init__(self, house: House, chance: random.Random, kills: int, quick: bool, say: Say) -> None:
        self.house, self.chance, self.kills, self.quick, self.say = house, chance, kills, quick, say
        self.asked = 0
        self.lifetime = _LONGEST_COMMAND
        self._victims = 0

    def run(self) -> tuple[dict[Phase, Tally], list[str]]:
        """A tally for each phase, and what the journal misses."""
        secret = self._prepare()
        fan, self.probe = ApiFan(self.house, secret, "ann"), ApiFan(self.house, secret, "probe")
        tallies: dict[Phase, Tally] = {
            phase: Tally() for phase in ("internalise", "checking", "canary", "all", "roll-back")
        }
        fan.start()
        try:
            for number in range(self.kills):
                generation = self.generations[number % len(self.generations)]
                self.say(f"cycle {number + 1} of {self.kills}")
                self._cycle(generation, tallies)
            self._made(tallies["internalise"])
        finally:
            fan.stop()
        self.house.stop()
        self.house.start()  # start-up reconciles what the last moments left
        journal = [*fan.journal, *self.probe.journal]
        self.asked = sum(bool(asked.turn_id) for asked in journal)
        return tallies, losses(journal, self.house.turns())

    def _prepare(self) -> str:
        """AIs that are live, one of them with an adapter where there is time, and generations to move to."""
        self.say("making AIs that are live")
        self.house.command("new", SLUG, "--name", "Kilnfold", "--kind", "business")
        self.house.command("import", SLUG, str(_SAMPLE / "faq.jsonl"), "--right", "own-work")
        self.house.command("brief", "edit", SLUG, str(_SAMPLE / "brief.yaml"))
        self.house.command("extension", "add", SLUG, "calculator")
        add_examples(self.house.db, self.house.home, SLUG, 0)
        self.house.command("release", SLUG, "--no-adapter")
        self.house.command("new", "second", "--name", "Second", "--kind", "business")
        self.house.command("import", "second", str(_SAMPLE / "faq.jsonl"), "--right", "own-work")
        self.house.command("extension", "add", "second", "calculator")
        add_examples(self.house.db, self.house.home, "second", 40)
        self.house.command("release", "second", "--no-adapter")
        if not self.quick:
            moving_house.furnish(self.house, 0, self.say)
        self.at_first = installed(self.house.settings).generation
        made = [children.requantised(self.house.db, self.house.settings, "Q5_1", self.say)]
        if not self.quick:
            made.append(children.shuffled(self.house.db, self.house.settings, self.say))
        self.generations: Sequence[str] = made
        began = time.monotonic()
        self.house.command("lab", "promotion")
        self.lifetime = time.monotonic() - began
        self.house.start()
        return str(self.house.command("keys", "add", SLUG, "--name", "bench")["secret"])

    def _cycle(self, generation: str, tallies: dict[Phase, Tally]) -> None:
        """One promotion from its check to its roll-back, with a kill in each phase."""
        steps: tuple[tuple[Phase, Callable[[Tally], None]], ...] = (
            ("checking", lambda tally: self._checked(generation, tally)),
            ("canary", lambda tally: self._moved(tally, generation, "canary", "--canary", "0.4")),
            ("all", lambda tally: self._moved(tally, generation, "live", "--all")),
            ("roll-back", lambda tally: self._back(tally, generation)),
        )
        for phase, step in steps:
            try:
                step(tallies[phase])
            except (NotInTime, CommandFailed) as failed:
                tallies[phase].broken.append(failed.message)

    def _checked(self, generation: str, tally: Tally) -> None:
        """A kill while AIs are checked; all checks come to their end."""
        command = self.house.command_aside("lab", "promote", generation)
        until("the promotion's begin", lambda: self._is(generation, "checking"), _BEGINS, every=0.02)
        time.sleep(self.chance.uniform(0, 15))
        self._kill(tally, command, self._next_victim())
        until("the end of all checks", lambda: self._unsettled(generation) == 0, _ENDS, every=0.5)
        self._look(tally)

    def _moved(self, tally: Tally, generation: str, state: str, *how: str) -> None:
        """A kill while the fans are moved: it happened whole, or not at all; the same command then brings it about."""
        self._interrupted(tally, "lab", "promote", generation, *how)
        if not self._is(generation, state):
            self.house.command("lab", "promote", generation, *how)
        if not self._is(generation, state):
            tally.broken.append(f"the promotion did not become {state}")
        self._look(tally)

    def _back(self, tally: Tally, generation: str) -> None:
        self._interrupted(tally, "lab", "rollback", generation)
        if not self._is(generation, "rolled back"):
            self.house.command("lab", "rollback", generation)
        self._look(tally)

    def _interrupted(self, tally: Tally, *words: str) -> None:
        """Run a command and kill it, or something else beside it, at a moment drawn by chance."""
        command = self.house.command_aside(*words)
        time.sleep(self.chance.uniform(0.4, 1.2) * self.lifetime)
        self._kill(tally, command, self._next_victim())
        self._look(tally)

    def _made(self, tally: Tally) -> None:
        """Kills while a generation is made: it goes on, and what is live stays."""
        command = self.house.command_aside(
            "lab", "internalise", "calculator", "--recipe", moving_house.RECIPE
        )
        try:
            until("the begin of a making", self._making, _BEGINS)
            job = self._making()
            assert job is not None
            while len(tally.kills) < self.kills and not self.house.job(job.id).ended:
                if len(tally.kills) < self.kills * _OF_TRAINER:
                    self._kill_training(tally, command)
                else:
                    time.sleep(self.chance.uniform(1, 30))
                    self._kill(tally, command, self._next_victim())
                self._look(tally)
            if self.quick:
                self.house.command("jobs", "--stop", job.id)
            until("the making's end", lambda: self.house.job(job.id).ended, _ENDS)
            ended = self.house.job(job.id)
            if ended.state == "failed" or (ended.state != "done" and not self.quick):
                tally.broken.append(f"making {ended.state}: {ended.error}")
            self._look(tally)
        except NotInTime as late:
            tally.broken.append(late.message)

    def _making(self) -> Job | None:
        return next((job for job in self.house.jobs("internalise") if job.state != "queued"), None)

    def _kill_training(self, tally: Tally, command: subprocess.Popen[bytes]) -> None:
        """A training takes a small part of a making: it is waited for, so that it is hit. Its trainer, then who looks after it."""
        until("a trainer at work", lambda: self.house.find("trainer") is not None, _BEGINS, every=0.1)
        time.sleep(self.chance.uniform(0.5, 8))
        victims: tuple[Victim, ...] = ("trainer", "worker", "trainer")
        self._kill(tally, command, victims[len(tally.kills) % len(victims)])

    def _next_victim(self) -> Victim | None:
        """One process after the other: the server, the worker, an engine, the trainer; nothing but the command itself."""
        victims: tuple[Victim | None, ...] = ("server", "worker", "engine", "trainer", None)
        self._victims += 1
        return victims[(self._victims - 1) % len(victims)]

    def _kill(self, tally: Tally, command: subprocess.Popen[bytes], victim: Victim | None) -> None:
        found = victim is not None and self.house.kill(victim)
        tally.kills.append(victim if victim is not None and found else "command")
        command.kill()  # whatever else was killed: what it began must not need it
        command.wait()
        began = time.monotonic()
        if not self.house.is_up:
            self.house.start()
        until("an answer after the kill", lambda: self.probe.ask().ended, _BACK)
        tally.back.append(time.monotonic() - began)

    def _look(self, tally: Tally) -> None:
        """Open the installation, as any start does, and compare all that says what is live."""
        self.house.command("lab", "promotion")
        tally.broken += self.house.half_live()
        tally.broken += contradictions(self.house.db, self.house.settings.models_folder, self.at_first)

    def _newest(self, generation: str) -> Promotion | None:
        with self.house.db.read() as tx:
            return next(iter(shelf.listing(tx, generation)), None)

    def _is(self, generation: str, state: str) -> bool:
        newest = self._newest(generation)
        return newest is not None and newest.state == state

    def _unsettled(self, generation: str) -> int:
        newest = self._newest(generation)
        assert newest is not None
        with self.house.db.read() as tx:
            return shelf.count(tx, newest.id, UNSETTLED)
