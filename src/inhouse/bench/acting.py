"""``inhouse bench acting``: kill -9 while calls of tools that act are in flight, then compare with the servers' own ledgers.

Real processes: Inhouse's server and performer on a folder of their own, and two MCP servers that book, one of which does a call
with the same key only once. Programs ask for a booking through the API and agree to it. See ``docs/design/acting.md``.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from inhouse.bench import booking_server
from inhouse.bench.faults_house import House, NotInTime, until
from inhouse.bench.report import Cell, Report, Say, Table, at_least, at_most, share
from inhouse.conversations.tables import actions
from inhouse.core.settings import Settings

_SAMPLE = Path(__file__).parents[1] / "samples" / "kilnfold"
_SEED = 71
#: The AIs: one attached to the server that does a key's call once, one to the server that does not look at keys.
MODES = ("once", "always")
#: Calls that are agreed to before each kill, for each AI.
_CALLS = 2
_MOST_ASKED = 8
_KILLS = {"server": 50, "performer": 50, "everything": 10}
_QUICK_KILLS = {"server": 3, "performer": 2, "everything": 1}
_TIMEOUT = httpx.Timeout(120, connect=10)
_BEGINS, _ENDS = 60.0, 120.0
_OVER = ("done", "failed", "declined", "expired", "unknown")


@dataclass
class Round:
    """One kill: what was agreed to before it, and what was in flight at it, by action id."""

    victim: str
    agreed: dict[str, list[str]] = field(default_factory=dict)
    """By mode."""
    in_flight: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)
    """What the server said it had heard the agreement to."""


@dataclass(frozen=True)
class Verdict:
    """What became of the calls of one victim in one mode."""

    kills: int
    in_flight: Sequence[str]
    """State in which each call ended that was in flight at a kill."""
    others: Sequence[str]
    twice: int
    lost: int
    """Agreed to and never over, or said to be done and not booked."""
    denied: int
    """Said not to be done, and booked."""

    @property
    def unknown(self) -> int:
        return [*self.in_flight, *self.others].count("unknown")


def run(quick: bool, data: Path, say: Say) -> Report:
    """Kill, and count; ``data`` is not needed."""
    began = time.perf_counter()
    wanted = _QUICK_KILLS if quick else _KILLS
    with tempfile.TemporaryDirectory(prefix="inhouse-acting-", ignore_cleanup_errors=True) as folder:
        with house(Path(folder)) as (made, services):
            bench = Bench(made, random.Random(_SEED), say)
            bench.prepare(services)
            rounds = bench.run(wanted)
            rows = bench.rows()
        bookings = {mode: booked(Path(folder) / mode) for mode in MODES}
    verdicts = {
        (victim, mode): judge([one for one in rounds if one.victim == victim], mode, rows, bookings[mode])
        for victim in wanted
        for mode in MODES
    }
    notes = [f"seed {_SEED}; {bench.asked} questions asked, {bench.unproposed} of them came to no proposal"]
    return Report(
        "acting",
        quick,
        [Table("Calls in flight at a kill -9", [_row(*name, one) for name, one in verdicts.items()])],
        targets(verdicts, wanted),
        notes,
        time.perf_counter() - began,
    )


def targets(verdicts: Mapping[tuple[str, str], Verdict], wanted: Mapping[str, int]) -> list[Any]:
    """The bar is of the server's kills; that nothing is done twice, lost or denied holds whoever is killed."""
    server = {mode: verdicts["server", mode] for mode in MODES}
    found = [
        at_least("kills of the server with calls in flight", server["once"].kills, wanted["server"]),
        at_most("unknown, where keys are honoured", server["once"].unknown, 0),
        at_most("unknown share, where they are not", _unknown_share(server["always"]).value, 0.1),
    ]
    for name, words in (
        ("twice", "done twice"),
        ("lost", "lost"),
        ("denied", "said not to be done, and done"),
    ):
        found.append(at_most(words, sum(getattr(one, name) for one in verdicts.values()), 0))
    kept = [one for (victim, mode), one in verdicts.items() if mode == "once" and victim != "server"]
    found.append(
        at_most("unknown, where keys are honoured, whoever is killed", sum(o.unknown for o in kept), 0)
    )
    return found


