"""The attack on what was written: for every hidden number of linked tables, what follows from the rest.

Belongs here: who knows what of which cells, and one verdict for each audience.
Does not belong here: reading (see `audit_cells`), what a reader knows of a number (see `audit_knowledge`),
solving (see `attack`), anything that `protect` uses to decide.

The warehouse is asked for three things only: the truth of a hidden number (the attacker's sums follow from
it), whether it is a zero that the policy exempts by name, and which indicators share their bases. Contracts
say which questions contain or exclude one another. The verdict counts cells; it never says an interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.attack import Finding, judge
from rcs_pipeline.disclosure.audit_cells import lay_cells, lay_sums
from rcs_pipeline.disclosure.audit_implied import (
    Differences,
    differences,
    lay_follow_ups,
    lay_implied,
    told_by_parts,
)
from rcs_pipeline.disclosure.audit_knowledge import Exempt, knowledge_of
from rcs_pipeline.disclosure.audit_linked_before import (
    close_sums,
    lacking_the_same,
    lay_before,
    lay_given,
    told_by_sums,
)
from rcs_pipeline.disclosure.audit_means import told_by_means
from rcs_pipeline.disclosure.audit_same_pupils import told_elsewhere
from rcs_pipeline.disclosure.audit_weighted import lay_figures
from rcs_pipeline.disclosure.earlier import Given, Laid, lay_out
from rcs_pipeline.ledger.records import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Attacked:
    """What the attack on one table found, in counts."""

    table: str
    cells: int
    hidden: int
    numbers: int
    exempt: Exempt
    narrow: int
    known: int
    told: int = 0
    close: int = 0
    told_apart: int = 0
    figures: int = 0
    without_figures: int = 0
    differences: int = 0
    told_by_parts: int = 0
    told_by_means: int = 0
    skipped_by_few: int = 0
    told_elsewhere: int = 0

    @property
    def says_too_much(self) -> bool:
        """Whether any of it closes the gate."""
        return bool(
            self.narrow or self.close or self.told_apart or self.told_by_parts or self.told_by_means
            or self.skipped_by_few or self.told_elsewhere
        )  # fmt: skip

    @property
    def says(self) -> str:
        """The counts in words, but for those of what is true of hidden cells: releases say it too."""
        found = f"{self.table}: {self.hidden} of {self.cells} cells hidden, {self.numbers} numbers attacked"
        if self.differences:
            found += ", those of few whom one question counts and not another among them,"
        if self.figures:
            found += f" with {self.figures} rounded weighted figures"
        if self.without_figures:
            systems = "system" if self.without_figures == 1 else "systems"
            found += f", {self.without_figures} {systems} without rounded weighted figures"
            found += ", since too much is hidden"
        if self.exempt.zeros:
            found += ", zeros among them exempt by name"
        if self.exempt.small_rolls:
            found += f", {self.exempt.small_rolls} under rolls of less than the width exempt by name"
        if self.told:
            found += f", {self.told} known from earlier releases"
        if self.close:
            found += f", {self.close} sums of which too few pupils are left between two releases"
        if self.told_apart:
            found += (
                f", {self.told_apart} sums that say how many pupils left or joined each of their kept parts"
            )
        if self.skipped_by_few:
            found += f", {self.skipped_by_few} bases of follow-ups that tell how few skipped them"
        if self.told_elsewhere:
            found += f", {self.told_elsewhere} rows that count pupils whom another table withholds"
        if self.told_by_means:
            found += f", {self.told_by_means} sums whose means tell another score of the same few"
        if self.told_by_parts:
            found += f", {self.told_by_parts} wholes hidden beside a share of them"
        if self.narrow:
            found += f", {self.narrow} narrower than the policy allows ({self.known} of them known exactly)"
        return found


def check_of(audience: str) -> str:
    """The id of an audience's verdict."""
    return f"disclosure.{audience}.linked"


def linked_tables(product: Product, audience: str) -> tuple[ProductTable, ...]:
    """The linked tables that the audience sees something of."""
    return tuple(table for table in product.tables if table.extension.linked and table.columns_for(audience))


def attack(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str,
    earlier: Sequence[Given] = (),
) -> tuple[Outcome, str]:  # fmt: skip
    """Attack every linked table of the audience; `folder` is the candidate's."""
    found = [
        _attack(connection, folder, product, audience, table, lay_out(connection, audience, table, earlier))
        for table in linked_tables(product, audience)
    ]
    width = product.file.disclosure.interval_width
    says = "; ".join(item.says for item in found)
    if any(item.says_too_much for item in found):
        return Outcome.FAIL, says
    other = "other " if any(item.exempt.small_rolls for item in found) else ""
    return Outcome.PASS, f"{says}; every {other}one could be {(width or 0) + 1} values or more"


