"""Substack's export: the table of posts joined with their HTML. Lists of subscribers are never opened."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from inhouse.content import plain
from inhouse.content.files import Files
from inhouse.content.html import read_page
from inhouse.content.importers.base import Claim, Options, Outcome, Skipped, folder_of
from inhouse.content.moments import moment
from inhouse.content.values import Item, Kind, Section
from inhouse.core.errors import InhouseError

_TABLE = re.compile(r"(?P<root>(?:.*/)?)posts\.csv")
_POST = re.compile(r"posts/(?P<id>\d+)(?:\.(?P<slug>[^/]*))?\.html")
# The publication's name stands in the name of its list of subscribers; only that name is used.
_LIST = re.compile(r"email_list\.(?P<publication>[a-z0-9-]+)\.csv")
_PUBLIC = ("", "everyone", "only_free")


@dataclass(frozen=True)
class _Post:
    id: str
    slug: str
    row: Mapping[str, str]

    @property
    def label(self) -> str:
        return self.row.get("title") or self.slug or self.id


class Substack:
    name = "substack"

    def claim(self, files: Files) -> Claim:
        roots = sorted(
            match["root"]
            for name in files.names
            if (match := _TABLE.fullmatch(name)) and b"post_id" in files.head(name, 1000)
        )
        tables = {name for name in files.names if folder_of(name) in roots and name.endswith(".csv")}
        posts = {name for name in files.names if name.startswith(tuple(f"{root}posts/" for root in roots))}
        return Claim(roots, frozenset(tables | posts))

    def account(self, files: Files, unit: str) -> str | None:
        return _publication(files, unit)

    def read(self, files: Files, unit: str, options: Options) -> Iterator[Outcome]:
        texts = dict(_texts(files, unit))
        publication = _publication(files, unit)
        for post in _table(files.read(f"{unit}posts.csv")):
            name = texts.pop(post.id, None)
            yield _outcome(files, post, name, publication, options)
        for name in texts.values():
            yield Skipped(name=name, reason="posts.csv does not list it")
        inside = [name for name in files.names if name.startswith((f"{unit}posts/", f"{unit}email_list"))]
        if lists := [name for name in inside if name.endswith(".csv")]:
            yield Skipped(
                name=f"{len(lists)} files about subscribers", reason="personal data of others is not read"
            )


def _outcome(
    files: Files, post: _Post, name: str | None, publication: str | None, options: Options
) -> Outcome:
    if reason := _left_out(post.row, options):
        return Skipped(name=post.label, reason=reason)
    if name is None:
        return Skipped(name=post.label, reason="its text is not in the export")
    try:
        page = read_page(plain.decode(files.read(name)))
    except InhouseError as error:
        return Skipped(name=name, reason=error.message)
    subtitle = plain.one_line(post.row.get("subtitle", ""))
    lead = (Section(text=subtitle),) if subtitle else ()
    return Item(
        key=post.id,
        title=post.row.get("title") or page.title or post.slug.replace("-", " "),
        kind=Kind.POST,
        sections=(*lead, *page.sections),
        url=f"https://{publication}.substack.com/p/{post.slug}" if publication and post.slug else None,
        published_at=moment(post.row.get("post_date")),
    )


def _left_out(row: Mapping[str, str], options: Options) -> str | None:
    if options.include_private:
        return None
    if row.get("is_published", "").strip().lower() != "true":
        return "it is not published"
    if row.get("audience", "").strip().lower() not in _PUBLIC:
        return "it is for paying readers"
    return None


def _table(data: bytes) -> Iterator[_Post]:
    for row in csv.DictReader(io.StringIO(plain.decode(data), newline="")):
        known = {
            str(name).strip(): plain.clean(value) for name, value in row.items() if isinstance(value, str)
        }
        number, _, slug = known.get("post_id", "").partition(".")
        if number:
            yield _Post(number, slug or known.get("slug", ""), known)


def _texts(files: Files, unit: str) -> Iterator[tuple[str, str]]:
    for name in files.names:
        if name.startswith(unit) and (match := _POST.fullmatch(name.removeprefix(unit))):
            yield match["id"], name


def _publication(files: Files, unit: str) -> str | None:
    for name in files.names:
        if folder_of(name) == unit and (match := _LIST.fullmatch(PurePosixPath(name).name)):
            return match["publication"]
    return None
