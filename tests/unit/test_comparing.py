"""Giant or small: the signs, the router, the figures and the verdicts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from inhouse.bench import routing
from inhouse.core.errors import UsageError
from inhouse.lab.comparing import cascade, comparison, intervals, logistic, prices, verdicts
from inhouse.lab.comparing.cascade import Pair, Routed, TooFew
from inhouse.lab.comparing.outcomes import Outcome, front
from inhouse.lab.comparing.prices import Price, Prices
from inhouse.runtime.cascade import signs
from inhouse.runtime.cascade.written_sums import written_steps
from inhouse.web.pages import comparison_words as words


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("14 x 6 = 84 holes", [True]),
        ("14 x 6 = 74 holes", [False]),
        ("She eats 3, so 16 - 3 = <<16-3=13>>13 eggs.", [True, True]),
        ("so 16 - 3 = <<16-3=13>>12 eggs.", [True, False]),
        ("10 + 68 / 2 = 10 + 34 = 44", [True, True]),
        ("2 + 2 = 4 = 5", [True, False]),
        ("$1,350 + 6 * $350 = $3,450", [True]),
        ("20 / 1.5 = 13.33", [True]),
        ("20 / 1.5 = 13.8", [False]),
        ("(240 / 480) * 100% = 50%", [True]),
        ("60% of it: 60/100 * 400 = 240", [True]),
        ("5 apples + 3 = 8", []),
        ("x = 3", []),
        ("5 = 5", []),
        ("1/0 = 3", []),
        ("= = = 3 +", []),
        ("no sums here", []),
    ],
)
def test_steps_are_worked_out_again(text: str, holds: list[bool]) -> None:
    assert [step.holds for step in written_steps(text)] == holds


def test_reading_steps_is_bounded_and_never_breaks() -> None:
    random = np.random.default_rng(1)
    alphabet = list("0123456789+-*/=()$%x., \n<>^")
    for _ in range(100):
        written_steps("".join(random.choice(alphabet, 60)))
    assert len(written_steps("1 + 1 = 2\n" * 100_000)) <= 800


def test_signs_of_an_answer_that_went_wrong() -> None:
    question = "Tom has 3 bags of 7 apples and eats 2. How many are left?"
    right = signs.of_answer(question, "3 * 7 = 21\n21 - 2 = 19\n#### 19")
    wrong = signs.of_answer(question, "However, 3 * 7 = 20, so it is 20 / 3 = 6.67")
    assert right["closes"] == 1 and wrong["closes"] == 0
    assert right["a step is wrong"] == 0 and wrong["a step is wrong"] == 1
    assert wrong["result is a fraction"] == 1 and wrong["said turns"] > 0 and wrong["a number is unused"] == 1
    assert set(right) == set(wrong)
    assert all(np.isfinite(value) for value in signs.of_answer("", "").values())
    assert signs.of_answer("", "", confidence=-0.5, doubt=0.9)["doubt"] == 0.9


def test_the_logistic_is_the_one_of_the_textbook() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(300, 4)) * [1.0, 5.0, 0.1, 1.0] + [0, 3, 0, 1]
    hits = (rows[:, 0] + rows[:, 3] + random.normal(size=300) > 1).astype(float)
    ours = logistic.fit(rows, hits, penalty=10.0)
    scaled = (rows - rows.mean(0)) / rows.std(0)
    theirs = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(scaled, hits)
    assert ours.probability(rows) == pytest.approx(theirs.predict_proba(scaled)[:, 1], abs=1e-4)
    same = np.ones((20, 2))
    assert logistic.fit(same, np.ones(20), 1.0).probability(same) == pytest.approx(1.0, abs=1e-3)


def _pairs(n: int, *, informed: bool, seed: int = 0) -> list[Pair]:
    """A small model that is right in 60% and shows it (or not), a giant that is right in 85%."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n):
        small, giant = float(random.random() < 0.6), float(random.random() < 0.85)
        sign = random.normal() + (1.5 * (1 - small) if informed else 0.0)
        made.append(Pair(f"q{number}", {"sign": sign}, small, giant, 1.0, 20.0))
    return made


