"""``inhouse bench dialogue``: does a conversation hold together?

Scripted dialogues of three to six turns with three AIs: the sample shop (through the real importers), a library of
Wikipedia paragraphs and a bank. Each turn sees the answers that the turns before it really got, good or bad. No adapter
is on: what is measured is the runtime and the generation that ships.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import AIs
from inhouse.accounts.teams import Teams
from inhouse.bench.dialogue_data import Dialogue, Turn, World, bank_texts, dialogues
from inhouse.bench.report import Cell, Report, Say, Table, Target, at_least, at_most, quantile, share
from inhouse.bench.workplace import Workplace, workplace
from inhouse.brief import file as brief_file
from inhouse.brief.brief import Brief
from inhouse.content import rights, sources
from inhouse.content.archives import open_files
from inhouse.content.files import Limits
from inhouse.content.given import Given
from inhouse.content.importers.base import Options
from inhouse.content.importers.factory import plan
from inhouse.content.index import View
from inhouse.content.intake import Intake
from inhouse.content.search import Found
from inhouse.core.events import Ended
from inhouse.core.passages import Passage
from inhouse.core.settings import Settings
from inhouse.lab.readings import paragraphs, xquad
from inhouse.runtime.engines.base import Priority
from inhouse.runtime.engines.factory import make_engine
from inhouse.runtime.profile import installed
from inhouse.runtime.reply import Replier
from inhouse.runtime.request import Exchange, ReplyRequest, Retriever, answered

_SHOP = Path(__file__).parents[1] / "samples" / "kilnfold"
_SHOP_CONTENT = ("posts", "ja", "faq.jsonl", "products.md")
_ARTICLES = ("Genghis Khan", "Geology", "Warsaw", "Kenya", "Victoria and Albert Museum", "Steam engine")
_BANK = ("checking_accounts_purple_account", "credit_cards_ecocard", "savings_accounts_gold_plus_account")
_QUICK = 8
_KINDS = {
    "friendly": "greetings, thanks, small talk",
    "statement": "statements",
    "question": "questions",
    "follow_up": "follow-ups",
    "change": "changes of subject",
    "unknown": "nothing holds the answer",
}


@dataclass(frozen=True)
class Answered:
    """A turn with what became of it."""

    dialogue: str
    turn: Turn
    ended: Ended
    found: tuple[Passage, ...]

    @property
    def right_passage(self) -> bool:
        """Whether a right passage was among those that the model read."""
        return self.turn.held_by(self.found)

    @property
    def cited_right(self) -> bool:
        """Whether a right passage is among those cited."""
        cited = {citation.passage_id for citation in self.ended.citations}
        return self.turn.held_by([passage for passage in self.found if passage.id in cited])


class Watched:
    """A retriever that remembers what it found last."""

    def __init__(self, inner: Retriever) -> None:
        self._inner = inner
        self.found: tuple[Passage, ...] = ()

    async def similar(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """As the retriever within."""
        return await self._inner.similar(question, texts)

    async def relevance(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """As the retriever within."""
        return await self._inner.relevance(question, texts)

    async def find(self, view: View, question: str, history: Sequence[Exchange], k: int) -> Found:
        """As the retriever within, remembered."""
        found = await self._inner.find(view, question, history, k)
        self.found = found.passages
        return found

    async def find_given(
        self, documents: Sequence[Given], question: str, history: Sequence[Exchange], k: int
    ) -> Found:
        """As the retriever within."""
        return await self._inner.find_given(documents, question, history, k)


def run(quick: bool, data: Path, say: Say) -> Report:
    """Hold the reported dialogues; quick takes every so many of the shop's."""
    started = time.perf_counter()
    chosen = dialogues("reported")
    if quick:
        shop = [dialogue for dialogue in chosen if dialogue.world == "kilnfold"]
        chosen = shop[:: len(shop) // _QUICK][:_QUICK]
    answered = hold(chosen, data, say)
    return Report(
        name="dialogue",
        quick=quick,
        tables=[
            Table(
                f"{len(chosen)} dialogues, {len(answered)} turns",
                [row(name, answered, kind) for kind, name in _KINDS.items()],
            )
        ],
        targets=targets(answered),
        notes=[f"unlike what was expected: {words}" for words in faults(answered)],
        seconds=time.perf_counter() - started,
    )


def hold(chosen: Sequence[Dialogue], data: Path, say: Say) -> list[Answered]:
    """Index the worlds of these dialogues, and hold them one after the other."""
    with workplace() as place:
        ais: dict[World, str] = {}
        for dialogue in chosen:
            if dialogue.world not in ais:
                say(f"indexing: {dialogue.world}")
                ais[dialogue.world] = fill(place, dialogue.world, data)
        return asyncio.run(_hold_all(place, chosen, ais, say))


def fill(place: Workplace, world: World, data: Path) -> str:
    """Make a world's content searchable; returns the id of the AI that it belongs to."""
    if world == "kilnfold":
        return _import_shop(place)
    if world == "library":
        readings = [*xquad(data, "tune"), *xquad(data, "report")]
        place.index(world, [pair for pair in paragraphs(readings) if pair[0] in _ARTICLES])
    else:
        place.index(world, bank_texts(data, _BANK))
    return world


def brief_of(world: World) -> Brief:
    """The shop's own brief; an empty one elsewhere."""
    if world != "kilnfold":
        return Brief(name=world.capitalize())
    return brief_file.load((_SHOP / "brief.yaml").read_text("utf-8"))


def row(name: str, answered: Sequence[Answered], kind: str) -> dict[str, Cell]:
    """One row of the table: the turns of one kind."""
    some = [one for one in answered if one.turn.kind == kind]
    cells: dict[str, Cell] = {
        "turn": name,
        "said that it doesn't know": share([_abstained(one) for one in some]),
    }
    if kind == "friendly":
        cells["answered as chat"] = share([one.ended.kind == "chat" for one in some])
    if any(one.turn.passage for one in some):
        cells["right passage found"] = share([one.right_passage for one in some if one.turn.passage])
        cells["right passage cited"] = share([one.cited_right for one in some if one.turn.passage])
        certain = [one for one in some if one.turn.contains]
        cells["says what it has to"] = share([one.turn.said_in(one.ended.answer) for one in certain])
    if some:
        cells["p50 ms"] = quantile([one.ended.timing.total_ms for one in some], 0.5)
    return cells


def targets(answered: Sequence[Answered]) -> list[Target]:
    """What the benchmark promises."""
    wrong = share([_abstained(one) for one in answered if one.turn.answerable])
    follow_ups = share([one.right_passage for one in answered if one.turn.kind == "follow_up"])
    return [
        at_most("wrong abstentions, of all turns that can be answered", wrong.value, 0.05),
        at_least("right passage found for follow-ups", follow_ups.value, 0.80),
    ]


def faults(answered: Sequence[Answered]) -> list[str]:
    """Each turn that did not go as it should, in a line."""
    lines = []
    for one in answered:
        trouble = _trouble(one)
        if trouble:
            lines.append(
                f"{one.dialogue} ({trouble}) {one.turn.say!r} -> {one.ended.kind}: {one.ended.answer!r}"
            )
    return lines


def _trouble(one: Answered) -> str:
    turn, ended = one.turn, one.ended
    checks = {
        "wrong abstention": turn.answerable and _abstained(one),
        "answered what it can't know": not turn.answerable and not _abstained(one),
        "not as chat": turn.kind == "friendly" and ended.kind != "chat",
        "wrong passage": bool(turn.passage) and not one.right_passage,
        "does not say it": not _abstained(one) and not turn.said_in(ended.answer),
    }
    return ", ".join(name for name, found in checks.items() if found)


def _abstained(one: Answered) -> bool:
    return one.ended.kind == "abstained" or one.ended.abstained


def _import_shop(place: Workplace) -> str:
    """What the demo imports, by the importers that it uses."""
    operator = Actor.local_operator()
    team = Teams(place.db).create(operator, "Kilnfold")
    ai = AIs(place.db).create(
        operator, team.id, "kilnfold", "Kilnfold", kind="business", languages=("en", "ja")
    )
    for name in _SHOP_CONTENT:
        with place.db.write() as tx:
            source = sources.put(tx, ai.id, name, rights.state(operator, "own work"))
        with open_files(_SHOP / name, Limits()) as files:
            Intake(place.db, source, lambda _share, _words: None).run(files, plan(files), Options())
    place.index(ai.id, ())
    return ai.id


async def _hold_all(
    place: Workplace, chosen: Sequence[Dialogue], ais: Mapping[World, str], say: Say
) -> list[Answered]:
    settings = Settings()
    model = installed(settings)
    engine = make_engine(settings.model_copy(update={"home": place.folder}), model.file)
    watched = Watched(place.retriever)
    replier = Replier(engine, watched, model.profile)
    answered: list[Answered] = []
    try:
        for number, dialogue in enumerate(chosen):
            if number % 10 == 0:
                say(f"{number} of {len(chosen)} dialogues")
            answered += await converse(replier, watched, dialogue, ais[dialogue.world])
    finally:
        await engine.aclose()
    return answered


async def converse(replier: Replier, watched: Watched, dialogue: Dialogue, ai_id: str) -> list[Answered]:
    """Hold one dialogue; each turn's history is what was really said."""
    brief = brief_of(dialogue.world)
    history: list[Exchange] = []
    answered = []
    for turn in dialogue.turns:
        watched.found = ()
        request = ReplyRequest(
            ai_id=ai_id,
            name=brief.name,
            kind="business",
            brief=brief,
            question=turn.say,
            history=tuple(history),
            priority=Priority.BENCH,
        )
        ended = await _ended(replier, request)
        history.append(Exchange(turn.say, ended.answer))
        answered.append(Answered(dialogue.id, turn, ended, watched.found))
    return answered


async def _ended(replier: Replier, request: ReplyRequest) -> Ended:
    ended = await answered(replier, request)
    assert ended is not None, "a reply always ends"
    return ended
