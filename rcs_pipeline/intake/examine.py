"""Examining a file: everything up to the decision, without writing anything that stays.

Belongs here: the order of the steps and the decision (accept, or refuse whole).
Does not belong here: storing (see `store`) and receipts (see `delivery`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.vocabulary import WORKBOOKS, Identifier, Severity
from rcs_pipeline.intake import findings
from rcs_pipeline.intake.align import align
from rcs_pipeline.intake.archive import unwrapped
from rcs_pipeline.intake.findings import file_finding
from rcs_pipeline.intake.labels import with_codes
from rcs_pipeline.intake.load import TABLE, has_blank_rows, load
from rcs_pipeline.intake.notes import drop_what_follows, enter_notes
from rcs_pipeline.intake.readers import SourceTable, open_source
from rcs_pipeline.intake.recognise import Recognised
from rcs_pipeline.intake.rules import run_rules
from rcs_pipeline.intake.screen import Screening, check_keys, screen
from rcs_pipeline.intake.sender import sender_of, supplier_of
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.intake.store import split, unusual
from rcs_pipeline.intake.template_mark import mark_findings, mark_on_page, read_mark
from rcs_pipeline.intake.unreadable import UnreadableFileError
from rcs_pipeline.intake.withdrawn import leave_out, lists
from rcs_pipeline.ledger.keys import keys_in_use
from rcs_pipeline.ledger.paths import TEMPORARY
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The working folders of this process: it may judge several files at once.
_open: set[Path] = set()


@dataclass(frozen=True)
class Examined:
    """What a file turned out to be. `reason` says why it is refused; None where it is accepted.

    `withdrawn` rows were left out; `unusual` findings (rule id -> how many) wait for a person's yes.
    """

    recognised: Recognised
    contract: DeliveryContract
    collection: Collection
    connection: DuckDBPyConnection
    rows: int
    rejected: int
    first_row: int | None
    reason: str | None
    withdrawn: int = 0
    unusual: dict[str, int] = field(default_factory=dict)
    supplier: str | None = None


@contextmanager
def examining(
    workspace: Workspace, recognised: Recognised, dataset: str, collection: str, supplier: str | None = None
) -> Iterator[Examined]:
    """Read, align, load, screen and split a file in memory; everything is gone when the block ends.

    Raises:
        RcsError: the dataset or collection is unknown, or there is no key for the pseudonyms.
    """
    import duckdb

    contract = workspace.catalogue.delivery(dataset)
    entry = workspace.catalogue.register.collection(collection)
    supplier = supplier_of(entry, dataset, supplier)
    keys = keys_in_use(workspace) if needs_key(contract) else ()
    workspace.paths.make()
    work = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=workspace.paths.work))
    _open.add(work)
    connection = duckdb.connect(config={"temp_directory": str(work / "spill")})
    connection.execute("set enable_progress_bar = false")
    try:
        if workspace.settings.threads:
            connection.execute(f"set threads = {workspace.settings.threads}")
        findings.create_table(connection)
        yield _examine(workspace, connection, recognised, contract, entry, supplier, keys, work)
    finally:
        connection.close()
        shutil.rmtree(work, ignore_errors=True)
        _open.discard(work)


def in_use(work: Path) -> bool:
    """Whether somebody judges a file in this folder: this process, or another that still lives."""
    owner = work.name.removeprefix(TEMPORARY).split("-")[0]
    if not owner.isdecimal():
        return False
    if int(owner) == os.getpid():
        # Any other was left by a process that had the same number before.
        return work in _open
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def needs_key(contract: DeliveryContract) -> bool:
    """Whether the dataset has identifiers that become pseudonyms."""
    return any(column.identifier is Identifier.PSEUDONYMISE for column in contract.columns)


def _examine(
    workspace: Workspace, connection: DuckDBPyConnection, recognised: Recognised, contract: DeliveryContract,
    entry: Collection, supplier: str | None, keys: tuple[bytes, ...], work: Path,
) -> Examined:  # fmt: skip
    import duckdb

    messages = workspace.catalogue.messages

    def done(
        rows: int = 0, rejected: int = 0, first_row: int | None = 1, reason: str | None = None,
        withdrawn: int = 0, unusual: dict[str, int] | None = None,
    ) -> Examined:  # fmt: skip
        return Examined(
            recognised, contract, entry, connection, rows, rejected, first_row, reason, withdrawn,
            unusual or {}, supplier,
        )  # fmt: skip

    def refuse(rule_id: str, rows: int = 0, **words: str) -> Examined:
        finding = findings.withheld(
            file_finding(messages, rule_id, severity=Severity.BLOCK, **words), contract
        )
        findings.add(connection, [finding])
        return done(rows=rows, reason=finding.message)

    if supplier is not None and supplier not in contract.options.suppliers:
        return refuse("RCS-F10", value=supplier, expected=", ".join(contract.options.suppliers))
    if recognised.size_bytes == 0:
        return refuse("RCS-F03")
    if recognised.protected:
        return refuse("RCS-F20", detail="the workbook")
    limits = workspace.catalogue.limits
    if recognised.archive:
        try:
            recognised = unwrapped(recognised, limits.numbers(), work)
        except UnreadableFileError as error:
            return refuse(error.rule_id, detail=error.detail)
    if recognised.format is None:
        return refuse("RCS-F01", detail=f"It is {recognised.described}.")
    mark = read_mark(recognised.path) if recognised.format in WORKBOOKS else None
    if mark is not None and mark.contract_id != contract.id:
        return refuse("RCS-F41", value=mark.contract_id, expected=contract.id)
    # A dataset's own template is read whatever the other formats are.
    if mark is None and recognised.format not in contract.options.formats:
        return refuse("RCS-F02", value=recognised.format.value, expected=", ".join(contract.options.formats))
    try:
        source = open_source(connection, recognised, contract, work, limits, messages)
        agreed = workspace.ledger.mappings_in_force(
            contract.dataset, sender_of(workspace.catalogue.register, entry, supplier)
        )
        if mark is None and recognised.format in WORKBOOKS:
            mark = mark_on_page(recognised.path)
        alignment = align(source, contract, messages, agreed)
        about_file = [*source.findings, *mark_findings(mark, contract, entry, messages), *alignment.findings]
        about_file = [findings.withheld(item, contract) for item in about_file]
        findings.add(connection, about_file)
        blocked = [item for item in about_file if item.severity is Severity.BLOCK]
        if blocked:
            return done(rows=_count(connection, source.relation), reason=blocked[0].message)
        source, rows = _loaded(connection, source, contract, alignment.positions, keys)
        later = [findings.withheld(item, contract) for item in source.findings]
        findings.add(connection, [item for item in later if item not in about_file])
    except UnreadableFileError as error:
        return refuse(error.rule_id, detail=error.detail)
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        # No other error: a full disk or too little memory says nothing about the file.
        from rcs_pipeline.intake.csv_reader import without_cells

        return refuse("RCS-F01", detail=without_cells(error))
    if rows == 0:
        return refuse("RCS-F03")
    withdrawn = leave_out(connection, contract, lists(workspace, contract.dataset))
    if withdrawn:
        findings.add(connection, [file_finding(messages, "RCS-F63", value=str(withdrawn))])
    sheet = source.sheet and contract.without_identifiers(source.sheet, findings.WITHHELD)
    screening = Screening(contract, messages, source.first_row, sheet, entry.cpp)
    elsewhere = _elsewhere(connection, screening)
    if elsewhere is not None:
        named = workspace.catalogue.register.named_cpp
        return refuse(
            "RCS-F08", rows, column=str(contract.options.cpp), value=named(elsewhere),
            expected=named(str(entry.cpp)),
        )  # fmt: skip
    if source.notes:
        enter_notes(connection, screening, source.notes)
    screen(connection, screening)
    check_keys(connection, screening)
    before = workspace.ledger.current_receipts(contract.dataset, entry.key)
    last = sum(item.rows_accepted + item.rows_quarantined for item in before) if before else None
    run_rules(connection, screening, lambda dataset: current_files(workspace, dataset, entry), last)
    _note_recodes(connection, screening)
    if source.notes:
        drop_what_follows(connection)
    rejected = split(connection, source.first_row)
    blocking = connection.execute(
        f"select message from {findings.TABLE} where severity = 'block' limit 1"
    ).fetchone()
    if blocking:
        return done(rows, rejected, source.first_row, str(blocking[0]))
    if rejected > contract.options.tolerance * (rows - withdrawn):
        share = f"{contract.options.tolerance:.0%}"
        return refuse("RCS-F07", rows, detail=f"{rejected} of {rows} rows", expected=share)
    return done(rows, rejected, source.first_row, withdrawn=withdrawn, unusual=unusual(connection))


def _loaded(
    connection: DuckDBPyConnection, source: SourceTable, contract: DeliveryContract,
    positions: dict[str, int], keys: tuple[bytes, ...],
) -> tuple[SourceTable, int]:  # fmt: skip
    """Load the rows; those that the engine refuses are read again in the slower way, where there is one."""
    import duckdb

    try:
        rows = load(connection, with_codes(source, contract, positions), contract, positions, keys)
        if source.again is None or (source.rows in (None, rows) and not has_blank_rows(connection)):
            return source, rows
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        if source.again is None:
            raise
    source = source.again()
    return source, load(connection, with_codes(source, contract, positions), contract, positions, keys)


def current_files(workspace: Workspace, dataset: str, collection: Collection) -> list[Path]:
    """The Parquet files that hold a dataset's current rows, as seen from a collection.

    A dataset that is due from the collection itself (its roll) counts from there alone: another wave of the
    same school must not lend its pupils. Any other (the national frame) counts whole.
    """
    own = collection.key if dataset in collection.datasets else None
    receipts = workspace.ledger.current_receipts(dataset, own)
    return [workspace.paths.home / item.raw_path for item in receipts if item.raw_path]


def _elsewhere(connection: DuckDBPyConnection, screening: Screening) -> str | None:
    """The CPP that the whole file belongs to, where it is not the one of its folder."""
    name = screening.contract.options.cpp
    if name is None or screening.cpp is None:
        return None
    row = connection.execute(
        f"select count_if({quoted(name)} = {text(screening.cpp)}), mode({quoted(name)}) from {TABLE}"
    ).fetchone()
    return str(row[1]) if row and row[0] == 0 and row[1] is not None else None


def _note_recodes(connection: DuckDBPyConnection, screening: Screening) -> None:
    """One finding an old code, not one a cell: nobody has to do anything about it."""
    for column in screening.contract.stored_columns:
        if not column.recode:
            continue
        was = quoted(column.name + "__was")
        rows = connection.execute(
            f"select {was}, count(*) from {TABLE} where {was} is not null group by {was} order by {was}"
        ).fetchall()
        findings.add(
            connection,
            [
                file_finding(
                    screening.messages, "RCS-C08", column=column.name, value=str(old), sheet=screening.sheet,
                    expected=column.recode[str(old)], detail=f"{count} cells",
                )
                for old, count in rows
            ],
        )  # fmt: skip


def _count(connection: DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
