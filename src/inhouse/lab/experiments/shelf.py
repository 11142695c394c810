"""Repository of experiments, their units and looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, RowMapping, func, select, update

from inhouse.core import clock, ids
from inhouse.core.errors import NotFound
from inhouse.lab.experiments.deciding import Relative
from inhouse.lab.experiments.design import ENDS, Design, Experiment, Figures, Look, NotRunning, Verdict
from inhouse.lab.experiments.metrics import Metric
from inhouse.lab.experiments.reading import Unit
from inhouse.lab.experiments.tables import experiment_ais, experiment_looks, experiment_units, experiments
from inhouse.store.database import Tx

_MOST_LISTED = 500


def add(tx: Tx, design: Design, by: str | None) -> Experiment:
    """A draft."""
    last = tx.execute(select(func.max(experiments.c.number))).scalar()
    values = {
        "id": ids.new_id("exp"),
        "number": (last or 0) + 1,
        "design": design.model_dump(mode="json"),
        "family": design.family,
        "state": "draft",
        "created_at": clock.now(),
        "created_by": by,
    }
    row = tx.execute(experiments.insert().values(values).returning(experiments)).one()
    tx.execute(
        experiment_ais.insert(), [{"experiment_id": row.id, "ai_id": ai_id} for ai_id in design.ai_ids]
    )
    return _experiment(row)


def get(tx: Tx, experiment_id: str, *, lock: bool = False) -> Experiment:
    """One experiment with its looks, else ``NotFound``; with ``lock`` nobody else changes it until the transaction ends."""
    query = select(experiments).where(experiments.c.id == experiment_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(kind="experiment", name=experiment_id)
    return _experiment(row, _looks(tx, experiment_id))


def listing(tx: Tx, ai_id: str | None = None, state: str | None = None) -> list[Experiment]:
    """The newest first, at most 500, without their looks; of one AI and in one state where given."""
    query = select(experiments).order_by(experiments.c.number.desc()).limit(_MOST_LISTED)
    if ai_id is not None:
        here = select(experiment_ais.c.experiment_id).where(experiment_ais.c.ai_id == ai_id)
        query = query.where(experiments.c.id.in_(here))
    if state is not None:
        query = query.where(experiments.c.state == state)
    return [_experiment(row) for row in tx.execute(query)]


def ais_of(tx: Tx, experiment: Experiment) -> list[str]:
    """The AIs that take part and are still there."""
    query = select(experiment_ais.c.ai_id).where(experiment_ais.c.experiment_id == experiment.id)
    return sorted(tx.execute(query).scalars())


def running_at(tx: Tx, ai_id: str) -> Experiment | None:
    """The online experiment that an AI takes part in now."""
    return next((e for e in listing(tx, ai_id, "running") if e.design.mode == "online"), None)


def begin(tx: Tx, experiment: Experiment, registered: str, at: datetime) -> Experiment:
    """Register a draft's hash and let it run."""
    values = {"state": "running", "hash": registered, "started_at": at, "seen_until": at}
    return _change(tx, experiment, "draft", values)


def end(tx: Tx, experiment: Experiment, verdict: Verdict) -> Experiment:
    """End a running one, once."""
    values = {
        "state": ENDS[verdict.outcome],
        "verdict": verdict.model_dump(mode="json"),
        "ended_at": clock.now(),
    }
    return _change(tx, experiment, "running", values)


def forget_draft(tx: Tx, experiment: Experiment) -> None:
    """Remove a draft; nothing was registered."""
    tx.execute(experiment_ais.delete().where(experiment_ais.c.experiment_id == experiment.id))
    tx.execute(experiments.delete().where(experiments.c.id == experiment.id, experiments.c.state == "draft"))


def add_look(
    tx: Tx, experiment: Experiment, figures: Figures, seen_until: datetime, new: Sequence[tuple[str, Unit]]
) -> None:
    """What a look saw: its units, its figures, and until when fans were looked at."""
    number = len(experiment.looks) + 1
    if new:
        tx.execute(experiment_units.insert(), [_unit_row(experiment.id, name, unit) for name, unit in new])
    tx.execute(
        experiment_looks.insert().values(
            experiment_id=experiment.id,
            number=number,
            at=clock.now(),
            figures=figures.model_dump(mode="json"),
        )
    )
    tx.execute(update(experiments).where(experiments.c.id == experiment.id).values(seen_until=seen_until))