def _attack(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable,
    before: Sequence[Laid],
) -> Attacked:  # fmt: skip
    linked = table.extension.linked
    assert linked is not None  # noqa: S101  (chosen by `linked_tables`)
    lay_cells(connection, folder, product, audience, table, linked)
    lay_sums(connection)
    skipped = lay_follow_ups(connection, product, linked)
    without_figures = lay_figures(connection, folder, product, audience, table, linked)
    few = product.file.disclosure.minimum_difference or 1
    lay_given(connection, table, linked, before)
    lay_before(connection, few)
    counted = connection.execute("select count(*), count(*) filter (where hidden) from attacked").fetchone()
    cells, hidden = counted or (0, 0)
    minimum = int(getattr(product.file.disclosure, linked.minimum))
    lay_implied(connection, product, linked)
    of_questions = differences(connection, product, "hidden and not told", asked=True)
    width, exempt, finding = _judge(connection, product, minimum, "hidden and not told", implied=of_questions)
    narrow, known = finding.narrow.sum(), finding.known.sum()
    if before:
        # Who has the old copies may know more of what they hid: what is hidden for the first time has to be
        # as wide when all of that is known which has not changed.
        _, _, alone = _judge(
            connection, product, minimum, "hidden and not told and not unchanged", "was_hidden"
        )
        narrow, known = narrow + alone.narrow.sum(), known + alone.known.sum()
    told = connection.execute("select count(*) from attacked_beside where hidden and told").fetchone()
    figures = connection.execute("select count(distinct figure) from attacked_figures").fetchone()
    close = close_sums(connection, few) if before else 0
    width_kept = product.file.disclosure.interval_width or 0
    told_apart = told_by_sums(connection, few, width_kept) if before else 0
    by_means = told_by_means(connection, folder, product, audience, table, linked, before) if before else 0
    for came in _came(connection, product, linked, len(before), few) if before else ():
        narrow, known = narrow + came.narrow.sum(), known + came.known.sum()
    return Attacked(
        table=table.name,
        cells=cells,
        hidden=hidden,
        numbers=int((width > 0).sum()),
        exempt=exempt,
        narrow=int(narrow),
        known=int(known),
        told=int(told[0]) if told else 0,
        close=close,
        told_apart=told_apart,
        figures=int(figures[0]) if figures else 0,
        without_figures=without_figures,
        differences=int(of_questions.each["asked"].sum()),
        told_by_parts=told_by_parts(connection, linked),
        told_by_means=by_means,
        skipped_by_few=skipped,
        told_elsewhere=0 if before else told_elsewhere(connection, folder, product, audience, table),
    )


def _came(
    connection: DuckDBPyConnection, product: Product, linked: LinkedTable, releases: int, few: int
) -> Iterator[Finding]:
    """What is found of few who came, for readers of each set of releases that had none of the same people.

    They have to be wide when all that looks unchanged since is taken for known, kept figures as well. Lays
    out `attacked_beside` anew.
    """
    minimum = int(getattr(product.file.disclosure, linked.minimum))
    connection.execute(
        "create or replace temp table known_of_all as"
        " select cell, told, known_base as of_base from attacked_beside where told or known_base"
    )
    sets = {tuple(some) for some in lacking_the_same(connection)} | {tuple(range(releases))}
    for some in sorted(sets):
        lay_before(connection, few, some)
        # Readers of those have the other releases as well.
        connection.execute(
            "update attacked_beside set told = attacked_beside.told or known_of_all.told,"
            " known_base = known_base or of_base"
            " from known_of_all where known_of_all.cell = attacked_beside.cell"
        )
        _, _, found = _judge(
            connection, product, minimum, "hidden and not told",
            f"not (newcomer and ({_few(product, minimum)}))",
            "base_taken, numerator_taken, rest_taken",
        )  # fmt: skip
        yield found


def _judge(
    connection: DuckDBPyConnection, product: Product, minimum: int, which: str, unasked: str = "false",
    taken: str = "false as base_taken, false as numerator_taken, false as rest_taken",
    *, implied: Differences | None = None,
) -> tuple[npt.NDArray[Any], Exempt, Finding]:  # fmt: skip
    """The widths asked for, how many numbers are exempt, and what was found of some of the hidden cells.

    Nothing is asked for those that are `unasked`; `taken` are the columns of what is taken for known.
    `implied`: the differences between questions, where it is asked of few whom one of them alone counts.
    """
    cells = connection.execute(
        "select cell, base_key, base, numerator, known_base, ceiling, sensitive, ruled,"
        f" {unasked} as unasked, {taken} from attacked_beside where {which} order by cell"
    ).fetchnumpy()
    sums = connection.execute(
        f"select total, cell, sign from attacked_sums join attacked_beside using (cell) where {which}"
        " and total not in (select total from attacked_rests)"
        " order by all"
    ).fetchnumpy()
    figures = connection.execute(
        "select attacked_figures.* from attacked_figures inner join attacked_beside using (cell)"
        f" where {which} order by all"
    ).fetchnumpy()
    implied = implied or differences(connection, product, which, asked=False)
    knowledge, width, exempt = knowledge_of(cells, sums, figures, product, minimum, implied)
    return width, exempt, judge(knowledge, width)


def _few(product: Product, minimum: int) -> str:
    """That a cell is of few pupils, or tells of each of them, as SQL."""
    small = product.file.disclosure.small_numerator
    return (
        f"base < {minimum} or ruled or coalesce(numerator between 1 and {small}, false)"
        f" or coalesce(base - numerator between 1 and {small}, false)"
        " or sensitive and coalesce(numerator in (0, base), false)"
    )
