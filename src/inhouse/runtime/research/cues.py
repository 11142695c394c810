"""The signs of a verdict in the words of a paper: what its sentences report, and what the question asks for.

English only. Each sentence counts by how near it is to the question, so that a result about something else weighs little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from inhouse.content.lexical import terms


def _any(*parts: str) -> regex.Pattern[str]:
    return regex.compile("|".join(parts), regex.I)


_EFFECT = (
    r"(?:differen\w+|associat\w+|correlat\w+|effect\w*|relation\w*|evidence|increas\w+|decreas\w+|change\w*|improve\w*|benefit\w*|"
    r"impact\w*|influenc\w+|predict\w*|affect\w*|reduc\w+|advantage\w*|interaction\w*|trend\w*)"
)
_DEGREE = r"(?:statistically|clinically|significant(?:ly)?|clear|apparent|major|measurable|such|other|independent(?:ly)?|a|an|the|any|be|been|in)"
#: Not shortly after a denial.
_UNDENIED = r"(?<!\b(?:no|not|non|nor|neither|without)\W{1,2}(?:\w+\W){0,4})"
#: What a sentence reports.
SENTENCE_CUES: Mapping[str, regex.Pattern[str]] = {
    "denies an effect": _any(
        rf"\b(?:no|not|neither|nor|without|lack of|absence of)\b(?:\W+{_DEGREE}){{0,4}}\W+{_EFFECT}\b",
        r"\b(?:did|does|do|was|were|could|is|are|had|has) not\b",
        r"\bfailed to\b|\bunchanged\b|\bunaffected\b|\bindependent of\b|\bregardless of\b|\bunrelated\b",
    ),
    "not significant": _any(
        r"\bno(?:t)?\b(?:\W+\w+){0,2}\W+significan\w+",
        r"\bnon-?significan\w+|\binsignifican\w+|\bn\.?s\.?(?=[\s,;).]|$)",
    ),
    "alike": _any(
        r"\b(?:similar\w*|comparable|equivalent|equal(?:ly)?|identical|the same|equally|no worse)\b"
    ),
    "significant": _any(rf"{_UNDENIED}\bsignificant(?:ly)?\b"),
    "associated": _any(
        rf"{_UNDENIED}\b(?:associated|correlated|related|predict\w*|independent(?:ly)? (?:risk|predict|associat)\w*|risk factors?)\b"
    ),
    "more": _any(
        r"\b(?:increas\w+|higher|greater|more|longer|better|improve\w*|larger|superior|elevated|rise|rose)\b"
    ),
    "less": _any(
        r"\b(?:decreas\w+|lower|less|fewer|reduc\w+|shorter|worse|smaller|inferior|decline\w*|fell)\b"
    ),
    "works": _any(
        r"\b(?:effective\w*|success\w*|feasib\w*|safe\w*|accura\w*|reliab\w*|valid\w*|useful|sensitiv\w*|all (?:of )?(?:the )?patients|excellent|good|"
        r"no (?:major )?(?:complication|death|recurrence|mortalit)\w*)\b"
    ),
    "but": _any(r"\b(?:however|although|though|but|only|except|whereas|while|despite|nevertheless|yet)\b"),
    "hedges": _any(
        r"\b(?:may|might|could|possibl\w+|potential\w*|suggest\w*|trend\w*|tend\w*|appear\w*|seem\w*|further|uncertain|unclear|inconclusive|"
        r"limited|mixed|inconsistent|controvers\w+)\b"
    ),
}
#: What a question asks for.
QUESTION_CUES: Mapping[str, regex.Pattern[str]] = {
    "asks of an effect": _any(
        r"\b(?:affect|influence|impact|effect|alter|change|increase|decrease|reduce|improve|cause|induce|prevent|enhance|promote|worsen|help|"
        r"impair|modify|lead|contribute|play|protect|benefit|delay)s?\b"
    ),
    "asks of a relation": _any(
        r"\b(?:associat\w+|correlat\w+|relat\w+|link\w*|predict\w*|risk factors?|determin\w+|indicat\w+|marker|factor|explain|reflect)\b"
    ),
    "asks of a difference": _any(
        r"\b(?:differ\w*|vary|varies|variation|equal|same|similar|equivalent|comparable|disparit\w+)\b"
    ),
    "asks what works": _any(
        r"\b(?:safe\w*|feasib\w*|effective\w*|efficac\w+|useful\w*|valid\w*|reliab\w*|accura\w*|alternative|possible|suitable|adequate|"
        r"sufficient|acceptable|appropriate|value|role|option|tool|good|viable|work)\b|\bcan\b"
    ),
    "asks what is needed": _any(
        r"\b(?:should|need\w*|necessary|necessity|routine\w*|justified|worthwhile|worth|mandatory|required|indicated|warranted|recommend\w*|essential|important|matter)\b"
    ),
    "compares": _any(
        r"\b(?:better|superior|more|less|higher|lower|worse|greater|than|versus|vs\.?|or|compared|over|faster|safer)\b"
    ),
    "doubts": _any(
        r"\b(?:really|still|always|only|all|every|truly|actually|any|enough|just|myth|real|overestimat\w*|time to|ever)\b"
    ),
    "denies": _any(r"\b(?:not|no|without|lack|fail\w*|non\w*|absence|never)\b"),
    "begins with a verb": regex.compile(
        r"^(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must)\b", regex.I
    ),
    "ends a title": regex.compile(
        r"[:.–—-]\s*(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must)\b",
        regex.I,
    ),
    "title and noun": regex.compile(r":\s*(?:a|an|the|myth|fact|friend|real\w*)\b[^:]*\?$", regex.I),
}
#: What a question asks, beside which the reported counts otherwise.
_PAIRED = (
    "asks of an effect",
    "asks of a relation",
    "asks of a difference",
    "asks what works",
    "asks what is needed",
    "compares",
)
_FINDS = regex.compile(r"(?i)result|finding|conclu|discussion|interpret|outcome")
_PREPARES = regex.compile(
    r"(?i)method|background|objective|aim|purpose|design|setting|introduction|patients|material|participant|subject|interven|"
    r"hypothes|context|rationale|study|limitation"
)
_OTHER_ROLE, _NO_ROLE = 0.2, 0.7
_SHARPNESS = 10.0
_WORDS = 0.1
_MOST_SIGNS = 1.5
_P = regex.compile(r"\bp(?:\s*-?\s*values?)?\s*(?:was|of)?\s*([<>=≤≥])\s*\.?(0?\.?\d+)", regex.I)
_INTERVAL = regex.compile(
    r"\b(?:OR|RR|HR|IRR|aOR|ratio|odds|risk)\b.{0,60}?\b(\d+\.\d+)\s*(?:-|–|to|,|;)\s*(\d+\.\d+)", regex.I
)
_ALPHA = 0.05


@dataclass(frozen=True)
class Sentence:
    """A sentence of a paper: the heading above it, and its likeness to the question (cosine)."""

    text: str
    heading: str
    cosine: float


def of_question(question: str) -> dict[str, float]:
    """Which kinds of thing a question asks, 0 or 1 each."""
    return {name: float(bool(cue.search(question))) for name, cue in QUESTION_CUES.items()}


def of_sentence(text: str) -> dict[str, float]:
    """What one sentence reports, 0 or 1 each, and its figures that are significant and that are not."""
    found = {name: float(bool(cue.search(text))) for name, cue in SENTENCE_CUES.items()}
    values = [_is_below(sign, number) for sign, number in _P.findall(text)]
    spans = [(float(low), float(high)) for low, high in _INTERVAL.findall(text)]
    apart = sum(low > 1 or high < 1 for low, high in spans if low < high)
    found["figures significant"] = float(min(2, sum(values) + apart))
    found["figures not significant"] = float(
        min(2, len(values) - sum(values) + sum(low <= 1 <= high for low, high in spans))
    )
    return found


def _is_below(sign: str, number: str) -> bool:
    number = number if "." in number else f"0.{number}"
    value = float(number)
    return value <= _ALPHA if sign in "<=≤" else False


def shared(question: str, text: str) -> float:
    """The share of the question's words that a sentence has."""
    asked = set(terms(question))
    return len(asked & set(terms(text))) / max(1, len(asked))


