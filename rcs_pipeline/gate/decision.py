"""May this candidate be published? Asked of the ledger, now, every time.

Belongs here: comparing what is required with what is recorded, and the files with what was sealed.
Does not belong here: running checks (see `candidate`), approvals and plans (`release`).

The list of required checks is put together from four places: the candidate's row, the note of its
sealing, its own folder, and today's contracts. Whoever shortens one of them shortens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.disclosure import audit_earlier
from rcs_pipeline.gate import evidence, required
from rcs_pipeline.ledger.records import CandidateRecord, CheckSeverity, Outcome, ReleaseStatus, Verdict
from rcs_pipeline.ledger.workspace import Workspace

SHOWN = 5
MISSING, TOUCHED = "verdicts are missing", "it is not what was sealed and audited"
WITHDRAWN = "rows it was built from were withdrawn"
OUTDATED = "releases were given that it was not audited with"


class Reason(NamedTuple):
    """Why the gate is closed: what lies behind it, and the sentence about this candidate."""

    cause: str
    sentence: str


@dataclass(frozen=True)
class Decision:
    """Whether the gate is open, and every reason why not.

    `warnings`: failing checks that the project declares as warnings. `causes`: what lies behind each reason,
    in words that stay the same from one candidate to the next.
    """

    open: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


def decide(workspace: Workspace, candidate: CandidateRecord) -> Decision:
    """Decide on a candidate from the ledger and the candidate's own folder.

    Args:
        workspace: whose ledger is asked.
        candidate: only its hash is used; everything else is read again.
    """
    try:
        record = workspace.ledger.candidate(candidate.hash)
    except RcsError as error:
        return Decision(open=False, reasons=(str(error),), causes=("the ledger does not know it",))
    folder = workspace.paths.home / record.path
    reasons: list[Reason] = []
    needed = set(record.required_checks)
    manifest: dict[str, Any] = {}
    try:
        manifest = evidence.read_manifest(folder)
        needed |= set(required.required_checks(evidence.kept_product(folder), manifest))
    except RcsError as error:
        reasons.append(Reason(TOUCHED, str(error)))
    today = workspace.catalogue.products.get(record.product)
    needed |= set(required.from_contracts(today)) if today else set()
    note = evidence.sealed_note(workspace, record)
    reasons += [Reason(TOUCHED, text) for text in _changed(folder, record, note)]
    reasons += [Reason(WITHDRAWN, text) for text in _withdrawn(workspace, record)]
    needed |= set((note or {}).get("required", ()))
    if any(audit_earlier.is_check(check) for check in needed):
        reasons += [Reason(OUTDATED, text) for text in _outdated(workspace, record, note)]
    verdicts = workspace.ledger.verdicts(record.hash)
    closing, warnings = _judge(needed, verdicts, required.may_warn(manifest))
    reasons += closing
    if evidence.audited_digest(workspace, record) != evidence.verdicts_digest(record.hash, verdicts):
        reasons.append(Reason(TOUCHED, "its verdicts are not the ones that were noted when it was audited"))
    return Decision(
        open=not reasons, reasons=tuple(item.sentence for item in reasons), warnings=tuple(warnings),
        causes=tuple(item.cause for item in reasons),
    )  # fmt: skip


def require_open(workspace: Workspace, candidate: CandidateRecord) -> None:
    """Let pass only if the gate is open.

    Raises:
        RefusedError: with the first reasons why not.
    """
    decision = decide(workspace, candidate)
    if decision.open:
        return
    first = "; ".join(decision.reasons[:SHOWN])
    more = len(decision.reasons) - SHOWN
    raise RefusedError(
        f"The gate is closed: {first}{f'; and {more} more' if more > 0 else ''}",
        where=f"candidate {candidate.hash[:16]}",
        expected="a passing verdict on every required check",
        todo="Mend what failed and run `rcs build`; it also makes anew what is missing or was touched.",
    )


def _judge(
    needed: set[str], verdicts: Iterable[Verdict], may_warn: frozenset[str]
) -> tuple[list[Reason], list[str]]:
    by_check = {item.check: item for item in verdicts}
    closing = [Reason(MISSING, f"`{check}` has no verdict") for check in sorted(needed - set(by_check))]
    warnings: list[str] = []
    for check, verdict in sorted(by_check.items()):
        if verdict.outcome is Outcome.PASS:
            continue
        says = f"`{check}` {'failed' if verdict.outcome is Outcome.FAIL else 'broke off'}: {verdict.message}"
        # A required check is a warning only where the project says so, whatever its row says; and that is
        # said of what it finds: one that broke off has looked at nothing.
        declared = check in may_warn and verdict.outcome is Outcome.FAIL
        unneeded = check not in needed and verdict.severity is not CheckSeverity.CRITICAL
        harmless = declared or unneeded
        if harmless:
            warnings.append(says)
        elif verdict.outcome is Outcome.FAIL:
            closing.append(Reason(f"`{check}` fails", says))
        else:
            # What broke off took every check of its kind along.
            closing.append(Reason(f"checks of the kind `{check.split('.')[0]}` broke off", says))
    return closing, warnings


def _withdrawn(workspace: Workspace, record: CandidateRecord) -> list[str]:
    """The deliveries from which rows were taken out after the candidate was built."""
    receipts = {item.id: item for item in workspace.ledger.receipts()}
    problems = []
    for item in record.inputs:
        receipt = receipts.get(int(item["receipt"]))
        if receipt is not None and receipt.rows_withdrawn and receipt.rows_accepted != item.get("rows"):
            where = f"{item['dataset']} of {item['collection']}"
            problems.append(f"rows of {where} (receipt {receipt.id}) were withdrawn since it was built")
    return problems


def _outdated(workspace: Workspace, record: CandidateRecord, note: dict[str, Any] | None) -> list[str]:
    """The releases that were given, or withdrawn, after the candidate was protected and audited."""
    audited: dict[str, bool] = (note or {}).get("earlier", {})
    # What was published of the candidate itself came after its audit.
    others = [item for item in workspace.ledger.releases(record.product) if item.candidate != record.hash]
    problems = []
    for release in others:
        stands = release.status is not ReleaseStatus.WITHDRAWN
        if audited.get(release.version) is not stands:
            what = "given" if stands else "withdrawn"
            problems.append(
                f"release {release.version} was {what} after it was audited beside the earlier ones"
            )
    return problems


def _changed(folder: Path, record: CandidateRecord, note: dict[str, Any] | None) -> list[str]:
    """What is no longer as it was when the candidate was sealed."""
    if note is None:
        return ["the ledger has no note of what was sealed"]
    held = evidence.protected_hashes(folder)
    sealed: dict[str, str] = note.get("files", {})
    recorded = {f"{table}.parquet": facts.get("sha256") for table, facts in record.tables.items()}
    problems = []
    for name in sorted({*held, *sealed}):
        if held.get(name) != sealed.get(name):
            problems.append(f"the protected file `{name}` is not the one that was sealed")
        elif name in recorded and recorded[name] != held[name]:
            problems.append(f"the candidate's record has another hash for `{name}`")
    if set(record.required_checks) != set(note.get("required", ())):
        problems.append("the candidate's record has another list of required checks than was sealed")
    if evidence.contract_hashes(folder) != note.get("contracts"):
        problems.append("the candidate's contracts are not the ones that were sealed")
    manifest = folder / evidence.MANIFEST
    if manifest.is_file() and evidence.file_hash(manifest) != note.get("manifest"):
        problems.append("the candidate's dbt manifest is not the one that was sealed")
    return problems