def judge(
    rounds: Sequence[Round], mode: str, rows: Mapping[str, Any], bookings: Mapping[str, int]
) -> Verdict:
    """Compare the journal's rows with the ledger: how often each key was booked."""
    mine = [(one, name) for one in rounds for name in one.agreed.get(mode, ()) if _counts(one, name, rows)]
    states = {name: rows[name].state if name in rows else "gone" for _, name in mine}
    times = {name: bookings.get(rows[name].key, 0) if name in rows else 0 for _, name in mine}
    return Verdict(
        kills=sum(bool(one.in_flight) for one in rounds),
        in_flight=[states[name] for one, name in mine if name in one.in_flight],
        others=[states[name] for one, name in mine if name not in one.in_flight],
        twice=sum(number > 1 for number in times.values()),
        lost=sum(
            state not in _OVER or (state == "done" and times[name] == 0) for name, state in states.items()
        ),
        denied=sum(state == "failed" and times[name] > 0 for name, state in states.items()),
    )


def _counts(one: Round, name: str, rows: Mapping[str, Any]) -> bool:
    """An agreement that was cut off before the server had it, and was never promised to be kept, counts for nothing."""
    return name in one.heard or name not in rows or rows[name].state != "proposed"


def booked(folder: Path) -> Counter[str]:
    """How often each key stands in a server's ledger."""
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        return Counter(row[0] for row in ledger.execute("SELECT key FROM bookings"))


def _unknown_share(one: Verdict) -> Any:
    return share([state == "unknown" for state in (*one.in_flight, *one.others)])


def _row(victim: str, mode: str, one: Verdict) -> dict[str, Cell]:
    return {
        "killed": victim,
        "keys": "honoured" if mode == "once" else "ignored",
        "kills": one.kills,
        "in flight": len(one.in_flight),
        "of them done": list(one.in_flight).count("done"),
        "of them unknown": share([state == "unknown" for state in one.in_flight]),
        "others": len(one.others),
        "twice, lost, denied": f"{one.twice}, {one.lost}, {one.denied}",
    }


@contextmanager
def house(folder: Path, modes: Sequence[str] = MODES) -> Iterator[tuple[House, dict[str, str]]]:
    """An installation, and the addresses of the servers that book, by mode."""
    with ExitStack() as stack:
        services = {mode: stack.enter_context(serving(folder / mode, mode)) for mode in modes}
        home = folder / "home"
        home.mkdir()
        made = House(Settings(home=home, models=Settings().models_folder))
        stack.callback(made.end_performer)
        stack.callback(made.stop)
        yield made, services


@contextmanager
def serving(folder: Path, mode: str) -> Iterator[str]:
    """A server that books; yields its address."""
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", booking_server.__name__, str(folder), mode], stdout=log, stderr=log
        )
    try:
        until("the start of a server that books", (folder / "port").exists, _BEGINS)
        yield f"http://127.0.0.1:{(folder / 'port').read_text()}/mcp"
    finally:
        process.terminate()
        process.wait()


