"""What people decided about deliveries, as frozen records.

Belongs here: mappings, confirmations, withdrawals, matches with the register, the chain of keys, and
undertakings: work in several steps that is written down before it begins.
Does not belong here: SQL (see `life`), receipts and releases (see `records`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

YES, NO = "yes", "no"


@dataclass(frozen=True)
class Mapping:
    """A header of one sender that stands for one of our columns, or (`ours` is None) for none.

    `theirs` is in lower case and without outer blanks. `receipt`: the delivery that it was decided for.
    """

    dataset: str
    sender: str
    theirs: str
    ours: str | None
    receipt: int
    accepted_at: str
    claimed_name: str
    os_account: str
    reason: str
    dropped_at: str | None = None
    dropped_by: str | None = None
    dropped_account: str | None = None
    drop_reason: str | None = None
    id: int = 0


@dataclass(frozen=True)
class Confirmation:
    """A person's answer about the unusual findings of a delivery. `findings`: rule id -> how many."""

    receipt: int
    answer: str
    at: str
    claimed_name: str
    os_account: str
    reason: str
    findings: dict[str, int] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True)
class Withdrawal:
    """Pupils, or a whole delivery, taken out on request.

    `list_path` names a Parquet file of pseudonyms under the home; later deliveries lose these rows too,
    those of `dataset`, or of every dataset where that is None. `deliveries`: receipt -> rows taken out.
    """

    kind: str
    at: str
    reason: str
    claimed_name: str
    os_account: str
    dataset: str | None = None
    pupils: int = 0
    found: int = 0
    rows: int = 0
    list_path: str | None = None
    deliveries: dict[str, int] = field(default_factory=dict)
    releases: tuple[str, ...] = ()
    id: int = 0


@dataclass(frozen=True)
class KeyLink:
    """One key of the chain, by its fingerprint. The key itself is never in the ledger."""

    fingerprint: str
    since: str
    claimed_name: str
    os_account: str
    reason: str
    id: int = 0


@dataclass(frozen=True)
class MatchDecision:
    """A person's word that a service of a map is (`yes`) or is not (`no`) an entry of the register."""

    cpp_code: str
    service_id: str
    register_number: str
    answer: str
    at: str
    claimed_name: str
    os_account: str
    reason: str
    dropped_at: str | None = None
    dropped_by: str | None = None
    drop_reason: str | None = None
    id: int = 0


@dataclass(frozen=True)
class Undertaking:
    """Work on stored files, written down before it begins.

    Until `committed_at` nothing counts, and whatever it wrote is removed again; from then on
    `detail["erase"]` names the files that are still to be removed.
    """

    kind: str
    subject: str
    started_at: str
    claimed_name: str
    os_account: str
    detail: dict[str, Any] = field(default_factory=dict)
    committed_at: str | None = None
    finished_at: str | None = None
    id: int = 0

    @property
    def mark(self) -> str:
        """Ends the names of the files that this undertaking writes."""
        return f"-u{self.id}"
