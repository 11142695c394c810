"""Captions of a recording (VTT, SRT), with the second at which each stretch begins."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Sequence

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from inhouse.content import plain
from inhouse.content.importers.base import CannotRead, FileImporter, Options, Outcome, stem
from inhouse.content.values import Item, Kind, Section
from inhouse.core.passages import Place

#: A stretch ends at the first sentence end after this many characters, and at the latest at three times as many.
_STRETCH_CHARS = 300
_ENDS = (".", "!", "?", "。", "！", "？", "…")
_SILENCE_SECONDS = 8.0
_TAG = re.compile(r"<[^>\n]{0,200}>|\{\\[^}\n]{0,50}\}")
_ID_IN_NAME = re.compile(r"\[([\w-]{11})\]")
SUFFIXES = (".vtt", ".srt")


class Captions(FileImporter):
    name = "captions"
    suffixes = SUFFIXES

    def read_file(self, name: str, data: bytes, options: Options) -> Iterator[Outcome]:
        video = _ID_IN_NAME.search(name)
        yield Item(
            key=options.url or name,
            title=stem(_ID_IN_NAME.sub("", name)),
            kind=Kind.VIDEO,
            sections=read_captions(name, data),
            url=options.url or (f"https://www.youtube.com/watch?v={video[1]}" if video else None),
        )


def read_captions(name: str, data: bytes) -> tuple[Section, ...]:
    """The stretches of a caption file; ``CannotRead`` where it is none."""
    text = plain.decode(data)
    kind = "srt" if name.lower().endswith(".srt") else "vtt"
    try:
        cues = webvtt.WebVTT.from_buffer(io.StringIO(text), kind).captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise CannotRead(reason=f"It is not a caption file ({kind.upper()}), or a broken one.") from error
    return tuple(_stretches(_spoken(cues)))


def _spoken(cues: Sequence[webvtt.Caption]) -> Iterator[tuple[float, float, str]]:
    """Begin, end and words of each line. Automatic captions roll: a line is shown again while the next one comes."""
    last = ""
    for cue in cues:
        for line in cue.raw_text.split("\n"):
            words = plain.one_line(html.unescape(_TAG.sub("", line)))
            if words and words != last:
                yield cue.start_time.in_milliseconds() / 1000, cue.end_time.in_milliseconds() / 1000, words
                last = words


def _stretches(lines: Iterator[tuple[float, float, str]]) -> Iterator[Section]:
    said: list[str] = []
    begin = quiet_since = 0.0
    for start, end, words in lines:
        size = sum(map(len, said))
        ended = said and said[-1].endswith(_ENDS)
        if said and (
            (size > _STRETCH_CHARS and ended)
            or size > 3 * _STRETCH_CHARS
            or start - quiet_since > _SILENCE_SECONDS
        ):
            yield Section(text=plain.join_lines(said), place=Place(second=begin))
            said = []
        if not said:
            begin = start
        said.append(words)
        quiet_since = end
    if said:
        yield Section(text=plain.join_lines(said), place=Place(second=begin))
