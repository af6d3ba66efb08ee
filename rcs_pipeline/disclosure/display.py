"""Figures as an audience reads them: rounded by the product's policy, as SQL.

Belongs here: the expression of one rounded column, and how far it may lie from the candidate's figure.
Does not belong here: which numbers are hidden (see `rules`, `tables`), the steps (`contracts.rounding`).

A limit moves with its estimate, and a difference is that of two rounded estimates: what is shown beside a
rounded estimate must not give its digits back.
"""

from __future__ import annotations

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product, ProductColumn, ProductTable
from rcs_pipeline.contracts.rounding import Rounded, RoundingPolicy
from rcs_pipeline.disclosure.engine import name


def rounded_columns(table: ProductTable) -> dict[str, Rounded]:
    """The columns of a table that are rounded, and how."""
    return {column.name: column.rounded for column in table.columns if column.rounded}


def step_of(rounded: Rounded, policy: RoundingPolicy, rows: str) -> str:
    """The step of a column, as SQL over the alias `rows`.

    Of an estimate or its error it is the finest that is worth `step_pupils` pupils, or else the coarsest. A
    difference of two that are shown says no more than they do, and is what a reader makes it.
    """
    if rounded.less:
        return str(policy.steps[0].estimate)
    if rounded.base is not None:
        *finer, coarsest = policy.steps
        step = str(getattr(coarsest, rounded.to))
        for item in reversed(finer):
            worth = f"{rows}.{name(rounded.base)} * {item.estimate} >= {policy.step_pupils}"
            step = f"(case when {worth} then {getattr(item, rounded.to)} else {step} end)"
        return step
    steps = {
        "ratio": policy.ratio_step, "coefficient": policy.coefficient_step, "people": policy.people_step,
    }  # fmt: skip
    return str(steps[rounded.to])


def reach_of(table: ProductTable, rounded: Rounded, policy: RoundingPolicy, rows: str) -> str:
    """How far what is shown of a column may lie from the candidate's figure, as SQL over the alias `rows`.

    An estimate may be a step off, for some are never shown as none. A difference and a limit take over the
    rounding of what they are made of, and are half a step of their own off at most.
    """
    made_of = rounded.less or ((rounded.moves_with,) if rounded.moves_with else ())
    how = {item.name: item.rounded for item in table.columns}
    reach = [reach_of(table, other, policy, rows) for item in made_of if (other := how[item])]
    own = step_of(rounded, policy, rows) + (" / 2" if reach else "")
    return f"({' + '.join([own, *reach])})"


def shown_value(product: Product, table: ProductTable, column: ProductColumn, rows: str) -> str:
    """The number that is shown of a column, as SQL over the candidate's rows under the alias `rows`."""
    how = column.rounded
    if how is None:
        return f"{rows}.{name(column.name)}"
    policy = policy_of(product, table)
    if how.to == "p_value":
        return _up_to(policy, f"{rows}.{name(column.name)}")
    step, by_name = step_of(how, policy, rows), {item.name: item for item in table.columns}
    own = f"{rows}.{name(column.name)}"

    def shown(other: str) -> str:
        return shown_value(product, table, by_name[other], rows)

    if how.moves_with:
        moved = f"{shown(how.moves_with)} + {own} - {rows}.{name(how.moves_with)}"
        inside = _to(moved, step)
        # A share stays one: it is between 0 and 1, and so are its limits.
        return f"(case when {own} between 0 and 1 then least(1.0, greatest(0.0, {inside})) else {inside} end)"
    if how.less:
        difference = _to(f"{shown(how.less[0])} - {shown(how.less[1])}", step)
        return f"(case when {own} is not null then {difference} end)"
    if how.over:
        ratio = f"{shown(how.over[0])} / nullif({shown(how.over[1])}, 0)"
        return f"(case when {own} is not null then coalesce({_to(ratio, step)}, {_to(own, step)}) end)"
    if how.times:
        product_of = " * ".join(shown(other) for other in how.times)
        return f"(case when {own} is not null then {_to(product_of, step)} end)"
    if how.to == "estimate":
        # Some are never shown as none, nor as all.
        near = f"case when {own} > 0 and {own} < 1 then least(1 - {step}, greatest({step}, {_to(own, step)}))"
        return f"({near} else {_to(own, step)} end)"
    if how.to in ("people", "ratio"):
        return f"(case when {own} > 0 then greatest({step}, {_to(own, step)}) else {_to(own, step)} end)"
    return _to(own, step)


def policy_of(product: Product, table: ProductTable) -> RoundingPolicy:
    """The product's steps.

    Raises:
        ContractError: a column asks for rounding, and the product does not say how.
    """
    if product.file.rounding is None:
        raise ContractError(
            f"Columns of `{table.name}` are rounded, but nothing says to what",
            where=str(product.path / "product.yaml"), expected="the section `rounding`",
        )  # fmt: skip
    return product.file.rounding


def _to(value: str, step: str) -> str:
    """A multiple of the step; the second rounding takes the dust of doubles off."""
    return f"round(round(({value}) / {step}) * {step}, 6)"


def _up_to(policy: RoundingPolicy, value: str) -> str:
    branches = " ".join(f"when {value} <= {item} then {item}" for item in sorted(policy.p_values))
    return f"(case {branches} end)"
