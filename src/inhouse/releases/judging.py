"""From what was measured to checks, and from checks to a verdict. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inhouse.releases import intervals
from inhouse.releases.release import Check, Gate, Release
from inhouse.releases.shelves import AdapterFacts

_MOST_FAILURES = 20

_WHY = {
    "voice": "it does not sound more like the owner",
    "picks": "it goes against the owner's picks",
    "cases": "it gets fewer cases right",
    "guard": "it breaks a rule of the brief",
}
_UNMEASURED = "there was too little content to measure its voice by"


@dataclass(frozen=True)
class Outcome:
    """A question asked of the live release and of the candidate: right or not. ``old`` is ``None`` with nothing live."""

    question: str
    old: bool | None
    new: bool
    faults: Sequence[str] = ()
    """What is wrong with the candidate's answer."""


def voice(new: AdapterFacts | None, old: AdapterFacts | None) -> Check:
    """The candidate's adapter must bring held-out bits per byte down, clear of chance, and not be clearly worse than
    the live one."""
    if new is None:
        return Check(
            name="voice",
            passed=True,
            old=None,
            new=None,
            n=0,
            interval=None,
            unit="bits per byte",
            note="It has no adapter, so there is no trained voice to compare.",
        )
    if new.voice is None:
        note = "The AI has too little content to hold some back and measure the voice by it. Import more and train again."
        return Check(name="voice", passed=False, old=None, new=None, n=0, interval=None, note=note)
    score, live = new.voice, old.voice if old else None
    beats_none = score.interval[1] < 0
    worse = live is not None and score.interval[0] > live.interval[1]
    note = "" if beats_none else "Clearly better than no adapter it is not."
    if worse:
        note = "It gains clearly less than the live adapter."
    return Check(
        name="voice",
        passed=beats_none and not worse,
        old=live.adapter if live else score.none,
        new=score.adapter,
        n=score.n,
        interval=score.interval,
        of="adapter - none",
        unit="bits per byte",
        note=note,
    )


def picks(new: AdapterFacts | None) -> Check:
    """The candidate must not be clearly against the owner's held-out picks."""
    score = new.picks if new else None
    if score is None or score.n == 0:
        note = "There are no held-out picks to compare with yet."
        return Check(name="picks", passed=True, old=None, new=None, n=0, interval=None, note=note)
    interval = intervals.of_share(score.wins, score.n)
    passed = interval is None or interval[1] >= 0.5
    return Check(
        name="picks", passed=passed, old=None, new=score.wins / score.n, n=score.n, interval=interval
    )


def cases(outcomes: Sequence[Outcome]) -> Check:
    """The candidate must get no fewer cases right than the live release; those that it newly fails are named."""
    n = len(outcomes)
    if n == 0:
        note = "There are no cases yet."
        return Check(name="cases", passed=True, old=None, new=None, n=0, interval=None, note=note)
    right = sum(o.new for o in outcomes)
    failures = _named([o for o in outcomes if not o.new])
    if any(o.old is None for o in outcomes):
        interval = intervals.of_share(right, n)
        return Check(
            name="cases", passed=True, old=None, new=right / n, n=n, interval=interval, failures=failures
        )
    gained = sum(o.new and not o.old for o in outcomes)
    lost = sum(bool(o.old) and not o.new for o in outcomes)
    return Check(
        name="cases",
        passed=gained >= lost,
        old=sum(bool(o.old) for o in outcomes) / n,
        new=right / n,
        n=n,
        interval=intervals.of_difference(gained, lost, n),
        of="new - old",
        note=f"{gained} newly right, {lost} newly wrong.",
        failures=failures,
    )


def guard(outcomes: Sequence[Outcome]) -> Check:
    """Every probe must hold."""
    n, right = len(outcomes), sum(o.new for o in outcomes)
    return Check(
        name="guard",
        passed=right == n,
        old=None,
        new=right / n if n else None,
        n=n,
        interval=intervals.of_share(right, n),
        failures=_named([o for o in outcomes if not o.new]),
    )


def verdict(checks: Sequence[Check], facts: Mapping[str, AdapterFacts | None], old: Release | None) -> Gate:
    """All checks together, in words. ``facts`` holds the adapters of ``new`` and ``old``."""
    failed = [check for check in checks if not check.passed]
    old_id = old.id if old else None
    if failed:
        whys = [_UNMEASURED if check.n == 0 else _WHY[check.name] for check in failed]
        reason = (
            f"Not better: {', '.join(whys)}. {'The live release stays.' if old else 'Nothing goes live.'}"
        )
        return Gate(
            passed=False,
            verdict="not better",
            reason=reason,
            checks=tuple(checks),
            old_release_id=old_id,
        )
    word, reason = _praise(facts["new"], facts["old"], old)
    return Gate(passed=True, verdict=word, reason=reason, checks=tuple(checks), old_release_id=old_id)


def _praise(new: AdapterFacts | None, old: AdapterFacts | None, live: Release | None) -> tuple[str, str]:
    if live is None:
        return "first", "It is the first release, and it passed every check."
    if new is None or (old is not None and new.hash == old.hash):
        return "as good", "It is as good as the live release in every check."
    if new.voice and old and old.voice and new.voice.interval[1] >= old.voice.interval[0]:
        return "as good", "It is as good as the live release in every check, and not clearly better in voice."
    return "better", "It sounds more like the owner, and no check got worse."


def _named(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(f"{o.question[:200]}: {', '.join(o.faults)[:300]}" for o in outcomes[:_MOST_FAILURES])