def features(question: str, sentences: Sequence[Sentence]) -> dict[str, float]:
    """The signs of a verdict, by name: what the sentences report near the question and over all, what the question asks,
    and the few pairs of both that matter. At least one sentence."""
    asked = of_question(question)
    roles = np.array([role(one.heading) for one in sentences])
    near = nearness(question, sentences) * roles
    near, even = near / near.sum(), roles / roles.sum()
    reported = [of_sentence(one.text) for one in sentences]
    columns = {name: np.array([one[name] for one in reported]) for name in reported[0]}
    found = {f"near: {name}": float(column @ near) for name, column in columns.items()}
    found |= {f"all: {name}": float(column @ even) for name, column in columns.items()}
    found |= {f"question {name}": value for name, value in asked.items()}
    for_it, against = _for(columns), _against(columns)
    polarity = float((for_it - against) @ near)
    shown = near / near.max()
    found |= {
        "near: polarity": polarity,
        "all: polarity": float((for_it - against) @ even),
        "strongest for": float((np.minimum(for_it, 1.0) * shown).max()),
        "strongest against": float((np.minimum(against, 1.0) * shown).max()),
        "likeness": max(one.cosine for one in sentences),
        "words shared": max(shared(question, one.text) for one in sentences),
    }
    found["for and against"] = found["strongest for"] * found["strongest against"]
    for name in _PAIRED:
        found[f"polarity, {name}"] = polarity * asked[name]
        found[f"alike, {name}"] = found["near: alike"] * asked[name]
    return found


def nearness(question: str, sentences: Sequence[Sentence]) -> np.ndarray:
    """How much each sentence counts: softmax of its likeness."""
    scores = np.array([one.cosine + _WORDS * shared(question, one.text) for one in sentences])
    raised = np.exp(_SHARPNESS * (scores - scores.max()))
    return np.asarray(raised / raised.sum())


def _for(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    signs = columns["figures significant"] / 2 + columns["significant"] + columns["associated"] / 2
    return np.asarray(np.minimum(signs, _MOST_SIGNS))


def _against(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    signs = columns["denies an effect"] + columns["not significant"] + columns["figures not significant"] / 2
    return np.asarray(np.minimum(signs, _MOST_SIGNS))


def speaks_for(text: str, verdict: str) -> float:
    """How plainly one sentence says yes, no, or that it is not settled: 0 to 1.5."""
    columns = {name: np.array([value]) for name, value in of_sentence(text).items()}
    for_it, against = float(_for(columns)[0]), float(_against(columns)[0])
    if verdict == "maybe":
        return max(min(for_it, against), float(columns["hedges"][0]))
    return max(0.0, for_it - against if verdict == "yes" else against - for_it)


def role(heading: str) -> float:
    """How much a part of a paper tells of its findings: aims and methods little."""
    last = heading.rsplit(">", 1)[-1]
    if _FINDS.search(last):
        return 1.0
    return _OTHER_ROLE if _PREPARES.search(last) else _NO_ROLE
