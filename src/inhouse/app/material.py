"""What a training is made from: everything of one AI, gathered from the packages that keep it, as values."""

from __future__ import annotations

from collections.abc import Sequence

from inhouse.accounts import ais
from inhouse.brief.brief import Brief
from inhouse.brief.briefs import Briefs
from inhouse.brief.corpus import Correction, QAPair, VoiceItem, build_corpus
from inhouse.content import documents
from inhouse.content.values import Document, Kind, Section
from inhouse.conversations import picks, verdicts
from inhouse.runtime import prompts
from inhouse.store.database import Tx
from inhouse.tuning.tuning import Material, PickedPair


def collect(briefs: Briefs, tx: Tx, ai_id: str) -> Material:
    """The corpus and the picks of an AI as they stand in this transaction."""
    ai = ais.get(tx, ai_id)
    brief = briefs.at(tx, ai_id, briefs.current_version(tx, ai_id))
    system = prompts.chat_system(brief.name or ai.name, brief.voice.description)
    found = list(documents.with_sections(tx, ai_id))
    corpus = build_corpus(
        items=[_voice(document, sections) for document, sections in found if document.kind is not Kind.FAQ],
        qa_pairs=[_answered(document, sections) for document, sections in found if document.kind is Kind.FAQ],
        corrections=[Correction(c.id, c.question, c.answer) for c in verdicts.examples(tx, ai_id)],
        brief=brief,
        system=system,
    )
    return Material(corpus, [_pair(pick, brief, ai.name) for pick in picks.standing(tx, ai_id)])


def _voice(document: Document, sections: Sequence[Section]) -> VoiceItem:
    text = "\n\n".join(section.text for section in sections)
    return VoiceItem(document.id, document.source_id, document.title, text, document.language)


def _answered(document: Document, sections: Sequence[Section]) -> QAPair:
    text = "\n\n".join(section.text for section in sections)
    return QAPair(document.id, document.source_id, document.question or document.title, text)


def _pair(pick: picks.Pick, brief: Brief, name: str) -> PickedPair:
    asked = prompts.chat(brief.name or name, brief.voice.description, (), pick.prompt)
    messages = [{"role": message.role, "content": message.content} for message in asked]
    return PickedPair(messages, pick.chosen, pick.rejected, pick.held_out, pick.id)
