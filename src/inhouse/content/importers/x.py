"""The archive of X (Twitter): one's own posts, threads put together, retweets and answers to others left out."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.importers.base import CannotRead, Claim, Options, Outcome, Skipped
from inhouse.content.moments import moment
from inhouse.content.values import Item, Kind, Section
from inhouse.core.errors import InhouseError

_POSTS = re.compile(r"(?P<root>(?:.*/)?)data/(?:tweets?|community-tweet)(?:-part\d+)?\.js")
_OLD_POSTS = re.compile(r"(?P<root>(?:.*/)?)tweets?(?:-part\d+)?\.js")
_ASSIGNMENT = re.compile(r"\s*window\.YTD\.[\w.$-]+\s*=")
_MADE_BY_X = re.compile(r"https://t\.co/\w+")
#: A post longer than a tweet is kept whole in a file of its own; the tweet holds its beginning.
_LONG_FROM = 200
_RETWEETS = "they are not your own words"
_ANSWERS = "without the other person's words they say half"


@dataclass
class _Tweet:
    id: str
    text: str
    at: datetime
    answers: str | None
    """The id of the post that it answers."""
    answers_user: str | None
    """Whom it answers, ``None`` where nobody."""
    thread: list[_Tweet] = field(default_factory=list)


class X:
    name = "x"

    def claim(self, files: Files) -> Claim:
        roots = sorted({match["root"] for name in files.names if (match := _match(files, name))})
        # Everything of the archive, direct messages among it, is kept from the importers of single files.
        folders = tuple(f"{root}{folder}/" for root in roots for folder in ("data", "assets"))
        names = {name for name in files.names if name.startswith(folders) or name.endswith(".js")}
        return Claim(roots, frozenset(names | {f"{root}Your archive.html" for root in roots}))

    def account(self, files: Files, unit: str) -> str | None:
        name, _ = _account(files, unit)
        return f"@{name}" if name else None

    def read(self, files: Files, unit: str, options: Options) -> Iterator[Outcome]:
        handle, own_id = _account(files, unit)
        left_out: Counter[str] = Counter()
        tweets: dict[str, _Tweet] = {}
        notes = _notes(files, unit)
        for name in files.names:
            if (match := _match(files, name)) and match["root"] == unit:
                yield from _file(files, name, notes, tweets, left_out)
        yield from (_item(tweet, handle) for tweet in _threads(tweets, handle, own_id, left_out))
        for what, reason in (("retweets", _RETWEETS), ("answers to others", _ANSWERS)):
            if left_out[what]:
                yield Skipped(name=f"{left_out[what]} {what}", reason=reason)


def _match(files: Files, name: str) -> re.Match[str] | None:
    if match := _POSTS.fullmatch(name):
        return match
    # Outside `data/` (an old archive, or a file taken out of one) the name alone says too little.
    match = _OLD_POSTS.fullmatch(name)
    return match if match and b"window.YTD." in files.head(name, 100) else None


def _load(data: bytes) -> list[Mapping[str, Any]]:
    """The list behind ``window.YTD… =``: the script is cut off as text and never run."""
    text = plain.decode(data)
    if assignment := _ASSIGNMENT.match(text):
        text = text[assignment.end() :]
    try:
        rows = json.loads(text.strip().rstrip(";"))
    except (ValueError, RecursionError) as error:
        raise CannotRead(
            reason="It is not what X writes: after window.YTD… = no valid JSON follows."
        ) from error
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _file(
    files: Files, name: str, notes: Mapping[str, str], tweets: dict[str, _Tweet], left_out: Counter[str]
) -> Iterator[Skipped]:
    try:
        rows = _load(files.read(name))
    except InhouseError as error:
        yield Skipped(name=name, reason=error.message)
        return
    for number, row in enumerate(rows, start=1):
        inner = row.get("tweet", row)
        if not isinstance(inner, dict):
            yield Skipped(name=f"{name}: post {number}", reason="it is no post")
        elif _is_retweet(inner):
            left_out["retweets"] += 1
        elif tweet := _tweet(inner, notes):
            tweets[tweet.id] = tweet
        else:
            yield Skipped(name=f"{name}: post {number}", reason="it has no id, no date or no text")


def _is_retweet(row: Mapping[str, Any]) -> bool:
    return (
        row.get("retweeted") is True
        or str(row.get("full_text", "")).startswith("RT @")
        or "retweeted_status" in row
    )


def _tweet(row: Mapping[str, Any], notes: Mapping[str, str]) -> _Tweet | None:
    name, at = str(row.get("id_str") or row.get("id") or ""), moment(row.get("created_at"))
    text = row.get("full_text") or row.get("text")
    if not name.isdigit() or at is None or not isinstance(text, str):
        return None
    whole = _with_addresses(text, row.get("entities"))
    if len(whole) >= _LONG_FROM:
        whole = notes.get(whole[:_LONG_FROM], whole)
    answers = row.get("in_reply_to_status_id_str") or row.get("in_reply_to_status_id")
    to = (
        row.get("in_reply_to_user_id_str")
        or row.get("in_reply_to_user_id")
        or row.get("in_reply_to_screen_name")
    )
    return _Tweet(name, whole, at, str(answers) if answers else None, str(to) if to else None)


def _with_addresses(text: str, entities: Any) -> str:
    """The text with X's short addresses written out, and those of its own pictures gone."""
    urls = entities.get("urls") if isinstance(entities, dict) else None
    for url in urls if isinstance(urls, list) else ():
        if (
            isinstance(url, dict)
            and isinstance(url.get("url"), str)
            and isinstance(url.get("expanded_url"), str)
        ):
            text = text.replace(url["url"], url["expanded_url"])
    return plain.clean(html.unescape(_MADE_BY_X.sub("", text)))


