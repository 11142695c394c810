"""``inhouse bench research``: yes/no/maybe questions over a library of papers, answered with evidence.

PubMedQA's 500 abstracts, without their conclusions, are written as papers in JATS XML and imported by the importers into one
research AI. The questions of the tuning half (by hash) made the weights; those of the other half are asked here through the
whole runtime. The papers carry no title: in PubMed it is the question, and would give the paper away. There is no gold for
the sentence, only for the paper that it must be in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inhouse.bench.report import Cell, Estimate, Report, Say, Table, Target, at_least, quantile, share
from inhouse.bench.workplace import Workplace, workplace
from inhouse.brief.brief import Brief
from inhouse.content.archives import open_files
from inhouse.content.files import Limits
from inhouse.content.importers.base import Options
from inhouse.content.importers.factory import plan, read
from inhouse.content.index import View
from inhouse.content.values import Item
from inhouse.core.events import Ended
from inhouse.core.settings import Settings
from inhouse.lab.findings import Finding, findings, title_of, write_papers
from inhouse.lab.verdicts import macro_f1, signs_of
from inhouse.runtime import prompts
from inhouse.runtime.engines.base import Completion, Engine, Message, Piece, Priority
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import installed
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import ReplyRequest, answered
from inhouse.runtime.research.deciding import VERDICTS, Verdict, shipped
from inhouse.tuning.models import BASE, fetch

_AI, _OTHER_AI = "ai_papers", "ai_other_papers"
_QUICK = 12
_GONE = 100
"""Questions that are asked of the tuning half's papers alone, which don't hold their answers."""
_LOOKED_AT = 5
_RESAMPLES = 2000
_SYSTEM = "Answer the question about the paper with one word: yes, no or maybe."


@dataclass(frozen=True)
class Asked:
    """A question with what was said; ``None`` where no verdict was given."""

    finding: Finding
    verdict: Verdict | None
    ended: Ended | None = None

    @property
    def cites_its_paper(self) -> bool:
        """Whether every sentence that is quoted stands in the question's own paper."""
        cited = self.ended.citations if self.ended else ()
        own = [one.document == title_of(self.finding) and one.quote in self.finding.abstract for one in cited]
        return bool(own) and all(own)