def test_a_router_that_sees_something_beats_chance() -> None:
    routed = cascade.measure(_pairs(1200, informed=True), resamples=300)
    assert routed.is_better and routed.area.value > 0.03
    chosen = routed.operating[0]
    assert chosen.of_giant.low < 0.95 < chosen.of_giant.high + 0.03
    assert chosen.cost.value < chosen.random_cost - 0.1
    ends = routed.curve[0], routed.curve[-1]
    assert ends[0].quality.value == pytest.approx(routed.small.value)
    assert ends[1].quality.value == pytest.approx(routed.giant.value)
    assert ends[1].cost == pytest.approx(21.0)  # both were paid


def test_a_router_that_sees_nothing_is_not_called_better() -> None:
    called = [
        cascade.measure(_pairs(200, informed=False, seed=s), resamples=100).is_better for s in range(12)
    ]
    assert sum(called) <= 1  # half of 5% is expected


def test_what_was_measured_was_not_learnt_from() -> None:
    pairs = _pairs(300, informed=True)
    tune, report = cascade.halves(pairs)
    assert not {one.name for one in tune} & {one.name for one in report}
    whole = cascade.measure(pairs, resamples=100)
    turned = [Pair(p.name, p.signs, 1 - p.small, p.giant, 1.0, 20.0) if p in report else p for p in pairs]
    other = cascade.measure(
        turned, resamples=100
    )  # outcomes of the reported half change nothing that was chosen
    assert [one.threshold for one in whole.operating] == [one.threshold for one in other.operating]
    with pytest.raises(TooFew):
        cascade.measure(pairs[:60])


def test_random_routing_lies_on_the_line() -> None:
    routed = cascade.measure(_pairs(400, informed=True), resamples=50, asks_first=False)
    for point in routed.curve:
        share = (point.cost - 1.0) / 19.0
        line = routed.small.value + share * (routed.giant.value - routed.small.value)
        assert point.random == pytest.approx(line)


def _outcomes(
    scores: list[float | None], kind: str = "facts", seconds: float = 1.0, tokens: int = 100
) -> list[Outcome]:
    return [
        Outcome(
            question=f"{kind}{number}",
            kind=kind,
            score=score,
            answered=True,
            seconds=seconds,
            prompt_tokens=tokens,
            completion_tokens=10,
            signs={"sign": 1.0 - (score or 0.0)},
        )
        for number, score in enumerate(scores)
    ]


_PRICES = Prices(models={"big": Price(input=10, output=30), "gen_a": Price(hour=0.036)})


def test_as_good_and_cheaper_keep_the_giant_where_it_is_needed() -> None:
    big = _outcomes([1.0] * 900 + [0.0] * 100) + _outcomes([1.0] * 40, "sums")
    small = _outcomes([1.0] * 900 + [0.0] * 100) + _outcomes([0.0] * 15 + [1.0] * 25, "sums")
    made = comparison.compare({"gen_a+adapter": small, "endpoint:big": big}, _PRICES, resamples=50)
    assert [model.name for model in made.models] == ["endpoint:big", "gen_a+adapter"]
    verdict = made.verdicts[0]
    assert verdict.word == "worse"  # the sums alone make it so
    assert verdict.cheaper == pytest.approx(0.0013 / 0.00001)
    assert [gap.kind for gap in verdict.keep_for] == ["sums"]
    said = words.sentences(made, str)[0]
    assert "gen_a+adapter is worse than big" in said and "130 times cheaper" in said
    assert "Keep big for these kinds of question: sums (−37.5, n=40)." in said