def _threads(
    tweets: Mapping[str, _Tweet], handle: str | None, own_id: str | None, left_out: Counter[str]
) -> list[_Tweet]:
    """The first posts of threads, each with those that go on from it; answers to others are counted only."""
    own = (None, own_id, handle)  # an answer to oneself whose beginning is gone stands for itself
    firsts = []
    for tweet in sorted(tweets.values(), key=lambda tweet: int(tweet.id)):
        first = _first(tweet, tweets)
        if first.answers_user not in own:
            left_out["answers to others"] += 1
        elif first is tweet:
            firsts.append(tweet)
        else:
            first.thread.append(tweet)
    return firsts


def _first(tweet: _Tweet, tweets: Mapping[str, _Tweet]) -> _Tweet:
    """Up the answers to oneself to where the thread begins. Ids grow with time, so that this ends."""
    while (
        tweet.answers is not None and (above := tweets.get(tweet.answers)) and int(above.id) < int(tweet.id)
    ):
        tweet = above
    return tweet


def _item(tweet: _Tweet, handle: str | None) -> Item | Skipped:
    if not tweet.text:
        return Skipped(name=f"post {tweet.id}", reason="it has no words")
    return Item(
        key=tweet.id,
        title=plain.shortened(plain.one_line(tweet.text), 80),
        kind=Kind.POST,
        sections=tuple(Section(text=part.text) for part in (tweet, *tweet.thread) if part.text),
        url=f"https://x.com/{handle or 'i'}/status/{tweet.id}",
        published_at=tweet.at,
    )


def _notes(files: Files, unit: str) -> dict[str, str]:
    """Long posts by how they begin."""
    notes = {}
    for name in (f"{unit}data/note-tweet.js", f"{unit}note-tweet.js"):
        for row in _rows(files, name):
            core = row.get("noteTweet", {}).get("core", {}) if isinstance(row.get("noteTweet"), dict) else {}
            text = core.get("text") if isinstance(core, dict) else None
            if isinstance(text, str):
                whole = plain.clean(text)
                notes[whole[:_LONG_FROM]] = whole
    return notes


def _account(files: Files, unit: str) -> tuple[str | None, str | None]:
    """The account's name and number."""
    for name in (f"{unit}data/account.js", f"{unit}account.js"):
        for row in _rows(files, name):
            account = row.get("account")
            if isinstance(account, dict) and re.fullmatch(r"\w{1,30}", str(account.get("username") or "")):
                return str(account["username"]), str(account.get("accountId") or "") or None
    return None, None


def _rows(files: Files, name: str) -> list[Mapping[str, Any]]:
    """A file that only helps: where it is absent or broken the posts are read without it."""
    if name not in files.names:
        return []
    try:
        return _load(files.read(name))
    except InhouseError:
        return []
