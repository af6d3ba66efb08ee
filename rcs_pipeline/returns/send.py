"""Returns: what a sender gets back for a delivery, made from what is stored of it.

Belongs here: where a return lies, when it is made (again), and that it is whole or absent.
Does not belong here: what it says (see `content`), its files (see `checked_workbook`, `page` and `lists`).

A return is derived: receipt, findings, accepted rows and the original give the same return again. Whatever
stopped it from being made, a kill or a full disk, changes nothing about the delivery, and the next
`rcs ingest` or `rcs show` makes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.returns import return_rules
from rcs_pipeline.intake.delivery import KEPT_FINDINGS, KEPT_ROWS, Judgement, check
from rcs_pipeline.intake.examine import current_files
from rcs_pipeline.intake.examining import in_use
from rcs_pipeline.intake.findings import WITHHELD
from rcs_pipeline.intake.journal import returned_place
from rcs_pipeline.intake.sql import text
from rcs_pipeline.ledger.paths import TEMPORARY, flush, whole_file
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.beside import decided_of, with_others
from rcs_pipeline.returns.content import (
    Content,
    count_findings,
    fold_findings,
    list_findings,
    read_findings,
)
from rcs_pipeline.returns.original import Original, open_original
from rcs_pipeline.returns.safe import Withholding, printable
from rcs_pipeline.returns.summary import SummaryPart, summarise

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RETURNS = "returns"
VERSION = 2  # of the files' content: raised, it makes every return anew
MARK = ".made-from"
KINDS = ("xlsx", "html", "csv", "json")
LONGEST_STEM = 80


@dataclass(frozen=True)
class Sent:
    """The files of a return, the workbook first; `problem` says why there are none."""

    folder: Path
    files: tuple[Path, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Sources:
    """The stored parts that a return is made from; None where there is none."""

    findings: Path | None
    accepted: Path | None
    quarantined: Path | None
    original: Path | None


def send_back(workspace: Workspace, receipt: Receipt) -> Sent | None:
    """The return of a delivery, made if it is not there; None where nothing was decided about the file.

    It never fails the delivery: what goes wrong is said in `problem`.
    """
    decided = _decided(workspace, receipt)
    if decided is None:
        return None
    folder = return_folder(workspace, decided)
    try:
        if not _is_made(workspace, folder, decided):
            _make(workspace, decided, folder)
    except OSError as error:
        return Sent(folder, problem=f"The return could not be written: {error.strerror or error}.")
    except Exception as error:
        # Nothing about a return may undo or stop intake; the text of an error may quote a cell.
        return Sent(folder, problem=f"The return could not be made ({type(error).__name__}).")
    return Sent(folder, _files(folder, decided, workspace))


def bring_up_to_date(workspace: Workspace) -> list[Sent]:
    """Make the returns that a killed run left out, and those whose delivery has changed since; gives these.

    The return of a delivery whose findings were erased is erased too, and so is what a killed run was at.
    """
    _clear_away(workspace)
    latest: dict[Path, Receipt] = {}
    for receipt in workspace.ledger.receipts():
        if receipt.findings_path is not None:
            latest[return_folder(workspace, receipt)] = receipt
    for folder in (workspace.paths.reports / RETURNS).glob("*/*/*"):
        if folder not in latest:
            shutil.rmtree(folder)
    stale = [receipt for folder, receipt in latest.items() if not _is_made(workspace, folder, receipt)]
    return [sent for receipt in stale if (sent := send_back(workspace, receipt)) is not None]


def forget(workspace: Workspace, receipt: Receipt) -> bool:
    """Delete the return of a delivery whose rows are withdrawn or purged. Says whether there was one."""
    folder = return_folder(workspace, receipt)
    found = folder.is_dir()
    if found:
        shutil.rmtree(folder)
    return found


def check_and_return(
    workspace: Workspace, path: Path, dataset: str, collection: str, supplier: str | None, folder: Path
) -> tuple[Judgement, Sent]:
    """Judge a file, write its return into a folder of the sender's choice, and store nothing else.

    Raises:
        RcsError: no such file, dataset or collection; no key; the folder cannot be written.
    """
    with _working(workspace) as work:
        judgement = check(workspace, path, dataset, collection, supplier, keep=work)
        rows = work / KEPT_ROWS
        sources = Sources(work / KEPT_FINDINGS, rows if rows.is_file() else None, None, path)
        made = _write(workspace, judgement.receipt, sources, work, stored=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file in made:
                with whole_file(folder / file.name) as temporary:
                    shutil.copyfile(file, temporary)
        except OSError as error:
            raise RcsError(
                f"The return cannot be written: {error.strerror or error}", where=str(folder),
                todo="Name a folder that this account can write to.",
            ) from error  # fmt: skip
    return judgement, Sent(folder, tuple(folder / file.name for file in made))


def return_folder(workspace: Workspace, receipt: Receipt) -> Path:
    """Where the return of a delivery lies."""
    return workspace.paths.home / returned_place(receipt)


def _decided(workspace: Workspace, receipt: Receipt) -> Receipt | None:
    """The receipt that says what became of these bytes: for a duplicate, the last one before it."""
    if receipt.findings_path is not None:
        return receipt
    known = workspace.ledger.receipts(
        dataset=receipt.dataset, collection=receipt.collection, sha256=receipt.sha256
    )
    decided = [item for item in known if item.findings_path is not None]
    return decided[-1] if decided else None


def _is_made(workspace: Workspace, folder: Path, receipt: Receipt) -> bool:
    mark = folder / MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == _basis(workspace, receipt)


def _basis(workspace: Workspace, receipt: Receipt) -> str:
    """What a return depends on: where it changes (pupils withdrawn, a match decided), it is made anew."""
    state = receipt.state if receipt.state is not ReceiptState.SUPERSEDED else ReceiptState.ACCEPTED
    facts = (
        VERSION, receipt.id, state.value, receipt.rows_in, receipt.rows_accepted, receipt.rows_quarantined,
        receipt.rows_withdrawn, receipt.rows_refused, receipt.rows_waiting, receipt.findings,
        receipt.raw_sha256, _original(workspace, receipt) is not None, *decided_of(workspace, receipt),
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _original(workspace: Workspace, receipt: Receipt) -> Path | None:
    path = workspace.paths.originals / receipt.sha256
    return path if path.is_file() else None


def _make(workspace: Workspace, receipt: Receipt, folder: Path) -> None:
    """Make every file beside the others' reach, then move them into place, and the mark last."""
    home = workspace.paths.home

    def stored(place: str | None) -> Path | None:
        return home / place if place and (home / place).is_file() else None

    sources = Sources(
        findings=stored(receipt.findings_path), accepted=stored(receipt.raw_path),
        quarantined=stored(receipt.quarantine_path), original=_original(workspace, receipt),
    )  # fmt: skip
    with _working(workspace) as work:
        made = _write(workspace, receipt, sources, work, stored=True)
        (workspace.paths.reports / RETURNS).mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).unlink(missing_ok=True)
        for old in folder.glob("*.checked.*"):
            # The same bytes under another name, from before they were decided on again.
            if old.name not in {file.name for file in made}:
                old.unlink()
        mark = work / MARK
        mark.write_text(_basis(workspace, receipt), encoding="utf-8")
        # Half-written, each lies in the working folder, which the next command clears away.
        for file in (*made, mark):
            flush(file)
            os.replace(file, folder / file.name)


