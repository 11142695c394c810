"""A server's JSON schemas, made safe to check arguments against.

A schema can attack whoever uses it: with a pattern that takes for ever, with references that lead to a file or a
machine, that go round in circles, or that double at every step. What is left here has none of them.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from inhouse.runtime.extensions.base import Json

_MOST_CHARS = 16_000
_MOST_DEPTH = 24
#: Keywords whose keys are names, not keywords.
_NAMED = frozenset({"properties", "dependentSchemas"})
#: Keywords whose values are no schemas.
_LITERAL = frozenset({"enum", "const", "default", "examples", "required", "dependentRequired"})
_DROPPED = frozenset(
    {
        "$schema",
        "$id",
        "$defs",
        "definitions",
        "$anchor",
        "$comment",
        "$vocabulary",
        "pattern",
        "patternProperties",
    }
)
_REFUSED = frozenset({"$dynamicRef", "$recursiveRef"})
#: What may stand beside a reference without changing what fits.
_REMARKS = frozenset({"title", "description", "default", "examples", "deprecated"})


def same_arguments(one: Json, other: Json) -> bool:
    """Whether two schemas take the same arguments, in whatever words they describe them."""
    return bool(bare(one) == bare(other))


class _Unfit(Exception):
    """The schema is too large, or refers to what it must not."""


def flat(schema: object) -> Json | None:
    """The schema of an object, its references put in and its patterns left out; ``None`` where it is none to use."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return None
    try:
        made: Json = _Flattening(schema).schema(schema, 0)
        Draft202012Validator.check_schema(made)
    except (_Unfit, SchemaError, RecursionError):
        return None
    return made


class _Flattening:
    """One schema on its way to being flat. All that is written counts, so that references can't multiply."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._left = _MOST_CHARS

    def schema(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self._counted(schema)
        if depth > _MOST_DEPTH or _REFUSED & schema.keys():
            raise _Unfit
        if "$ref" in schema:
            return self.schema(self._followed(schema), depth + 1)
        return {
            self._counted(key): self._value(key, value, depth + 1)
            for key, value in schema.items()
            if key not in _DROPPED
        }

    def _value(self, key: str, value: Any, depth: int) -> Any:
        if key in _LITERAL:
            return self._counted(value)
        if key in _NAMED and isinstance(value, dict):
            return {self._counted(name): self.schema(part, depth) for name, part in value.items()}
        if isinstance(value, list):
            return [self.schema(part, depth) for part in value]
        return self.schema(value, depth)

    def _followed(self, schema: Json) -> Json:
        target = self._target(schema["$ref"])
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return target | rest if rest.keys() <= _REMARKS else {"allOf": [target, rest]}

    def _target(self, reference: object) -> Json:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise _Unfit
        found: Any = self._root
        for part in unquote(reference[2:]).split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise _Unfit
            found = found[name]
        if not isinstance(found, dict):
            raise _Unfit
        return found

    def _counted(self, literal: Any) -> Any:
        self._left -= len(json.dumps(literal))
        if self._left < 0:
            raise _Unfit
        return literal


def bare(schema: Any) -> Any:
    """A schema without its remarks."""
    if isinstance(schema, list):
        return [bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _bare_part(key, value) for key, value in schema.items() if key not in _REMARKS}


def _bare_part(key: str, value: Any) -> Any:
    if key == "required" and isinstance(value, list):
        return sorted(map(str, value))
    if key in _LITERAL:
        return value
    if key in _NAMED and isinstance(value, dict):
        return {name: bare(part) for name, part in value.items()}
    return bare(value)
