"""`inhouse extension`: tools outside the model, attached to one AI."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson
from inhouse.core import clock, ids
from inhouse.core.errors import UsageError
from inhouse.releases.extensions import MOST_SETTINGS, Listed
from inhouse.runtime.extensions import factory
from inhouse.runtime.extensions.base import Context, Json, Limits, Result

app = typer.Typer(
    help="Tools attached to an AI. Example: inhouse extension add potter calculator", no_args_is_help=True
)

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The extension's name at this AI.")]


@app.command()
def kinds(as_json: AsJson = False) -> None:
    """List the kinds of extension that there are, with the settings that each takes.

    Example: inhouse extension kinds
    """
    rows = [
        {
            "kind": name,
            "what": kind.about,
            "settings": sorted(kind.settings.model_fields),
            "who": "operator" if kind.operator_only else "owner",
        }
        for name, kind in factory.KINDS.items()
    ]
    show(rows, as_json)


@app.command()
def add(
    ai: AiSlug,
    kind: Annotated[str, typer.Argument(help="See: inhouse extension kinds")],
    name: Annotated[str, typer.Option(help="A name at this AI; the kind's where it is left out.")] = "",
    settings: Annotated[
        str, typer.Option(help="Settings as JSON; @FILE reads them, as a password is seen on a command line.")
    ] = "{}",
    csv: Annotated[Path | None, typer.Option(help="For a table: the file with its rows.")] = None,
    title: Annotated[str, typer.Option(help="For a table: what it holds.")] = "products",
    seconds: Annotated[float, typer.Option(help="How long a call may take.")] = 10.0,
    fan_daily: Annotated[int, typer.Option(help="Calls a fan may cause a day.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Attach an extension, or a new version of it. Fans get it with the next release.

    Example: inhouse extension add potter table --name prices --csv prices.csv --title products

    Example: inhouse extension add potter sql-table --name shop --settings @shop.json
    """
    given = _text(Path(settings[1:])) if settings.startswith("@") else settings
    wanted = _settings(given) | ({"title": title, "csv": _text(csv)} if csv else {})
    made = services().extensions.set_up(
        actor(), _ai_id(ai), kind, name or kind, wanted, Limits(seconds=seconds, fan_daily=fan_daily)
    )
    tools = ", ".join(tool.name for tool in made.tools)
    text = f"{made.title} is attached as {made.name}: {tools}.\nRelease to use it: inhouse release {ai}"
    show({"name": made.name, "version": made.version, "tools": made.tools}, as_json, text)


@app.command("list")
def list_(ai: AiSlug, as_json: AsJson = False) -> None:
    """List what is attached to an AI.

    Example: inhouse extension list potter
    """
    found = services().extensions.listing(actor(), _ai_id(ai))
    show(found if as_json else [_row(one) for one in found], as_json)


@app.command()
def off(ai: AiSlug, name: Name, as_json: AsJson = False) -> None:
    """Switch an extension off for every fan, from the next turn on.

    Example: inhouse extension off potter prices
    """
    made = services().amendments.switch_extension_off(actor(), _ai_id(ai), name)
    text = f"{name} is off. On again with: inhouse amendments take-back {ai} {made.number}"
    show(made, as_json, text)


@app.command()
def remove(ai: AiSlug, name: Name, as_json: AsJson = False) -> None:
    """Switch an extension off and leave it out of the next release.

    Example: inhouse extension remove potter prices
    """
    show(services().extensions.remove(actor(), _ai_id(ai), name), as_json, f"{name} is removed.")


@app.command("try")
def try_(
    ai: AiSlug,
    name: Name,
    tool: Annotated[str, typer.Argument(help="One of its tools.")],
    arguments: Annotated[str, typer.Argument(help="The call's arguments as JSON.")],
    as_json: AsJson = False,
) -> None:
    """Call a tool as a turn would, and show what comes back.

    Example: inhouse extension try potter calculator calculate '{"expression": "3 * £32"}'
    """
    ai_id = _ai_id(ai)
    result = asyncio.run(
        services().extensions.try_out(actor(), ai_id, name, tool, _settings(arguments), _context(ai_id))
    )
    show(result, as_json, _told(result))


@app.command()
def actions(
    ai: AiSlug,
    before: Annotated[str, typer.Option(help="Go on after the action of this id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what the AI's tools that act were asked to do, the newest first, and what came of it.

    Example: inhouse extension actions potter
    """
    found = services().actions.listing(actor(), _ai_id(ai), before=before or None, limit=limit)
    rows = [
        {"id": one.id, "what": one.title, "state": one.state, "proposed": one.created_at, "line": one.line}
        for one in found
    ]
    show(found if as_json else rows, as_json)


@app.command("looked-into")
def looked_into(
    ai: AiSlug,
    action: Annotated[str, typer.Argument(help="The id of an action that is unknown.")],
    as_json: AsJson = False,
) -> None:
    """Note that you found out what became of an action that is unknown.

    Example: inhouse extension looked-into potter act_01h9…
    """
    deed = services().actions.look_into(actor(), _ai_id(ai), action)
    show(deed, as_json, f"{deed.id} is noted as looked into.")


def _told(result: Result) -> str:
    addresses = [source.url for source in result.sources if source.url]
    return "\n".join([result.text, *addresses])


def _context(ai_id: str) -> Context:
    return Context(ai_id=ai_id, fan_id=None, call_id=ids.new_id("call"), now=clock.now())


def _settings(text: str) -> Json:
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        raise UsageError(reason=f"This is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise UsageError(reason='Give a JSON object, such as {"url": "http://localhost:8888"}.')
    return value


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()[: MOST_SETTINGS + 1]
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(reason=f"Save {path} as UTF-8 first.") from None
    except OSError as error:
        raise UsageError(reason=f"{path} could not be read: {error.strerror}.") from error


def _row(one: Listed) -> dict[str, Any]:
    return {
        "name": one.name,
        "what": one.title,
        "tools": ", ".join(tool.name for tool in one.tools),
        "state": "off" if one.off else "on",
        "version": one.version,
    }


def _ai_id(slug: str) -> str:
    return services().ais.by_slug(actor(), slug).id
