"""A stored trace as a picture, also one from before there were spans."""

from __future__ import annotations

from typing import Any

from inhouse.conversations import trace
from inhouse.web import waterfall


def span(kind: str, began: float, ended: float, parent: int | None = None, **detail: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "began_ms": began,
        "ended_ms": ended,
        "parent": parent,
        "error": "",
        "detail": detail,
    }


def test_each_piece_of_work_has_its_place_its_words_and_its_cost() -> None:
    made = {"extension": "shop", "tool": "find", "title": "Price list", "arguments": {"words": "mugs"}}
    stored = {
        "version": 2,
        "total_ms": 200.0,
        "spans": [
            span("tool", 0, 100, state="done", found=["Fold Mug"], **made),
            span("chat", 10, 60, 0, prompt_tokens=40, completion_tokens=5),
            span("retrieval", 150, 200, query="mugs", found=["Shipping"]),
        ],
    }
    tool, chat, search = waterfall.rows(stored)
    assert (tool.name, tool.asked, tool.found, tool.depth) == ("Tool", "Price list: mugs", "Fold Mug", 0)
    assert (tool.left, tool.width, chat.left, chat.width) == (0.0, 50.0, 5.0, 25.0)
    assert (chat.tokens, chat.depth) == ((40, 5), 1)
    assert (search.name, search.asked, search.left, search.width) == ("Search", "mugs", 75.0, 25.0)
    assert not tool.trouble


def test_what_went_wrong_is_named() -> None:
    made = {"title": "Price list", "arguments": {}}
    spans = [span("tool", 0, 1, state=state, **made) for state in ("failed", "refused", "cut off")]
    broken = span("retrieval", 0, 1) | {"error": "ValueError"}
    found = waterfall.rows({"version": 2, "total_ms": 1, "spans": [*spans, broken]})
    assert [row.trouble for row in found] == ["failed", "refused", "cut off", "failed"]


def test_older_traces_are_drawn_from_their_steps() -> None:
    steps = [
        {"name": "search", "state": "begun", "at_ms": 10.0, "detail": {"question": "mugs"}},
        {
            "name": "search",
            "state": "done",
            "at_ms": 60.0,
            "detail": {"query": "mugs", "found": ["Shipping"]},
        },
        {"name": "tool", "state": "failed", "at_ms": 90.0, "detail": {"title": "News", "line": "away"}},
    ]
    search, tool = waterfall.rows({"version": 1, "total_ms": 100.0, "steps": steps})
    assert (search.name, search.began_ms, search.ms, search.found) == ("Search", 10.0, 50.0, "Shipping")
    assert (tool.name, tool.asked, tool.trouble) == ("Tool", "News", "failed")


def test_a_turn_without_a_trace_has_no_rows() -> None:
    assert waterfall.rows(None) == waterfall.rows({}) == []
    assert trace.read({}).spans == ()


def test_a_trace_whose_parts_point_in_a_circle_is_drawn_all_the_same() -> None:
    spans = [span("chat", 0, 1, 1), span("chat", 0, 1, 0)]
    assert len(waterfall.rows({"version": 2, "total_ms": 1.0, "spans": spans})) == 2
