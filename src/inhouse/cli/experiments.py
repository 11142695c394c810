"""`inhouse lab experiment`: compare two ways, with the rules laid down beforehand."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from pydantic import ValidationError

from inhouse.app import working
from inhouse.cli.beside import released_beside
from inhouse.cli.context import actor, progress_bar, services, show
from inhouse.cli.options import AsJson, Passages, Prompt
from inhouse.core.errors import UsageError
from inhouse.lab.experiments.design import Asks, Design, Experiment, GuardRail, Way
from inhouse.lab.experiments.metrics import Metric
from inhouse.store.jobs import Job
from inhouse.web.pages import experiment_words as words

app = typer.Typer(
    help="Compare two releases of one AI, or of many. Example: inhouse lab experiment new 'Calculator on' --way potter:4",
    no_args_is_help=True,
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The experiment's id. See: inhouse lab experiment list")
]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What is compared.")],
    way: Annotated[
        list[str],
        typer.Option(help="AI:NEW or AI:OLD:NEW, release numbers; the live one where a number is left out."),
    ],
    metric: Annotated[Metric, typer.Option(help="What decides.")] = Metric.ANSWERED,
    effect: Annotated[
        float, typer.Option(help="Smallest difference that matters: .05 for 5 points; seconds; tokens.")
    ] = 0.05,
    guard: Annotated[
        list[str] | None, typer.Option(help="METRIC:MARGIN that must not get worse by more.")
    ] = None,
    replay: Annotated[bool, typer.Option(help="Offline, by the AIs' cases, or by what --ask names.")] = False,
    ask: Annotated[
        Asks,
        typer.Option(
            help="With --replay: the AIs' cases, questions that their fans agreed to share, or both."
        ),
    ] = "cases",
    without: Annotated[
        str, typer.Option(help="With --replay: an extension that the old way goes without. --way is the AI.")
    ] = "",
    passages: Passages = None,
    prompt: Prompt = None,
    hours: Annotated[float, typer.Option(help="How long after a fan's first turn things count.")] = 24.0,
    share: Annotated[float, typer.Option(help="Share of the fans that get the new way.")] = 0.5,
    most_units: Annotated[
        int, typer.Option(help="Fans or pairs after which it ends at the latest.")
    ] = 20_000,
    days: Annotated[int, typer.Option(help="Days after which it ends at the latest.")] = 60,
    family: Annotated[str, typer.Option(help="Experiments that share one false discovery rate.")] = "",
    planned: Annotated[int | None, typer.Option(help="How many the family will have, if known.")] = None,
    adopt: Annotated[bool, typer.Option(help="The new way goes live where it is better.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write an experiment down. Nothing is registered, and no fan sees anything, before it is started. With --replay, the new
    way may be the live release with another --passages or --prompt.

    Example: inhouse lab experiment new "Calculator on" --way potter:4 --metric liked --effect 0.03
    """
    values = {
        "name": name,
        "mode": "replay" if replay else "online",
        "asks": ask,
        "ways": tuple(_way(one, without, passages, prompt) for one in way),
        "primary": metric,
        "effect": effect,
        "guards": tuple(_guard(one) for one in guard or ()),
        "window_hours": hours,
        "share": share,
        "most_units": most_units,
        "most_days": days,
        "family": family,
        "planned": planned,
        "adopt": adopt,
    }
    try:
        design = Design.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise UsageError(reason=f"That can't be registered: {wrong}.") from None
    made = services().experiments.draft(actor(), design)
    show(made, as_json, f"Written down as {made.id}.\nStart it: inhouse lab experiment start {made.id}")


@app.command("without")
def release_without(
    ai: Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")],
    extension: Annotated[str, typer.Argument(help="The extension to leave out.")],
    as_json: AsJson = False,
) -> None:
    """Make a release like the live one without one extension, to compare the two. What is live stays.

    Example: inhouse lab experiment without potter calculator
    """
    ai_id = services().ais.by_slug(actor(), ai).id
    _release_beside(ai, services().releases.propose_without(actor(), ai_id, extension), as_json)


@app.command("answering")
def release_answering(
    ai: Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")],
    passages: Passages = None,
    prompt: Prompt = None,
    as_json: AsJson = False,
) -> None:
    """Make a release like the live one that answers otherwise, to compare the two. What is live stays.

    Example: inhouse lab experiment answering potter --passages 5
    """
    ai_id = services().ais.by_slug(actor(), ai).id
    job = services().releases.propose_answering(actor(), ai_id, passages, prompt)
    _release_beside(ai, job, as_json)


