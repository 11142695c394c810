"""The judge of jobs: what is true is right, what no source bears is invented, and what is left out is seen."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from inhouse.bench.jobs import DEVELOPMENT_SEEDS, REPORT_SEEDS
from inhouse.bench.jobs_checking import Fact, Job, Verdict, judge
from inhouse.bench.jobs_templates import TEMPLATES
from inhouse.bench.jobs_world import world

TODAY = date(2026, 11, 25)
TOTAL = Job(
    "total",
    "How much are the Fold Mug and the Moon Bowl together?",
    (Fact(("Fold Mug", "£24.00"), False), Fact(("Moon Bowl", "£30.50"), False), Fact(("£54.50",))),
    frozenset({"24.00", "30.50"}),
)
HALF = Job("total", TOTAL.text, (Fact(("Fold Mug", "£24.00")),), frozenset({"24.00"}), unknown=1)


@pytest.mark.parametrize(
    ("job", "answer", "verdict"),
    [
        (TOTAL, "- Fold Mug: price £24.00 [1]\n- £24.00 + £30.50 = £54.50", Verdict.FULLY),
        (TOTAL, "Together they are £54.50.", Verdict.FULLY),
        (TOTAL, "The total is £55.50.", Verdict.INVENTED),
        (TOTAL, "The total is £54.50. The Sun Plate costs £9.", Verdict.INVENTED),
        (TOTAL, "They are our favourites.", Verdict.INVENTED),
        (TOTAL, "Fold Mug: £24.00\n\nI could not work this out: “the total”", Verdict.PARTLY),
        (TOTAL, "Fold Mug: £24.00", Verdict.UNSAID),
        (TOTAL, "I don't know that one, I'm afraid.", Verdict.HONEST),
        (HALF, "Fold Mug: £24.00\n\nI could not find an answer to this: “the Moon Bowl”", Verdict.FULLY),
        (HALF, "Fold Mug: £24.00. Moon Bowl: £30.50.", Verdict.INVENTED),
        (HALF, "Fold Mug: £24.00", Verdict.UNSAID),
        (replace(HALF, facts=()), "I could not find an answer to this: “the Moon Bowl”", Verdict.FULLY),
        (
            HALF,
            "|  | Price |\n| --- | --- |\n| Fold Mug | £24.00 [1] |\n| Moon Bowl | not found |",
            Verdict.FULLY,
        ),
        (HALF, "|  | Price |\n| --- | --- |\n| Fold Mug | £24.00 |\n| Moon Bowl | £3.00 |", Verdict.INVENTED),
    ],
)
def test_answers_are_judged_by_what_is_true(job: Job, answer: str, verdict: Verdict) -> None:
    assert judge(job, answer).verdict is verdict


def test_twelve_templates_draw_jobs_by_seed_with_a_result_that_passes() -> None:
    assert len(TEMPLATES) == 12 and not set(DEVELOPMENT_SEEDS) & set(REPORT_SEEDS)
    made = world(1, TODAY)
    for template in TEMPLATES:
        jobs = [template.job(made, random.Random(5), TODAY, n) for n in range(len(template.wordings))]
        assert jobs == [template.job(made, random.Random(5), TODAY, n) for n in range(len(template.wordings))]
        assert [job.held_out for job in jobs] == [False] * 8 + [True] * 2
        assert len({job.text for job in jobs}) == len(jobs)
        for job in jobs:
            told = [" ".join(fact.texts) for fact in job.facts] + ["I could not find the rest."]
            assert judge(job, "\n".join(told)).verdict is Verdict.FULLY
    assert world(1, TODAY) == made != world(2, TODAY)
