"""Examining a file: everything up to the decision, without writing anything that stays.

Belongs here: the order of the steps and the decision (accept, or refuse whole).
Does not belong here: where it is done (see `examining`), storing (see `store`) and receipts (see `delivery`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
from rcs_pipeline.intake.sender import sender_of
from rcs_pipeline.intake.spellings import tell_spellings
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.intake.store import split, unusual
from rcs_pipeline.intake.template_mark import TemplateMark, mark_findings, mark_on_page, read_mark
from rcs_pipeline.intake.unreadable import UnreadableFileError
from rcs_pipeline.intake.withdrawn import leave_out, lists
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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


def needs_key(contract: DeliveryContract) -> bool:
    """Whether the dataset has identifiers that become pseudonyms."""
    return any(column.identifier is Identifier.PSEUDONYMISE for column in contract.columns)


class _RefusedError(Exception):
    """A rule that a file breaks as a whole, and the words of its message; `rows`: how many were read."""

    def __init__(self, rule_id: str, rows: int = 0, **words: str) -> None:
        super().__init__(rule_id)
        self.rule_id, self.rows, self.words = rule_id, rows, words


@dataclass(frozen=True)
class Examination:
    """A file on its way to a decision; what is found of it stands in the table of findings."""

    workspace: Workspace
    connection: DuckDBPyConnection
    recognised: Recognised
    contract: DeliveryContract
    entry: Collection
    supplier: str | None
    keys: tuple[bytes, ...]
    work: Path

    def decided(self) -> Examined:
        """Everything in its order, up to the decision."""
        here = self
        try:
            here = replace(self, recognised=self._unwrapped())
            mark = here._mark()
            read = here._read(mark)
            return read if isinstance(read, Examined) else here._judged(*read)
        except UnreadableFileError as error:
            return here._refused(_RefusedError(error.rule_id, detail=error.detail))
        except _RefusedError as error:
            return here._refused(error)

    def _done(
        self, rows: int = 0, rejected: int = 0, first_row: int | None = 1, reason: str | None = None,
        withdrawn: int = 0, unusual: dict[str, int] | None = None,
    ) -> Examined:  # fmt: skip
        return Examined(
            self.recognised, self.contract, self.entry, self.connection, rows, rejected, first_row, reason,
            withdrawn, unusual or {}, self.supplier,
        )  # fmt: skip

    def _refused(self, error: _RefusedError) -> Examined:
        messages = self.workspace.catalogue.messages
        finding = findings.withheld(
            file_finding(messages, error.rule_id, severity=Severity.BLOCK, **error.words), self.contract
        )
        findings.add(self.connection, [finding])
        return self._done(rows=error.rows, reason=finding.message)

    def _unwrapped(self) -> Recognised:
        """The file, or the one in its archive."""
        suppliers = self.contract.options.suppliers
        if self.supplier is not None and self.supplier not in suppliers:
            raise _RefusedError("RCS-F10", value=self.supplier, expected=", ".join(suppliers))
        if self.recognised.size_bytes == 0:
            raise _RefusedError("RCS-F03")
        if self.recognised.protected:
            raise _RefusedError("RCS-F20", detail="the workbook")
        if not self.recognised.archive:
            return self.recognised
        return unwrapped(self.recognised, self.workspace.catalogue.limits.numbers(), self.work)

    def _mark(self) -> TemplateMark | None:
        """The mark of a dataset's template, where the file is one; its format is one that may be read."""
        form, formats = self.recognised.format, self.contract.options.formats
        if form is None:
            raise _RefusedError("RCS-F01", detail=f"It is {self.recognised.described}.")
        mark = read_mark(self.recognised.path) if form in WORKBOOKS else None
        if mark is not None and mark.contract_id != self.contract.id:
            raise _RefusedError("RCS-F41", value=mark.contract_id, expected=self.contract.id)
        # A dataset's own template is read whatever the other formats are.
        if mark is None and form not in formats:
            raise _RefusedError("RCS-F02", value=form.value, expected=", ".join(formats))
        return mark

    def _read(self, mark: TemplateMark | None) -> Examined | tuple[SourceTable, int]:
        """Align and load: the source and how many rows it has, or the decision where a finding blocks."""
        import duckdb

        try:
            return self._aligned(mark)
        except (
            duckdb.InvalidInputException,
            duckdb.ConversionException,
            duckdb.OutOfRangeException,
        ) as error:
            # No other error: a full disk or too little memory says nothing about the file.
            from rcs_pipeline.intake.csv_reader import without_cells

            raise _RefusedError("RCS-F01", detail=without_cells(error)) from error

    def _aligned(self, mark: TemplateMark | None) -> Examined | tuple[SourceTable, int]:
        catalogue, connection, contract = self.workspace.catalogue, self.connection, self.contract
        messages, recognised = catalogue.messages, self.recognised
        source = open_source(connection, recognised, contract, self.work, catalogue.limits, messages)
        agreed = self.workspace.ledger.mappings_in_force(
            contract.dataset, sender_of(catalogue.register, self.entry, self.supplier)
        )
        if mark is None and recognised.format in WORKBOOKS:
            mark = mark_on_page(recognised.path)
        alignment = align(source, contract, messages, agreed)
        about_marks = mark_findings(mark, contract, self.entry, messages)
        about_file = [
            findings.withheld(item, contract)
            for item in (*source.findings, *about_marks, *alignment.findings)
        ]
        findings.add(connection, about_file)
        blocked = [item for item in about_file if item.severity is Severity.BLOCK]
        if blocked:
            return self._done(rows=_count(connection, source.relation), reason=blocked[0].message)
        source, rows = _loaded(connection, source, contract, alignment.positions, self.keys)
        later = [findings.withheld(item, contract) for item in source.findings]
        findings.add(connection, [item for item in later if item not in about_file])
        return source, rows

    def _judged(self, source: SourceTable, rows: int) -> Examined:
        """Rows that were loaded: screened, held against every rule, and split."""
        connection, contract = self.connection, self.contract
        messages = self.workspace.catalogue.messages
        if rows == 0:
            raise _RefusedError("RCS-F03")
        withdrawn = leave_out(connection, contract, lists(self.workspace, contract.dataset))
        if withdrawn:
            findings.add(connection, [file_finding(messages, "RCS-F63", value=str(withdrawn))])
        sheet = source.sheet and contract.without_identifiers(source.sheet, findings.WITHHELD)
        screening = Screening(contract, messages, source.first_row, sheet, self.entry.cpp)
        self._require_own(screening, rows)
        if source.notes:
            enter_notes(connection, screening, source.notes)
        screen(connection, screening)
        check_keys(connection, screening)
        self._run_rules(screening)
        tell_spellings(connection, screening)
        _note_recodes(connection, screening)
        if source.notes:
            drop_what_follows(connection)
        rejected = split(connection, source.first_row)
        blocking = connection.execute(
            f"select message from {findings.TABLE} where severity = 'block' limit 1"
        ).fetchone()
        if blocking:
            return self._done(rows, rejected, source.first_row, str(blocking[0]))
        if rejected > contract.options.tolerance * (rows - withdrawn):
            share = f"{contract.options.tolerance:.0%}"
            raise _RefusedError("RCS-F07", rows, detail=f"{rejected} of {rows} rows", expected=share)
        return self._done(
            rows, rejected, source.first_row, withdrawn=withdrawn, unusual=unusual(connection)
        )  # fmt: skip

    def _require_own(self, screening: Screening, rows: int) -> None:
        """That the file is not another CPP's as a whole."""
        elsewhere = _elsewhere(self.connection, screening)
        if elsewhere is not None:
            named = self.workspace.catalogue.register.named_cpp
            raise _RefusedError(
                "RCS-F08", rows, column=str(self.contract.options.cpp), value=named(elsewhere),
                expected=named(str(self.entry.cpp)),
            )  # fmt: skip

    def _run_rules(self, screening: Screening) -> None:
        before = self.workspace.ledger.current_receipts(self.contract.dataset, self.entry.key)
        last = sum(item.rows_accepted + item.rows_quarantined for item in before) if before else None
        run_rules(
            self.connection, screening,
            lambda dataset: current_files(self.workspace, dataset, self.entry), last,
        )  # fmt: skip


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
