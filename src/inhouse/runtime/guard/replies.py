"""What the AI says where a rule has the word: warm, in the owner's wording where there is one, and never repeating the offence."""

from __future__ import annotations

from inhouse.brief.brief import Brief, Wording
from inhouse.runtime.guard.findings import Violation
from inhouse.runtime.guard.questions import Signal

_RIVAL = Wording(
    en="I'd rather not speak about other people's work, good or bad. Ask me anything about {name}, though: I'd love to help!",
    ja="他のお店や方々のことは、良し悪しを申し上げないことにしています。{name}のことでしたら、喜んでお答えします!",
)
_TOPIC = Wording(
    en="That's not something I talk about here. Is there anything about {name} that I can help you with?",
    ja="その話題はここではお話ししていません。{name}のことで、何かお手伝いできることはありますか?",
)
_LEAK = Wording(
    en="I'll stick to what I'm here for: questions about {name}. What would you like to know?",
    ja="私は{name}についてのご質問にお答えするためにいます。何をお知りになりたいですか?",
)
_SUBJECTS = {
    "prices": Wording(
        en="I don't quote prices here, so that I never give you a wrong one. Shall I pass your question on to a person?",
        ja="間違った金額をお伝えしないよう、価格はここではご案内していません。担当の者におつなぎしましょうか?",
    ),
    "medical": Wording(
        en="I can't give medical advice; please ask a doctor or a pharmacist. I'm happy to help with anything about {name}.",
        ja="医療に関する助言はできません。医師や薬剤師にご相談ください。{name}のことでしたら、喜んでお答えします。",
    ),
    "legal": Wording(
        en="I can't give legal advice; please ask a lawyer. I'm happy to help with anything about {name}.",
        ja="法律に関する助言はできません。弁護士などの専門家にご相談ください。{name}のことでしたら、喜んでお答えします。",
    ),
    "financial": Wording(
        en="I can't give financial advice; please ask an adviser. I'm happy to help with anything about {name}.",
        ja="お金や投資に関する助言はできません。専門家にご相談ください。{name}のことでしたら、喜んでお答えします。",
    ),
}


def replacement(brief: Brief, violation: Violation, language: str) -> str:
    """What stands in place of an answer that broke a rule. One that was only too long keeps its whole sentences."""
    if violation.kind == "length" and violation.safe_text_so_far:
        return violation.safe_text_so_far
    if violation.kind == "human":
        return brief.say(brief.disclosure, language)
    return brief.say(_wording(brief, violation.kind, violation.rule), language)


def canned_answer(brief: Brief, signal: Signal, language: str) -> str:
    """The answer to a question that a rule answers."""
    if signal.ask == "human":
        return brief.say(brief.disclosure, language)
    return brief.say(_wording(brief, signal.ask, signal.rule), language)


def _wording(brief: Brief, kind: str, rule: str) -> Wording:
    if kind == "rival":
        return _RIVAL
    if kind == "limit":
        return _SUBJECTS[rule]
    if kind == "topic":
        own = next((topic.instead for topic in brief.avoid if topic.name == rule), Wording())
        return own if own.of("en") else _TOPIC
    return _LEAK
