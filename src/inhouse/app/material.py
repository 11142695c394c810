"""What a training is made from: everything of one AI, gathered from the packages that keep it, as values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inhouse.accounts import ais
from inhouse.brief.brief import Brief
from inhouse.brief.briefs import Briefs
from inhouse.brief.corpus import Correction, Replay, VoiceItem, build_corpus
from inhouse.content import documents
from inhouse.content.sentences import sentences
from inhouse.content.values import Document, Kind, Section
from inhouse.conversations import picks, verdicts
from inhouse.runtime import prompts
from inhouse.store.database import Tx
from inhouse.tuning.tuning import Material, PickedPair

#: What keeps answering from notes alive while the voice is learnt is made of the owner's own questions and answers.
_MOST_REPLAYED = 60
_LONGEST_REPLAY = 300


def collect(briefs: Briefs, tx: Tx, ai_id: str) -> Material:
    """The corpus and the picks of an AI as they stand in this transaction."""
    ai = ais.get(tx, ai_id)
    brief = briefs.at(tx, ai_id, briefs.current_version(tx, ai_id))
    system = prompts.chat_system(brief.name or ai.name, brief.voice.description)
    found = list(documents.with_sections(tx, ai_id))
    corpus = build_corpus(
        items=[_voice(document, sections) for document, sections in found if document.kind is not Kind.FAQ],
        corrections=[Correction(c.id, c.question, c.answer) for c in verdicts.examples(tx, ai_id)],
        brief=brief,
        replay=list(_replay([pair for pair in found if pair[0].kind is Kind.FAQ])),
        system=system,
    )
    return Material(corpus, [_pair(pick, brief, ai.name) for pick in picks.standing(tx, ai_id)])


def _voice(document: Document, sections: Sequence[Section]) -> VoiceItem:
    text = "\n\n".join(section.text for section in sections)
    return VoiceItem(document.id, document.source_id, document.title, text, document.language)


def _replay(faqs: Sequence[tuple[Document, Sequence[Section]]]) -> Iterator[Replay]:
    """The owner's questions as the runtime asks them: on the note that answers, and on one that doesn't."""
    answers = [sections[0].text for _, sections in faqs]
    for place, (document, _) in enumerate(faqs[:_MOST_REPLAYED]):
        question = document.question or document.title
        own = prompts.note(document.title, answers[place][:_LONGEST_REPLAY])
        other_place = (place + len(faqs) // 2) % len(faqs)
        other = prompts.note(faqs[other_place][0].title, answers[other_place][:_LONGEST_REPLAY])
        first = (sentences(answers[place]) or [""])[0]
        yield _row(
            document.source_id, f"{other}\n\n{own}" if place % 2 else f"{own}\n\n{other}", question, first
        )
        if other_place != place:
            yield _row(document.source_id, other, question, prompts.NO_ANSWER)


def _row(origin: str, notes: str, question: str, answer: str) -> Replay:
    asked = tuple((message.role, message.content) for message in prompts.grounded(notes, question))
    return Replay(origin, (*asked, ("assistant", answer)))


def _pair(pick: picks.Pick, brief: Brief, name: str) -> PickedPair:
    asked = prompts.chat(brief.name or name, brief.voice.description, (), pick.prompt)
    messages = [{"role": message.role, "content": message.content} for message in asked]
    return PickedPair(messages, pick.chosen, pick.rejected, pick.held_out, pick.id)
