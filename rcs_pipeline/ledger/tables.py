"""The tables of the ledger.

Belongs here: their columns and keys. Does not belong here: reading or writing them.
Times are text in ISO 8601, UTC: the same in SQLite and PostgreSQL, and readable without a tool.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

receipt = Table(
    "receipt", metadata,
    Column("id", Integer, primary_key=True),
    Column("received_at", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("collection", String, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("file_name", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("format", String),
    Column("supplier", String),
    Column("contract_id", String),
    Column("contract_version", String),
    Column("state", String, nullable=False),
    Column("rows_in", Integer, nullable=False, default=0),
    Column("rows_accepted", Integer, nullable=False, default=0),
    Column("rows_quarantined", Integer, nullable=False, default=0),
    Column("rows_withdrawn", Integer, nullable=False, default=0),
    Column("rows_refused", Integer, nullable=False, default=0),
    Column("findings", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("supersedes", Integer),
    Column("raw_path", String),
    Column("quarantine_path", String),
    Column("findings_path", String),
    Column("arrival", String),
    Column("raw_sha256", String),
    Column("rows_waiting", Integer),
    Column("superseded_by", Integer),
    Column("as_of", String),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
)  # fmt: skip

candidate = Table(
    "candidate", metadata,
    Column("hash", String, primary_key=True),
    Column("product", String, nullable=False),
    Column("built_at", String, nullable=False),
    Column("builder", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("path", String, nullable=False),
    Column("synthetic", Integer, nullable=False, default=0),
    Column("inputs", JSON, nullable=False),
    Column("contracts", JSON, nullable=False),
    Column("tables", JSON, nullable=False),
    Column("required_checks", JSON, nullable=False),
    Column("seconds", Float),
)  # fmt: skip

verdict = Table(
    "verdict", metadata,
    Column("id", Integer, primary_key=True),
    Column("candidate", String, nullable=False, index=True),
    Column("check", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("location", String, nullable=False, default=""),
    Column("guidance", Text, nullable=False, default=""),
    Column("recorded_at", String, nullable=False),
    UniqueConstraint("candidate", "check"),
)  # fmt: skip

plan = Table(
    "plan", metadata,
    Column("id", String, primary_key=True),
    Column("product", String, nullable=False),
    Column("candidate", String, nullable=False),
    Column("base_version", String),
    Column("version", String, nullable=False),
    Column("change", String, nullable=False),
    Column("why", JSON, nullable=False),
    Column("made_at", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("not_before", String),
    Column("note", Text),
    Column("detail", JSON),
)  # fmt: skip

approval = Table(
    "approval", metadata,
    Column("id", Integer, primary_key=True),
    Column("plan", String, nullable=False),
    Column("candidate", String, nullable=False),
    Column("product", String, nullable=False),
    Column("version", String, nullable=False),
    Column("approver", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("approved_at", String, nullable=False),
    Column("voided_at", String),
)  # fmt: skip

release = Table(
    "release", metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("version", String, nullable=False),
    Column("candidate", String, nullable=False),
    Column("plan", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", Text),
    Column("audiences", JSON, nullable=False),
    Column("hashes", JSON, nullable=False),
    Column("released_at", String, nullable=False),
    Column("until", String),
    UniqueConstraint("product", "version"),
)  # fmt: skip

pointer_move = Table(
    "pointer_move", metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("from_version", String),
    Column("to_version", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String),
    Column("told_at", String),
)  # fmt: skip

audit_event = Table(
    "audit_event", metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("detail", JSON, nullable=False),
)  # fmt: skip

mapping = Table(
    "mapping", metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("theirs", String, nullable=False),
    Column("ours", String),
    Column("receipt", Integer, nullable=False),
    Column("accepted_at", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("dropped_at", String),
    Column("dropped_by", String),
    Column("dropped_account", String),
    Column("drop_reason", Text),
)  # fmt: skip

confirmation = Table(
    "confirmation", metadata,
    Column("id", Integer, primary_key=True),
    Column("receipt", Integer, nullable=False, index=True),
    Column("answer", String, nullable=False),
    Column("at", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("findings", JSON, nullable=False),
)  # fmt: skip

withdrawal = Table(
    "withdrawal", metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("at", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("dataset", String),
    Column("pupils", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("list_path", String),
    Column("deliveries", JSON, nullable=False),
    Column("releases", JSON, nullable=False),
)  # fmt: skip

match_decision = Table(
    "match_decision", metadata,
    Column("id", Integer, primary_key=True),
    Column("cpp_code", String, nullable=False, index=True),
    Column("service_id", String, nullable=False),
    Column("register_number", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("at", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("dropped_at", String),
    Column("dropped_by", String),
    Column("drop_reason", Text),
)  # fmt: skip

key_link = Table(
    "key_link", metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("since", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip

undertaking = Table(
    "undertaking", metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("committed_at", String),
    Column("finished_at", String),
    Column("claimed_name", String, nullable=False),
    Column("os_account", String, nullable=False),
    Column("detail", JSON, nullable=False),
)  # fmt: skip
