"""A response as a stream of OpenAI's typed events, each with its number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from inhouse.conversations.responses import Response
from inhouse.conversations.turns import Turn
from inhouse.core.events import Ended, Event, Failed
from inhouse.web import sse
from inhouse.web.api import response_shapes as shapes
from inhouse.web.api.chat import Sent

Told = dict[str, Any]


async def messages(
    named: Response, turn: Turn, model: str, events: AsyncIterator[Event]
) -> AsyncIterator[str]:
    """The events of a turn as those of its response, on the wire."""
    number = 0
    async for told in _told(named, turn, model, events):
        yield sse.message({**told, "sequence_number": number}, event=told["type"])
        number += 1


async def _told(named: Response, turn: Turn, model: str, events: AsyncIterator[Event]) -> AsyncIterator[Told]:
    begun = shapes.response(named, turn, model)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    words, sent = _Words(turn.id), Sent()
    async for event in events:
        for told in words.more(sent.more(event)):
            yield told
        if isinstance(event, Ended):
            for told in words.end(event):
                yield told
            for told in _calls(event, int(words.begun)):
                yield told
        if isinstance(event, Ended | Failed):
            told = shapes.response(named, turn.model_copy(update={"end": event}), model)
            # OpenAI's streams have no event for a cancelled response: its status says it.
            ends = "incomplete" if told["status"] == "cancelled" else told["status"]
            yield {"type": f"response.{ends}", "response": told}
            return


class _Words:
    """The message of the output, which is begun with its first words."""

    def __init__(self, turn_id: str) -> None:
        self._turn_id = turn_id
        self._here = {
            "item_id": shapes.message(turn_id, "in_progress", [])["id"],
            "output_index": 0,
            "content_index": 0,
        }
        self.begun = False

    def more(self, text: str) -> Iterator[Told]:
        """Some more words."""
        if not text:
            return
        if not self.begun:
            self.begun = True
            item = shapes.message(self._turn_id, "in_progress", [])
            yield {"type": "response.output_item.added", "output_index": 0, "item": item}
            yield {"type": "response.content_part.added", **self._here, "part": shapes.text_part()}
        yield {"type": "response.output_text.delta", **self._here, "delta": text, "logprobs": []}

    def end(self, ended: Ended) -> Iterator[Told]:
        """The whole text as it stands at the end: words that were taken back are not in it."""
        if not self.begun:
            return
        part = shapes.text_part(ended)
        for number, annotation in enumerate(part["annotations"]):
            yield {
                "type": "response.output_text.annotation.added",
                **self._here,
                "annotation_index": number,
                "annotation": annotation,
            }
        yield {"type": "response.output_text.done", **self._here, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **self._here, "part": part}
        item = shapes.output(self._turn_id, ended)[0]
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _calls(ended: Ended, first: int) -> Iterator[Told]:
    for index, call in enumerate(ended.client_calls, first):
        done = shapes.call_item(call, "completed", call.arguments)
        here = {"item_id": done["id"], "output_index": index}
        begun = shapes.call_item(call, "in_progress", "")
        yield {"type": "response.output_item.added", "output_index": index, "item": begun}
        yield {"type": "response.function_call_arguments.delta", **here, "delta": call.arguments}
        yield {
            "type": "response.function_call_arguments.done",
            **here,
            "name": call.name,
            "arguments": call.arguments,
        }
        yield {"type": "response.output_item.done", "output_index": index, "item": done}
