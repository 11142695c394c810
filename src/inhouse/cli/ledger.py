"""`inhouse lab ledger` and `inhouse lab announce`: what every extension is worth, and telling authors."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from inhouse.app import working
from inhouse.cli.context import actor, out, progress_bar, services, show
from inhouse.cli.options import AsJson
from inhouse.lab.ledger import repeating
from inhouse.lab.ledger.worth import Ranked
from inhouse.web.pages import ledger_words as words

app = typer.Typer(
    help="What every extension is worth. Example: inhouse lab ledger --ai potter", invoke_without_command=True
)
Ai = Annotated[str, typer.Option("--ai", help="Only this AI's, by its name in addresses.")]


@app.callback()
def ledger(context: typer.Context, ai: Ai = "", as_json: AsJson = False) -> None:
    """Every extension: how often and how rightly it is called, what it adds, what it costs, whether its answers hold; what is
    worth building in first.

    Example: inhouse lab ledger --ai potter
    """
    if context.invoked_subcommand is not None:
        return
    here, who = services(), actor()
    found = here.worths.of_ai(who, here.ais.by_slug(who, ai).id) if ai else here.worths.of_all(who)
    if as_json:
        show([_plain(one) for one in found], as_json=True)
        return
    for place, one in enumerate(found, start=1):
        out.print(f"{place}. {one.line.name} ({one.standing})", markup=False, highlight=False)
        out.print(f"   {words.sentence(one, str)}", markup=False, highlight=False)
        for tool, held in one.line.held.items():
            out.print(f"   {tool}: {words.held(held, str)}", markup=False, highlight=False)
    if not found:
        out.print("Nothing yet.")


@app.command()
def repeat(ai: Ai = "", as_json: AsJson = False) -> None:
    """Make the calls that are due again now, to see whether their answers hold.

    Example: inhouse lab ledger repeat --ai potter
    """
    here, who = services(), actor()
    chosen = [here.ais.by_slug(who, ai)] if ai else here.ais.listing(who)
    rows = []
    for one in chosen:
        job = repeating.queue_now(here.db, who, here.settings.repeats_daily, one.id)
        with progress_bar(one.slug) as report:
            ended = working.finish(here, job, report)
        rows.append({"ai": one.slug, **(ended.result or {"error": ended.error or "stopped"})})
    show(rows, as_json)


@app.command()
def measure(
    ai: Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")],
    extension: Annotated[str, typer.Argument(help="One of its live extensions.")],
    as_json: AsJson = False,
) -> None:
    """Ask the AI's cases with and without an extension: what it adds, given all the others.

    Example: inhouse lab ledger measure potter calculator
    """
    here, who = services(), actor()
    begun = here.worths.measure(who, here.ais.by_slug(who, ai).id, extension)
    with progress_bar(extension) as report:
        working.finish(here, here.experiments.look(who, begun.id), report)
    ended = here.experiments.get(who, begun.id)
    show(ended, as_json, f"{ended.state}. See: inhouse lab experiment show {ended.id}")


def announce(
    extension: Annotated[str, typer.Argument(help="Its name, or its key in the ledger.")],
    as_json: AsJson = False,
) -> None:
    """Tell every author of an extension that it may be built in 30 days from now.

    Example: inhouse lab announce calculator
    """
    told = services().notices.announce(actor(), extension)
    text = f"Told {len(told)} authors." if told else "Everybody was told already."
    show(told, as_json, text)


def _plain(one: Ranked) -> dict[str, Any]:
    return one.model_dump(mode="json") | {"sentence": words.sentence(one, str)}
