"""What a template will be made of, before a cell of it is written.

Belongs here: everything that the pages need to know, taken from contract, register and ledger; places.
Does not belong here: writing (see `template`, `template_rows`, `template_pages`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from rcs_pipeline.contracts.delivery import Column, DeliveryContract, Sheet
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.intake.labels import shown
from rcs_pipeline.intake.template_mark import START_SHEET
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.template_previous import Previous, previous_rows

ROWS = 1_000
SPARE_ROWS = 500
ROWS_SHEET = "Rows"


@dataclass(frozen=True)
class Choice:
    """A closed list: the workbook's name for it, and code -> what people see."""

    name: str
    words: dict[str, str]

    @property
    def codes_name(self) -> str:
        """The workbook's name for the codes behind the words."""
        return f"codes_{self.name.removeprefix('list_')}"


@dataclass(frozen=True)
class TemplatePlan:
    """One template: a contract for one collection. Rows and columns count from 0, as the writer's do."""

    contract: DeliveryContract
    entry: Collection
    partnership: str | None
    suppliers: tuple[str, ...]
    previous: Previous | None

    @property
    def due(self) -> date | None:
        """When the register wants it."""
        return self.entry.datasets.get(self.contract.dataset)

    @property
    def sheet(self) -> Sheet:
        """The sheet for the rows, where intake will look for it."""
        return self.contract.options.sheet or Sheet(name=ROWS_SHEET)

    @property
    def header(self) -> int:
        """The row of the column names."""
        return self.sheet.first_row + self.sheet.header_rows - 2

    @property
    def first(self) -> int:
        """The first row for data."""
        return self.header + 1

    @property
    def last(self) -> int:
        """The last row that dropdowns and live checks reach; intake reads those below it too."""
        filled = len(self.previous.rows) if self.previous else 0
        return self.header + max(ROWS, filled + SPARE_ROWS)

    @cached_property
    def choices(self) -> dict[str, Choice]:
        """Column -> its closed list. Columns with equal lists share one."""
        named: dict[tuple[tuple[str, str], ...], Choice] = {}
        choices = {}
        for number, column in enumerate(self.contract.columns, start=1):
            words = self._words(column)
            if words:
                key = tuple(words.items())
                choices[column.name] = named.setdefault(key, Choice(f"list_{number:03d}", words))
        return choices

    @cached_property
    def exceptions(self) -> dict[str, Choice]:
        """Column of numbers -> what may stand in it beside numbers: symbols and missing codes."""
        return {
            column.name: Choice(f"list_also_{number:03d}", {sign: sign for sign in signs})
            for number, column in enumerate(self.contract.columns, start=1)
            if column.numeric
            and not column.codes
            and (signs := dict.fromkeys((*column.symbols, *column.missing)))
        }

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The sets of columns whose values may not stand twice."""
        single = tuple((column.name,) for column in self.contract.columns if column.unique)
        return tuple(dict.fromkeys((self.contract.key, *single) if self.contract.key else single))

    def sheet_name(self, wanted: str) -> str:
        """A name for one of our own sheets, other than that of the rows."""
        return f"{wanted} (template)" if wanted.lower() == self.sheet.name.lower() else wanted

    def place(self, name: str) -> int:
        """The column in which `name` stands."""
        return [column.name for column in self.contract.columns].index(name)

    def _words(self, column: Column) -> dict[str, str]:
        if column.identifier:
            return {}
        if column.codes:
            return shown(column)
        if column.type is ColumnType.BOOLEAN:
            return {"true": "true", "false": "false"}
        if column.name == self.contract.options.cpp and self.entry.cpp:
            return {self.entry.cpp: self.entry.cpp}
        return {}


def plan_template(workspace: Workspace, dataset: str, collection: str) -> TemplatePlan:
    """What the template of a dataset for a collection is made of.

    Raises:
        RcsError: the dataset or collection is unknown, or the register does not expect one from the other.
    """
    contract = workspace.catalogue.delivery(dataset)
    register = workspace.catalogue.register
    entry = register.collection(collection)
    if dataset not in entry.datasets:
        raise RcsError(
            f"The register expects no `{dataset}` from `{collection}`",
            expected=f"one of {', '.join(entry.datasets)}",
            todo="Correct the dataset or the collection, or add the dataset to it in the register.",
        )
    if contract.options.sheet and contract.options.sheet.name.lower() == START_SHEET.lower():
        raise RcsError(
            f"The contract puts the rows on the sheet `{START_SHEET}`, which is the template's own",
            where=str(contract.path), todo="Give the sheet of the rows another name.",
        )  # fmt: skip
    suppliers = {item.id: item.name for item in register.suppliers}
    return TemplatePlan(
        contract=contract,
        entry=entry,
        partnership=register.cpp(entry.cpp).name if entry.cpp else None,
        suppliers=tuple(suppliers[name] for name in contract.options.suppliers),
        previous=previous_rows(workspace, contract, entry),
    )