def _clear_away(workspace: Workspace) -> None:
    """Delete the working folders of processes that live no more; no lock is needed for that."""
    for leftover in workspace.paths.work.glob(f"{TEMPORARY}*"):
        own = leftover.name.startswith(f"{TEMPORARY}{os.getpid()}-")
        if not own and not in_use(leftover):
            shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _working(workspace: Workspace) -> Iterator[Path]:
    """A private folder; if this process is killed, the next one clears it away."""
    work = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=workspace.paths.work))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(
    workspace: Workspace, receipt: Receipt, sources: Sources, work: Path, *, stored: bool
) -> list[Path]:
    import duckdb

    from rcs_pipeline.returns.checked_workbook import write_workbook
    from rcs_pipeline.returns.lists import write_csv, write_json
    from rcs_pipeline.returns.page import write_page

    with duckdb.connect(config={"temp_directory": str(work / "spill")}) as connection:
        connection.execute("set enable_progress_bar = false")
        if workspace.settings.threads:
            connection.execute(f"set threads = {workspace.settings.threads}")
        content = _content(workspace, connection, receipt, sources, stored=stored)
        original = None
        if sources.original is not None:
            original = open_original(workspace, receipt, sources.original, work)
        xlsx, html, csv, json = files = [work / name for name in _names(content.file_name)]
        write_workbook(connection, content, original, xlsx, _kept(connection, receipt, sources, original))
        write_csv(connection, content.withholding, original, csv)
        write_json(content, original, json)
        write_page(content, original, [file.name for file in files if file != html], html)
    return files