def _release_beside(ai: str, job: Job, as_json: bool) -> None:
    made = released_beside(services(), ai, job)
    number = made["number"]
    text = f"It is release {number}.\nCompare: inhouse lab experiment new NAME --way {ai}:{number}"
    show(made, as_json, text)


@app.command()
def start(experiment: Id, as_json: AsJson = False) -> None:
    """Register the design by its hash and let it run. A replay is run to its end.

    Example: inhouse lab experiment start exp_01h9…
    """
    begun = services().experiments.start(actor(), experiment)
    if begun.design.mode == "replay":
        _finish(begun)
    _tell(experiment, as_json)


@app.command()
def look(experiment: Id, as_json: AsJson = False) -> None:
    """Count what came in since the last look. It may be done as often as you like.

    Example: inhouse lab experiment look exp_01h9…
    """
    _finish(services().experiments.get(actor(), experiment))
    _tell(experiment, as_json)


@app.command()
def stop(experiment: Id, as_json: AsJson = False) -> None:
    """End it without a decision; fans go back to the old way.

    Example: inhouse lab experiment stop exp_01h9…
    """
    services().experiments.stop(actor(), experiment)
    _tell(experiment, as_json)


@app.command("list")
def list_(
    ai: Annotated[str, typer.Option(help="Only this AI's, by its name in addresses.")] = "",
    as_json: AsJson = False,
) -> None:
    """List experiments, the newest first.

    Example: inhouse lab experiment list --ai potter
    """
    ai_id = services().ais.by_slug(actor(), ai).id if ai else None
    found = services().experiments.listing(actor(), ai_id)
    show(found if as_json else [_row(one) for one in found], as_json)


@app.command("show")
def show_(experiment: Id, as_json: AsJson = False) -> None:
    """How an experiment stands, or what was decided.

    Example: inhouse lab experiment show exp_01h9…
    """
    _tell(experiment, as_json)


def _finish(experiment: Experiment) -> None:
    job = services().experiments.look(actor(), experiment.id)
    with progress_bar(experiment.design.name) as report:
        ended = working.finish(services(), job, report)
    if ended.error:
        raise UsageError(reason=ended.error)


def _tell(experiment_id: str, as_json: bool) -> None:
    found = services().experiments.get(actor(), experiment_id)
    lines = [f"{found.design.name} ({found.state})", words.sentence(found, str)]
    if found.looks:
        figures = found.looks[-1].figures
        lines += [f"Counted: {words.counted(found.design, figures, str)} ({len(found.looks)} looks)"]
        lines += [
            f"  {one.metric}: {words.mean(one.metric, one.means[0])} → {words.mean(one.metric, one.means[1])}"
            f" (n={one.n[0]} and {one.n[1]})"
            for one in figures.estimates
        ]
    if found.hash:
        lines.append(f"Registered {found.started_at:%Y-%m-%d %H:%M} UTC as {found.hash[:16]}")
    show(found, as_json, "\n".join(lines))


def _row(experiment: Experiment) -> dict[str, Any]:
    return {
        "id": experiment.id,
        "name": experiment.design.name,
        "state": experiment.state,
        "outcome": experiment.verdict.outcome if experiment.verdict else None,
        "AIs": len(experiment.design.ways),
        "made": f"{experiment.created_at:%Y-%m-%d}",
    }


def _way(text: str, without: str, passages: int | None, prompt: str | None) -> Way:
    slug, *numbers = text.split(":")
    if len(numbers) > 2 or not all(one.isdigit() for one in numbers):
        raise UsageError(reason=f'Write AI:NEW or AI:OLD:NEW with release numbers, and not "{text[:60]}".')
    ai = services().ais.by_slug(actor(), slug)
    old, new = [None, None, *(int(one) for one in numbers)][-2:]
    return services().experiments.way(actor(), ai.id, old, new, without, passages=passages, prompt=prompt)


def _guard(text: str) -> GuardRail:
    name, _, margin = text.partition(":")
    try:
        return GuardRail(metric=Metric(name), margin=float(margin))
    except ValueError:
        raise UsageError(reason=f'Write METRIC:MARGIN, such as seconds:2, and not "{text[:60]}".') from None
