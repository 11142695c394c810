"""``/docs``: the public API on one page, drawn from its own description."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from inhouse.web.visit import Visiting

router = APIRouter()


@router.get("/docs")
def page(visit: Visiting) -> Response:
    """Every operation with its fields, and an example that runs as it is."""
    schema: dict[str, Any] = visit.request.app.openapi()
    base = visit.services.settings.public_url or str(visit.request.base_url).rstrip("/")
    return visit.page("docs.html", operations=_operations(schema), base=base)


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": told["summary"],
            "about": told.get("description", "").replace("`", ""),
            "fields": _fields(schema, told),
        }
        for path, methods in schema["paths"].items()
        for method, told in methods.items()
    ]


def _fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    shape = schema["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    wanted = shape.get("required", [])
    return [
        {"name": name, "required": name in wanted, "about": told.get("description", ""), "kind": _kind(told)}
        for name, told in shape["properties"].items()
    ]


def _kind(told: dict[str, Any]) -> str:
    kinds = [option.get("type", "object") for option in told.get("anyOf", [told])]
    return " | ".join(kind for kind in kinds if kind != "null")
