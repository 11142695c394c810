"""The brief as a form: from the brief to fields, and from what was sent back to a brief."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from inhouse.brief.brief import LANGUAGES, Brief, Subject
from inhouse.core.errors import InhouseError
from inhouse.web.forms import Form

SUBJECTS: tuple[str, ...] = get_args(Subject)
SAYINGS = ("greeting", "thanks", "small_talk", "farewell")
WORDINGS = ("disclosure", "abstain", "hand_over")
_MOST_TEXT = 60_000


class BriefRefused(InhouseError):
    """The brief can't be saved: {reason}"""

    status = 422


def read(form: Form) -> Brief:
    """The brief that a form describes; ``BriefRefused`` names the first field that is wrong."""
    try:
        return Brief.model_validate(values(form))
    except ValidationError as error:
        first = error.errors()[0]
        where = " › ".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise BriefRefused(reason=f"{where}: {said}" if where else said) from error


def values(form: Form) -> dict[str, Any]:
    """The fields in the brief's own shape, unchecked, so that a refused form can be shown again as it was."""
    return {
        "name": form.text("name"),
        "languages": [code for code in LANGUAGES if code in form.texts("languages")] or list(LANGUAGES),
        "voice": {
            "description": form.text("description", 2000),
            "samples": form.lines("samples"),
            "exchanges": [
                {"message": message, "reply": reply}
                for message, reply in _rows(form, "exchange", ("message", "reply"))
            ],
            **{name: {code: form.lines(f"{name}-{code}") for code in LANGUAGES} for name in SAYINGS},
        },
        "facts": form.lines("facts", _MOST_TEXT),
        "products": list(_products(form)),
        "rivals": list(_rivals(form)),
        "avoid": list(_topics(form)),
        "limits": {
            "max_answer_chars": form.number("max_answer_chars", 1200),
            "no": [subject for subject in SUBJECTS if subject in form.texts("no")],
        },
        **{name: {code: form.text(f"{name}-{code}", 2000) for code in LANGUAGES} for name in WORDINGS},
    }


def _products(form: Form) -> Iterator[dict[str, Any]]:
    for name, aliases, url, note in _rows(form, "product", ("name", "aliases", "url", "note")):
        yield {"name": name, "aliases": _terms(aliases), "url": url, "note": note}


def _rivals(form: Form) -> Iterator[dict[str, Any]]:
    for name, aliases, domains, scripts in _rows(form, "rival", ("name", "aliases", "domains", "scripts")):
        yield {
            "name": name,
            "aliases": _terms(aliases),
            "domains": _terms(domains),
            "scripts": _terms(scripts),
        }


def _topics(form: Form) -> Iterator[dict[str, Any]]:
    for name, terms, en, ja in _rows(form, "topic", ("name", "terms", "en", "ja")):
        yield {"name": name, "terms": _terms(terms), "instead": {"en": en, "ja": ja}}


def _rows(form: Form, kind: str, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The rows of one kind that hold anything."""
    fields = [form.texts(f"{kind}-{column}", 5000) for column in columns]
    for row in zip(*fields, strict=False):
        if any(row):
            yield row


def _terms(text: str) -> list[str]:
    """Words parted by commas, Japanese ones too."""
    return [term.strip() for term in text.replace("、", ",").replace("，", ",").split(",") if term.strip()]
