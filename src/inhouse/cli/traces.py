"""`inhouse traces` and `inhouse consent`: what may leave the fence, and what has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from inhouse.cli.context import actor, services, show
from inhouse.cli.options import AsJson
from inhouse.conversations import sharing_texts
from inhouse.conversations.sharing import Sharing, Withdrawal
from inhouse.conversations.sharing_texts import PURPOSE, Purpose

app = typer.Typer(
    help="Data sets of shared traces. Example: inhouse traces export potter -o shared.jsonl",
    no_args_is_help=True,
)

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.command()(consent)
    main.add_typer(app, name="traces")


def consent(
    ai: AiSlug,
    do: Annotated[Literal["give", "withdraw", "show"], typer.Argument(help="What to do.")] = "show",
    as_json: AsJson = False,
) -> None:
    """Let the questions of an AI feed the shared base model and be asked again to compare (where their fans agree too), take that
    back, or see how it stands. Without `give` nothing is shared.

    Example: inhouse consent potter give
    """
    ai_id = services().ais.by_slug(actor(), ai).id
    consents = services().consents
    if do == "give":
        text = "\n\n".join(sharing_texts.text("owner", "en"))
        made = consents.give(actor(), ai_id)
        show(made, as_json, f"{text}\n\nAgreed (version {made.text_version} of this text).")
    elif do == "withdraw":
        receipt = consents.withdraw(actor(), ai_id)
        show(receipt, as_json, _withdrawn(receipt))
    else:
        found = consents.of_ai(actor(), ai_id)
        show(found, as_json, _standing(found))


@app.command()
def export(
    ais: Annotated[list[str], typer.Argument(metavar="AI…", help="Names of AIs in addresses.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File of JSON lines to write.")],
    purpose: Annotated[Purpose, typer.Option(help="What it is for; consent is to a purpose.")] = PURPOSE,
    as_json: AsJson = False,
) -> None:
    """Write what owners and fans agreed to share, without personal data as far as it is found. For the operator.

    Example: inhouse traces export potter florist -o shared.jsonl
    """
    found = [services().ais.by_slug(actor(), slug).id for slug in ais]
    made = services().trace_exports.make(actor(), found, out, purpose)
    removed = ", ".join(f"{count} {kind}" for kind, count in made.removed.items()) or "nothing"
    text = f"Wrote {out}: {made.traces} traces of {made.ais} AIs; taken out: {removed}.\nData set {made.id}, SHA-256 {made.sha256}"
    show(made, as_json, text)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the data sets, and how many traces in each must not be learnt from any more. For the operator.

    Example: inhouse traces list
    """
    found = services().trace_exports.listing(actor())
    rows = [
        {
            "id": one.id,
            "file": one.file,
            "traces": one.traces,
            "unwanted": one.unwanted,
            "made": one.begun_at,
            "whole": "yes" if one.sha256 else "no",
        }
        for one in found
    ]
    show(found if as_json else rows, as_json)


@app.command()
def unwanted(
    data_set: Annotated[str, typer.Argument(help="Its id, from: inhouse traces list")],
    as_json: AsJson = False,
) -> None:
    """List the traces of a data set (SHA-256 of their ids) that were erased or withdrawn since. For the operator.

    Example: inhouse traces unwanted dat_01h9
    """
    found = services().trace_exports.unwanted(actor(), data_set)
    show(found, as_json, "\n".join(found) or "All of it still stands.")


def _standing(found: Sharing) -> str:
    if found.earlier is not None:
        return f"Nothing is shared: on {found.earlier.given_at:%Y-%m-%d} the owner agreed to an earlier text. Give it again, or withdraw."
    if found.consent is None:
        return "Nothing is shared: the owner has not agreed."
    lines = [f"Agreed on {found.consent.given_at:%Y-%m-%d}; so did {found.fans} fans."]
    return "\n".join(
        [*lines, *(f"In {one.export_id} ({one.file}): {one.traces} traces" for one in found.exported)]
    )


def _withdrawn(receipt: Withdrawal) -> str:
    lines = ["Withdrawn: nothing more is exported, and nothing is asked again."]
    if receipt.exported:
        lines.append("Exported before, and marked to be left out of later trainings:")
    lines += [f"  {one.export_id} ({one.file}): {one.traces} traces" for one in receipt.exported]
    return "\n".join([*lines, f"Receipt {receipt.receipt}"])
