"""Amounts, dates and names are taken from what was found only where there is no doubt which."""

from __future__ import annotations

import pytest

from inhouse.runtime.agent import values
from inhouse.runtime.agent.plans import Task, Want
from inhouse.runtime.agent.values import Finding


def found(text: str, value: str = "", name: str = "") -> Finding:
    return Finding(Task(1, "?"), "done", text, value=value, name=name)


@pytest.mark.parametrize(
    ("want", "text", "value"),
    [
        ("amount", "Fold Mug: price £24.00", "£24.00"),
        ("amount", "It weighs 1,250 g.", "1,250 g"),
        ("amount", "It is fired at 1240 °C.", "1240 °C"),
        ("amount", "It costs £24.00, or £20.00 in sales.", ""),
        ("amount", "Open from 9-17 on 12 December 2026.", ""),
        ("amount", "The fair of 12 December 2026 costs £3.", "£3"),
        ("amount", "Call 555-1234", ""),
        ("date", "The fair opens on 12 December 2026.", "12 December 2026"),
        ("date", "The fair opens on the 3rd of May 2027.", "3 May 2027"),
        ("date", "From 3 May to 5 May", ""),
        ("date", "2026年3月3日に開きます", "2026年3月3日"),
        ("date", "It opens soon.", ""),
        ("days", "6", "6 days"),
        ("days", "It takes 10 working days.", "10 working days"),
        ("days", "3 days or 5 days", ""),
    ],
)
def test_one_value_and_no_other(want: Want, text: str, value: str) -> None:
    assert values.of(want, found(text)) == value


def test_a_results_own_value_comes_first_and_names_are_short() -> None:
    assert values.of("amount", found("3 × £8 = £24.00", value="£24.00")) == "£24.00"
    assert values.of("name", found("x", name="Fold Mug")) == "Fold Mug"
    assert values.of("name", found("x", name="a" * 100)) == ""


def test_picking_needs_amounts_that_can_be_compared() -> None:
    cheap, dear = found("£9.50"), found("£12")
    assert values.picked([dear, cheap], most=False) is cheap
    assert values.picked([dear, cheap], most=True) is dear
    assert values.picked([dear, found("$9")], most=False) is None
    assert values.picked([dear, found("nothing told")], most=False) is None
    assert values.picked([dear, found("£12.00")], most=False) is None, "two are equal"
