"""`inhouse lab internalise`: build the use of tools into the next generation, and measure what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from inhouse.app import working
from inhouse.cli.context import actor, err, out, progress_bar, services, show
from inhouse.cli.options import AsJson
from inhouse.core.errors import InhouseError
from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.generations.names import ARMS
from inhouse.lab.internalising.internalising import Preview, Stored
from inhouse.lab.internalising.report import Report


class NotMade(InhouseError):
    """{reason}"""


def internalise(
    extensions: Annotated[
        list[str], typer.Argument(metavar="EXTENSION", help="Names of extensions, or AI/NAME for one AI's.")
    ],
    curve: Annotated[
        bool, typer.Option(help="Train with 100, 300 and 1,000 uses too, to see what more would bring.")
    ] = False,
    look: Annotated[bool, typer.Option(help="Only say what it would be made of.")] = False,
    recipe: Annotated[str, typer.Option(help="How it is trained.")] = "tools",
    as_json: AsJson = False,
) -> None:
    """Train the base model to call these tools by itself, merge it into a new generation, and measure that beside its parent. Nothing goes live. One that was stopped goes on where it was.

    Example: inhouse lab internalise search --look
    """
    here, who = services(), actor()
    preview = here.internalising.preview(who, extensions)
    if look:
        show(preview, as_json, "\n".join(_told(preview)))
        return
    for line in _told(preview):
        err.print(line, style="dim", highlight=False, markup=False)
    job = here.internalising.start(who, extensions, curve=curve, recipe=recipe)
    with progress_bar("internalise") as report:
        job = working.finish(here, job, report)
    made = Stored(job)
    if made.generation is None:
        raise NotMade(reason=job.error or "It was stopped. Start it again to go on where it was.")
    known = here.generations.get(who, made.generation)
    if as_json or known.report is None:
        show({"generation": made.generation, "report": known.report}, as_json=True)
        return
    show(_arms(known.report), as_json=False)
    out.print(f"{known.generation.name}: {known.report.verdict.reason}", markup=False, highlight=False)
    out.print(f"See: inhouse lab generation {made.generation}", markup=False, highlight=False)


def _told(preview: Preview) -> Iterator[str]:
    yield f"On {preview.parent}:"
    for tool in preview.tools:
        acts = ", which acts: a person has to agree as before" if tool.acts else ""
        yield f"  {tool.name} of {', '.join(tool.ais)}{acts}: {tool.taught} requests teach, {tool.kept} judge"
        if tool.stays_outside:
            yield f"    Its answers stay outside. {tool.stays_outside}"
    yield f"  turns without a tool: {preview.without_taught} teach, {preview.without_kept} judge"
    for source, count in sorted(preview.sources.items()):
        yield f"  from {source}: {count}"
    for reason, count in sorted(preview.left_out.items()):
        yield f"  left out, {reason}: {count}"
    yield f"  data {preview.sha256[:16]}"
    yield from preview.lacking


def _arms(report: Report) -> list[dict[str, str]]:
    return [
        {
            "arm": ARMS[arm.kind],
            "right tool": _figure(arm.right_tool),
            "exact": _figure(arm.exact),
            "false calls": _figure(arm.false_calls),
            "prompt tokens, over all": f"{arm.prompt_tokens.value:.0f}" if arm.prompt_tokens else "-",
        }
        for arm in report.arms
    ]


def _figure(found: Interval | None) -> str:
    return f"{found.value:.3f} [{found.low:.3f}–{found.high:.3f}] n={found.n}" if found else "-"
