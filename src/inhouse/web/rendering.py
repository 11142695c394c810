"""Turns a template and values into a page. Everything is escaped; what a model said becomes text, never markup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inhouse.web import answers, charts, i18n, told


@cache
def environment(language: str) -> Environment:
    """Templates in one language."""
    env = Environment(
        loader=PackageLoader("inhouse.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    catalogue = i18n.catalogue(language)
    env.install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals |= {"language": language, "languages": i18n.LANGUAGES, "static": static_url}
    env.filters |= {
        "moment": lambda value: moment(value, language),
        "day": lambda value: format_date(value, "medium", locale=language),
        "number": lambda value: format_decimal(value, locale=language),
        "percent": lambda value: format_percent(value, format="#,##0.#%", locale=language),
        "answer": answers.markup,
        "told": lambda value: told.tell(language, value),
        "loss_picture": charts.loss_picture,
    }
    return env


def render(template: str, language: str, values: Mapping[str, Any]) -> str:
    """The page as HTML."""
    return environment(language).get_template(template).render(values)


def moment(value: datetime | None, language: str) -> Markup:
    """A point in time: UTC as it stands, which the page's script shows in the reader's own zone."""
    if value is None:
        return Markup("–")
    utc = value.astimezone(UTC)
    shown = format_datetime(utc, "medium", locale=language)
    return Markup('<time datetime="{}" data-moment>{} UTC</time>').format(utc.isoformat(), shown)


@cache
def static_url(name: str) -> str:
    """Address of a static file with its content's hash, so that browsers may keep it for ever."""
    content = files("inhouse.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:12]}"