def _content(
    workspace: Workspace, connection: DuckDBPyConnection, receipt: Receipt, sources: Sources, *, stored: bool
) -> Content:
    contract = workspace.catalogue.delivery(receipt.dataset)
    collection = workspace.catalogue.register.collection(receipt.collection)
    rules, hide = return_rules(), Withholding(contract)
    read_findings(connection, sources.findings)
    counts = count_findings(connection)
    roll: Sequence[Path] = ()
    if contract.survey is not None and contract.survey.weight.roll is not None:
        roll = current_files(workspace, contract.survey.weight.roll.dataset, collection)
    summary: tuple[SummaryPart, ...] = ()
    if sources.accepted is not None:
        own = summarise(
            connection, contract, rules, sources.accepted, [path for path in roll if path.is_file()]
        )
        summary = with_others(workspace, connection, contract, rules, collection, sources.accepted, own)
    return Content(
        receipt=replace(receipt, reason=None), contract=contract, collection=collection, rules=rules,
        stored=stored, file_name=_shown_name(receipt, hide), total=sum(counts.values()), counts=counts,
        kinds=fold_findings(connection, hide),
        listed=list_findings(connection, hide, rules.bounds.listed.value), summary=summary,
    )  # fmt: skip


def _kept(
    connection: DuckDBPyConnection, receipt: Receipt, sources: Sources, original: Original | None
) -> frozenset[int] | None:
    """The rows that a copy may show, where pupils were taken out of the file; None for all of them."""
    if original is None or not receipt.rows_withdrawn:
        return None
    stored = [text(path) for path in (sources.accepted, sources.quarantined) if path is not None]
    if not stored:
        return frozenset()
    rows = connection.execute(
        f"select source_row - 1 from read_parquet([{', '.join(stored)}], union_by_name = true)"
    ).fetchall()
    return frozenset(int(row) for (row,) in rows)


def _names(file_name: str) -> list[str]:
    stem = Path(file_name).stem[:LONGEST_STEM] or "delivery"
    return [f"{stem}.checked.{kind}" for kind in KINDS]


def _shown_name(receipt: Receipt, hide: Withholding) -> str:
    """The sender's name of the file, unless it looks like an identifier or is none for a file of ours."""
    name = printable(receipt.file_name).replace("/", "_").replace("\\", "_").lstrip(".- ")
    tells = WITHHELD in name or hide.text(name) != name
    return name if name and not tells else f"delivery-{receipt.sha256[:16]}"


def _files(folder: Path, receipt: Receipt, workspace: Workspace) -> tuple[Path, ...]:
    hide = Withholding(workspace.catalogue.delivery(receipt.dataset))
    wanted = [folder / name for name in _names(_shown_name(receipt, hide))]
    return tuple(path for path in wanted if path.is_file())
