"""`inhouse teams`: who owns AIs together."""

from __future__ import annotations

from typing import Annotated

import typer

from inhouse.accounts.actors import Role
from inhouse.accounts.memberships import Team
from inhouse.cli.context import actor, services, show
from inhouse.cli.links import link
from inhouse.cli.options import AsJson

app = typer.Typer(help="Who owns AIs together. Example: inhouse teams list", no_args_is_help=True)

TeamName = Annotated[str, typer.Argument(metavar="TEAM", help="The team's name or id.")]
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
InRole = Annotated[Role, typer.Option("--role", help="What they may do in the team.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The new team's name.")],
    owner: Annotated[str | None, typer.Option(metavar="EMAIL", help="Its first owner.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a team.

    Example: inhouse teams add "Kiln & Co" --owner ann@example.org
    """
    accounts = services().accounts
    owner_id = accounts.by_email(actor(), owner).id if owner else None
    show(accounts.teams.create(actor(), name, owner_id=owner_id), as_json)


@app.command("list")
def list_(
    after: Annotated[str, typer.Option(help="Go on after this id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List your teams, or all of them as an operator.

    Example: inhouse teams list --json
    """
    show(services().accounts.teams.listing(actor(), after=after, limit=limit), as_json)


@app.command()
def rename(
    team: TeamName, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Give a team another name.

    Example: inhouse teams rename "Kiln & Co" "Kiln and Company"
    """
    show(services().accounts.teams.rename(actor(), _team(team).id, name), as_json)


@app.command()
def members(team: TeamName, as_json: AsJson = False) -> None:
    """List who is in a team.

    Example: inhouse teams members "Kiln & Co"
    """
    found = services().accounts.teams.members(actor(), _team(team).id)
    rows = [{"email": member.email, "name": member.name, "role": member.role.value} for member in found]
    show(found if as_json else rows, as_json)


@app.command()
def join(team: TeamName, email: Email, role: InRole = Role.EDITOR, as_json: AsJson = False) -> None:
    """Put a person who has an account into a team, as an operator.

    Example: inhouse teams join "Kiln & Co" bob@example.org --role reviewer
    """
    accounts = services().accounts
    person = accounts.by_email(actor(), email)
    show(accounts.teams.add_member(actor(), _team(team).id, person.id, role), as_json)


@app.command()
def role(
    team: TeamName,
    email: Email,
    new: Annotated[Role, typer.Argument(metavar="ROLE", help="owner, editor or reviewer.")],
    as_json: AsJson = False,
) -> None:
    """Give a member another role.

    Example: inhouse teams role "Kiln & Co" bob@example.org owner
    """
    teams, team_id = services().accounts.teams, _team(team).id
    member = teams.member(actor(), team_id, email)
    show(teams.set_role(actor(), team_id, member.person_id, new), as_json)


@app.command()
def leave(team: TeamName, email: Email, as_json: AsJson = False) -> None:
    """Take a person out of a team.

    Example: inhouse teams leave "Kiln & Co" bob@example.org
    """
    teams, team_id = services().accounts.teams, _team(team).id
    member = teams.member(actor(), team_id, email)
    teams.remove_member(actor(), team_id, member.person_id)
    show({"left": member.person_id}, as_json, f"{member.email} is no longer in the team.")


@app.command()
def invite(team: TeamName, email: Email, role: InRole = Role.EDITOR, as_json: AsJson = False) -> None:
    """Print a one-time link with which this person joins the team within a week.

    Example: inhouse teams invite "Kiln & Co" bob@example.org --role editor
    """
    token, invitation = services().accounts.teams.invite(actor(), _team(team).id, email, role)
    address = link(services().settings, "invitation", token)
    text = f"{invitation.email} joins {invitation.team} here, once, within a week:\n{address}"
    show({"invitation": invitation, "token": token, "link": address}, as_json, text)


@app.command()
def invitations(team: TeamName, as_json: AsJson = False) -> None:
    """List a team's open invitations.

    Example: inhouse teams invitations "Kiln & Co"
    """
    found = services().accounts.teams.invitations(actor(), _team(team).id)
    rows = [
        {"id": open_.id, "email": open_.email, "role": open_.role.value, "expires": f"{open_.expires_at:%F}"}
        for open_ in found
    ]
    show(found if as_json else rows, as_json)


@app.command()
def withdraw(
    team: TeamName,
    invitation: Annotated[str, typer.Argument(help="The invitation's id.")],
    as_json: AsJson = False,
) -> None:
    """Take an open invitation back.

    Example: inhouse teams withdraw "Kiln & Co" inv_01h9
    """
    services().accounts.teams.withdraw(actor(), _team(team).id, invitation)
    show({"withdrawn": invitation}, as_json, f"Withdrew {invitation}.")


def _team(wanted: str) -> Team:
    return services().accounts.teams.find(actor(), wanted)
