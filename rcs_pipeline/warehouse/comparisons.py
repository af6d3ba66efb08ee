"""Tables that compare estimates: with other places and waves, by rank, by deprivation, over time.

Belongs here: the models of these tables and of the breaks between waves, from the product's `comparisons`.
Does not belong here: the estimates themselves (see `tabulation`), the formulas (dbt_project/macros and the
templates), what may be shown (`disclosure`).

All of them are set-based models over the mart `indicator_estimates`; another survey product gets them by
naming the table in its folder.
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.comparisons import Comparisons, SimilarVariable
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.measures import EVERY_WAVE
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.staging import staging_name
from rcs_pipeline.warehouse.templates import render

ESTIMATES = "indicator_estimates"
KEY = ("indicator_id", "wave", "geography_level", "geography_code", "group_by", "group_value")
# The columns of the estimates that these tables are computed from.
NEEDED = (
    *KEY, "instrument", "geography_name", "tranche", "collected", "estimate", "standard_error", "lower",
    "upper", "base", "weighted_base", "numerator", "quality_flag",
)  # fmt: skip
_PLACE = ("indicator_id", "instrument", "wave", "geography_level", "geography_code", "geography_name")
_COMPARED = (
    *_PLACE, "tranche", "group_by", "group_value", "collected", "compared_with", "other_wave", "others",
    "other_collected", "estimate", "base", "other_estimate", "other_base", "break_flag", "break_reason",
    "difference", "difference_error", "difference_lower", "difference_upper", "z", "p_value", "family_tests",
    "adjusted_p_value", "comparison",
)  # fmt: skip
_TREND = (
    *_PLACE, "tranche", "group_by", "group_value", "collected", "estimate", "base", "break_flag",
    "break_reason", "waves_in_run", "waves", "change_per_wave", "change_error", "change_lower",
    "change_upper", "p_value", "direction",
)  # fmt: skip
_RANK = (
    *_PLACE, "collected", "group_by", "group_value", "estimate", "base", "quality_flag", "ranked_by", "place",
    "place_lower", "place_upper", "places", "others", "symbol",
)  # fmt: skip
_UNEQUAL = (
    *_PLACE, "tranche", "collected", "group_by", "base", "slope_index", "slope_error", "slope_lower",
    "slope_upper", "relative_index", "relative_lower", "relative_upper", "gap_lower", "gap_upper",
    "ratio_lower", "ratio_upper", "average", "comparison", "quality_flag", "symbol",
)  # fmt: skip
_ALIKE = (
    "wave", "geography_level", "geography_code", "geography_name", "other_code", "other_name", "nearness",
    "distance",
)  # fmt: skip
_SUMS = (
    ("sw", "sureness"), ("swx", "sureness * moment"), ("swy", "sureness * estimate"),
    ("swxx", "sureness * moment * moment"), ("swxy", "sureness * moment * estimate"),
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """A table that is computed from others: what a contract may ask of it, and what it stands on."""

    columns: dict[str, str]
    needs: tuple[str, ...]
    policy: str


def _own(*names: str, **others: str) -> dict[str, str]:
    return {**{name: name for name in names}, **others, "release_version": "null"}


TABLES = {
    "indicator_comparisons": Compared(_own(*_COMPARED, symbol="null"), (ESTIMATES,), "testing"),
    "indicator_trends": Compared(
        _own(*_TREND, symbol="null"), (ESTIMATES, "indicator_comparisons"), "testing"
    ),
    "cpp_ranks": Compared(_own(*_RANK), (ESTIMATES,), "testing"),
    "inequality": Compared(_own(*_UNEQUAL, gap="whole_gap", ratio="whole_ratio"), (ESTIMATES,), "inequality"),
    "similar_cpps": Compared({**_own(*_ALIKE), "is_similar": "nearness <= {neighbours}"}, (), "similar"),
}


def comparison_model(catalogue: Catalogue, product: Product, table: ProductTable, source: str) -> str:
    """The text of one of these tables.

    Raises:
        ContractError: the contract names a column that nobody computes, or lacks what the table stands on.
    """
    made, policy = TABLES[table.name], product.file.comparisons
    _check(product, table, made)
    neighbours = policy.similar.neighbours if policy.similar else 0
    return render(
        f"{table.name}.sql.j2", source,
        columns=[
            (item.name, made.columns[item.name].format(neighbours=neighbours), sql.TYPES[item.type])
            for item in table.columns
        ],
        order_by=table.extension.order_by or table.grain,
        **_values(catalogue, product, table.name, policy),
    )  # fmt: skip


def _values(catalogue: Catalogue, product: Product, name: str, policy: Comparisons) -> dict[str, object]:
    """What the policy says to the template of one table."""
    if name == "similar_cpps" and policy.similar:
        return {"variables": [_variable(catalogue, item) for item in policy.similar.variables]}
    if name == "inequality" and policy.inequality:
        unequal = policy.inequality
        return {
            "group": unequal.group,
            "order": unequal.order,
            "levels": [item.value for item in unequal.levels],
        }
    assert policy.testing is not None  # noqa: S101  (checked before)
    testing = policy.testing
    return {
        "significance": sql.number(testing.significance),
        "family": testing.family,
        "levels": [item.value for item in testing.levels],
        "waves_of_a_trend": testing.waves_of_a_trend,
        "similar": "similar_cpps" in {table.name for table in product.tables},
        "sums": _SUMS,
    }


def _check(product: Product, table: ProductTable, made: Compared) -> None:
    where = str(table.path)
    unknown = [column.name for column in table.columns if column.name not in made.columns]
    if unknown:
        raise ContractError(
            f"Nobody computes the column(s) {', '.join(unknown)} of `{table.name}`",
            where=where, expected=", ".join(made.columns),
        )  # fmt: skip
    if getattr(product.file.comparisons, made.policy) is None:
        raise ContractError(
            f"The table `{table.name}` needs a rule",
            where=str(product.path / "product.yaml"),
            expected=f"`comparisons`, and in it `{made.policy}`",
        )
    tables = {item.name: item for item in product.tables}
    absent = [name for name in made.needs if name not in tables]
    columns = {item.name for item in tables[ESTIMATES].columns} if ESTIMATES in tables else set()
    absent += [f"{ESTIMATES}.{name}" for name in NEEDED if ESTIMATES in made.needs and name not in columns]
    if absent:
        raise ContractError(
            f"The table `{table.name}` is computed from what the product does not have: {', '.join(absent)}",
            where=where, todo="Add a contract of that table, or the column to it.",
        )  # fmt: skip


def _variable(catalogue: Catalogue, item: SimilarVariable) -> dict[str, object]:
    """One variable of the family group, its value as SQL over the rows of one place."""
    contract = catalogue.delivery(item.dataset)
    columns = {column.name: column for column in contract.stored_columns}
    unknown = [
        name for name in (item.place, item.count, item.share, item.among) if name and name not in columns
    ]
    if unknown:
        raise ContractError(
            f"The variable `{item.id}` of similar places names {', '.join(unknown)}",
            where="comparisons.similar", expected=f"columns of `{item.dataset}`",
        )  # fmt: skip
    value = known = f"delivered.{sql.name(item.count)}"
    if item.share:
        share = f"delivered.{sql.name(item.share)}"
        value, known = f"{value} * {share}", f"case when {share} is not null then {known} end"
    elif item.among:
        label = f"delivered.{sql.name(item.among)}"
        codes = ", ".join(sql.code(columns[item.among], code) for code in item.codes)
        value = f"case when {label} in ({codes}) then {value} when {label} is not null then 0 end"
        known = f"case when {label} is not null then {known} end"
    return {
        "id": item.id, "title": item.title, "place": item.place, "every_wave": item.every_wave,
        "staging": staging_name(item.dataset), "weight": sql.number(item.weight), "log": item.scale == "log",
        "sum": value, "over": known if item.share or item.among else None,
    }  # fmt: skip


def waves_model(catalogue: Catalogue, product: Product, source: str) -> str:
    """The waves that the product draws on, in the register's order."""
    wanted = set(product.file.datasets)
    used = {item.wave for item in catalogue.register.collections if wanted & set(item.datasets)}
    rows = [
        (sql.text(item.id), sql.text(item.title), str(position))
        for position, item in enumerate(catalogue.register.waves, start=1)
        if item.id in used
    ]
    nothing = ("cast(null as varchar)", "cast(null as varchar)", "cast(null as integer)")
    return render(
        "values.sql.j2", source,
        columns=("wave", "title", "position"), rows=rows or [nothing], empty=not rows,
    )  # fmt: skip


def breaks_model(catalogue: Catalogue, product: Product, source: str) -> str:
    """The pairs of waves between which an indicator cannot be compared.

    A break that the indicator declares, or waves that share none of its forms of the questionnaire.
    """
    positions = {item.id: number for number, item in enumerate(catalogue.register.waves, start=1)}
    rows = [
        (
            sql.text(indicator.id),
            "cast(null as integer)" if entry.wave == EVERY_WAVE else str(positions[entry.wave]),
            sql.text(entry.reason),
        )
        for instrument in product.instruments
        for indicator in catalogue.indicators_of(instrument)
        for entry in indicator.breaks
    ]
    nothing = ("cast(null as varchar)", "cast(null as integer)", "cast(null as varchar)")
    contracts = [catalogue.instrument(name) for name in product.instruments]
    forms = [
        (item.dataset, survey.instrument, survey.version)
        for item in contracts
        if (survey := survey_of(item)).version
    ]
    return render("wave_breaks.sql.j2", source, breaks=rows or [nothing], forms=forms)
