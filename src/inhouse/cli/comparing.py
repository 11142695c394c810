"""`inhouse lab compare`, `cascade`: giant or small, on an AI's own cases, and both in one release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inhouse.app import working
from inhouse.cli.beside import released_beside
from inhouse.cli.context import actor, err, out, progress_bar, services, show
from inhouse.cli.options import AsJson
from inhouse.core.errors import InhouseError
from inhouse.lab.comparing import prices
from inhouse.lab.comparing.cascades import USUAL_WANTED
from inhouse.lab.comparing.comparing import USUAL_MARGIN, USUAL_QUESTIONS, USUAL_STORED, stored
from inhouse.lab.comparing.comparison import Comparison
from inhouse.web.pages import comparison_words as words


class NotCompared(InhouseError):
    """{reason}"""


def compare(
    ai: Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="MODEL", help="GENERATION, GENERATION+adapter or endpoint:NAME; twice or more."
        ),
    ] = None,
    price_file: Annotated[
        Path | None, typer.Option("--prices", help="A price table; else prices.yaml in INHOUSE_HOME.")
    ] = None,
    margin: Annotated[float, typer.Option(help="As good means within so many points of quality.")] = 100
    * USUAL_MARGIN,
    most: Annotated[int, typer.Option(help="Ask at most so many cases.")] = USUAL_QUESTIONS,
    stored_questions: Annotated[
        int,
        typer.Option(
            "--stored",
            help="Ask at most so many questions that fans agreed to share, on this machine. What a right answer holds nobody knows, so they say nothing of quality.",
        ),
    ] = USUAL_STORED,
    to: Annotated[Path | None, typer.Option(help="Write all figures there too, as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask several models an AI's cases, and say which is good enough, how much cheaper, and whether asking the small one
    first pays. Without --with it names the models that there are.

    Example: inhouse lab compare potter --with gen_0126dcf91564909a --with endpoint:big-model
    """
    here, who = services(), actor()
    ai_id = here.ais.by_slug(who, ai).id
    if not models:
        found = here.comparisons.choices(who, ai_id)
        show(found, as_json, "\n".join(found))
        return
    table = prices.read(price_file) if price_file else prices.of_installation(here.settings)
    job = here.comparisons.queue(
        who, ai_id, models, table, margin=margin / 100, most=most, stored=stored_questions
    )
    with progress_bar("compare") as report:
        job = working.finish(here, job, report)
    made = stored(job).comparison
    if made is None:
        raise NotCompared(
            reason=job.error or "The comparison was stopped. Start it again to go on where it was."
        )
    if to is not None:
        to.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
        err.print(f"Figures: {to}", style="dim", highlight=False)
    if as_json:
        show(made, as_json=True)
        return
    show([_row(made, number) for number in range(len(made.models))], as_json=False)
    for said in words.sentences(made, str):
        out.print(said, markup=False, highlight=False)
    for small in sorted(here.cascades.offered(who, stored(job))):
        out.print(f"To serve it: inhouse lab cascade {job.id} --small {small}", highlight=False)


def cascade(
    comparison: Annotated[str, typer.Argument(metavar="COMPARISON", help="The comparison's job.")],
    small: Annotated[str, typer.Option("--small", metavar="MODEL", help="The model that is asked first.")],
    quality: Annotated[
        float, typer.Option(help="Percent of the giant's quality that is wanted: one of those measured.")
    ] = 100 * USUAL_WANTED,
    as_json: AsJson = False,
) -> None:
    """Make a release in which the giant is asked where the small model's answer looks wrong, as a comparison found it. The
    gate checks it; it does not go live by itself.

    Example: inhouse lab cascade job_0c1d --small gen_0126dcf91564909a+adapter
    """
    here, who = services(), actor()
    job = here.cascades.propose(who, comparison, small, quality / 100)
    ai = here.ais.get(who, str(job.ai_id)).slug
    made = released_beside(here, ai, job)
    number = made["number"]
    show(made, as_json, f"Release {number} is made. To serve it: inhouse release {ai} --number {number}")


def _row(made: Comparison, number: int) -> dict[str, str]:
    model = made.models[number]
    quality = model.quality
    right = f"{quality.value:.3f} [{quality.low:.3f}–{quality.high:.3f}] n={quality.n}" if quality else "-"
    cost = f"{words.amount(1000 * model.cost)} {made.currency}" if model.cost is not None else "-"
    return {
        "model": words.shown(model.name),
        "right": right,
        "answered": f"{model.answered.value:.3f}",
        "seconds": words.amount(model.seconds.value),
        "tokens": f"{model.prompt_tokens:.0f} + {model.completion_tokens:.0f}",
        "1,000 questions": cost,
        "front": "not beaten" if model.on_front else "",
    }
