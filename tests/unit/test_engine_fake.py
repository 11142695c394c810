"""The engine that tests talk to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from inhouse.core.errors import Busy
from inhouse.runtime.engines.base import Completion, Message, Piece, ScoreRequest, Usage
from inhouse.runtime.engines.fake import FakeEngine, Script
from inhouse.runtime.engines.written import written


def _ask(answers: Iterable[Script], request: Completion) -> tuple[str, Usage]:
    async def run() -> tuple[str, Usage]:
        parts = [part async for part in FakeEngine(answers).complete(request)]
        assert isinstance(parts[-1], Usage)
        return "".join(part.text for part in parts[:-1] if isinstance(part, Piece)), parts[-1]

    return asyncio.run(run())


def test_answers_in_order_and_stays_on_the_last() -> None:
    engine = FakeEngine(["one two", lambda request: f"you said {request.prompt}"])

    async def run() -> list[str]:
        texts = []
        for prompt in "abc":
            parts = [part async for part in engine.complete(Completion(prompt=prompt))]
            texts.append("".join(part.text for part in parts if isinstance(part, Piece)))
        return texts

    assert asyncio.run(run()) == ["one two", "you said b", "you said c"]
    assert [request.prompt for request in engine.requests] == ["a", "b", "c"]


def test_repeats_the_question_without_a_script() -> None:
    text, usage = _ask([], Completion(messages=[Message("user", "hello  there\n")]))
    assert text == "hello  there\n"
    assert usage.finish == "stop"


def test_keeps_to_stop_strings_and_length() -> None:
    assert _ask(["a b STOP c"], Completion(prompt="", stop=["STOP"]))[0] == "a b "
    text, usage = _ask(["a b c d"], Completion(prompt="", max_tokens=2))
    assert (text, usage.finish, usage.completion_tokens) == ("a b", "length", 2)


def test_raises_scripted_errors() -> None:
    with pytest.raises(Busy):
        _ask([Busy()], Completion(prompt="x"))


def test_counts_streams_that_were_stopped() -> None:
    engine = FakeEngine(["a b c"])

    async def run() -> None:
        stream = engine.complete(Completion(prompt="x"))
        await anext(stream)
        await stream.aclose()

    asyncio.run(run())
    assert engine.stopped == 1


def test_scores_by_the_word() -> None:
    score = asyncio.run(FakeEngine(score=-1.5).score(ScoreRequest("two words", prompt="p")))
    assert (score.logprob, score.tokens) == (-3.0, 2)


def test_a_completion_is_read_to_its_end_with_what_it_cost() -> None:
    request = Completion(prompt="x", max_tokens=2)
    text, usage = asyncio.run(written(FakeEngine(["one two three"]), request))
    assert (text, usage) == _ask(["one two three"], request)
    with pytest.raises(Busy):
        asyncio.run(written(FakeEngine([Busy()]), request))
