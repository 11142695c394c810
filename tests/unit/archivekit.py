"""Archives as the platforms write them, made by code: the layouts are theirs, the words are ours."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inhouse.content.archives import open_files
from inhouse.content.files import Limits
from inhouse.content.importers.base import Options, Outcome, Skipped
from inhouse.content.importers.factory import plan, read
from inhouse.content.values import Item

Tree = Mapping[str, str | bytes | list[Any] | dict[str, Any]]


def as_bytes(content: str | bytes | list[Any] | dict[str, Any]) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def write_zip(path: Path, tree: Tree) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tree.items():
            archive.writestr(name, as_bytes(content))
    return path


def write_folder(path: Path, tree: Tree) -> Path:
    for name, content in tree.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(as_bytes(content))
    return path


def outcomes(path: Path, options: Options = Options(), limits: Limits = Limits()) -> list[Outcome]:
    """All that an import of the path would yield, skipped things first."""
    with open_files(path, limits) as files:
        planned = plan(files)
        return [
            *planned.skipped,
            *(outcome for unit in planned.units for outcome in read(files, unit, options)),
        ]


def items(path: Path, options: Options = Options()) -> list[Item]:
    return [outcome for outcome in outcomes(path, options) if isinstance(outcome, Item)]


def skipped(path: Path, options: Options = Options()) -> dict[str, str]:
    return {
        outcome.name: outcome.reason for outcome in outcomes(path, options) if isinstance(outcome, Skipped)
    }


def account(path: Path) -> str | None:
    with open_files(path, Limits()) as files:
        return plan(files).account


def latin(text: str) -> str:
    """Text as Instagram writes it: the bytes of UTF-8 taken for Latin-1."""
    return text.encode().decode("latin-1")


INSTAGRAM: Tree = {
    "personal_information/personal_information/personal_information.json": {
        "profile_user": [{"string_map_data": {"Username": {"value": "kumo.clay"}}}]
    },
    "your_instagram_activity/media/posts_1.json": [
        {
            "media": [
                {
                    "uri": "media/posts/202403/1_n.jpg",
                    "creation_timestamp": 1709287200,
                    "title": latin("Kiln day ☁️ 新しいマグができました"),
                }
            ]
        },
        {
            "media": [
                {"uri": "a.jpg", "creation_timestamp": 1709373600, "title": ""},
                {"uri": "b.jpg", "creation_timestamp": 1709373600, "title": ""},
            ],
            "title": latin("Two bowls, one café"),
            "creation_timestamp": 1709373600,
        },
        {"media": [{"uri": "c.jpg", "creation_timestamp": 1709460000, "title": ""}]},
        "broken",
    ],
    "your_instagram_activity/media/reels.json": {
        "ig_reels_media": [
            {"media": [{"uri": "r.mp4", "creation_timestamp": 1709546400, "title": "How I pull a handle"}]}
        ]
    },
    "your_instagram_activity/media/archived_posts.json": {
        "ig_archived_post_media": [
            {"media": [{"uri": "x.jpg", "creation_timestamp": 1700000000, "title": "Taken down"}]}
        ]
    },
    "your_instagram_activity/messages/inbox/bob_1/message_1.json": {
        "participants": [{"name": "bob"}],
        "messages": [{"sender_name": "bob", "content": "my secret"}],
        "title": "bob",
        "content": "my secret",
    },
    "media/posts/202403/1_n.jpg": b"\xff\xd8",
}


def tweet(number: int, text: str, **more: Any) -> dict[str, Any]:
    at = f"Wed Oct 10 20:{number % 60:02d}:24 +0000 2018"
    return {"tweet": {"id_str": str(number), "created_at": at, "full_text": text, **more}}


def ytd(name: str, rows: list[Any], part: int = 0) -> str:
    return f"window.YTD.{name}.part{part} = {json.dumps(rows)}"


X: Tree = {
    "Your archive.html": "<html><body>viewer</body></html>",
    "data/account.js": ytd("account", [{"account": {"username": "kumoclay", "accountId": "77"}}]),
    "data/tweets.js": ytd(
        "tweets",
        [
            tweet(
                1001,
                "New glaze &amp; new prices: https://t.co/abc https://t.co/pic",
                entities={"urls": [{"url": "https://t.co/abc", "expanded_url": "https://kumo.example/shop"}]},
            ),
            tweet(1002, "RT @other: their words"),
            tweet(1003, "@bob yes, exactly", in_reply_to_status_id_str="9", in_reply_to_user_id_str="88"),
            tweet(
                1004, "and it is food safe", in_reply_to_status_id_str="1001", in_reply_to_user_id_str="77"
            ),
            {"tweet": {"id_str": "1005"}},
        ],
    ),
    "data/tweets-part1.js": ytd("tweets", [tweet(2001, "From the second part")], 1),
    "data/direct-messages.js": ytd("direct_messages", [{"dmConversation": {"messages": ["my secret"]}}]),
    "data/deleted-tweets.js": ytd("deleted_tweets", [tweet(3001, "deleted words")]),
}


SUBSTACK: Tree = {
    "posts.csv": (
        "post_id,post_date,is_published,email_sent_at,type,audience,title,subtitle,podcast_url\n"
        '101.on-clay,2024-01-05T10:00:00.000Z,true,,newsletter,everyone,"On clay, and time",A beginning,\n'
        "102.draft,,false,,newsletter,everyone,Not yet,,\n"
        "103.for-payers,2024-02-05T10:00:00.000Z,true,,newsletter,only_paid,The recipe,,\n"
        "104.lost,2024-03-05T10:00:00.000Z,true,,newsletter,everyone,Lost,,\n"
    ),
    "posts/101.on-clay.html": "<p>Clay is patient.</p><h2>Wedging</h2><p>It is <b>slow</b> work.</p>",
    "posts/102.draft.html": "<p>draft words</p>",
    "posts/103.for-payers.html": "<p>paid words</p>",
    "posts/101.on-clay.delivers.csv": "post_id,email\n101,fan@example.org\n",
    "posts/999.orphan.html": "<p>orphan</p>",
    "email_list.kumoclay.csv": "email,name\nfan@example.org,Fan\n",
}

VTT = """WEBVTT