def units(tx: Tx, experiment_id: str) -> list[Unit]:
    """Every unit, in the order of the looks."""
    query = select(experiment_units).where(experiment_units.c.experiment_id == experiment_id)
    order = (experiment_units.c.look, experiment_units.c.unit)
    return [_unit(row) for row in tx.execute(query.order_by(*order)).mappings()]


def unit_names(tx: Tx, experiment_id: str) -> set[str]:
    """The hashes of the units that were counted."""
    query = select(experiment_units.c.unit).where(experiment_units.c.experiment_id == experiment_id)
    return set(tx.execute(query).scalars())


def family(tx: Tx, experiment: Experiment) -> tuple[int, list[Relative]]:
    """The experiment's place in its family (started ones count, in their order), and the others with their evidence. One that
    stands alone is the first, and has no others."""
    if not experiment.design.family:
        return 1, []
    places = _places(tx, experiment.design.family)
    number = next(place for place, one in places if one.id == experiment.id)
    return number, [one for id_, one in _relatives(tx, places).items() if id_ != experiment.id]


def relatives(tx: Tx, family: str) -> dict[str, Relative]:
    """All of a family with their evidence, by the experiment's id."""
    return _relatives(tx, _places(tx, family))


def _places(tx: Tx, family: str) -> list[tuple[int, Experiment]]:
    query = select(experiments).where(experiments.c.family == family, experiments.c.hash.is_not(None))
    rows = tx.execute(query.order_by(experiments.c.started_at, experiments.c.id))
    return [(place, _experiment(row)) for place, row in enumerate(rows, 1)]


def _relatives(tx: Tx, places: Sequence[tuple[int, Experiment]]) -> dict[str, Relative]:
    found = {}
    for place, one in places:
        looks = () if one.state == "void" else _looks(tx, one.id, last=True)
        if looks and looks[-1].figures.estimates:
            evidence = looks[-1].figures.estimates[0].evidence
            found[one.id] = Relative(place, one.design.planned, evidence)
    return found


def _change(tx: Tx, experiment: Experiment, state: str, values: dict[str, Any]) -> Experiment:
    here = (experiments.c.id == experiment.id, experiments.c.state == state)
    row = tx.execute(update(experiments).where(*here).values(values).returning(experiments)).one_or_none()
    if row is None:
        raise NotRunning()
    return _experiment(row, experiment.looks)


def _looks(tx: Tx, experiment_id: str, *, last: bool = False) -> tuple[Look, ...]:
    """All looks in their order, or the ``last`` one alone."""
    number = experiment_looks.c.number
    query = select(experiment_looks).where(experiment_looks.c.experiment_id == experiment_id)
    query = query.order_by(number.desc()).limit(1) if last else query.order_by(number)
    return tuple(
        Look(number=row.number, at=row.at, figures=Figures.model_validate(row.figures))
        for row in tx.execute(query)
    )


def _unit_row(experiment_id: str, name: str, unit: Unit) -> dict[str, Any]:
    return {
        "experiment_id": experiment_id,
        "unit": name,
        "ai_id": unit.ai_id,
        "second": unit.second,
        "look": unit.look,
        "values": {str(metric): value for metric, value in unit.values.items()},
        "history": {str(metric): value for metric, value in unit.history.items()},
        "stray": unit.stray,
        "shared": unit.shared,
    }


def _unit(row: RowMapping) -> Unit:
    return Unit(
        ai_id=row["ai_id"],
        second=row["second"],
        look=row["look"],
        values={Metric(name): _figure(value) for name, value in row["values"].items()},
        history={Metric(name): float(value) for name, value in row["history"].items()},
        stray=row["stray"],
        shared=row["shared"],
    )


def _figure(value: Any) -> float | tuple[float, float]:
    return (float(value[0]), float(value[1])) if isinstance(value, list) else float(value)


def _experiment(row: Row[Any], looks: tuple[Look, ...] = ()) -> Experiment:
    values = dict(row._mapping)
    values.pop("family")
    return Experiment(**values | {"looks": looks})
