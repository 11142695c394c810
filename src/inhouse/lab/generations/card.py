"""A generation's model card, in the form that Hugging Face reads: a head in YAML, then Markdown that people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from babel import Locale

from inhouse.lab.comparing.intervals import Interval
from inhouse.lab.generations import usage
from inhouse.lab.generations.names import ARMS, FIGURES, GUARDS
from inhouse.lab.internalising import report as reports
from inhouse.lab.internalising.report import Arm, ArmKind, Report
from inhouse.tuning import models
from inhouse.tuning.exports import Form
from inhouse.tuning.generations import Generation

_NAMES_A_SET = re.compile(r"[a-z0-9][\w./-]*")
#: What of a generation's ``data_hashes`` is no set of data.
_NO_SET = ("sha256", "source", "dataset", "traces")


@dataclass(frozen=True)
class Subject:
    """What a card is about. ``root`` is the base model at the top of the tree, the generation itself where it has no parent."""

    generation: Generation
    parent: Generation | None
    root: Generation
    languages: Sequence[str] = ()
    form: Form | None = None

    @property
    def report(self) -> Report | None:
        """What was measured when it was made by building tools in."""
        return reports.of(self.generation.scores)

    @property
    def is_of_our_base(self) -> bool:
        """Whether it goes back to the base model that setup fetches, whose licence is known."""
        return self.root.file_hash == models.BASE.sha256


def card(about: Subject) -> str:
    """The whole card."""
    sections = [
        _title(about),
        _made(about),
        _scores(about),
        _limits(about),
        "## How to use it\n\n" + usage.told(about.generation, about.parent, about.report, about.form),
    ]
    head = yaml.safe_dump(_head(about), sort_keys=False, allow_unicode=True).strip()
    return f"---\n{head}\n---\n\n" + "\n\n".join(sections) + "\n"


def base_of(about: Subject) -> str:
    """What a reader of the delta must load first."""
    parent = about.parent or about.root
    return models.BASE_REPOSITORY if parent.file_hash == models.BASE.sha256 else parent.id


def _head(about: Subject) -> dict[str, Any]:
    head: dict[str, Any] = {"license": models.BASE_LICENCE if about.is_of_our_base else "other"}
    if not about.is_of_our_base:
        head["license_name"] = "that-of-the-base-model"
    if about.form == "peft":
        head |= {"base_model": base_of(about), "base_model_relation": "adapter"}
    elif about.parent is not None:
        head |= {"base_model": _repository(about), "base_model_relation": "finetune"}
    elif about.is_of_our_base:
        head |= {"base_model": _repository(about), "base_model_relation": "quantized"}
    if about.languages:
        head["language"] = sorted(about.languages)
    head["pipeline_tag"] = "text-generation"
    head["library_name"] = {"peft": "peft", "gguf": "llama.cpp"}.get(about.form or "", "transformers")
    head["tags"] = ["inhouse", *([about.form] if about.form else []), *_built_tags(about)]
    if sets := _sets(about):
        head["datasets"] = sets
    report = about.report
    if report is not None:
        head["metrics"] = ["accuracy"]
        head["model-index"] = [{"name": about.generation.name, "results": [_result(report)]}]
    elif "F1" in json.dumps(dict(about.generation.scores)):
        head["metrics"] = ["f1"]
    return head


def _repository(about: Subject) -> str:
    return models.BASE_REPOSITORY if about.is_of_our_base else about.root.name


def _built_tags(about: Subject) -> list[str]:
    return ["tool-calling"] if about.report is not None and about.report.tools else []


def _sets(about: Subject) -> list[str]:
    names = [name for name in about.generation.data_hashes if name not in _NO_SET]
    return [name for name in names if _NAMES_A_SET.fullmatch(name)]


def _result(report: Report) -> dict[str, Any]:
    arm = report.arm(ArmKind.BUILT_IN)
    figures = {"Right tool": arm.right_tool, "Every argument right": arm.exact} if arm else {}
    return {
        "task": {"type": "text-generation", "name": "calling tools that nothing describes"},
        "dataset": {"type": "held-out-requests", "name": "requests that taught nothing"},
        "metrics": [
            {"type": "accuracy", "name": name, "value": round(figure.value, 4)}
            for name, figure in figures.items()
            if figure is not None
        ],
    }


def _title(about: Subject) -> str:
    generation, report = about.generation, about.report
    lines = [f"# {generation.name}", ""]
    if about.parent is None:
        lines += [f"A base model as it came: `{generation.file_hash}` ({generation.quantisation})."]
        return "\n".join(lines)
    lines += [f"A generation of {about.root.name}, made by Inhouse out of {about.parent.name}."]
    if report is not None:
        tools = ", ".join(f"`{one.tool}`" for one in report.tools)
        lines += [f"It calls {tools} by itself, with nothing described in the prompt.", ""]
        lines += [f"**{report.verdict.reason}**"]
    return "\n".join(lines)


def _made(about: Subject) -> str:
    generation, report = about.generation, about.report
    lines = ["## How it was made", ""]
    facts = {
        "Generation": f"`{generation.id}`",
        "Parent": f"{about.parent.name}, `{about.parent.id}`" if about.parent else "none",
        "File": f"`{generation.file_hash}` (SHA-256), {generation.quantisation}",
        "Registered": f"{generation.created_at:%Y-%m-%d}",
    }
    if generation.delta is not None:
        facts["Delta"] = ", ".join(f"`{name}` `{blob[:16]}`" for name, blob in generation.delta.items())
    facts |= {
        f"Recipe: {name}": _plain(value)
        for name, value in generation.recipe.items()
        if not isinstance(value, Mapping)
    }
    lines += _table(("What", ""), [(name, value) for name, value in facts.items()])
    if generation.data_hashes:
        lines += ["", "### Data", ""]
        lines += [f"- {name}: {value}" for name, value in generation.data_hashes.items()]
    if report is not None:
        lines += ["", *_provenance(report)]
    return "\n".join(lines)


def _provenance(report: Report) -> Iterator[str]:
    data = report.data
    yield f"{data.uses:,} uses of tools and turns without one (`{data.sha256}`), and {data.rehearsed:,} rows of what the parent knew:"
    yield ""
    for source, count in sorted(data.sources.items(), key=lambda one: -one[1]):
        licence = f" ({data.licences[source]})" if source in data.licences else ""
        yield f"- {source}: {count:,}{licence}"
    for reason, count in data.left_out.items():
        yield f"- left out, {reason}: {count:,}"


def _scores(about: Subject) -> str:
    report = about.report
    lines = ["## Scores", ""]
    if report is None:
        known = dict(about.generation.scores)
        lines += list(_nested(known)) if known else ["Nothing was measured of it here."]
        return "\n".join(lines)
    lines += [
        "Measured on the very file that is served, beside its parent, on requests that taught nothing.",
        "Shares with their 95% intervals and sample sizes.",
        "",
        *_table(
            (
                "Way",
                "Right tool",
                "Every argument right",
                "False calls",
                "Calls of what isn't there",
                "Prompt, over all",
            ),
            [_arm(arm) for arm in report.arms],
        ),
        "",
        "What had to hold, with margins that were laid down beforehand "
        f"(`{report.margins_sha256[:16]}`); gains are in the direction of better:",
        "",
        *_table(("What", "n", "Parent", "This", "Gain, 95%", "Margin", ""), list(_margins(report))),
    ]
    if report.curve:
        lines += ["", "What so many examples teach:", ""]
        rows = [
            (f"{one.uses:,}", _share(one.right_tool), _share(one.exact), _share(one.false_calls))
            for one in report.curve
        ]
        lines += _table(("Examples", "Right tool", "Every argument right", "False calls"), rows)
    return "\n".join(lines)


def _arm(arm: Arm) -> tuple[str, ...]:
    tokens = f"{arm.prompt_tokens.value:.0f} tokens" if arm.prompt_tokens else "–"
    return (
        ARMS[arm.kind],
        _share(arm.right_tool),
        _share(arm.exact),
        _share(arm.false_calls),
        _share(arm.not_there),
        tokens,
    )


def _margins(report: Report) -> Iterator[tuple[str, ...]]:
    for one in report.primary:
        name = f"{FIGURES[one.figure]}, against: {ARMS[one.against]}"
        yield _margin(name, one.n, one.old, one.new, (one.low, one.high), one.margin, one.held)
    for guard in report.guards:
        name = f"{GUARDS[guard.kind]} ({guard.measure})"
        yield _margin(
            name, guard.n, guard.parent, guard.child, (guard.low, guard.high), guard.margin, guard.held
        )


def _margin(
    name: str, n: int, old: float, new: float, gain: tuple[float, float], margin: float, held: bool
) -> tuple[str, ...]:
    word = "held" if held else "**not held**"
    return (
        name,
        str(n),
        f"{old:.3f}",
        f"{new:.3f}",
        f"{gain[0]:+.3f} to {gain[1]:+.3f}",
        f"−{margin:g}",
        word,
    )


def _limits(about: Subject) -> str:
    lines = ["## Limits", ""]
    if about.languages and "*" not in about.languages:
        names = ", ".join(sorted(Locale.parse(code).english_name or code for code in about.languages))
        lines += [f"- It writes {names} well enough to be answered in; elsewhere Inhouse quotes passages."]
    report = about.report
    if report is not None:
        lines += [
            "- What moved in is the skill of writing a call. Who may call, limits and the record stay with whoever runs it, "
            "and so do facts that change: they come from the tool.",
            "- A call that it writes is a proposal: check the name and the arguments against the tool's schema.",
        ]
        lines += [
            f"- {GUARDS[one.kind] if isinstance(one, reports.Guard) else FIGURES[one.figure]}: "
            f"may be worse by more than {one.margin:g}."
            for one in report.lost
        ]
    lines += ["- It says wrong things. Where a claim matters, show the passage that it stands on."]
    return "\n".join(lines)


def _nested(value: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield f"{'  ' * depth}- {name}"
            yield from _nested(inner, depth + 1)
        else:
            yield f"{'  ' * depth}- {name}: {_plain(inner)}"


def _share(figure: Interval | None) -> str:
    if figure is None:
        return "–"
    low, high = 100 * figure.low, 100 * figure.high
    return f"{100 * figure.value:.1f}% [{low:.1f}–{high:.1f}], n={figure.n}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