00:00:01.000 --> 00:00:04.000
Welcome to the studio.

00:01:05.500 --> 00:01:08.000
Today we <c>centre</c> the clay.
"""

_VIDEO_HEADER = (
    "Video ID,Approximate Duration (ms),Video Audio Language,Video Category,"
    "Video Description (Original) Language,Video Description (Original),Channel ID,"
    "Video Title (Original) Language,Video Title (Original),Privacy,Video State,"
    "Video Create Timestamp,Video Publish Timestamp\n"
)
_CHANNEL = "UCabcdefghijklmnopqrstuv"
TAKEOUT: Tree = {
    "Takeout/archive_browser.html": "<p>browser</p>",
    "Takeout/Mail/all.json": {"title": "mail", "content": "my secret"},
    "Takeout/YouTube and YouTube Music/video metadata/videos.csv": (
        _VIDEO_HEADER
        + f"aaaaaaaaaa1,60000,en,Howto,en,All about centring.,{_CHANNEL},en,Centring: the clay!,Public,Processed,"
        "2023-05-01T09:00:00+00:00,2023-05-02T09:00:00+00:00\n"
        f"aaaaaaaaaa2,60000,en,Howto,en,,{_CHANNEL},en,Secret plans,Private,Processed,2023-06-01T09:00:00+00:00,\n"
        f"aaaaaaaaaa3,60000,en,Howto,en,,{_CHANNEL},en,Silent,Public,Processed,2023-06-01T09:00:00+00:00,\n"
    ),
    "Takeout/YouTube and YouTube Music/comments/comments.csv": "Comment ID,Video ID,Comment Text\nx,aaaaaaaaaa1,hi\n",
    "captions/Centring_ the clay_.en.vtt": VTT,
    "captions/Secret plans.srt": "1\n00:00:01,000 --> 00:00:02,000\nhush\n",
    "captions/unknown.vtt": VTT,
}
