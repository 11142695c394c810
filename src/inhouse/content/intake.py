"""From a tree of files to documents and passages: batch by batch, each in a transaction of its own.

Killed at any moment, it has stored whole batches; run again, it finds them unchanged and goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inhouse.accounts import ais
from inhouse.content import documents, embed_job, index, languages, sources
from inhouse.content.files import Files
from inhouse.content.importers.base import Options, Outcome, Skipped
from inhouse.content.importers.factory import Plan, read
from inhouse.content.reports import ImportReport, Tally
from inhouse.content.values import Item, Source
from inhouse.core.errors import InhouseError
from inhouse.store.database import Database, Tx

#: Told how far it is (0 to 1), with a sentence. It may raise, which stops the import between two batches.
Report = Callable[[float, str], None]

_BATCH = 25
#: Languages with a script of their own: a text that is not told by its script is in none of them.
_OWN_SCRIPT = frozenset({"ja", "ko", "zh", "th", "el", "he"})


class SourceRevoked(InhouseError):
    """The right to use "{origin}" was revoked, so its import stopped. Import it again to state the right anew."""

    status = 409


class Intake:
    """One import of one source."""

    def __init__(self, db: Database, source: Source, report: Report) -> None:
        self._db = db
        self._source = source
        self._report = report
        self._tally = Tally()
        self._hashes: dict[str, str] = {}
        self._skipped: set[str] = set()
        self._pending: list[Item] = []

    def run(self, files: Files, plan: Plan, options: Options, *, prune: bool = False) -> ImportReport:
        """Read and store all that the plan names; ``prune`` removes what the source no longer holds."""
        self._report(0.0, "reading")
        main_language = self._main_language()
        for skipped in plan.skipped:
            self._skip(skipped)
        for number, unit in enumerate(plan.units):
            outcomes = read(files, unit, options)
            for position, outcome in enumerate(outcomes, start=1):
                self._take(outcome, main_language)
                if len(self._pending) == _BATCH:
                    self._flush((number + position / len(outcomes)) / len(plan.units))
        self._flush(1.0)
        with self._db.write() as tx:
            self._check_live(tx)
            if prune and self._hashes:
                self._prune(tx)
            sources.mark_imported(tx, self._source.ai_id, self._source.id)
        return self._tally.report(self._source.id, self._source.origin)

    def _take(self, outcome: Outcome, main_language: str) -> None:
        if isinstance(outcome, Skipped):
            self._skip(outcome)
            return
        if outcome.language == languages.UNKNOWN and main_language not in _OWN_SCRIPT:
            outcome = outcome.model_copy(update={"language": main_language})
        known = self._hashes.get(outcome.key)
        if known is None:
            self._hashes[outcome.key] = outcome.hash
            self._pending.append(outcome)
        elif known != outcome.hash:  # the same twice is no error: parts of an archive overlap
            self._skip(Skipped(name=outcome.title, reason="another item of the source has the same name"))

    def _skip(self, skipped: Skipped) -> None:
        self._tally.skip(skipped)
        self._skipped.add(skipped.name)

    def _flush(self, share: float) -> None:
        with self._db.write() as tx:
            self._check_live(tx)
            self._store(tx, self._pending)
        self._pending = []
        self._report(share, self._tally.sentence)

    def _store(self, tx: Tx, items: Sequence[Item]) -> None:
        ai_id, source_id = self._source.ai_id, self._source.id
        known = documents.known(tx, ai_id, source_id, [item.key for item in items])
        fresh = [item for item in items if known.get(item.key, (None, None))[1] != item.hash]
        for item in fresh:
            document_id, _ = known.get(item.key, (None, None))
            document = documents.put(tx, ai_id, source_id, item, document_id)
            index.put_document(tx, ai_id, document, item.sections)
            if document_id is None:
                self._tally.added += 1
            else:
                self._tally.changed += 1
        self._tally.unchanged += len(items) - len(fresh)
        if fresh:
            embed_job.enqueue(tx, ai_id)

    def _prune(self, tx: Tx) -> None:
        """Remove what was not there this time; what could not be read may be there still, and stays."""
        ai_id = self._source.ai_id
        stored = documents.ids_by_key(tx, ai_id, self._source.id)
        gone = [
            document_id
            for key, document_id in stored.items()
            if key not in self._hashes and key.split("#")[0] not in self._skipped
        ]
        if gone:
            index.remove_documents(tx, ai_id, gone)
            documents.remove(tx, ai_id, gone)
        self._tally.removed = len(gone)

    def _check_live(self, tx: Tx) -> None:
        """Hold the source for this transaction, so that a revocation comes before it or after it."""
        if sources.get(tx, self._source.ai_id, self._source.id, lock=True).revoked_at is not None:
            raise SourceRevoked(origin=self._source.origin)

    def _main_language(self) -> str:
        with self._db.read() as tx:
            return ais.get(tx, self._source.ai_id).languages[0].split("-")[0]
