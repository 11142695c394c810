"""The sample AI of ``inhouse demo``: made from the shop in ``inhouse/samples``, step by step, each of them resumable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from inhouse.accounts.actors import Actor
from inhouse.accounts.ais import Ai
from inhouse.app.services import Services
from inhouse.app.working import finish, finish_queued
from inhouse.brief import file as brief_file
from inhouse.brief.brief import Brief, Exchange
from inhouse.content.reports import ImportReport
from inhouse.core.errors import InhouseError, NotFound
from inhouse.releases.cases import Expect
from inhouse.store.jobs import Job

SLUG = "kilnfold"
FOLDER = Path(__file__).parents[1] / "samples" / SLUG
CONTENT = ("posts", "ja", "faq.jsonl", "products.md")
QUESTIONS = (
    "How much is the Fold Mug currently?",
    "Can the Sunday Dish go in the oven?",
    "What was Nell's first job?",
)

#: Says which step is begun, how far it is (0 to 1), and what it is doing.
Say = Callable[[str, float, str], None]


class DemoFailed(InhouseError):
    """The demo stopped at "{step}": {reason}"""


def make(services: Services, say: Say) -> Ai:
    """The sample AI, live. What an earlier run did already is not done again."""
    who = Actor.local_operator()
    ai = _ai(services, who)
    if _is_live(services, ai.id):
        return ai
    _brief(services, who, ai.id)
    for name in CONTENT:
        job = services.library.queue_path(who, ai.id, FOLDER / name, right="own work")
        _see(services, job, say, f"importing {name}")
    step = "learning where things are"
    finish_queued(services, ai.id, "embed", lambda share, message: say(step, share, message))
    _cases(services, who, ai.id)
    _picks(services, who, ai.id)
    if services.releases.newest_adapter(who, ai.id) is None:
        _see(services, services.tuning.train(who, ai.id), say, "training its voice")
    adapter = services.releases.newest_adapter(who, ai.id)
    gate = _see(
        services, services.releases.propose(who, ai.id, adapter, go_live=True), say, "passing the gate"
    )
    if not _is_live(services, ai.id):
        raise DemoFailed(step="passing the gate", reason=_why(gate))
    return ai


def _is_live(services: Services, ai_id: str) -> bool:
    with services.db.read() as tx:
        return services.releases.current(tx, ai_id) is not None


def _ai(services: Services, who: Actor) -> Ai:
    try:
        return services.ais.by_slug(who, SLUG)
    except NotFound:
        team = services.accounts.teams.create(who, "Kilnfold")
        return services.ais.create(who, team.id, SLUG, "Kilnfold", kind="business", languages=("en", "ja"))


def _brief(services: Services, who: Actor, ai_id: str) -> None:
    current = services.briefs.current(who, ai_id)
    if current.number:
        return
    brief = brief_file.load((FOLDER / "brief.yaml").read_text("utf-8"))
    exchanges = tuple(Exchange(message=row["message"], reply=row["reply"]) for row in _rows("voice.jsonl"))
    services.briefs.save(who, ai_id, _with_exchanges(brief, exchanges), 0)


def _with_exchanges(brief: Brief, exchanges: tuple[Exchange, ...]) -> Brief:
    return brief.model_copy(update={"voice": brief.voice.model_copy(update={"exchanges": exchanges})})


def _cases(services: Services, who: Actor, ai_id: str) -> None:
    if services.cases.listing(who, ai_id):
        return
    for case in yaml.safe_load((FOLDER / "cases.yaml").read_text("utf-8")):
        services.cases.add(who, ai_id, case["questions"], Expect.model_validate(case["expect"]))


def _picks(services: Services, who: Actor, ai_id: str) -> None:
    if services.picks.listing(who, ai_id):
        return
    for row in _rows("picks.jsonl"):
        services.picks.pick(who, ai_id, row["prompt"], row["chosen"], row["rejected"])


def _see(services: Services, job: Job, say: Say, step: str) -> Job:
    """Run a job to its end; ``DemoFailed`` where it does not get there."""
    done = finish(services, job, lambda share, message: say(step, share, message))
    if done.state != "done":
        raise DemoFailed(step=step, reason=done.error or f"it was {done.state}.")
    say(step, 1.0, _summary(done))
    return done


def _summary(job: Job) -> str:
    if job.name == "import" and job.result:
        report = ImportReport.model_validate(job.result)
        return f"{report.added} added, {len(report.skipped)} skipped"
    return job.message


def _why(gate: Job) -> str:
    result = gate.result or {}
    return str(result.get("gate", {}).get("reason", gate.error or "the gate did not end."))


def _rows(name: str) -> Iterator[dict[str, Any]]:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        yield json.loads(line)
