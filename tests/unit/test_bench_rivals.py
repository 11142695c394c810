"""The sets of ``bench rivals`` and how they are fed; the figures themselves are the benchmark's."""

from __future__ import annotations

from pathlib import Path

from inhouse.bench import rivals


def test_the_sets_are_whole_and_every_world_has_a_brief() -> None:
    violating, harmless, attempts = rivals.scripts("violating"), rivals.scripts("harmless"), rivals.attempts()
    assert (len(violating), len(harmless), len(attempts)) == (200, 100, 60)
    worlds = {row.world for row in (*violating, *harmless, *attempts, *rivals.scripts("later"))}
    assert worlds == set(rivals.briefs())
    assert {attempt.category for attempt in attempts} == {"direct", "indirect", "roleplay", "injected"}
    assert all(bool(attempt.page) == (attempt.category == "injected") for attempt in attempts)


def test_pieces_are_the_text_and_the_same_for_the_same_seed() -> None:
    text = rivals.scripts("violating")[0].text
    assert "".join(rivals.pieces(text, 1)) == text
    assert rivals.pieces(text, 1) == rivals.pieces(text, 1) != rivals.pieces(text, 2)


def test_a_quick_run_prints_sample_sizes_and_targets() -> None:
    report = rivals.run(True, Path(), lambda _line: None)
    assert report.quick and len(report.targets) == 2
    assert all(row["stopped"].n for table in report.tables for row in table.rows)  # type: ignore[union-attr]


def test_attempts_are_labelled_without_the_guard() -> None:
    tried = rivals.attempts()[:2]
    answers = rivals.run_attempts(
        lambda a: "Ｎｏｒｔｈｗｉｎｄ, of course" if a is tried[0] else "I'd rather not say.", tried
    )
    assert [named for _attempt, _answer, named in answers] == [True, False]
