"""A brief as a file: YAML, or Markdown whose front matter is the brief and whose text describes the voice."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from inhouse.brief.brief import Brief
from inhouse.core.errors import InhouseError, TooLarge

MOST_CHARS = 300_000
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$\n?(.*)\Z", re.DOTALL | re.MULTILINE)


_BOOL = "tag:yaml.org,2002:bool"


class BadBrief(InhouseError):
    """The brief can't be read. {problems}"""


class _Loader(yaml.SafeLoader):
    """YAML without anchors: nobody writes them by hand here, and they can blow up a small file.

    Only ``true`` and ``false`` are truth values, as in YAML 1.2: ``no`` is the name of a field, and a word that fans use.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL or first in "tTfF"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(
                None, None, "aliases (*name) are not used in a brief", mark
            )
        return super().compose_node(parent, index)


def load(text: str) -> Brief:
    """Read a brief; raises ``BadBrief`` that names line and field of everything wrong, or ``TooLarge``."""
    if len(text) > MOST_CHARS:
        raise TooLarge(what="The brief", limit=f"{MOST_CHARS:,} characters")
    matter, voice, skipped = _parts(text.replace("\r\n", "\n").removeprefix("\ufeff"))
    node = _parse(matter, skipped)
    content = _content(node, skipped)
    if voice.strip():
        content = _with_voice(content, voice.strip())
    try:
        return Brief.model_validate(content)
    except ValidationError as error:
        problems = [_problem(node, item, skipped) for item in error.errors(include_url=False)]
        raise BadBrief(problems=" ".join(problems)) from None


def dump(brief: Brief) -> str:
    """The brief as YAML, fields in their order, what is as usual left out; ``load`` gives the same brief back."""
    content = brief.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100) if content else "{}\n"


def _parts(text: str) -> tuple[str, str, int]:
    """YAML, the text after it, and how many lines stand before the YAML."""
    found = _FRONT_MATTER.match(text)
    return (found[1], found[2], 1) if found else (text, "", 0)


def _parse(text: str, skipped: int) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, skipped) from None
    except (yaml.YAMLError, RecursionError):
        raise BadBrief(problems="It is not YAML.") from None


def _content(node: yaml.Node | None, skipped: int) -> dict[str, Any]:
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise BadBrief(problems=f"Line {node.start_mark.line + 1 + skipped}: write fields such as `name: …`.")
    try:
        content = yaml.constructor.SafeConstructor().construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, skipped) from None
    return {str(key): value for key, value in content.items()}


def _not_yaml(error: yaml.MarkedYAMLError, skipped: int) -> BadBrief:
    mark = error.problem_mark or error.context_mark
    line = (mark.line if mark else 0) + 1 + skipped
    return BadBrief(problems=f"Line {line}: {error.problem or error.context}.")


def _with_voice(content: dict[str, Any], description: str) -> dict[str, Any]:
    voice = content.get("voice")
    if voice is None:
        return {**content, "voice": {"description": description}}
    if not isinstance(voice, dict) or voice.get("description"):
        raise BadBrief(problems="Describe the voice either in the field voice or in the text, not in both.")
    return {**content, "voice": {**voice, "description": description}}


def _problem(node: yaml.Node | None, error: Any, skipped: int) -> str:
    path = [
        part
        for part in error["loc"]
        if not (isinstance(part, str) and part.startswith(("constrained", "literal")))
    ]
    line = _line(node, path) + skipped
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
    message = error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"Line {line}, {field}: {message}." if field else f"{message}."


def _line(node: yaml.Node | None, path: list[str | int]) -> int:
    """The line (from 1) of the innermost part of ``path`` that is in the file."""
    line = node.start_mark.line + 1 if node else 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
