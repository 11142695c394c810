"""Building tools in, on behalf of the operator: what it would be made of, starting it, and what came of it.

The work itself is the job ``internalise`` (``making_job``). Nothing goes live by it: that is promotion's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from inhouse.accounts import audit
from inhouse.accounts.actors import Action, Actor
from inhouse.accounts.authorisation import authorise
from inhouse.conversations.traces import Traces
from inhouse.core.errors import InhouseError, NotFound, UsageError
from inhouse.lab.comparing.intervals import of_difference
from inhouse.lab.internalising import dataset, material
from inhouse.lab.internalising.material import Fitness, Held, Material, no_ledger, no_notice
from inhouse.lab.internalising.workshop import Workshop
from inhouse.runtime.profile import Installed
from inhouse.store import jobs
from inhouse.store.database import Database, Tx
from inhouse.store.jobs import Job

JOB = "internalise"
#: How many uses the smaller generations of the learning curve are taught.
CURVE = (100, 300, 1000)
#: How much worse than the ways outside it may be, in points of 1; a smaller one would need thousands of requests to be shown.
MARGIN = 0.05
MOST_EXTENSIONS = 8
_LISTED = 100


class NotAnnounced(InhouseError):
    """{reason}"""

    status = 409


class NotTeachable(InhouseError):
    """A model server answers here, and its model can't be taught. Use the embedded engine to make a generation."""

    status = 409


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlannedTool(_Value):
    """A tool whose use would move in."""

    name: str
    title: str
    extension: str
    ais: tuple[str, ...]
    """Names in addresses of the AIs that have it."""
    acts: bool
    """Whether it changes something: then, too, only the skill moves in, and a person has to agree as before."""
    taught: int
    kept: int
    """Requests that judge the result, and are never trained on."""
    stays_outside: str
    """What the ledger says of its answers, where they must not be learnt. They never are: only the call is."""


class Preview(_Value):
    """What a generation would be made of, before anything is started."""

    parent: str
    tools: tuple[PlannedTool, ...]
    without_taught: int
    """Turns without a tool."""
    without_kept: int
    sources: dict[str, int]
    """How many of what teaches comes from where."""
    left_out: dict[str, int]
    """What was looked at and teaches nothing, by reason."""
    sha256: str
    """Of what teaches."""
    rules_out: float
    """With so many requests that judge, a loss of less than this can't be ruled out, in points of 1: beyond ``MARGIN`` a new generation
    passes only where it is clearly better."""
    lacking: tuple[str, ...]
    """Why it can't be started yet, in sentences; empty where it can."""


@dataclass(frozen=True)
class Stored:
    """A generation that is being made, or was."""

    job: Job

    @property
    def extensions(self) -> tuple[str, ...]:
        """What is built in, as it was asked for."""
        return tuple(self.job.payload["extensions"])

    @property
    def generation(self) -> str | None:
        """The generation that came of it."""
        return self.job.result["generation"] if self.job.result is not None else None

    @property
    def passed(self) -> bool | None:
        """Whether it may be promoted; nothing before it is measured."""
        return self.job.result["passed"] if self.job.result is not None else None


class Internalising:
    """For the operator: it takes the machine for an hour, and what comes of it is shared by all AIs."""

    def __init__(
        self, db: Database, workshop: Workshop, fitness: Fitness = no_ledger, held: Held = no_notice
    ) -> None:
        """``held`` says why tools may not be built in yet: their authors have to be told."""
        self._db = db
        self._workshop = workshop
        self._fitness = fitness
        self._held = held

    def choices(self, actor: Actor) -> list[str]:
        """The names of extensions that some AI has."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return material.names(tx)

    def preview(self, actor: Actor, names: Sequence[str]) -> Preview:
        """What it would be made of. Raises ``NotFound``, ``SchemasDiffer`` and ``TwoOfOneName``."""
        names = _checked(names)
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
        parent = self._parent()
        found = material.at_hand(self._db, names, parent.profile.tools)
        with self._db.read() as tx:
            notes = {one.tool.name: self._fitness(tx, one.tool) or "" for one in found.wanted}
        return Preview(
            parent=parent.generation,
            tools=tuple(_planned(found, notes)),
            without_taught=sum(one.use.call is None for one in found.taught.uses),
            without_kept=sum(one.use.call is None for one in found.kept.uses),
            sources=found.taught.sources(),
            left_out=dict(found.taught.left_out),
            sha256=found.taught.sha256,
            rules_out=_rules_out(sum(one.use.call is not None for one in found.kept.uses)),
            lacking=tuple(one.message for one in found.lacking),
        )

    def start(self, actor: Actor, names: Sequence[str], *, curve: bool = False, recipe: str = "tools") -> Job:
        """Queue it. One that was asked for before and did not come to its end goes on where it was. Raises ``TooFewUses`` and what ``preview`` does."""
        names = _checked(names)
        self._parent()
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            wanted = material.wanted(tx, names)
            said = self._held(tx, actor, [one.tool for one in wanted])
        if said:
            raise NotAnnounced(reason=said)
        shared = list(Traces(self._db).consented(ai_ids=material.ai_ids(wanted)))
        payload = {"extensions": names, "curve": curve, "recipe": recipe}
        with self._db.write() as tx:
            authorise(tx, actor, Action.OPERATE)
            for lacking in material.gather(tx, wanted, shared).lacking:
                raise lacking
            job = _broken_off(tx, payload) or jobs.enqueue(tx, JOB, payload, lane="heavy")
            audit.record(tx, actor, "started building in", subject=job.id, detail={"extensions": names})
        return job

    def listing(self, actor: Actor) -> list[Stored]:
        """The newest first."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            return [Stored(job) for job in jobs.listing(tx, name=JOB, limit=_LISTED)]

    def get(self, actor: Actor, job_id: str) -> Stored:
        """One of them; ``NotFound`` where there is none."""
        with self._db.read() as tx:
            authorise(tx, actor, Action.OPERATE)
            job = jobs.get(tx, job_id)
        if job.name != JOB:
            raise NotFound(kind="making of a generation", name=job_id)
        return Stored(job)

    def _parent(self) -> Installed:
        parent = self._workshop.current()
        if parent is None:
            raise NotTeachable()
        return parent


def _rules_out(requests: int) -> float:
    """What two equal models could still differ by, for all that so many requests show."""
    return -of_difference([0.0] * requests, [0.0] * requests).low if requests else 1.0


def _checked(names: Sequence[str]) -> list[str]:
    found = sorted({name.strip() for name in names if name.strip()})
    if not 1 <= len(found) <= MOST_EXTENSIONS:
        raise UsageError(reason=f"Name 1 to {MOST_EXTENSIONS} extensions.")
    return found


def _broken_off(tx: Tx, payload: dict[str, object]) -> Job | None:
    """The same, asked for before: stopped, failed, or under way."""
    newest = next((job for job in jobs.listing(tx, name=JOB, limit=1)), None)
    if newest is None or dict(newest.payload) != payload or newest.state == "done":
        return None
    return jobs.retry(tx, newest.id)


def _planned(found: Material, notes: dict[str, str]) -> Iterator[PlannedTool]:
    for want in found.wanted:
        yield PlannedTool(
            name=want.tool.name,
            title=want.tool.title,
            extension=want.extension,
            ais=tuple(ai.slug for ai in want.ais),
            acts=want.tool.effect == "acting",
            taught=dataset.count(found.taught, want.tool.name),
            kept=dataset.count(found.kept, want.tool.name),
            stays_outside=notes[want.tool.name],
        )
