"""The archives that creators download, layout by layout."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from archivekit import (
    INSTAGRAM,
    SUBSTACK,
    TAKEOUT,
    VTT,
    X,
    account,
    items,
    latin,
    outcomes,
    skipped,
    tweet,
    write_folder,
    write_zip,
    ytd,
)

from inhouse.content.importers.base import Options
from inhouse.content.importers.instagram import repaired
from inhouse.content.values import Kind

ALL = Options(include_private=True)


def test_instagram_posts_come_with_their_captions_and_dates(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "instagram-kumo.zip", INSTAGRAM)
    found = {item.key: item for item in items(archive)}
    post = found["posts/1709287200"]
    assert post.sections[0].text == "Kiln day ☁️ 新しいマグができました"
    assert post.published_at == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert found["posts/1709373600"].title == "Two bowls, one café"
    assert found["reels/1709546400"].kind == Kind.VIDEO
    assert len(found) == 3
    assert account(archive) == "instagram: @kumo.clay"


def test_instagram_messages_are_never_read_and_taken_down_posts_only_on_wish(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "instagram.zip", INSTAGRAM)
    assert not any("secret" in str(outcome) for outcome in outcomes(archive, ALL))
    assert "your_instagram_activity/media/archived_posts.json" in skipped(archive)
    assert "Taken down" in {item.title for item in items(archive, ALL)}


def test_instagram_names_what_has_no_caption_or_is_broken(tmp_path: Path) -> None:
    reasons = skipped(write_zip(tmp_path / "i.zip", INSTAGRAM))
    name = "your_instagram_activity/media/posts_1.json: post"
    assert (reasons[f"{name} 3"], reasons[f"{name} 4"]) == ("it has no caption", "it is no post")


@pytest.mark.parametrize(
    "folder", ["your_instagram_activity/content", "content", "export/your_instagram_activity/media"]
)
def test_instagram_layouts_of_all_years(tmp_path: Path, folder: str) -> None:
    posts = INSTAGRAM["your_instagram_activity/media/posts_1.json"]
    tree = {f"{folder}/posts_1.json": posts, f"{folder}/posts_2.json": "not json"}
    archive = write_zip(tmp_path / "old.zip", tree)
    assert len(items(archive)) == 2
    assert skipped(archive)[f"{folder}/posts_2.json"] == "It is not valid JSON."


def test_instagram_in_html_says_what_to_ask_for(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "h.zip", {"your_instagram_activity/media/posts_1.html": "<p>x</p>"})
    assert "JSON" in skipped(archive)["your_instagram_activity/media/posts_1.html"]


@pytest.mark.parametrize("text", ["plain", "déjà vu", "日本語", "naïve ÿ", "Ã alone", "☁️"])
def test_instagram_text_is_repaired_only_where_that_is_valid(text: str) -> None:
    assert repaired(latin(text)) == text
    assert repaired(text) == text


def test_x_takes_own_posts_and_puts_threads_together(tmp_path: Path) -> None:
    found = {item.key: item for item in items(write_zip(tmp_path / "twitter.zip", X))}
    assert set(found) == {"1001", "2001"}
    assert [part.text for part in found["1001"].sections] == [
        "New glaze & new prices: https://kumo.example/shop",
        "and it is food safe",
    ]
    assert found["1001"].url == "https://x.com/kumoclay/status/1001"
    assert found["1001"].published_at == datetime(2018, 10, 10, 20, 41, 24, tzinfo=UTC)


def test_x_leaves_out_retweets_answers_messages_and_what_was_deleted(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "twitter.zip", X)
    reasons = skipped(archive, ALL)
    assert {"1 retweets", "1 answers to others", "data/tweets.js: post 5"} <= set(reasons)
    said = str(items(archive, ALL))
    assert not any(words in said for words in ("my secret", "deleted words", "their words"))
    assert account(archive) == "x: @kumoclay"


def test_x_is_cut_and_never_run(tmp_path: Path) -> None:
    hostile = 'window.YTD.tweets.part0 = (function(){return []})() ; [{"tweet": {}}]'
    archive = write_zip(tmp_path / "x.zip", {"data/tweets.js": hostile})
    assert "valid JSON" in skipped(archive)["data/tweets.js"]


def test_x_of_old_and_long_posts_of_today(tmp_path: Path) -> None:
    long = "Long words about clay. " * 40
    tree = {
        "tweet.js": ytd("tweet", [tweet(5, "Old name"), tweet(6, f"{long[:250]}… https://t.co/x")]),
        "note-tweet.js": ytd("note_tweet", [{"noteTweet": {"core": {"text": long}}}]),
    }
    found = {item.key: item for item in items(write_folder(tmp_path / "old", tree))}
    assert found["5"].url == "https://x.com/i/status/5"
    assert found["6"].sections[0].text == long.strip()


def test_a_script_of_ones_own_named_like_a_post_is_not_xs(tmp_path: Path) -> None:
    assert (
        items(write_folder(tmp_path / "site", {"tweet.js": "alert(1)", "a.md": "# Mine\n\nwords"}))[0].title
        == "Mine"
    )


def test_substack_joins_its_table_with_the_texts(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "substack.zip", SUBSTACK)
    (post,) = items(archive)
    assert (post.key, post.title, post.kind) == ("101", "On clay, and time", Kind.POST)
    assert [(part.text, part.place.heading) for part in post.sections] == [
        ("A beginning", None),
        ("Clay is patient.", None),
        ("It is slow work.", "Wedging"),
    ]
    assert post.url == "https://kumoclay.substack.com/p/on-clay"
    assert post.published_at == datetime(2024, 1, 5, 10, tzinfo=UTC)


def test_substack_names_what_it_leaves_out_and_opens_no_list_of_people(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "substack.zip", SUBSTACK)
    assert skipped(archive) == {
        "Not yet": "it is not published",
        "The recipe": "it is for paying readers",
        "Lost": "its text is not in the export",
        "posts/999.orphan.html": "posts.csv does not list it",
        "2 files about subscribers": "personal data of others is not read",
    }
    assert "fan@example.org" not in str(outcomes(archive, ALL))
    assert {item.key for item in items(archive, ALL)} == {"101", "102", "103"}


def test_takeout_joins_captions_by_title_and_keeps_the_second(tmp_path: Path) -> None:
    (video,) = items(write_folder(tmp_path / "takeout", TAKEOUT))
    assert (video.key, video.title, video.language) == ("aaaaaaaaaa1", "Centring: the clay!", "en")
    assert video.url == "https://www.youtube.com/watch?v=aaaaaaaaaa1"
    assert video.published_at == datetime(2023, 5, 2, 9, tzinfo=UTC)
    assert [(part.text, part.place.second) for part in video.sections] == [
        ("All about centring.", None),
        ("Welcome to the studio.", 1.0),
        ("Today we centre the clay.", 65.5),
    ]


def test_takeout_leaves_out_private_videos_and_everything_else_of_the_account(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "takeout", TAKEOUT)
    assert skipped(folder) == {
        "Secret plans": "the video is not public",
        "Silent": "it has neither captions nor a description",
        "captions/unknown.vtt": "no video of the archive has this id or title",
    }
    assert "my secret" not in str(outcomes(folder, ALL))
    assert "hush" in str(items(folder, ALL))
    assert account(folder) == "youtube: UCabcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("folder", "file", "header", "state"),
    [
        (
            "YouTube と YouTube Music/動画のメタデータ",
            "動画.csv",
            "動画 ID,動画のタイトル（オリジナル）,プライバシー,動画の公開日時",
            "公開",
        ),
        (
            "YouTube und YouTube Music/Videometadaten",
            "Videos.csv",
            "Video-ID,Videotitel (Original),Datenschutz,Veröffentlicht",
            "Öffentlich",
        ),
        (
            "YouTube et YouTube Music/métadonnées",
            "vidéos.csv",
            "ID,Titre de la vidéo,Confidentialité,Publication",
            "Publique",
        ),
    ],
)
def test_takeout_in_other_languages_and_in_parts(
    tmp_path: Path, folder: str, file: str, header: str, state: str
) -> None:
    rows = (
        f"{header}\nbbbbbbbbbb1,Mug,{state},2023-05-02T09:00:00Z\nbbbbbbbbbb2,Nah,???,2023-05-02T09:00:00Z\n"
    )
    write_zip(tmp_path / "in" / "takeout-001.zip", {f"Takeout/{folder}/{file}": rows})
    write_zip(
        tmp_path / "in" / "takeout-002.zip",
        {"Takeout/subs/Mug [bbbbbbbbbb1].ja.vtt": VTT, "Takeout/x.md": "no"},
    )
    (video,) = items(tmp_path / "in")
    assert (video.key, video.language, len(video.sections)) == ("bbbbbbbbbb1", "ja", 2)
    assert video.published_at == datetime(2023, 5, 2, 9, tzinfo=UTC)
    assert skipped(tmp_path / "in")["Nah"] == "the video is not public"


def test_two_languages_of_one_video_are_two_documents(tmp_path: Path) -> None:
    tree = dict(TAKEOUT) | {
        "captions/aaaaaaaaaa1.ja.srt": "1\n00:00:01,000 --> 00:00:02,000\nようこそ。\n",
        "captions/aaaaaaaaaa1.en.vtt": VTT,
    }
    found = {item.key: item.language for item in items(write_folder(tmp_path / "t", tree))}
    assert found == {"aaaaaaaaaa1": "en", "aaaaaaaaaa1.ja": "ja"}
