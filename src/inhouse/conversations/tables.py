"""Tables of fans, their conversations and turns, and of what people said about them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from inhouse.store.schema import Json, Moment, metadata

_ID = String(40)

#: A fan is known to one AI only; the token in the browser is stored as SHA-256 (it carries 256 random bits).
fans = Table(
    "fans",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False, index=True),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    UniqueConstraint("ai_id", "token_hash"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("fan_id", _ID, ForeignKey("fans.id"), nullable=False, index=True),
    Column("origin", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_conversations_ai_id_changed_at", "ai_id", "changed_at"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("conversation_id", _ID, ForeignKey("conversations.id"), nullable=False),
    Column("fan_id", _ID, ForeignKey("fans.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("author", String(10), nullable=False),
    Column("key", String(80), nullable=True),  # the client's idempotency key
    Column("state", String(12), nullable=False),
    Column("question", Text, nullable=False),
    Column("language", String(20), nullable=True),
    Column("answer", Text, nullable=False),
    Column("ended", Json, nullable=True),  # the Ended or Failed event as it was sent
    Column("seq", Integer, nullable=False),  # of the last event
    Column("release_id", _ID, nullable=True),
    Column("amendment", Integer, nullable=False),
    Column("index_revision", Integer, nullable=False),
    Column("trace", Json, nullable=True),
    Column("thumb", String(4), nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
    Column("process", String(120), nullable=True),
    Column("beat_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("asked_at", Moment, nullable=False),  # of the latest attempt
    Column("ended_at", Moment, nullable=True),
    UniqueConstraint("conversation_id", "number"),
    UniqueConstraint("fan_id", "key"),
    Index("ix_turns_ai_id_created_at", "ai_id", "created_at"),
    Index("ix_turns_fan_id_asked_at", "fan_id", "asked_at"),
    Index("ix_turns_state", "state"),
)

#: A correction by a person of the team. While it isn't undone it is an example of the next corpus, under its own id.
corrections = Table(
    "corrections",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False, index=True),
    Column("turn_id", _ID, nullable=False),
    Column("fan_id", _ID, nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("case_id", _ID, nullable=False),
    Column("amendment", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    Column("undone_at", Moment, nullable=True),
)

picks = Table(
    "picks",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False, index=True),
    Column("turn_id", _ID, nullable=True),
    Column("fan_id", _ID, nullable=True, index=True),
    Column("prompt", Text, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("rejected", Text, nullable=False),
    Column("held_out", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", _ID, nullable=True),
    Column("undone_at", Moment, nullable=True),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("fan_id", _ID, ForeignKey("fans.id"), nullable=False, index=True),
    Column("conversation_id", _ID, ForeignKey("conversations.id"), nullable=False),
    Column("contact", String(254), nullable=False),
    Column("note", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", _ID, nullable=True),
    Index("ix_handovers_ai_id_state", "ai_id", "state"),
)

#: Receipts. They hold hashes and counts only, so they outlive what they speak of.
erasures = Table(
    "erasures",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("scope", String(10), nullable=False),
    Column("subject", String(64), nullable=False, index=True),  # SHA-256 of the erased fan's or AI's id
    Column("at", Moment, nullable=False),
    Column("counts", Json, nullable=False),
    Column("receipt", String(64), nullable=False),
)

#: Every call of a tool, for quotas and for what it is worth; what was asked and found stands in its turn. ``state`` and
#: what follows are known when the turn has ended.
tool_calls = Table(
    "tool_calls",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("fan_id", _ID, nullable=True),
    Column("extension", String(40), nullable=False),
    Column("tool", String(48), nullable=False),
    Column("cost", Float, nullable=False),
    Column("at", Moment, nullable=False),
    Column("turn_id", _ID, nullable=True, index=True),
    Column("state", String(10), nullable=True),
    Column("ms", Float, nullable=True),
    Index("ix_tool_calls_ai_id_extension_at", "ai_id", "extension", "at"),
    Index("ix_tool_calls_fan_id_extension_at", "fan_id", "extension", "at"),
)

#: Answers that a program may ask for again by their name: which of its keys may, and what it asked for them.
responses = Table(
    "responses",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("fan_id", _ID, ForeignKey("fans.id"), nullable=False, index=True),
    Column("key_id", _ID, nullable=False),
    Column("turn_id", _ID, nullable=False, index=True),
    Column("previous", _ID, nullable=True),  # the response that this one goes on from
    Column("settings", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_responses_ai_id_created_at", "ai_id", "created_at"),
)

#: What tools that act were asked to do: proposed to a fan, agreed to, performed. See ``docs/design/acting.md``.
actions = Table(
    "actions",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("fan_id", _ID, nullable=False, index=True),
    Column("turn_id", _ID, nullable=False, index=True),
    Column("extension", String(60), nullable=False),  # name@version
    Column("tool", String(48), nullable=False),
    Column("title", String(80), nullable=False),
    Column("arguments", Text, nullable=False),  # JSON as it was agreed to, to the letter
    Column("told", Json, nullable=False),  # the arguments in words, as the fan saw them
    Column("hash", String(64), nullable=False),
    Column("key", _ID, nullable=False, unique=True),  # the idempotency key that goes along
    Column("repeatable", Boolean, nullable=False),
    Column("language", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("process", String(120), nullable=True),  # who performs it, or did last
    Column("beat_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("agreed_at", Moment, nullable=True),
    Column("sent_at", Moment, nullable=True),  # of the first attempt
    Column("ended_at", Moment, nullable=True),
    Column("line", Text, nullable=False),  # what went wrong, in a sentence of ours
    Column("result", Text, nullable=False),  # the tool's own answer: words from outside
    Column("seen_at", Moment, nullable=True),  # when the team looked into an unknown one
    Column("seen_by", _ID, nullable=True),
    Index("ix_actions_ai_id_created_at", "ai_id", "created_at"),
    Index("ix_actions_state", "state"),
)

#: Agreements that traces may feed a shared generation: the AI's owner's where ``fan_id`` is empty, else a fan's own.
trace_consents = Table(
    "trace_consents",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False),
    Column("fan_id", _ID, nullable=True, index=True),
    Column("purpose", String(40), nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("given_by", _ID, nullable=True),
    Column("withdrawn_at", Moment, nullable=True),
    Column("withdrawn_by", _ID, nullable=True),
    Index("ix_trace_consents_ai_id_fan_id", "ai_id", "fan_id"),
)

#: Data sets that were made of traces.
trace_exports = Table(
    "trace_exports",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("purpose", String(40), nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("file", String(255), nullable=False),
    Column("sha256", String(64), nullable=True),  # of the file, once it is whole
    Column("traces", Integer, nullable=False),
    Column("removed", Json, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("begun_by", _ID, nullable=True),
    Column("finished_at", Moment, nullable=True),
)

#: Which data set holds a trace of whom: SHA-256 of ids only, so that it outlives the fan and the AI that it speaks of.
trace_lineage = Table(
    "trace_lineage",
    metadata,
    Column("export_id", _ID, ForeignKey("trace_exports.id"), primary_key=True),
    Column("trace", String(64), primary_key=True),
    Column("fan", String(64), nullable=False, index=True),
    Column("ai", String(64), nullable=False, index=True),
    Column("gone_at", Moment, nullable=True),
    Column("gone_why", String(10), nullable=True),
)

#: What a fan gave to be read: its text cut into passages, and their vectors as far as they are made. The file itself is
#: not kept. Without a conversation it was given by a program, for requests that name it.
given_documents = Table(
    "given_documents",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ai_id", _ID, nullable=False, index=True),
    Column("fan_id", _ID, ForeignKey("fans.id"), nullable=False, index=True),
    Column("conversation_id", _ID, ForeignKey("conversations.id"), nullable=True, index=True),
    Column("name", String(300), nullable=False),
    Column("title", String(300), nullable=False),
    Column("url", Text, nullable=True),
    Column("language", String(20), nullable=False),
    Column("published_at", Moment, nullable=True),
    Column("size", Integer, nullable=False),  # bytes of the file as it was given
    Column("passages", Json, nullable=False),
    Column("vectors", LargeBinary, nullable=True),  # float16, of the first ``vector_rows`` passages
    Column("vector_rows", Integer, nullable=False),
    Column("vector_model", String(80), nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False, index=True),
)
