"""Teaching the generation that ships: rows, making, and an examination of the very file that will be served.

The result is a folder as it ships (``tuning/shipped``): the delta in PEFT's form and ``generation.json``, beside the
merged model file.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from inhouse.content.embedding.base import Embedder
from inhouse.lab import curriculum, examination
from inhouse.lab.making import Making, Say, make
from inhouse.lab.skills.grounded import Embed
from inhouse.runtime.profile import Method, Profile
from inhouse.tuning.files import write_json
from inhouse.tuning.models import Shipped
from inhouse.tuning.recipes import Recipe


@dataclass(frozen=True)
class Plan:
    """What is made from what. ``base`` is a GGUF file, ``data`` the folder of the data sets."""

    name: str
    base: Path
    data: Path
    folder: Path
    cache: Path
    recipe: Recipe
    threads: int


def teach(plan: Plan, embedder: Embedder, say: Say) -> Shipped:
    """Make the generation; raises ``TrainingFailed`` with the trainer's reason."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    lessons = _prepare(plan, "train", embedder, say)
    kept = _prepare(plan, "development", embedder, say)
    making = Making(
        plan.name, plan.base, plan.folder / "train.jsonl", plan.folder, plan.cache, plan.recipe, plan.threads
    )
    delta = make(making, say)
    say(f"examining on {', '.join(kept)}")
    rows = curriculum.read(plan.folder / "development.jsonl")
    scores = asyncio.run(examination.examine(making.model, rows, plan.folder / "run", plan.threads, say))
    made = Shipped(
        name=plan.name,
        delta=delta,
        quantisation=making.quantisation,
        recipe=plan.recipe.model_dump(mode="json", exclude={"preference"}),
        data=lessons,
        scores=scores,
        profile=Profile(method=Method.TRAINED).model_dump(mode="json", exclude_defaults=True),
    )
    write_json(making.shipped / "generation.json", made.model_dump(mode="json"))
    return made


def _prepare(plan: Plan, part: curriculum.Part, embedder: Embedder, say: Say) -> dict[str, str]:
    """Write the rows of one part, once; says what is in them."""
    file, about = plan.folder / f"{part}.jsonl", plan.folder / f"{part}.json"
    if not about.exists():
        say(f"choosing notes for the {part} rows")
        embed = Embed(embedder.queries, embedder.passages)
        lessons = curriculum.lessons(plan.data, part, embed)
        name = curriculum.write(curriculum.lines(lessons), file)
        contents = {
            lesson.name: f"{len(list(chain(*lesson.groups)))} rows, {lesson.licence}" for lesson in lessons
        }
        write_json(about, {**contents, "sha256": name})
    found: dict[str, str] = json.loads(about.read_text("utf-8"))
    return found