def run(quick: bool, data: Path, say: Say) -> Report:
    """Ask the reported half in every way."""
    started = time.perf_counter()
    tuned, reported = findings(data, "tune"), findings(data, "report")
    asked = reported[:_QUICK] if quick else reported
    gone = reported[: _QUICK // 2] if quick else reported[:_GONE]
    with workplace() as place:
        # The quick form imports few papers: embedding all takes ten minutes.
        some = tuned[: 4 * _QUICK] if quick else tuned
        _import(place, _AI, [*some, *asked], say)
        _import(place, _OTHER_AI, some, say)
        found = [_places(place, finding) for finding in asked]
        outcomes, missing = asyncio.run(_ask_all(place, asked, gone, say))
    usual = max(VERDICTS, key=[finding.verdict for finding in tuned].count)
    outcomes = {
        "always the tuning half's commonest": [Asked(finding, usual) for finding in asked],
        **outcomes,
    }
    ships = outcomes["what ships, through the runtime"]
    return Report(
        name="research",
        quick=quick,
        tables=[
            Table("verdicts", [_row(name, told) for name, told in outcomes.items()]),
            Table("evidence", [_evidence(ships, found, missing)]),
            Table("what ships, through the runtime: given by due", _confusion(ships)),
        ],
        targets=_targets(outcomes),
        notes=[
            f"tuned on {len(tuned)} questions, reported on {len(asked)} of the other {len(reported)}; halves by SHA-256 of the paper's number",
            "intervals by 2,000 resamples of the questions; differences are of the same questions; no verdict counts as wrong",
            "PubMedQA marks no sentence: a quoted sentence is checked to stand in the right paper, word for word",
        ],
        seconds=time.perf_counter() - started,
    )


def _import(place: Workplace, ai_id: str, papers: Sequence[Finding], say: Say) -> None:
    """Write the papers as files and import them."""
    folder = place.folder / ai_id
    write_papers(papers, folder)
    items: list[Item] = []
    with open_files(folder, Limits()) as files:
        for unit in plan(files).units:
            items += [outcome for outcome in read(files, unit, Options()) if isinstance(outcome, Item)]
    say(f"indexing {len(items)} papers")
    place.put_items(ai_id, items)
    place.embed()


def _places(place: Workplace, finding: Finding) -> int | None:
    """At which place (from 1) the search finds the question's paper, counting papers; ``None`` among none of the first."""
    found = asyncio.run(place.retriever.find(View(_AI), finding.question, (), 6 * _LOOKED_AT))
    titles = list(dict.fromkeys(passage.title for passage in found.passages))[:_LOOKED_AT]
    return titles.index(title_of(finding)) + 1 if title_of(finding) in titles else None


async def _ask_all(
    place: Workplace, asked: Sequence[Finding], gone: Sequence[Finding], say: Say
) -> tuple[dict[str, list[Asked]], list[Ended]]:
    settings = Settings()
    model = installed(settings)
    outcomes: dict[str, list[Asked]] = {}
    base = make_engine(
        settings.model_copy(update={"home": place.folder}),
        fetch(BASE, settings.models_folder, lambda _share, words: say(words)),
    )
    try:
        outcomes["base model by prompt, right abstract"] = await _prompted(base, asked, say)
    finally:
        await base.aclose()
    engine = make_engine(settings.model_copy(update={"home": place.folder}), model.file)
    try:
        say(f"what ships, given the right abstract: {len(asked)} questions")
        signs = await signs_of(asked, place.embedder, engine)
        weights = shipped()
        outcomes["what ships, right abstract"] = [
            Asked(finding, weights.choose(sign)) for finding, sign in zip(asked, signs, strict=True)
        ]
        outcomes["what ships, right abstract, likeliest in place of chosen"] = [
            Asked(finding, _likeliest(weights.probabilities(sign)))
            for finding, sign in zip(asked, signs, strict=True)
        ]
        replier = Replier(engine, place.retriever, model.profile)
        outcomes["what ships, through the runtime"] = [
            await _one(replier, _AI, finding, say, number) for number, finding in enumerate(asked)
        ]
        missing = [
            await _one(replier, _OTHER_AI, finding, say, number) for number, finding in enumerate(gone)
        ]
    finally:
        await engine.aclose()
    return outcomes, [one.ended for one in missing if one.ended]


async def _prompted(engine: Engine, asked: Sequence[Finding], say: Say) -> list[Asked]:
    """The base model told in words what to do, with the right abstract: the likeliest of the three words."""
    outcomes = []
    for number, finding in enumerate(asked):
        if number % 25 == 0:
            say(f"base model by prompt: {number} of {len(asked)}")
        user = f"{prompts.defuse(finding.abstract)}\n\nQuestion: {finding.question}\nAnswer yes, no or maybe."
        messages = (Message("system", _SYSTEM), Message("user", user))
        look = Completion(messages=messages, max_tokens=1, top_logprobs=100, priority=Priority.BENCH)
        tops = [piece.top async for piece in engine.complete(look) if isinstance(piece, Piece)]
        likely: dict[Verdict, float] = dict.fromkeys(VERDICTS, float("-inf"))
        for text, logprob in tops[0] if tops else ():
            for name in VERDICTS:
                if text.strip().casefold() == name:
                    likely[name] = max(likely[name], logprob)
        outcomes.append(Asked(finding, _likeliest(likely)))
    return outcomes


def _likeliest(likely: Mapping[Verdict, float]) -> Verdict:
    return max(VERDICTS, key=lambda name: likely[name])


async def _one(replier: Replier, ai_id: str, finding: Finding, say: Say, number: int) -> Asked:
    if number % 25 == 0:
        say(f"through the runtime: {number}")
    request = ReplyRequest(
        ai_id=ai_id,
        name="Library",
        kind="research",
        brief=Brief(),
        question=finding.question,
        priority=Priority.BENCH,
    )
    ended = await answered(replier, request)
    assert ended is not None, "a reply always ends"
    return Asked(finding, ended.verdict, ended)


def _row(way: str, told: Sequence[Asked]) -> dict[str, Cell]:
    return {
        "way": way,
        "macro-F1": _resampled(told, lambda places: _f1(told, places)),
        "right": share([one.verdict == one.finding.verdict for one in told]),
        "no verdict": share([one.verdict is None for one in told]),
    }


def _evidence(
    ships: Sequence[Asked], found: Sequence[int | None], missing: Sequence[Ended]
) -> dict[str, Cell]:
    given = [one for one in ships if one.verdict is not None]
    times = [one.ended.timing.total_ms for one in ships if one.ended]
    return {
        "AI": "research",
        "right paper first": share([at == 1 for at in found]),
        f"among the first {_LOOKED_AT}": share([at is not None for at in found]),
        "quoted sentences all in the right paper": share([one.cites_its_paper for one in ships]),
        "the same, of verdicts": share([one.cites_its_paper for one in given]),
        "paper not there: no verdict": share([one.verdict is None for one in missing]),
        "paper not there: not known": share([one.abstained for one in missing]),
        "p50 ms": quantile(times, 0.5),
    }


def _confusion(told: Sequence[Asked]) -> list[dict[str, Cell]]:
    return [
        {
            "due": due,
            **{
                given: sum(one.verdict == given and one.finding.verdict == due for one in told)
                for given in VERDICTS
            },
            "none": sum(one.verdict is None and one.finding.verdict == due for one in told),
        }
        for due in VERDICTS
    ]


def _targets(outcomes: dict[str, list[Asked]]) -> list[Target]:
    ships = outcomes["what ships, through the runtime"]
    targets = []
    for rival in ("base model by prompt, right abstract", "always the tuning half's commonest"):
        other = outcomes[rival]

        def ahead(places: np.ndarray, other: Sequence[Asked] = other) -> float:
            return _f1(ships, places) - _f1(other, places)

        gain = _resampled(ships, ahead)
        apart = at_least(f"macro-F1 over “{rival}”, lower end of the difference", gain.low, 0.0)
        targets.append(Target(apart.what, apart.met, f"{apart.measured} (difference {gain})"))
    cited = share([one.cites_its_paper for one in ships if one.verdict is not None])
    targets.append(at_least("verdicts whose quoted sentences stand in the right paper", cited.value, 0.8))
    return targets


def _f1(told: Sequence[Asked], places: np.ndarray) -> float:
    gold = np.array([VERDICTS.index(told[at].finding.verdict) for at in places])
    said = [told[at].verdict for at in places]
    return macro_f1(gold, np.array([-1 if one is None else VERDICTS.index(one) for one in said]))


def _resampled(told: Sequence[Asked], figure: Callable[[np.ndarray], float]) -> Estimate:
    """A figure of the questions with its bootstrap interval."""
    random = np.random.default_rng(0)
    n = len(told)
    draws = [figure(random.integers(0, n, n)) for _ in range(_RESAMPLES)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(figure(np.arange(n)), n, float(low), float(high))
