"""The sets of ``bench rivals`` and how they are fed; the figures themselves are the benchmark's."""

from __future__ import annotations

from inhouse.bench import rivals
from inhouse.bench.rivals_attempts import Answered, breaches


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


def test_a_part_of_the_streams_is_judged_as_it_is_labelled() -> None:
    violating, harmless = (
        rivals.feed(rivals.scripts(name), quick=True) for name in ("violating", "harmless")
    )
    assert (len(violating), len(harmless)) == (50, 25)
    assert all(outcome.stopped for outcome in violating)
    assert not any(outcome.stopped for outcome in harmless)


def test_attempts_are_labelled_without_the_guard() -> None:
    first, second = rivals.attempts()[:2]
    answered = [
        Answered(first, product="Ｎｏｒｔｈｗｉｎｄ, of course", prompted="I'd rather not say."),
        Answered(second, product="I'd rather not say.", prompted="Northwind!"),
    ]
    worlds = rivals.briefs()
    assert breaches(answered, worlds, lambda one: one.product) == answered[:1]
    assert breaches(answered, worlds, lambda one: one.prompted) == answered[1:]
