"""`inhouse release`, `rollback`, `releases`, `cases`, `amendments`: what is live, and what it must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from inhouse.app.working import finish
from inhouse.cli.context import actor, progress_bar, services, show
from inhouse.cli.options import AsJson, Passages, Prompt
from inhouse.core.errors import InhouseError, UsageError
from inhouse.releases.cases import Expect
from inhouse.releases.release import Check, Gate
from inhouse.web.pages import answering_words

AiSlug = Annotated[str, typer.Argument(metavar="AI", help="The AI's name in addresses.")]

_CASES = TypeAdapter(list[dict[str, Any]])
_MOST_FILE = 20_000_000

cases = typer.Typer(
    help="The regression test of an AI. Example: inhouse cases list potter", no_args_is_help=True
)
amendments = typer.Typer(
    help="What holds at once, before the next release. Example: inhouse amendments list potter",
    no_args_is_help=True,
)


class NotReleased(InhouseError):
    """{reason}"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(release)
    app.command()(rollback)
    app.command("releases")(listing)
    app.add_typer(cases, name="cases")
    app.add_typer(amendments, name="amendments")


def release(
    ai: AiSlug,
    number: Annotated[int | None, typer.Option(help="Go live with this release again; no new gate.")] = None,
    plain: Annotated[bool, typer.Option("--no-adapter", help="Release without an adapter.")] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Make the release and leave the live one.")] = False,
    passages: Passages = None,
    prompt: Prompt = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Without the giant that stands behind the live release.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the gate for the newest adapter and, where it is passed, go live. It answers as the live release does, unless you
    say otherwise.

    Example: inhouse release potter
    """
    here, who = services(), actor()
    ai_id = _ai_id(ai)
    if number is not None:
        if passages is not None or prompt is not None or alone:
            raise UsageError(reason="A release stays as it was made. Leave out --number to make another one.")
        wanted = here.releases.by_number(who, ai_id, number)
        here.releases.go_live(who, ai_id, wanted.id)
        show(wanted, as_json, f"Release {number} of {ai} is live.")
        return
    adapter = None if plain else here.releases.newest_adapter(who, ai_id)
    job = here.releases.propose(
        who, ai_id, adapter, passages=passages, prompt=prompt, alone=alone, go_live=not hold
    )
    with progress_bar("gate") as report:
        job = finish(here, job, report)
    if job.result is None:
        raise NotReleased(reason=job.error or "The gate was stopped. Start the release again.")
    gate = Gate.model_validate(job.result["gate"])
    made = f"Release {job.result['number']} of {ai} is {'made' if hold else 'live'}."
    show(
        job.result,
        as_json,
        "\n".join([*map(_line, gate.checks), gate.reason, *([made] if gate.passed else [])]),
    )
    if not gate.passed:
        raise typer.Exit(1)


def rollback(ai: AiSlug, as_json: AsJson = False) -> None:
    """Go back to the release that was live before.

    Example: inhouse rollback potter
    """
    back = services().releases.roll_back(actor(), _ai_id(ai))
    show(back, as_json, f"Release {back.number} of {ai} is live again.")


def listing(ai: AiSlug, as_json: AsJson = False) -> None:
    """List an AI's releases, the newest first.

    Example: inhouse releases potter
    """
    found = services().releases.listing(actor(), _ai_id(ai))
    rows = [
        {
            "number": one.release.number,
            "live": f"{one.share:.0%}" if one.share else "",
            "adapter": (one.release.adapter_hash or "none")[:12] + (" (revoked)" if one.tainted else ""),
            "brief": one.release.brief_version,
            "answers": answering_words.where_different(one.release.answering, str),
            "gate": one.release.gate.verdict,
            "made": one.release.created_at,
        }
        for one in found
    ]
    show(found if as_json else rows, as_json)


@cases.command("list")
def list_cases(ai: AiSlug, as_json: AsJson = False) -> None:
    """List the cases that the gate checks.

    Example: inhouse cases list potter
    """
    found = services().cases.listing(actor(), _ai_id(ai))
    rows = [
        {
            "id": case.id,
            "origin": case.origin,
            "question": case.questions[-1],
            "expect": _expected(case.expect),
        }
        for case in found
    ]
    show(found if as_json else rows, as_json)


@cases.command("add")
def add_cases(
    ai: AiSlug,
    file: Annotated[Path, typer.Argument(help="JSON: a list of objects with `questions` and `expect`.")],
    as_json: AsJson = False,
) -> None:
    """Add cases from a file.

    Example: inhouse cases add potter cases.json
    """
    service, who, ai_id = services().cases, actor(), _ai_id(ai)
    read = [
        (entry.get("questions", []), _expect(number, entry)) for number, entry in enumerate(_read(file), 1)
    ]
    made = [service.add(who, ai_id, questions, expect, origin="import") for questions, expect in read]
    show(made, as_json, f"Added {len(made)} cases.")


@cases.command("retire")
def retire_case(ai: AiSlug, case: Annotated[str, typer.Argument(help="The case's id.")]) -> None:
    """Let the gate check a case no longer.

    Example: inhouse cases retire potter case_01h9
    """
    services().cases.retire(actor(), _ai_id(ai), case)


@amendments.command("list")
def list_amendments(
    ai: AiSlug,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that hold no longer.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what holds at once.

    Example: inhouse amendments list potter
    """
    found = services().amendments.listing(actor(), _ai_id(ai), ended=ended)
    rows = [{"number": a.number, "kind": a.kind, "active": a.active, "what": a.payload} for a in found]
    show(found if as_json else rows, as_json)


@amendments.command("pin")
def pin(ai: AiSlug, question: str, answer: str, as_json: AsJson = False) -> None:
    """Give this answer to this question from now on.

    Example: inhouse amendments pin potter "Do you ship abroad?" "Yes, to the whole EU."
    """
    made = services().amendments.pin(actor(), _ai_id(ai), question, answer)
    show(made, as_json, f"Pinned as amendment {made.number}.")


@amendments.command("take-back")
def take_back(ai: AiSlug, number: int, as_json: AsJson = False) -> None:
    """End a pinned answer or a switched-off extension.

    Example: inhouse amendments take-back potter 3
    """
    show(
        services().amendments.take_back(actor(), _ai_id(ai), number),
        as_json,
        f"Amendment {number} holds no longer.",
    )


def _line(check: Check) -> str:
    mark = "passed" if check.passed else "NOT PASSED"
    figures = [
        f"{name} {value:.3f}"
        for name, value in (("live", check.old), ("new", check.new))
        if value is not None
    ]
    if check.interval:
        figures.append(f"95% interval of {check.of} {check.interval[0]:.3f} to {check.interval[1]:.3f}")
    about = ", ".join([*figures, f"n = {check.n}", *([check.note] if check.note else [])])
    return f"{check.name}: {mark} ({about})"


def _expected(expect: Expect) -> str:
    return "; ".join(f"{name}: {value}" for name, value in expect.model_dump(exclude_defaults=True).items())


def _read(file: Path) -> list[dict[str, Any]]:
    if not file.is_file() or file.stat().st_size > _MOST_FILE:
        raise UsageError(reason=f"{file} is no file of at most {_MOST_FILE // 1_000_000} MB.")
    try:
        return _CASES.validate_json(file.read_bytes())
    except ValidationError as error:
        raise UsageError(reason=f"{file} is not a JSON list of objects with questions and expect.") from error


def _expect(number: int, entry: dict[str, Any]) -> Expect:
    try:
        return Expect.model_validate(entry.get("expect", {}))
    except ValidationError as error:
        raise UsageError(
            reason=f"Case {number}: what it expects can't be read: {error.errors()[0]['msg']}."
        ) from error


def _ai_id(slug: str) -> str:
    return services().ais.by_slug(actor(), slug).id
