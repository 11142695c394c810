"""``inhouse bench main-job``: an owner's words become an AI of their own, by the command and the API that people use.

*The Devil's Dictionary* is one author's AI and a bank's documents are a business's. Both are imported, trained and
released in one new installation, and asked over HTTP with the adapter and, after ``inhouse rollback``, without it.

Two choices keep the grounded figures honest. Nobody wrote questions for the book or the bank, so what has an exact
answer is asked of XQuAD's reported articles, imported into each AI after its training: no adapter has seen them, and
both sides search the same index. Of the owner's own documents it is asked by headword or title, where right means
that the right document is cited.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from inhouse.bench import main_material, training_speed
from inhouse.bench.installation import Answer, Installation, installation
from inhouse.bench.main_story import (
    FULL,
    QUICK,
    Answers,
    Asks,
    Made,
    Size,
    ask_both,
    asks_of,
    import_,
    make,
    owners,
    readings_of,
)
from inhouse.bench.report import (
    Cell,
    Estimate,
    Report,
    Say,
    Table,
    Target,
    at_least,
    mean,
    quantile,
    share,
)
from inhouse.bench.training_speed import Ground, Round
from inhouse.core.settings import Settings
from inhouse.lab.reading_score import grounded_f1
from inhouse.lab.readings import Reading
from inhouse.runtime.profile import installed
from inhouse.store.blobs import Blobs
from inhouse.store.database import Database
from inhouse.tuning import recipes, shelf

_WORSE = -0.02
_SPEED = 0.9


_NOTES = (
    "grounded: XQuAD's reported articles, imported into each AI after its training; no adapter has seen them.",
    "own: asked by headword or title; right is an answer that cites that document.",
    "style: texts of known authors are judged by classifiers that saw no piece of the same document.",
    "off: the same AI after `inhouse rollback` to its release without an adapter, with the same index.",
    "training: rounds of the same job file, in turn; every token that was computed counts once, padding never.",
)


def run(quick: bool, data: Path, say: Say) -> Report:
    """Make both AIs, ask them, compare."""
    started, size = time.perf_counter(), QUICK if quick else FULL
    with installation() as place, place.served() as address:
        readings, pages = readings_of(data, quick, size)
        strangers = main_material.strangers_pages(pages, place.home / "xquad.jsonl")
        made: list[Made] = []
        asks: dict[str, Asks] = {}
        answers: dict[str, dict[str, Answers]] = {}
        for owner in owners(data, place, size):
            ai = make(place, owner, size, say)
            made.append(ai)
            import_(place, owner.slug, strangers, "licensed: CC BY-SA 4.0")
            asks[owner.slug] = asks_of(place, owner, readings, data, size, {title for title, _ in pages})
            answers[owner.slug] = ask_both(place, address, ai, asks[owner.slug], say)
        corpus = _corpus(place, made[0])
        style = _style(data, corpus, size, answers["author"])
        ground = _ground(place, corpus, size)
        rounds = training_speed.measure(ground, size.rounds, size.round_seconds, say)
    return Report(
        name="main-job",
        quick=quick,
        tables=[
            Table("seconds for each step", [_steps(ai) for ai in made]),
            Table("voice: bits per byte of held-out documents", [row for ai in made for row in _voice(ai)]),
            Table("style: two sentences that a classifier takes for the author's", style),
            Table(
                "answers with the adapter on and off",
                [
                    _answered(ai, how, asks[ai], said)
                    for ai, ways in answers.items()
                    for how, said in ways.items()
                ],
            ),
            Table("training, tokens per second", [_speed(rounds)]),
        ],
        targets=_targets(made, asks, answers, rounds),
        notes=_NOTES,
        seconds=time.perf_counter() - started,
    )


def _corpus(place: Installation, ai: Made) -> bytes:
    """The frozen training set of the AI's adapter."""
    db = Database(f"sqlite:///{place.home / 'inhouse.db'}")
    try:
        with db.read() as tx:
            name = shelf.get(tx, ai.ai_id, ai.adapter).corpus_hash
    finally:
        db.close()
    return Blobs(place.home / "blobs").get(name)


def _ground(place: Installation, corpus: bytes, size: Size) -> Ground:
    settings = Settings()
    return Ground(
        base=installed(settings).file,
        cache=settings.models_folder / "torch",
        corpus=corpus,
        recipe=recipes.recipe(size.recipes["author"]),
        folder=place.home / "speed",
    )


