"""Tools that act, with a real performer and real servers that book: killed in mid-call, what was agreed to is done once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from actingkit import proposed_of
from inhouse.accounts.actors import Actor
from inhouse.accounts.tables import teams
from inhouse.app import performers
from inhouse.app.services import Services, open_home
from inhouse.bench.acting import booked, serving
from inhouse.bench.faults_house import until
from inhouse.conversations.actions import Deed
from inhouse.conversations.fans import Fan
from inhouse.core import clock
from inhouse.core.settings import Settings
from inhouse.releases import extensions, releases
from inhouse.releases.release import Candidate, Gate

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.timeout(120)]
OPERATOR = Actor.local_operator()
#: Stands for the server: starts a performer, and lives on until it is killed with all that it started.
_STARTER = """
import time
from inhouse.app import performers
from inhouse.core.settings import Settings
performers.start(Settings())
time.sleep(600)
"""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = open_home(Settings(home=tmp_path / "home"))
    yield made
    pid = performers.running(made.settings)
    if pid is not None:
        psutil.Process(pid).kill()
    made.close()


def live(services: Services, mode: str, url: str) -> tuple[Fan, str]:
    """An AI that is attached to a server that books, and a fan of it."""
    with services.db.write() as tx:
        tx.execute(teams.insert().values(id=f"team_{mode}", name="Us", created_at=clock.now()))
    ai = services.ais.create(OPERATOR, f"team_{mode}", mode, mode.title())
    settings = {"url": url, "allow_private": True}
    entry = services.extensions.set_up(OPERATOR, ai.id, "mcp", "bookings", settings).entry
    gate = Gate(passed=True, verdict="first", reason="It is the first release.")
    with services.db.write() as tx:
        version = services.briefs.current_version(tx, ai.id)
        candidate = Candidate(brief_version=version, index_revision=0, extensions=(entry,))
        made = releases.add(tx, ai.id, candidate, gate, job_id=None, by=None)
    services.releases.go_live(OPERATOR, ai.id, made.id)
    return services.fans.welcome(ai.id)[0], entry


def agreed(services: Services, fan: Fan, entry: str) -> Deed:
    with services.db.read() as tx:
        [tool] = extensions.version(tx, fan.ai_id, entry).tools
    deed = proposed_of(services.db, fan, entry, tool, {"what": "wheel", "day": "Friday"})
    return services.actions.agree(fan, deed.id, deed.hash)


def in_state(services: Services, fan: Fan, deed: Deed, *states: str) -> str:
    """Wait for it; returns the state."""
    return str(
        until(
            f"one of {states}",
            lambda: state if (state := services.actions.get(fan, deed.id).state) in states else "",
            60,
            every=0.01,
        )
    )


def test_killed_in_mid_call_it_is_done_once_and_the_journal_says_so(
    tmp_path: Path, services: Services
) -> None:
    environment = {**os.environ, "INHOUSE_HOME": str(services.settings.home)}
    over = ("done", "failed", "unknown")
    with ExitStack() as stack:
        fans = {
            mode: live(services, mode, stack.enter_context(serving(tmp_path / mode, mode)))
            for mode in ("once", "always")
        }
        starter = subprocess.Popen([sys.executable, "-c", _STARTER], env=environment, start_new_session=True)
        deeds = {mode: agreed(services, *fan) for mode, fan in fans.items()}
        in_state(services, fans["once"][0], deeds["once"], "sending")
        assert psutil.Process(starter.pid).children(recursive=True) == [], "it is no child"
        os.killpg(starter.pid, signal.SIGKILL)
        starter.wait()
        for mode, (fan, _) in fans.items():
            assert in_state(services, fan, deeds[mode], *over) == "done"

        again = {mode: agreed(services, *fan) for mode, fan in fans.items()}
        for mode, (fan, _) in fans.items():
            in_state(services, fan, again[mode], "sending")
        performer = performers.running(services.settings)
        assert performer is not None
        os.kill(performer, signal.SIGKILL)
        cut_off = services.actions.get(fans["always"][0], again["always"].id).state == "sending"
        time.sleep(0.1)
        performers.start(services.settings)
        assert in_state(services, fans["once"][0], again["once"], *over) == "done"
        told = in_state(services, fans["always"][0], again["always"], *over)
        assert told == ("unknown" if cut_off else "done")
    for mode in fans:
        times = booked(tmp_path / mode)
        assert times[deeds[mode].key] == 1 and times[again[mode].key] <= 1
    assert services.actions.get(fans["always"][0], again["always"].id).attempts == 1
