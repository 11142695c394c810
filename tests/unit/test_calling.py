"""Whatever an extension does, a call ends in time with one outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from inhouse.core import clock
from inhouse.runtime.extensions.base import Context, Limits, Result, Source, Tool, ToolFailed
from inhouse.runtime.extensions.calling import Attached, Caller, Outcome, Uncounted

TOOL = Tool(
    name="look",
    title="Look",
    description="Looks.",
    parameters={
        "type": "object",
        "properties": {"what": {"type": "string", "maxLength": 20}, "count": {"type": "integer"}},
        "required": ["what"],
        "additionalProperties": False,
    },
)


class Handler:
    """Does what the test wants."""

    def __init__(self, does: Any) -> None:
        self.does = does
        self.calls = 0

    async def tools(self) -> Sequence[Tool]:
        return (TOOL,)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: Context) -> Result:
        self.calls += 1
        if isinstance(self.does, Exception):
            raise self.does
        if isinstance(self.does, Result):
            return self.does
        await asyncio.sleep(self.does)
        return Result(text="late")

    async def aclose(self) -> None: ...


class Spent:
    """A quota that is used up."""

    async def take(self, context: Context, attached: Attached) -> str | None:
        return "Look was used as often as it may be today."


def call(
    handler: Handler, arguments: dict[str, Any] | None = None, quotas: Any = None, **limits: Any
) -> Outcome:
    attached = Attached("ext", TOOL, Limits(**limits), handler)
    context = Context("ai_1", "fan_1", "call_1", clock.now())
    return asyncio.run(
        Caller(quotas or Uncounted()).call(
            attached, {"what": "x"} if arguments is None else arguments, context
        )
    )


def test_a_result_comes_back_within_its_size() -> None:
    sources = tuple(Source(title="t" * 1000, text="x" * 5000) for _ in range(50))
    outcome = call(Handler(Result(text="y" * 5000, sources=sources, data=["z" * 300_000])), result_chars=100)
    assert outcome.state == "done" and outcome.result is not None
    assert len(outcome.result.text) == 100 and len(outcome.result.sources) == 20
    assert {(len(s.title), len(s.text)) for s in outcome.result.sources} == {(300, 100)}
    assert outcome.result.data is None


@pytest.mark.parametrize(
    ("does", "line"),
    [
        (30.0, "Look took longer than 0 seconds."),
        (ToolFailed(reason="The shop's server is away."), "The shop's server is away."),
        (RuntimeError("secret token 123"), "Look broke."),
    ],
)
def test_what_goes_wrong_is_one_line(does: Any, line: str) -> None:
    outcome = call(Handler(does), seconds=0.05)
    assert (outcome.state, outcome.line, outcome.result) == ("failed", line, None)


@pytest.mark.parametrize(
    "arguments", [{}, {"what": 3}, {"what": "x" * 21}, {"what": "x", "more": 1}, {"what": "x" * 20_000}]
)
def test_arguments_that_do_not_fit_are_never_sent(arguments: dict[str, Any]) -> None:
    handler = Handler(Result(text="no"))
    outcome = call(handler, arguments)
    assert outcome.state == "refused" and outcome.line and handler.calls == 0


def test_a_spent_quota_refuses() -> None:
    handler = Handler(Result(text="no"))
    outcome = call(handler, quotas=Spent())
    assert (outcome.state, outcome.line, handler.calls) == (
        "refused",
        "Look was used as often as it may be today.",
        0,
    )


def test_a_caller_who_leaves_is_not_held() -> None:
    async def leave() -> None:
        attached = Attached("ext", TOOL, Limits(seconds=100), Handler(100.0))
        context = Context("ai_1", None, "call_1", clock.now())
        async with asyncio.timeout(0.05):
            await Caller(Uncounted()).call(attached, {"what": "x"}, context)

    with pytest.raises(TimeoutError):
        asyncio.run(leave())


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "http://x/" + "y" * 3000, ""])
def test_only_web_pages_become_links(url: str) -> None:
    assert Source(title="x", url=url).url is None
    assert Source(title="x", url="https://example.com").url == "https://example.com"
