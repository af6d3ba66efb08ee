"""Choice and attack take joined groups apart in the same way, and neither lets a sum fall silently."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.disclosure.audit_cells import lay_sums
from rcs_pipeline.disclosure.grid import make_grid

Group = tuple[str, str]
PARTS = [("sex+stage", f"{sex}+{stage}") for sex in ("f", "m") for stage in ("1", "2")]
GROUPS: list[Group] = [("all", "all"), ("sex", "f"), ("sex", "m"), ("stage", "1"), ("stage", "2"), *PARTS]


def chosen(groups: list[Group], *, distant: bool = False) -> set[tuple[Group, frozenset[Group]]]:
    """Every whole with its parts, as the choice knows them."""
    grid = make_grid(["cpp"], np.array([-1]), groups)
    sums = (grid.over_distant_groups if distant else grid).sums.toarray()
    return {
        (groups[int(np.argmin(row))], frozenset(groups[index] for index in np.flatnonzero(row > 0)))
        for row in sums
    }


def attacked(groups: list[Group]) -> set[tuple[Group, frozenset[Group]]]:
    """And as the attack does."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table attacked (cell integer, system varchar, line varchar, level varchar, place varchar,"
            " above varchar, ways varchar, value varchar)"
        )
        connection.executemany(
            "insert into attacked values (?, '', 'i', 'cpp', 'A', null, ?, ?)",
            [(number, *group) for number, group in enumerate(groups)],
        )
        lay_sums(connection)
        found = connection.execute(
            "select whole, list(part) from attacked_parts group by total, whole"
        ).fetchall()
    return {(groups[whole], frozenset(groups[part] for part in parts)) for whole, parts in found}


def test_both_know_the_same_sums_of_groups() -> None:
    """Of a whole that adds up finer groups, by way of coarser ones too, the choice needs only the latter.

    But beside earlier releases, where the coarser ones may be out of sight.
    """
    assert {("all", "all"), ("sex", "f"), ("stage", "2")} <= {whole for whole, _ in chosen(GROUPS)}
    assert chosen(GROUPS, distant=True) == {(("all", "all"), frozenset(PARTS))}
    assert chosen(GROUPS) | chosen(GROUPS, distant=True) == attacked(GROUPS)


def test_a_value_of_one_part_is_whole_whatever_it_holds() -> None:
    ages: list[Group] = [("all", "all"), ("age", "60-84"), ("age", "85+")]
    assert chosen(ages, distant=True) == set()
    assert chosen(ages) == attacked(ages) == {(("all", "all"), frozenset(ages[1:]))}


@pytest.mark.parametrize("value", ["f+2+", "f"])
def test_a_group_that_cannot_be_taken_apart_is_refused_by_both(value: str) -> None:
    groups: list[Group] = [*GROUPS[:-1], ("sex+stage", value)]
    with pytest.raises(RcsError, match=r"has \d parts where it should have 2"):
        chosen(groups)
    with pytest.raises(RcsError, match="cannot tell what the group"):
        attacked(groups)