def _style(data: Path, corpus: bytes, size: Size, answers: Mapping[str, Answers]) -> list[Mapping[str, Cell]]:
    """Shares that are taken for the author's, by a classifier that never saw what the adapter was trained on."""
    trained = [json.loads(line) for line in corpus.splitlines()]
    seen = "".join(row["messages"][-1]["content"] for row in trained if row["split"] == "train")
    author = main_material.unseen(data, seen)[: size.others]
    asked = {how: [one.text for one in said.messages if one.kind == "chat"] for how, said in answers.items()}
    given = json.dumps({"author": author, "others": main_material.others(data, size.others), "asked": asked})
    done = subprocess.run(
        [sys.executable, "-m", "inhouse.bench.style"],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise training_speed.ProgramFailed(reason=done.stderr.strip().splitlines()[-1])
    return style_rows(json.loads(done.stdout), {how: len(said.messages) for how, said in answers.items()})


def style_rows(judged: Mapping[str, Any], messages: Mapping[str, int]) -> list[Mapping[str, Cell]]:
    """What the classifier said, beginning with what is known, by which the rest is to be read."""
    of_author = [said for label, said in judged["known"] if label]
    of_others = [said for label, said in judged["known"] if not label]
    rows: list[Mapping[str, Cell]] = [
        {"text": "the author's own, unseen", "taken for the author's": share(of_author)},
        {"text": "of other authors", "taken for the author's": share(of_others)},
    ]
    for how, said in judged["asked"].items():
        text = f"chat answers, adapter {how} ({len(said)} of {messages[how]} messages got one)"
        rows.append({"text": text, "taken for the author's": share(said)})
    return rows


def _steps(ai: Made) -> dict[str, Cell]:
    steps = {step: round(seconds, 1) for step, seconds in ai.seconds.items()}
    return {"AI": ai.owner.slug, "documents": int(ai.imported["added"]), **steps}


def _voice(ai: Made) -> list[Mapping[str, Cell]]:
    voice, sft = ai.metrics.get("voice"), ai.metrics["sft"]
    if not voice:
        return []
    low, high = voice["interval"]
    return [
        {
            "AI": ai.owner.slug,
            "base": voice["none"],
            "adapter": voice["adapter"],
            "change": Estimate(voice["adapter"] - voice["none"], voice["n"], low, high),
            "trained on tokens": sft["tokens"],
            "tokens/s": sft["tokens_per_second"],
            "ended by": sft["ended_by"],
        }
    ]


def f1s(readings: Sequence[tuple[Reading, bool]], answers: Sequence[Answer]) -> list[float]:
    """F1 of each answer, where abstaining is right only where the pages hold no answer."""
    return [
        grounded_f1(answer.text, answer.abstained, reading.answers if there else ())
        for (reading, there), answer in zip(readings, answers, strict=True)
    ]


def abstained_rightly(readings: Sequence[tuple[Reading, bool]], answers: Sequence[Answer]) -> list[bool]:
    """Whether each question was answered or declined as it should have been."""
    return [answer.abstained != there for (_, there), answer in zip(readings, answers, strict=True)]


def _answered(slug: str, how: str, asks: Asks, said: Answers) -> dict[str, Cell]:
    there = [a.abstained for (_, t), a in zip(asks.readings, said.readings, strict=True) if t]
    gone = [a.abstained for (_, t), a in zip(asks.readings, said.readings, strict=True) if not t]
    written = [answer for answer in said.all if answer.completion_tokens]
    return {
        "AI": slug,
        "adapter": how,
        "grounded F1": mean(f1s(asks.readings, said.readings), _articles(asks)),
        "right abstentions": share(gone),
        "wrong abstentions": share(there),
        "own: right document": share(
            [title in answer.documents for title, answer in zip(asks.own, said.own, strict=True)]
        ),
        "p50 ms": quantile([answer.seconds * 1000 for answer in said.all], 0.5),
        "tokens/s written": sum(answer.completion_tokens for answer in written)
        / max(1e-9, sum(answer.seconds for answer in written)),
    }


def _articles(asks: Asks) -> list[str]:
    return [reading.article for reading, _ in asks.readings]


def _speed(rounds: Sequence[Round]) -> dict[str, Cell]:
    return {
        "trainer": mean([one.trainer for one in rounds]),
        "bare torch loop": mean([one.bare for one in rounds]),
        "trainer / bare": mean([one.ratio for one in rounds]),
    }


def _targets(
    made: Sequence[Made],
    asks: Mapping[str, Asks],
    answers: Mapping[str, Mapping[str, Answers]],
    rounds: Sequence[Round],
) -> list[Target]:
    targets = [
        Target(f"{ai.owner.slug}: the gate passes the adapter", bool(ai.gate["passed"]), ai.gate["reason"])
        for ai in made
    ]
    for slug, both in answers.items():
        if "on" in both:
            targets += no_worse(slug, asks[slug], both["on"], both["off"])
    return [
        *targets,
        at_least("training speed against a bare torch loop", mean([r.ratio for r in rounds]).value, _SPEED),
    ]


def no_worse(slug: str, asks: Asks, on: Answers, off: Answers) -> list[Target]:
    """On against off, question by question: at most two points lost in F1, and in answering or declining rightly."""
    measures: dict[str, Callable[[Answers], Sequence[float]]] = {
        "grounded F1": lambda said: f1s(asks.readings, said.readings),
        "answering or abstaining rightly": lambda said: abstained_rightly(asks.readings, said.readings),
    }
    found = []
    for what, measure in measures.items():
        changes = [float(a) - float(b) for a, b in zip(measure(on), measure(off), strict=True)]
        change = mean(changes, _articles(asks))
        found.append(
            Target(f"{slug}: {what}, on - off, at least {_WORSE}", change.value >= _WORSE, str(change))
        )
    return found
