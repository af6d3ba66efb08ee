"""What the ledger remembers, as frozen records.

Belongs here: one dataclass a table and the enums of their states. Does not belong here: SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ReceiptState(StrEnum):
    """What was decided about a delivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    WAITING = "waiting"
    OUT_OF_ORDER = "out_of_order"


class Outcome(StrEnum):
    """How a check ended. Anything but `pass` on a required check closes the gate."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ERROR = "error"


class CheckSeverity(StrEnum):
    """Whether a failing check closes the gate (`critical`) or is only shown."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class ReleaseStatus(StrEnum):
    """What may be done with a release."""

    RELEASED = "released"
    DEPRECATED = "deprecated"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Receipt:
    """A delivery and what was decided about it.

    rows_in = rows_accepted + rows_quarantined + rows_withdrawn + rows_refused + rows_waiting, always.
    `arrival` names the inbox file it was made from, so that one arrival is never entered twice.
    `raw_sha256` is that of the file at `raw_path`, so that a later change of it is noticed.
    `as_of` is the day that the sender says the file stands for.
    """

    received_at: str
    dataset: str
    collection: str
    sha256: str
    file_name: str
    size_bytes: int
    state: ReceiptState
    claimed_name: str
    os_account: str
    format: str | None = None
    supplier: str | None = None
    contract_id: str | None = None
    contract_version: str | None = None
    rows_in: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_withdrawn: int = 0
    rows_refused: int = 0
    findings: int = 0
    reason: str | None = None
    supersedes: int | None = None
    raw_path: str | None = None
    quarantine_path: str | None = None
    findings_path: str | None = None
    arrival: str | None = None
    raw_sha256: str | None = None
    rows_waiting: int = 0
    superseded_by: int | None = None
    as_of: str | None = None
    id: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every row is accounted for."""
        parts = (
            self.rows_accepted, self.rows_quarantined, self.rows_withdrawn, self.rows_refused,
            self.rows_waiting,
        )  # fmt: skip
        return self.rows_in == sum(parts)


@dataclass(frozen=True)
class CandidateRecord:
    """One complete build, named by the hash of its product tables and their contracts.

    `inputs`: one mapping a delivery (dataset, collection, sha256, receipt, rows).
    `contracts`: contract id -> version. `tables`: table -> {sha256, rows}.
    `required_checks`: every check id that needs a passing verdict before this may be published.
    """

    hash: str
    product: str
    built_at: str
    builder: str
    os_account: str
    path: str
    synthetic: bool
    inputs: tuple[dict[str, Any], ...]
    contracts: dict[str, str]
    tables: dict[str, dict[str, Any]]
    required_checks: tuple[str, ...]
    seconds: float | None = None


@dataclass(frozen=True)
class Verdict:
    """One check's outcome on one candidate. The one shape that every kind of check is turned into."""

    check: str
    kind: str
    severity: CheckSeverity
    outcome: Outcome
    message: str
    location: str = ""
    guidance: str = ""


@dataclass(frozen=True)
class Plan:
    """What publishing a candidate would do. `why` lists the reasons for the version, in sentences.

    `not_before`: an embargo, UTC. `note`: a word to the consumers. `detail`: the whole comparison, as the
    page of the plan shows it.
    """

    id: str
    product: str
    candidate: str
    base_version: str | None
    version: str
    change: str
    why: tuple[str, ...]
    made_at: str
    claimed_name: str
    os_account: str
    not_before: str | None = None
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Approval:
    """A named person's yes to one plan. The name is a claim; the account is what the system knows.

    `voided_at`: when what was approved turned out to have moved; the yes never counts again.
    """

    plan: str
    candidate: str
    product: str
    version: str
    approver: str
    os_account: str
    approved_at: str
    note: str = ""
    voided_at: str | None = None


@dataclass(frozen=True)
class ReleaseRecord:
    """A published version. `hashes`: audience -> sha256 of its SHA256SUMS file.

    `until`: the day by which a deprecated release should be left.
    """

    product: str
    version: str
    candidate: str
    plan: str
    status: ReleaseStatus
    audiences: tuple[str, ...]
    hashes: dict[str, str]
    released_at: str
    reason: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class PointerMove:
    """A journal line: pointers are being moved, or were. `told_at`: when the outside was told of it."""

    product: str
    kind: str
    from_version: str | None
    to_version: str
    detail: dict[str, Any]
    started_at: str
    finished_at: str | None = None
    told_at: str | None = None
    id: int = 0


@dataclass(frozen=True)
class AuditEvent:
    """Who did what, when, to which thing, and why."""

    at: str
    action: str
    subject: str
    claimed_name: str
    os_account: str
    detail: dict[str, Any] = field(default_factory=dict)