class Bench:
    """Rounds on one installation, with an AI for each server."""

    def __init__(self, house: House, chance: random.Random, say: Say, calls: int = _CALLS) -> None:
        self.house, self.chance, self.say, self.calls = house, chance, say, calls
        self.asked = self.unproposed = 0
        self._fans = count(1)
        self._keys: dict[str, str] = {}

    def prepare(self, services: Mapping[str, str]) -> None:
        """An AI for each server, attached to it, live."""
        for mode, url in services.items():
            self.say(f"making the AI {mode}")
            self.house.command("new", mode, "--name", "Kilnfold", "--kind", "business")
            self.house.command("import", mode, str(_SAMPLE / "faq.jsonl"), "--right", "own-work")
            settings = f'{{"url": "{url}", "allow_private": true}}'
            self.house.command("extension", "add", mode, "mcp", "--name", "bookings", "--settings", settings)
            self.house.command("release", mode, "--no-adapter")
        self.house.start()
        for mode in services:
            made = self.house.command("keys", "add", mode, "--name", "bench")
            self._keys[mode] = str(made["secret"])

    def run(self, wanted: Mapping[str, int]) -> list[Round]:
        """Kill each victim as often as wanted; a kill with nothing in flight is made again."""
        rounds: list[Round] = []
        kill: dict[str, Callable[[], None]] = {
            "server": self._kill_server,
            "performer": self._kill_performer,
            "everything": self._kill_everything,
        }
        for victim, number in wanted.items():
            done = 0
            for attempt in range(3 * number):
                if done == number:
                    break
                self.say(f"{victim}: kill {done + 1} of {number} (try {attempt + 1})")
                one = self._round(victim, kill[victim])
                rounds.append(one)
                done += bool(one.in_flight)
        self._settle(rounds)
        return rounds

    def rows(self) -> dict[str, Any]:
        """The journal by action id."""
        with self.house.db.read() as tx:
            return {row.id: row for row in tx.execute(select(actions))}

    def _round(self, victim: str, kill: Callable[[], None]) -> Round:
        one = Round(victim)
        asked = [mode for mode in self._keys for _ in range(self.calls)]
        with ThreadPoolExecutor(len(asked)) as pool:
            offers = list(pool.map(self._offer, asked))
            waiting = [pool.submit(self._agree, *offer) for offer in offers]
            for mode, action_id, _hash, _user in offers:
                one.agreed.setdefault(mode, []).append(action_id)
            mine = {action_id for _, action_id, _, _ in offers}
            until("a call in flight", lambda: self._sending() & mine, _BEGINS, every=0.005)
            time.sleep(self.chance.uniform(0, booking_server.SLOWEST / 2))
            one.in_flight = self._sending() & mine
            kill()
            one.heard = {action_id for agreeing in waiting if (action_id := agreeing.result())}
        if not self.house.is_up:
            self.house.start()
        return one

    def _offer(self, mode: str) -> tuple[str, str, str, str]:
        """Ask until something is proposed: (mode, action id, hash, who asked)."""
        user = f"fan-{next(self._fans)}"
        for _ in range(_MOST_ASKED):
            what, day = self.chance.choice(("wheel", "kiln", "glaze")), self.chance.choice(_DAYS)
            body = {
                "model": mode,
                "user": user,
                "messages": [
                    {"role": "user", "content": f"Please book the {what} workshop on {day} for me."}
                ],
            }
            told = self._post(mode, "/v1/chat/completions", body)
            self.asked += 1
            if proposal := told["inhouse"]["proposal"]:
                return mode, proposal["id"], proposal["hash"], user
            self.unproposed += 1
        raise NotInTime(what="A proposal", seconds="eight questions'")

    def _agree(self, mode: str, action_id: str, shown: str, user: str) -> str:
        """Agree; returns the id where the server said that it had heard."""
        body = {"user": user, "decision": "agree", "hash": shown}
        try:
            self._post(mode, f"/v1/actions/{action_id}", body)
        except httpx.HTTPError:
            return ""
        return action_id

    def _post(self, mode: str, path: str, body: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self._keys[mode]}"}
        response = httpx.post(f"{self.house.address}{path}", json=body, headers=headers, timeout=_TIMEOUT)
        response.raise_for_status()
        return response.json()

    def _sending(self) -> set[str]:
        with self.house.db.read() as tx:
            return set(tx.execute(select(actions.c.id).where(actions.c.state == "sending")).scalars())

    def _kill_server(self) -> None:
        self.house.kill("server")

    def _kill_performer(self) -> None:
        self.house.kill_performer()

    def _kill_everything(self) -> None:
        for victim in ("worker", "engine"):
            self.house.kill(victim)
        self.house.kill_performer()
        self.house.kill("server")

    def _settle(self, rounds: Sequence[Round]) -> None:
        """What is agreed to comes to its end; who was not heard agreeing has until then to run out."""
        mine = {name for one in rounds for names in one.agreed.values() for name in names}
        self.say("waiting for the last calls")
        open_ = ("agreed", "sending")
        try:
            until(
                "the end of all calls",
                lambda: not any(row.state in open_ for name, row in self.rows().items() if name in mine),
                _ENDS,
            )
        except NotInTime as late:
            self.say(late.message)


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
