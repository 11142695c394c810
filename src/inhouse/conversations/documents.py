"""Documents that a fan gives an AI to read: a file, or a page's address.

They belong to one conversation of one fan, or to a program's requests that name them. See ``docs/design/assistant.md``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from inhouse.accounts import ais
from inhouse.accounts.ais import Ai
from inhouse.content import given as values
from inhouse.content.fetch import Fetcher
from inhouse.content.given import Given, Reading
from inhouse.content.reading import Read
from inhouse.content.staging import safe_name
from inhouse.conversations import fans, given, given_job, turns
from inhouse.conversations.fans import Fan
from inhouse.conversations.given import GivenDocument
from inhouse.conversations.turns import Origin
from inhouse.core import clock, ids
from inhouse.core.errors import InhouseError, TooLarge, UsageError
from inhouse.core.passages import Passage
from inhouse.core.settings import Settings
from inhouse.store.database import Database, Tx

_MEGABYTE = 1024 * 1024
MOST_IN_CONVERSATION = 10
#: What a program may keep under one key.
MOST_OF_A_PROGRAM = 200
_FETCH_SECONDS = 30.0


class TakesNoDocuments(InhouseError):
    """This AI does not read documents. Its owner can change that in its settings."""

    status = 403


class TooManyDocuments(InhouseError):
    """There are {limit} documents already, the most that can be here. Remove one first."""

    status = 409


class Documents:
    """What fans gave, on behalf of a fan."""

    def __init__(
        self, db: Database, read: Read, settings: Settings, model: str, fetcher: Fetcher | None = None
    ) -> None:
        self._db = db
        self._read = read
        self._settings = settings
        self._model = model
        self._fetcher = fetcher or Fetcher(most_bytes=self.most_bytes, seconds=_FETCH_SECONDS)

    @property
    def most_bytes(self) -> int:
        """The largest file that is read."""
        return self._settings.document_mb * _MEGABYTE

    def give_file(
        self,
        fan: Fan,
        name: str,
        pieces: Iterable[bytes],
        *,
        conversation_id: str | None = None,
        origin: Origin,
    ) -> GivenDocument:
        """Read a file into a conversation; without one it opens a conversation, but for a program (``api``).

        A long text that was pasted comes as a file, too. Raises ``TakesNoDocuments``, ``TooManyDocuments``, ``TooLarge``, ``Unreadable`` and ``NotFound`` (not this
        fan's conversation); then nothing is kept.
        """
        self._check(fan, conversation_id, origin)
        with tempfile.TemporaryDirectory(prefix="inhouse-given-") as folder:
            called = safe_name(name)
            path = Path(folder) / called
            size = self._save(path, pieces)
            return self._keep(fan, conversation_id, origin, self._read(path, called), called, None, size)

    def give_address(
        self, fan: Fan, url: str, *, conversation_id: str | None = None, origin: Origin
    ) -> GivenDocument:
        """The same for a page or file on the web. Raises what the fetcher raises, too."""
        self._check(fan, conversation_id, origin)
        read, url, size = self.fetched(url)
        return self._keep(fan, conversation_id, origin, read, url, url, size)

    def fetched(self, url: str) -> tuple[Reading, str, int]:
        """What stands at a public address: the reading, the last address, and its size in bytes. Nothing is kept."""
        with tempfile.TemporaryDirectory(prefix="inhouse-given-") as folder:
            found = self._fetcher.fetch(self._fetcher.checked(url), Path(folder))
            return self._read(found.path, found.name, found.url), found.url, found.path.stat().st_size

    def read_once(self, ai_id: str, name: str, data: bytes) -> Given:
        """A document that lives as long as one request. Raises as ``give_file`` does."""
        with self._db.read() as tx:
            _check_takes(ais.get(tx, ai_id))
        with tempfile.TemporaryDirectory(prefix="inhouse-given-") as folder:
            called = safe_name(name)
            path = Path(folder) / called
            self._save(path, [data])
            return values.given(ai_id, ids.new_id(values.PREFIX), self._read(path, called), origin=called)

    def listing(self, fan: Fan, conversation_id: str | None) -> list[GivenDocument]:
        """What this fan gave to a conversation, the first first; without one, what a program keeps."""
        with self._db.read() as tx:
            return given.listing(tx, fan, conversation_id)

    def get(self, fan: Fan, document_id: str) -> GivenDocument:
        """One document of this fan."""
        with self._db.read() as tx:
            return given.get(tx, fan, document_id)

    def named(self, fan: Fan, document_ids: Sequence[str]) -> tuple[Given, ...]:
        """Documents of this fan with their text; using them keeps them for longer."""
        with self._db.write() as tx:
            found = given.named(tx, fan, document_ids, self._model)
            given.touch(tx, fan, document_ids)
            return found

    def of_conversation(self, tx: Tx, fan: Fan, conversation_id: str) -> tuple[Given, ...]:
        """What a turn of this conversation may read."""
        return given.of_conversation(tx, fan, conversation_id, self._model)

    def passage(self, fan: Fan, passage_id: str) -> tuple[GivenDocument, Passage] | None:
        """A passage of one of this fan's documents; ``None`` where the document is gone."""
        document_id = values.document_of(passage_id) or ""
        with self._db.read() as tx:
            try:
                shown = given.get(tx, fan, document_id)
            except InhouseError:
                return None
            [whole] = given.named(tx, fan, [document_id], self._model)
        passage = next((one for one in whole.passages if one.id == passage_id), None)
        return (shown, passage) if passage is not None else None

    def remove(self, fan: Fan, document_id: str) -> None:
        """Take a document back: nothing of it is kept."""
        with self._db.write() as tx:
            if not given.remove(tx, fan, document_id):
                given.get(tx, fan, document_id)  # says that it is not there

    def forget_old(self) -> int:
        """Delete what nobody used for as long as the operator's setting says; returns how many went."""
        with self._db.write() as tx:
            return given.forget(tx, clock.now() - timedelta(days=self._settings.document_days))

    def _check(self, fan: Fan, conversation_id: str | None, origin: Origin) -> None:
        """Before anything is read: may this be given, and is there room?"""
        with self._db.read() as tx:
            self._check_in(tx, fan, conversation_id, origin)

    def _check_in(self, tx: Tx, fan: Fan, conversation_id: str | None, origin: Origin) -> None:
        _check_takes(ais.get(tx, fan.ai_id))
        if conversation_id is not None:
            turns.conversation(tx, fan, conversation_id)
        elif origin != "api":
            return  # the conversation is opened with it
        most = MOST_OF_A_PROGRAM if conversation_id is None else MOST_IN_CONVERSATION
        if given.count(tx, fan, conversation_id) >= most:
            raise TooManyDocuments(limit=most)

    def _keep(
        self,
        fan: Fan,
        conversation_id: str | None,
        origin: Origin,
        read: Reading,
        name: str,
        url: str | None,
        size: int,
    ) -> GivenDocument:
        with self._db.write() as tx:
            fans.lock(tx, fan)
            self._check_in(tx, fan, conversation_id, origin)
            if conversation_id is None and origin != "api":
                conversation_id = turns.open_conversation(tx, fan, origin).id
            kept = given.add(tx, fan, conversation_id, read, name=name, url=url, size=size)
            given_job.enqueue(tx, fan.ai_id, kept.id)
            return kept

    def _save(self, path: Path, pieces: Iterable[bytes]) -> int:
        size = 0
        with path.open("wb") as file:
            for piece in pieces:
                size += len(piece)
                if size > self.most_bytes:
                    raise TooLarge(what="The document", limit=f"{self._settings.document_mb} MB")
                file.write(piece)
        if not size:
            raise UsageError(reason="The document is empty.")
        return size


def _check_takes(ai: Ai) -> None:
    if not ai.takes_documents:
        raise TakesNoDocuments()
