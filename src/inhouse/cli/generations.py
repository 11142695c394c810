"""`inhouse lab generations`, `generation` and `export`: the family of the base model, a model card, and the field's formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from inhouse.cli.context import actor, err, out, services, show
from inhouse.cli.options import AsJson
from inhouse.core.errors import UsageError
from inhouse.lab.generations.registry import Family
from inhouse.lab.internalising import report as reports
from inhouse.tuning.exports import FORMS, Form
from inhouse.tuning.family import Branch

Wanted = Annotated[
    str, typer.Argument(metavar="GENERATION", help="Its id or name. See: inhouse lab generations")
]


def listing(as_json: AsJson = False) -> None:
    """Show the family tree of the base model: what came from what, which one is current, and how many AIs run on each.

    Example: inhouse lab generations
    """
    family = services().generations.family(actor())
    if as_json:
        show([_row(family, branch) for _depth, branch in family.every], as_json=True)
        return
    if not family.roots:
        out.print("Nothing yet. Run: inhouse models fetch")
    for root in family.roots:
        out.print(_drawn(family, root), highlight=False)


def card(generation: Wanted, as_json: AsJson = False) -> None:
    """Print a generation's model card: what it is, how it was made, what it scored, its limits and how to use it.

    Example: inhouse lab generation inhouse-2
    """
    known = services().generations.get(actor(), generation)
    if as_json:
        show(known.generation, as_json=True)
        return
    out.print(known.card(), markup=False, highlight=False, soft_wrap=True)


def export(
    generation: Wanted,
    folder: Annotated[
        Path, typer.Argument(help="Folder to write into; each form gets one of its own there.")
    ],
    form: Annotated[
        list[str] | None, typer.Option(help="gguf, peft or safetensors; more than once, else all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a generation in the field's formats, with its card: GGUF for llama.cpp, the delta for PEFT, safetensors for vLLM and
    transformers. What was broken off is made anew; what is complete stays.

    Example: inhouse lab export inhouse-2 /tmp/inhouse-2
    """

    def say(words: str) -> None:
        err.print(f"  {words}", style="dim", highlight=False)

    made = services().generations.export(actor(), generation, folder, [_form(one) for one in form or ()], say)
    rows = [
        {"form": one.form, "folder": str(one.folder), "state": "written" if one.is_new else "there already"}
        for one in made
    ]
    show(rows, as_json)


def _form(text: str) -> Form:
    for form in FORMS:
        if text == form:
            return form
    raise UsageError(reason=f'There is no form "{text[:40]}". There are: {", ".join(FORMS)}.')


def _row(family: Family, branch: Branch) -> dict[str, Any]:
    generation = branch.generation
    report = reports.of(generation.scores)
    return {
        "id": generation.id,
        "name": generation.name,
        "parent": generation.parent,
        "current": generation.id == family.current,
        "ais": list(family.running.get(generation.id, ())),
        "bytes": family.sizes.get(generation.id),
        "quantisation": generation.quantisation,
        "passed": report.verdict.passed if report else None,
        "verdict": report.verdict.reason if report else None,
        "tools": [one.tool for one in report.tools] if report else [],
        "created_at": generation.created_at,
    }


def _drawn(family: Family, branch: Branch) -> Tree:
    tree = Tree(_line(family, branch), guide_style="dim")
    for child in branch.children:
        tree.add(_drawn(family, child))
    return tree


def _line(family: Family, branch: Branch) -> Text:
    row = _row(family, branch)
    ais = len(row["ais"])
    said = [
        "current" if row["current"] else "",
        {True: "passed", False: "not better", None: ""}[row["passed"]],
        f"{ais} AI{'' if ais == 1 else 's'}" if ais else "",
        f"{row['bytes'] / 1e6:.0f} MB" if row["bytes"] else "file not here",
        f"{row['created_at']:%Y-%m-%d}",
    ]
    line = Text(row["name"] or row["id"], style="bold")
    line.append(f"  {row['id']}  ", style="dim")
    return line.append(", ".join(filter(None, said)), style="not bold")