@pytest.mark.parametrize(
    ("small", "big", "word"),
    [
        ([1.0] * 990 + [0.0] * 10, [1.0] * 989 + [0.0] * 11, "as good"),
        ([1.0] * 60 + [0.0] * 40, [1.0] * 90 + [0.0] * 10, "worse"),
        ([1.0] * 90 + [0.0] * 10, [1.0] * 60 + [0.0] * 40, "better"),
        ([1.0] * 9 + [0.0], [1.0] * 10, "unclear"),
        ([1.0] * 5, [1.0] * 5, "unclear"),  # all agree, and five questions say little
    ],
)
def test_the_verdict_follows_the_interval(small: list[float], big: list[float], word: str) -> None:
    one = {outcome.question: outcome for outcome in _outcomes(list(small))}
    other = {outcome.question: outcome for outcome in _outcomes(list(big))}
    verdict = verdicts.judge(("s", one, None), ("g", other, None), 0.02)
    assert verdict is not None and verdict.word == word
    assert verdict.cheaper is None and (word != "unclear" or verdict.needed > 1000)


def test_without_scores_and_prices_it_says_so() -> None:
    made = comparison.compare({"a": _outcomes([None] * 5), "b": _outcomes([None] * 5, seconds=3.0)}, Prices())
    assert made.verdicts == () and not made.in_money and made.scored == 0
    assert [model.name for model in made.models] == ["b", "a"]
    said = " ".join(words.sentences(made, str))
    assert "quality is not known" in said and "time is weighed" in said and "cascade can't be judged" in said


def test_the_front_is_what_nothing_beats() -> None:
    assert front([(1, 0.5), (2, 0.9), (3, 0.8), (1, 0.4), (2, 0.9)]) == [True, True, False, False, True]


def test_differences_are_wider_where_more_is_looked_at() -> None:
    first, second = [1.0, 1.0, 0.0] * 10, [0.0, 1.0, 0.0] * 10
    usual = intervals.of_difference(first, second)
    stricter = intervals.of_difference(first, second, 0.99)
    assert stricter.low < usual.low < usual.value < usual.high < stricter.high
    assert intervals.of_difference([0.5, 0.25], [0.25, 0.0]).value == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {a: {input: -1}}", "models.a.input"),
        ("models: {a: {monthly: 3}}", "models.a.monthly"),
        ("currency: dollars", "currency"),
        ("- 1", "the file"),
        ("a: [", "no YAML"),
    ],
)
def test_a_price_table_that_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        prices.read(file)
    with pytest.raises(UsageError, match="no file"):
        prices.read(tmp_path / "nothing")


def test_a_price_counts_tokens_and_hours() -> None:
    assert Price(input=10, output=30, hour=3.6).of(1000, 100, 10) == pytest.approx(0.01 + 0.003 + 0.01)


def test_the_benchmark_says_not_better_in_so_many_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "_QUICK_RESAMPLES", 50)
    folder = tmp_path / "routellm"
    folder.mkdir()
    random = np.random.default_rng(2)
    header = f"prompt,{routing.SMALL},{routing.GIANT},{routing.SMALL}_response,{routing.GIANT}_response"
    lines = [
        f"Question {number}?,{random.random() < 0.6},{random.random() < 0.85},It is {number}.,It is."
        for number in range(400)
    ]
    (folder / "gsm8k_responses.csv").write_text("\n".join([header, *lines]))
    longest = csv.field_size_limit()
    report = routing.run(True, tmp_path, lambda _said: None)
    assert csv.field_size_limit() == longest, "owners' tables are read in the same process"
    assert not report.passed
    assert any("not better than random routing" in note for note in report.notes)
    (folder / "gsm8k_responses.csv").write_text("prompt,other\nx,y\n")
    with pytest.raises(routing.NoOutcomes):
        routing.run(True, tmp_path, lambda _said: None)


def test_a_result_is_read_as_it_was_written() -> None:
    routed = cascade.measure(_pairs(300, informed=True), resamples=50)
    assert Routed.model_validate_json(routed.model_dump_json()) == routed
