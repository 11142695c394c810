"""What was measured of a generation: kept whole, and a verdict that follows from its margins."""

from __future__ import annotations

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.internalising import report
from inhouse.lab.internalising.report import (
    Arm,
    ArmKind,
    Built,
    Data,
    Guard,
    GuardKind,
    Primary,
    Report,
    Verdict,
    judge,
)


def _guard(low: float) -> Guard:
    return Guard(
        kind=GuardKind.JAPANESE,
        measure="JSQuAD, bits per byte",
        n=60,
        parent=1.2,
        child=1.21,
        low=low,
        high=0.02,
        margin=0.05,
        more=False,
    )


def _primary(low: float) -> Primary:
    return Primary(
        figure="exact", against=ArmKind.OUTSIDE, n=700, new=0.7, old=0.4, low=low, high=0.3, margin=0.02
    )


def test_what_is_kept_with_the_row_is_read_again_as_it_was() -> None:
    right = Interval(value=0.98, low=0.97, high=0.99, n=700)
    made = Report(
        tools=(Built(tool="get_weather", extension="weather"),),
        arms=(Arm(kind=ArmKind.BUILT_IN, n=1000, right_tool=right),),
        primary=(_primary(0.2),),
        guards=(_guard(-0.01),),
        data=Data(sha256="ab" * 32, uses=100, sources={"example of": 100}),
        margins_sha256="cd" * 32,
        verdict=judge([_primary(0.2)], [_guard(-0.01)]),
        file_bytes=144,
        parent_bytes=144,
        delta_bytes=10,
        seconds=1.0,
    )
    kept = report.stored(made)
    assert report.of({"something else": 1, **kept}) == made
    found = made.arm(ArmKind.BUILT_IN)
    assert found is not None
    assert found.is_new
    assert made.arm(ArmKind.FLOOR) is None
    assert not made.lost


def test_a_generation_that_was_made_in_another_way_has_no_report() -> None:
    assert report.of({"development rows": {"xquad": 1}}) is None


def test_the_verdict_names_what_did_not_hold() -> None:
    assert judge([_primary(0.0)], [_guard(-0.05)]).passed
    lost = judge([_primary(-0.03)], [_guard(-0.051)])
    assert not lost.passed
    assert "exact against the outside arm" in lost.reason
    assert "japanese" in lost.reason


def test_what_was_not_measured_is_not_passed() -> None:
    assert judge([], [_guard(0.0)]) == Verdict(
        passed=False, reason="Not better: not everything was measured."
    )
    assert not judge([_primary(0.0)], []).passed
