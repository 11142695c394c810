"""`inhouse people`: who can sign in."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.accounts.people import Person
from inhouse.cli.context import actor, services, show
from inhouse.cli.links import link
from inhouse.cli.options import AsJson, Yes

app = typer.Typer(help="Who can sign in. Example: inhouse people list", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
Name = Annotated[str | None, typer.Option(help="Their name as others see it.")]
Language = Annotated[str | None, typer.Option(help="Language of their pages: en or ja.")]
Zone = Annotated[str | None, typer.Option(help="Their time zone, such as Asia/Tokyo.")]


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="Their name as others see it.")],
    operator: Annotated[bool, typer.Option("--operator", help="They may run the installation.")] = False,
    language: Annotated[str, typer.Option(help="Language of their pages: en or ja.")] = "en",
    timezone: Annotated[str, typer.Option(help="Their time zone, such as Asia/Tokyo.")] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Add a person and print the one-time link with which they choose a password.

    Example: inhouse people add ann@example.org --name Ann --timezone Asia/Tokyo
    """
    accounts = services().accounts
    person = accounts.create_person(
        actor(), email, name, is_operator=operator, language=language, timezone=timezone
    )
    _show_link(person, accounts.begin_reset(actor(), person.email), as_json)


@app.command("list")
def list_(
    after: Annotated[str, typer.Option(help="Go on after this e-mail address.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List everybody, by e-mail address.

    Example: inhouse people list --json
    """
    people = services().accounts.people(actor(), after=after, limit=limit)
    show(people if as_json else [_row(person) for person in people], as_json)


@app.command()
def edit(
    email: Email, name: Name = None, language: Language = None, timezone: Zone = None, as_json: AsJson = False
) -> None:
    """Change a person's name, language or time zone.

    Example: inhouse people edit ann@example.org --language ja
    """
    person = _person(email)
    edited = services().accounts.edit_person(
        actor(), person.id, name=name, language=language, timezone=timezone
    )
    show(edited, as_json)


@app.command()
def reset(email: Email, as_json: AsJson = False) -> None:
    """Print a one-time link with which this person chooses a new password within a day.

    Example: inhouse people reset ann@example.org
    """
    _show_link(_person(email), services().accounts.begin_reset(actor(), email), as_json)


@app.command()
def operator(
    email: Email,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether they may run the installation.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make a person an operator of the installation, or no longer one.

    Example: inhouse people operator ann@example.org --off
    """
    show(services().accounts.set_operator(actor(), _person(email).id, on), as_json)


@app.command()
def disable(email: Email, as_json: AsJson = False) -> None:
    """Shut a person out at once; their teams and AIs stay.

    Example: inhouse people disable ann@example.org
    """
    show(services().accounts.disable_person(actor(), _person(email).id), as_json)


@app.command()
def enable(email: Email, as_json: AsJson = False) -> None:
    """Let a disabled person in again.

    Example: inhouse people enable ann@example.org
    """
    show(services().accounts.enable_person(actor(), _person(email).id), as_json)


@app.command()
def erase(email: Email, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove all that is known of a person, for good. The audit log keeps their id only.

    Example: inhouse people erase ann@example.org --yes
    """
    person = _person(email)
    if not yes:
        typer.confirm(f"Erase {person.email} for good?", abort=True, err=True)
    services().accounts.erase_person(actor(), person.id)
    show({"erased": person.id}, as_json, f"Erased {person.email} ({person.id}).")


def _person(email: str) -> Person:
    return services().accounts.by_email(actor(), email)


def _show_link(person: Person, token: str, as_json: bool) -> None:
    address = link(services().settings, "reset", token)
    text = f"{person.email} chooses a password here, once, within a day:\n{address}"
    show({"person": person, "token": token, "link": address}, as_json, text)


def _row(person: Person) -> dict[str, str]:
    state = "disabled" if person.disabled_at else "operator" if person.is_operator else ""
    return {"email": person.email, "name": person.name, "state": state, "id": person.id}
