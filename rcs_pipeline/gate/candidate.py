"""From the raw lake to a judged candidate, in one go and under the writer lock.

Belongs here: the order of the steps, and what happens when a run was cut short.
Does not belong here: the steps themselves (`warehouse`, `disclosure`, the other modules of this room).

Cut short before sealing, a run leaves a folder that no record names. Cut short after it, the candidate
has verdicts missing and cannot pass. The next run builds the same content, and takes the place of a candidate
that cannot pass: whatever was missing, touched or failed there is made and judged anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.disclosure import audit
from rcs_pipeline.disclosure.earlier import Given, given_before
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.gate import consistency, contract, evidence, expectations, reconciliation
from rcs_pipeline.gate.decision import decide
from rcs_pipeline.gate.expectations_process import judging
from rcs_pipeline.gate.required import required_checks
from rcs_pipeline.gate.verdicts import MODELS_CHECK, Node, dbt_verdicts
from rcs_pipeline.ledger.lifecycle import state_of, step, take
from rcs_pipeline.ledger.records import AuditEvent, CandidateRecord, CheckSeverity, Outcome, Verdict
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from rcs_pipeline.warehouse.build import Building

    Build = Callable[[Workspace, str], Building]
    Seal = Callable[[Workspace, Building, tuple[str, ...]], CandidateRecord]

BUILD = "build of a product"


def make_candidate(
    workspace: Workspace, product_id: str, *, build: Build | None = None, seal: Seal | None = None,
    say: Callable[[str], None] | None = None,
) -> CandidateRecord:  # fmt: skip
    """Build, protect, seal and judge a candidate of the product.

    Args:
        workspace: the home.
        product_id: the data product.
        build: makes the warehouse; that of `warehouse.build` unless a test brings its own.
        seal: names the candidate and enters it in the ledger; likewise.
        say: told what is begun: in a small programme, where much is hidden, each step may take minutes.

    Raises:
        NothingToDoError: this very candidate exists and may be published.
        RefusedError: dbt could not build the tables.
        LockedError: another process is writing.
    """
    from rcs_pipeline.warehouse import build as warehouse

    build, seal = build or warehouse.build_warehouse, seal or warehouse.seal
    say = say or (lambda _: None)
    product = workspace.catalogue.product(product_id)
    with workspace.writing():
        # It gets ready while dbt is at work.
        judging().start()
        with _noted(workspace, product_id):
            building = build(workspace, product_id)
            results = list(building.results)
            _require_built(results)
            earlier = given_before(workspace, product_id)
            say("Choosing what to hide ...")
            threads = workspace.settings.threads
            with ThreadPoolExecutor(1) as beside:
                own = beside.submit(consistency.look_at_own, building.database, product, workspace.catalogue)
                protect(building.database, building.protected, product, earlier=earlier, threads=threads)
        evidence.keep_contracts(building.folder, product)
        checks = required_checks(product, evidence.read_manifest(building.folder))
        _forget_closed(workspace, product_id, warehouse.content_hash(workspace, building))
        record = seal(workspace, building, checks)
        _enter_states(workspace, record)
        evidence.note_sealed(workspace, record, earlier)
        say(f"Attacking and judging candidate {record.hash[:16]} ...")
        _judge(workspace, record, results, earlier, own)
    return record


def build_failure(workspace: Workspace, product_id: str) -> AuditEvent | None:
    """The note of the last build of a product, if it broke off; None once one went through."""
    events = workspace.ledger.events(action=BUILD, subject=product_id)
    return events[-1] if events and events[-1].detail["problem"] else None


@contextmanager
def _noted(workspace: Workspace, product_id: str) -> Iterator[None]:
    """Write down that a build broke off, and that one went through after that: a run may tell nobody."""
    try:
        yield
    except Exception as error:
        checks = error.checks if isinstance(error, _NotBuiltError) else ()
        # Nothing but the kind of what was not foreseen: its text may quote a cell.
        problem = error.found if isinstance(error, RcsError) else type(error).__name__
        if workspace.ledger.current_receipts():
            workspace.note(BUILD, product_id, problem=problem, failed=list(checks))
        raise
    if build_failure(workspace, product_id) is not None:
        workspace.note(BUILD, product_id, problem="", failed=[])


def _enter_states(workspace: Workspace, record: CandidateRecord) -> None:
    """The candidate is built and protected; whoever approved the same content before has to look again."""
    first = state_of(workspace, record.hash) is None
    take(workspace, "build" if first else "build_again", record.hash, content=record.hash)
    workspace.ledger.void_approvals(record.hash, workspace.now())
    take(workspace, "protect", record.hash, content=record.hash)


def _forget_closed(workspace: Workspace, product_id: str, content: str) -> None:
    """Let a build take the place of the candidate of the same content, if that one cannot pass."""
    for known in workspace.ledger.candidates(product_id):
        if known.hash == content and not decide(workspace, known).open:
            workspace.note("candidate built again", known.hash, builder=known.builder)
            workspace.ledger.forget_candidate(known.hash)


def _judge(
    workspace: Workspace, record: CandidateRecord, results: Iterable[Node], earlier: Sequence[Given],
    own: Future[consistency.Own],
) -> list[Verdict]:  # fmt: skip
    folder = workspace.paths.home / record.path
    product = evidence.kept_product(folder)
    threads = workspace.settings.threads
    suites = judging()
    suites.begin(folder, docs_folder(workspace, record))
    verdicts = [
        *dbt_verdicts(results),
        *_guarded(reconciliation.required(product), "reconciliation",
                  lambda: reconciliation.reconcile(workspace, folder, product, record.inputs)),
        *_guarded(contract.required(product), "contract", lambda: contract.keep_contracts(folder, product)),
        *_guarded(consistency.required(product), consistency.KIND,
                  lambda: consistency.judge(folder, product, workspace.catalogue, own.result())),
        *_guarded(audit.required(product), audit.KIND,
                  lambda: audit.audit(folder, product, earlier=earlier, threads=threads)),
        *_guarded(expectations.required(product), expectations.KIND, suites.verdicts),
    ]  # fmt: skip
    audited = step(workspace, "audit", record.hash, content=record.hash)
    noted = evidence.audited_note(workspace, record, verdicts)
    workspace.ledger.record_verdicts(record.hash, verdicts, workspace.now(), audited, noted)
    return verdicts


def docs_folder(workspace: Workspace, record: CandidateRecord) -> Path:
    """Where the Data Docs of a candidate lie: internal, never part of a release."""
    return workspace.paths.reports / record.hash[:16] / "data_docs"


def _guarded(checks: Iterable[str], kind: str, run: Callable[[], list[Verdict]]) -> list[Verdict]:
    """The verdicts of `run`; errors instead of them if it breaks off, so that nothing passes by accident."""
    try:
        return run()
    except Exception as error:  # a check that cannot run must close the gate, not stop the others
        message = f"the check broke off: {type(error).__name__}"
        return [
            Verdict(
                check,
                kind,
                CheckSeverity.CRITICAL,
                Outcome.ERROR,
                message,
                guidance="Report this as a defect.",
            )
            for check in checks
        ]


class _NotBuiltError(RefusedError):
    """dbt stopped; `checks` are those that did not pass, without the ones skipped because of them."""

    def __init__(self, failed: Sequence[Verdict]) -> None:
        self.checks = tuple(item.check for item in failed if "skipped" not in item.message)
        first = "; ".join(f"{item.check}: {item.message}" for item in failed[:5])
        super().__init__(
            f"dbt could not build the tables: {first}",
            todo="Mend the model or the delivery behind the first of them and run `rcs build` again.",
        )


def _require_built(results: Iterable[Node]) -> None:
    """Say which tests stopped the build, rather than which table is missing because of it."""
    results = list(results)
    verdicts = dbt_verdicts(results)
    if next(item for item in verdicts if item.check == MODELS_CHECK).outcome is Outcome.PASS:
        return
    failed = [item for item in verdicts if item.outcome is not Outcome.PASS]
    failed.sort(key=lambda item: "skipped" in item.message)
    raise _NotBuiltError(failed)
