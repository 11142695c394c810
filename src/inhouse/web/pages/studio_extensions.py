"""Extensions: what is attached to an AI, trying it, switching it off."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.accounts.actors import Action
from inhouse.conversations import toolcalls
from inhouse.core.errors import InhouseError, UsageError
from inhouse.lab.ledger import repeating
from inhouse.releases.extensions import MOST_SETTINGS
from inhouse.runtime.bridge import in_thread
from inhouse.runtime.extensions import factory
from inhouse.runtime.extensions.base import Json
from inhouse.web.calls import call_of
from inhouse.web.forms import Form, Posted
from inhouse.web.i18n import N_
from inhouse.web.pages import notice_view
from inhouse.web.pages.operator_ledger import picture, row
from inhouse.web.pages.studio_visit import Studio, StudioVisit

router = APIRouter(prefix="/studio/{slug}/extensions")
#: What a form can set up; the rest has settings that only a command takes.
_FORMS = ("calculator", "documents", "colleagues", "table", "specialist", "feeds")
#: What only operators can set up, and see a form for.
_OPERATORS_FORMS = ("sql-table",)
#: Those that have nothing to choose: one of each is enough.
_PLAIN = ("calculator", "documents", "colleagues")
_MOST_TRY = 2000


@router.get("")
def page(studio: Studio) -> Response:
    """What is attached, and a form for each kind that can be."""
    return _page(studio)


@router.post("/add")
async def add(studio: Studio, form: Posted) -> Response:
    """Attach an extension, or a new version of it."""
    kind = form.text("kind", 20)
    name = form.text("name", 40) or kind
    try:
        settings = await _settings(kind, form)
        await in_thread(studio.services.extensions.set_up, studio.actor, studio.ai.id, kind, name, settings)
    except InhouseError as error:
        return await in_thread(_page, studio, error.status, error=studio.told(error))
    return studio.go("extensions", "extension-attached")


@router.post("/off")
def off(studio: Studio, form: Posted) -> Response:
    """Switch one off for every fan, from the next turn on."""
    studio.services.amendments.switch_extension_off(studio.actor, studio.ai.id, form.text("name", 40))
    return studio.go("extensions", "extension-off")


@router.post("/on")
def on(studio: Studio, form: Posted) -> Response:
    """Take the switching off back."""
    studio.services.amendments.take_back(studio.actor, studio.ai.id, form.number("number", 0))
    return studio.go("extensions", "undone")


@router.post("/remove")
def remove(studio: Studio, form: Posted) -> Response:
    """Switch one off and leave it out of the next release."""
    studio.services.extensions.remove(studio.actor, studio.ai.id, form.text("name", 40))
    return studio.go("extensions", "undone")


@router.post("/measure")
def measure(studio: Studio, form: Posted) -> Response:
    """Ask the AI's cases with and without one extension."""
    try:
        studio.services.worths.measure(studio.actor, studio.ai.id, form.text("name", 40))
    except InhouseError as error:
        return _page(studio, error.status, error=studio.told(error))
    return studio.go("extensions#worth", "measuring")


@router.post("/repeat")
def repeat(studio: Studio, _form: Posted) -> Response:
    """Make the calls that are due again now."""
    services = studio.services
    try:
        repeating.queue_now(services.db, studio.actor, services.settings.repeats_daily, studio.ai.id)
    except InhouseError as error:
        return _page(studio, error.status, error=studio.told(error))
    return studio.go("extensions#worth", "repeats-queued")


@router.post("/repeats")
def switch_repeats(studio: Studio, form: Posted) -> Response:
    """Let calls be repeated, or not."""
    on = form.checked("on")
    studio.services.repeat_switch.switch(studio.actor, studio.ai.id, on=on)
    return studio.go("extensions#worth", "repeats-on" if on else "repeats-off")


@router.post("/agree")
def agree(studio: Studio, form: Posted) -> Response:
    """The author agrees that theirs is built in earlier."""
    studio.services.notices.agree(studio.actor, form.text("notice", 40))
    return studio.go("extensions#worth", "agreed")


@router.post("/try")
async def try_out(studio: Studio, form: Posted) -> Response:
    """Ask as a fan would, of what is attached and not only of what is live, and show the call and its result."""
    question = form.text("question", _MOST_TRY)
    try:
        tried = await studio.services.trials.ask(studio.actor, studio.ai.id, question)
    except InhouseError as error:
        return await in_thread(_page, studio, error.status, error=studio.told(error), question=question)
    calls = [call_of(call) for call in tried.tools]
    return await in_thread(_page, studio, tried=tried, calls=calls, question=question)


def _page(studio: StudioVisit, status: int = 200, **values: Any) -> Response:
    services = studio.services
    with services.db.read() as tx:
        live = services.releases.current(tx, studio.ai.id)
        counts = toolcalls.counts(tx, studio.ai.id)
        repeats_off = services.repeat_switch.is_off(tx, studio.ai.id)
    lines = services.worths.of_ai(studio.actor, studio.ai.id)
    told = [
        notice_view.shown(studio.visit, one, studio.ai.name)
        for one in services.notices.of_ai(studio.actor, studio.ai.id)
    ]
    services.notices.open(studio.actor, studio.ai.id)
    attached = services.extensions.listing(studio.actor, studio.ai.id)
    forms = _FORMS + (_OPERATORS_FORMS if studio.actor.is_operator else ())
    shown = {
        "attached": attached,
        "kinds_there": {one.kind for one in attached},
        "live": live.extensions if live else (),
        "counts": counts,
        "kinds": {name: factory.KINDS[name] for name in forms},
        "worths": [row(studio.visit, one) for one in lines],
        "picture": picture(lines),
        "told": told,
        "repeats_off": repeats_off,
        "daily": services.settings.repeats_daily,
        "plain_kinds": _PLAIN,
        "colleagues": [
            (ai.slug, ai.name)
            for ai in services.ais.listing(studio.actor)
            if ai.team_id == studio.ai.team_id and ai.id != studio.ai.id
        ],
        "others": [kind.title for name, kind in factory.KINDS.items() if name not in forms],
        "may_edit": Action.EDIT_BRIEF in studio.may,
        "may_release": Action.RELEASE in studio.may,
        "tried": None,
        "calls": [],
        "question": "",
        "error": "",
    }
    return studio.page("extensions", "extensions.html", status, **shown | values)


async def _settings(kind: str, form: Form) -> Json:
    if kind == "table":
        return {"title": form.text("title", 60), "csv": await _table(form)}
    if kind == "sql-table":
        return _database(form)
    if kind == "feeds":
        return {"feeds": list(form.lines("feeds"))}
    if kind == "specialist":
        examples = list(form.lines("examples"))
        return {"ai": form.text("ai", 60), "about": form.text("about", 300), "examples": examples}
    if kind in _PLAIN:
        return {}
    raise UsageError(reason=N_("Choose what to attach."))


def _database(form: Form) -> Json:
    """A table of a database; a SELECT is for the command, which takes its examples too."""
    units = (line.partition(":") for line in form.lines("units", 2000))
    return {
        "title": form.text("title", 60),
        "database": form.secret("database").strip(),
        "table": form.text("table", 200),
        "columns": list(form.lines("columns", 5000)),
        "search": list(form.lines("search", 5000)),
        "units": {name.strip(): unit.strip() for name, _, unit in units},
    }


async def _table(form: Form) -> str:
    files = form.files("csv")
    if not files:
        raise UsageError(reason=N_("Choose a CSV file."))
    data = await files[0].read(MOST_SETTINGS + 1)
    return data.decode("utf-8-sig", errors="replace")
