"""Instagram's archive in its JSON form: posts, reels and videos with their captions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.importers.base import CannotRead, Claim, Options, Outcome, Skipped
from inhouse.content.moments import moment
from inhouse.content.values import Item, Kind, Section
from inhouse.core.errors import InhouseError

# `your_instagram_activity/media/posts_1.json`, `…/content/posts_1.json`, and `content/posts_1.json` of older archives.
_MEDIA = re.compile(
    r"(?P<root>(?:.*?/)??)(?:your_instagram_activity/)?(?:media|content)/"
    r"(?P<what>posts|reels|igtv_videos|archived_posts)(?:_\d+)?\.json"
)
_HTML = re.compile(r"(?P<root>(?:.*?/)??)your_instagram_activity/(?:media|content)/posts_\d+\.html")
_HEAD_BYTES = 4000
_FOLDER = "/your_instagram_activity/"
_PROFILE = re.compile(r".*personal_information/personal_information\.json")
_KINDS = {"posts": Kind.POST, "archived_posts": Kind.POST, "reels": Kind.VIDEO, "igtv_videos": Kind.VIDEO}


class Instagram:
    name = "instagram"

    def claim(self, files: Files) -> Claim:
        roots = sorted({match["root"] for name in files.names if (match := _match(files, name))})
        # Everything of the archive, direct messages among it, is kept from the importers of single files.
        names = {name for name in files.names if name.startswith(tuple(roots)) or _FOLDER in f"/{name}"}
        return Claim(roots, frozenset(names))

    def account(self, files: Files, unit: str) -> str | None:
        for name in files.names:
            if name.startswith(unit) and _PROFILE.fullmatch(name):
                return _username(files, name)
        return None

    def read(self, files: Files, unit: str, options: Options) -> Iterator[Outcome]:
        seen: dict[str, int] = {}
        for name in files.names:
            match = _MEDIA.fullmatch(name)
            if match and match["root"] == unit:
                yield from _file(files, name, match["what"], options, seen)
            elif _HTML.fullmatch(name) and name.startswith(unit):
                reason = "it is the HTML form: ask Instagram for the archive again, in the format JSON"
                yield Skipped(name=name, reason=reason)


def _match(files: Files, name: str) -> re.Match[str] | None:
    match = _MEDIA.fullmatch(name)
    # Outside of Instagram's own folder the name alone says too little: it must look like posts inside.
    if match and (_FOLDER in f"/{name}" or b"creation_timestamp" in files.head(name, _HEAD_BYTES)):
        return match
    return _HTML.fullmatch(name)


def _file(files: Files, name: str, what: str, options: Options, seen: dict[str, int]) -> Iterator[Outcome]:
    if what == "archived_posts" and not options.include_private:
        yield Skipped(name=name, reason="it holds posts that you took down")
        return
    try:
        posts = _posts(files.read(name))
    except InhouseError as error:
        yield Skipped(name=name, reason=error.message)
        return
    for number, post in enumerate(posts, start=1):
        yield _post(f"{name}: post {number}", post, what, seen)


def _posts(data: bytes) -> list[Any]:
    try:
        value = json.loads(plain.decode(data))
    except (ValueError, RecursionError) as error:
        raise CannotRead(reason="It is not valid JSON.") from error
    if isinstance(value, dict):  # reels and videos stand below one key, such as "ig_reels_media"
        value = next((inner for inner in value.values() if isinstance(inner, list)), [value])
    return value if isinstance(value, list) else []


def _post(label: str, post: Any, what: str, seen: dict[str, int]) -> Outcome:
    if not isinstance(post, dict):
        return Skipped(name=label, reason="it is no post")
    media = [part for part in post.get("media") or () if isinstance(part, dict)]
    first = media[0] if media else {}
    # One picture holds the caption itself; several stand below a caption of their own.
    caption = repaired(_words(post) or _words(first)).strip()
    stamp = post.get("creation_timestamp") or first.get("creation_timestamp")
    published = moment(stamp)
    if not caption or published is None:
        return Skipped(name=label, reason="it has no caption" if not caption else "it has no date")
    key = f"{what}/{int(published.timestamp())}"
    seen[key] = seen.get(key, 0) + 1
    return Item(
        key=key if seen[key] == 1 else f"{key}-{seen[key]}",
        title=plain.shortened(plain.one_line(caption.split("\n")[0]), 80),
        kind=_KINDS[what],
        sections=(Section(text=caption),),
        published_at=published,
    )


def _words(holder: Mapping[str, Any]) -> str:
    title = holder.get("title")
    return title if isinstance(title, str) else ""


def repaired(text: str) -> str:
    """Instagram writes the bytes of UTF-8 as if they were Latin-1; undone only where that gives valid UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _username(files: Files, name: str) -> str | None:
    try:
        told = json.loads(plain.decode(files.read(name)))["profile_user"][0]["string_map_data"]["Username"][
            "value"
        ]
    except (ValueError, LookupError, TypeError, RecursionError, InhouseError):
        return None
    return f"@{told}" if isinstance(told, str) and told else None
