"""The pure parts of ``bench acting``: what is counted as unknown, twice, lost and denied; no process is started."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from inhouse.bench.acting import Round, judge, targets


def row(name: str, state: str) -> SimpleNamespace:
    return SimpleNamespace(state=state, key=f"key-{name}")


def judged(state: str, times: int, *, flying: bool = True, heard: bool = True) -> tuple[int, int, int, int]:
    one = Round("server", {"once": ["a"]}, {"a"} if flying else set(), {"a"} if heard else set())
    found = judge([one], "once", {"a": row("a", state)}, {"key-a": times})
    return found.unknown, found.twice, found.lost, found.denied


@pytest.mark.parametrize(
    ("state", "times", "counts"),
    [
        ("done", 1, (0, 0, 0, 0)),
        ("done", 2, (0, 1, 0, 0)),
        ("done", 0, (0, 0, 1, 0)),
        ("failed", 0, (0, 0, 0, 0)),
        ("failed", 1, (0, 0, 0, 1)),
        ("unknown", 0, (1, 0, 0, 0)),
        ("unknown", 1, (1, 0, 0, 0)),
        ("sending", 1, (0, 0, 1, 0)),
        ("agreed", 0, (0, 0, 1, 0)),
        ("proposed", 0, (0, 0, 1, 0)),
    ],
)
def test_the_journal_is_compared_with_the_ledger(state: str, times: int, counts: tuple[int, ...]) -> None:
    assert judged(state, times) == judged(state, times, flying=False) == counts


def test_what_the_server_never_said_it_had_heard_is_not_lost() -> None:
    assert judged("proposed", 0, heard=False) == (0, 0, 0, 0)
    assert judged("agreed", 0, heard=False) == (0, 0, 1, 0)


def test_a_row_that_is_gone_is_lost() -> None:
    found = judge([Round("server", {"once": ["a"]}, {"a"}, {"a"})], "once", {}, {})
    assert (found.lost, list(found.in_flight)) == (1, ["gone"])


def test_the_bar_is_of_the_servers_kills_and_nothing_may_happen_twice_whoever_is_killed() -> None:
    rounds = {
        victim: [Round(victim, {"once": ["a"], "always": ["b"]}, {"a", "b"}, {"a", "b"})]
        for victim in ("server", "performer")
    }
    rows = {"a": row("a", "done"), "b": row("b", "unknown")}

    def missed(times: dict[str, int], server_rows: dict[str, SimpleNamespace]) -> list[str]:
        verdicts = {
            (victim, mode): judge(ones, mode, server_rows if victim == "server" else rows, times)
            for victim, ones in rounds.items()
            for mode in ("once", "always")
        }
        found = targets(verdicts, {"server": 1, "performer": 1})
        return [target.what.partition(",")[0] for target in found if not target.met]

    fine = {"a": row("a", "done"), "b": row("b", "done")}
    assert missed({"key-a": 1, "key-b": 1}, fine) == []
    assert missed({"key-a": 1, "key-b": 1}, rows) == ["unknown share"]
    assert missed({"key-a": 2, "key-b": 1}, fine) == ["done twice"]
