"""Whether a group in few schools, or in such as hardly differ, has the programme's design effect.

Belongs here: holding a candidate's estimates against `schools_for_error` and `pupils_for_error`.
Does not belong here: everything that a row says by itself (see `consistency_rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.disclosure.engine import name, text
from rcs_pipeline.gate.consistency_rules import RATIO_TOLERANCE
from rcs_pipeline.warehouse.tabulation import LOCAL

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDS = frozenset((
    "schools", "variance_method", "design_effect", "degrees_of_freedom", "standard_error", "instrument",
    "geography_level", "schools_apart", "estimate",
))  # fmt: skip
PLACE = ("geography_level", "geography_code")


def problems_of(
    connection: DuckDBPyConnection, relation: str, product: Product, table: ProductTable
) -> list[str]:
    """What is wrong with the errors of groups in few schools, with the number of rows."""
    few, pupils = product.file.reliability.schools_for_error, product.file.reliability.pupils_for_error
    if not few or not {item.name for item in table.columns} >= NEEDS:
        return []
    keys = [name(item) for item in (*table.grain, "instrument") if item not in PLACE]
    local = ", ".join(text(item.value) for item in LOCAL)
    near = f"abs(rows.design_effect / lender.design_effect - 1) <= {RATIO_TOLERANCE}"
    alike = f"coalesce(estimate > 0 and estimate < 1 and schools_apart < {pupils}, false)"
    broken = {
        "the error is that of few schools": f"variance_method = 'cluster' and schools < {few}",
        "the error is that of schools that hardly differ": f"variance_method = 'cluster' and {alike}",
        "the design effect of the whole stands in for that of many schools":
            f"variance_method = 'lent' and schools >= {few} and not {alike}",
        "the design effect is not that of the whole":
            "variance_method = 'lent' and (lender.design_effect is null or standard_error > 0 and not"
            f" ({near} and rows.degrees_of_freedom = lender.degrees_of_freedom))",
        "the whole has a design effect that was not taken":
            f"variance_method = 'pupil' and (schools < {few} or {alike})"
            " and lender.design_effect is not null",
    }  # fmt: skip
    counts = ", ".join(f"count(*) filter (where {where})" for where in broken.values())
    row = connection.execute(f"""
        with lender as (
            select {", ".join(keys)}, design_effect, degrees_of_freedom from {relation}
            where geography_level = '{GeographyLevel.PROGRAMME}' and variance_method = 'cluster'
                and schools >= {few} and not {alike} and standard_error > 0
        )
        select {counts}
        from (select * from {relation} where geography_level not in ({local})) as rows
        left join lender using ({", ".join(keys)})
    """).fetchone()
    return [f"{count} row(s) where {says}" for says, count in zip(broken, row or (), strict=True) if count]
