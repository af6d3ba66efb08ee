"""The properties that go beside the models: sources, data tests, enforced contracts, exposures.

Belongs here: plain data that is written as dbt's YAML.
Does not belong here: SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.product import Product, ProductColumn, ProductTable
from rcs_pipeline.contracts.survey import Survey
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.lake import SCHEMA
from rcs_pipeline.warehouse.staging import staging_name
from rcs_pipeline.warehouse.templates import header

Properties = dict[str, Any]


def as_yaml(content: Properties, source: str) -> str:
    """The text of a properties file, with the header of generated files."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    text = yaml.dump(
        content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False
    )
    return header(source, "#") + text


def sources_file(contracts: Iterable[DeliveryContract]) -> Properties:
    """The raw lake as dbt sources, one a dataset."""
    tables = [
        {
            "name": contract.dataset,
            "description": f"{contract.title}: accepted rows of the deliveries that count.",
            "config": {"meta": {"dagster": {"asset_key": [SCHEMA, contract.dataset]}}},
        }
        for contract in contracts
    ]
    return {"version": 2, "sources": [{"name": SCHEMA, "schema": SCHEMA, "tables": tables}]}


def staging_properties(contract: DeliveryContract) -> Properties:
    """Descriptions and data tests of a staging model: keys, required columns, groups, and every code list."""
    key = [*contract.key] or ["source_row"]
    coded = {
        column.name: [_plain(column, code) for code in column.codes if code not in column.missing]
        for column in contract.stored_columns
        if column.codes
    }
    tests: list[Properties] = [
        _test("unique_rows", staging_name(contract.dataset), columns=["collection", *key])
    ]
    if coded:
        tests.append(_test("answers_within_codes", staging_name(contract.dataset), codes=coded))
    required = [column.name for column in contract.stored_columns if column.required and not column.missing]
    if required:
        tests.append(_test("always_filled", staging_name(contract.dataset), columns=required))
    columns = [_staging_column(column) for column in contract.stored_columns]
    model = {
        "name": staging_name(contract.dataset),
        "description": f"{contract.title}. {contract.description} Missing answers are NULL.",
        "data_tests": tests,
        "columns": columns,
    }
    return {"version": 2, "models": [model]}


def _staging_column(column: Column) -> Properties:
    said = " In its normal form: all spellings of a name are one." if column.one_name else ""
    entry: Properties = {"name": column.name, "description": f"{column.description}{said}"}
    if not sql.plain(column.name):
        entry["quote"] = True
    return entry


def mart_properties(table: ProductTable, *, kept: bool = True) -> Properties:
    """The enforced contract of a product table and the tests that its contract implies.

    A table that is not `kept` is made anew by whoever reads it: the gate judges all of it in one reading, its
    columns too (`gate.consistency`).
    """
    tests: list[Properties] = [_test("unique_rows", table.name, columns=list(table.grain))]
    required = [column.name for column in table.columns if column.required and not column.filled_at_release]
    if required:
        tests.append(_test("always_filled", table.name, columns=required))
    coded = {column.name: list(column.codes) for column in table.columns if column.codes}
    if coded:
        tests.append(_test("answers_within_codes", table.name, codes=coded))
    ranges = {column.name: [column.minimum, column.maximum] for column in table.columns if _bounded(column)}
    if ranges:
        tests.append(_test("within_range", table.name, ranges=ranges))
    names = {column.name for column in table.columns}
    if {"estimate", "lower", "upper"} <= names:
        tests.append(_test("interval_contains_estimate", table.name))
    if {"lower", "upper", "comparator", "comparison", "quality_flag"} <= names:
        tests.append(_test("comparison_follows_interval", table.name))
    if {"base", "numerator", "effective_base"} <= names:
        tests.append(_test("bases_in_order", table.name))
    model = {
        "name": table.name,
        "description": table.description or table.title,
        "config": {"contract": {"enforced": kept}, "meta": {"contract": table.id, "version": table.version}},
        **({"data_tests": tests} if kept else {}),
        "columns": [
            {"name": item.name, "description": item.description, "data_type": sql.TYPES[item.type]}
            for item in table.columns
        ],
    }
    return {"version": 2, "models": [model]}


def survey_properties(
    contract: DeliveryContract,
    *,
    weighted: bool,
    tabulated: bool,
    roll_in_survey: str | None = None,
    norms: Iterable[str] = (),
) -> Properties:
    """Descriptions and tests of what stands between staging and the marts.

    Args:
        contract: the survey.
        weighted: whether the product uses the weights.
        tabulated: whether the product makes estimates of it.
        roll_in_survey: which rows of the roll are of the survey, as SQL; None for all.
        norms: the models of relative bands.
    """
    survey = contract.survey
    assert survey is not None  # noqa: S101  (called for surveys only)
    dataset = contract.dataset
    models: list[Properties] = []
    if survey.allocate:
        models += [
            {
                "name": f"known_shares_{dataset}",
                "description": "Cumulative counts of known groups in each cell of allocation.",
            },
            {
                "name": f"allocated_{dataset}",
                "description": "Staging with unknown groups allocated and flagged.",
            },
        ]
    models += _weights_properties(survey, dataset)
    models += [
        {"name": name, "description": "Where the bands begin that are relative to everybody scored."}
        for name in norms
    ]
    models += [
        {
            "name": f"pupils_{dataset}",
            "description": "One row a respondent: answers, groups, stratum, cluster, weight.",
            "data_tests": [
                _test(
                    "always_filled",
                    f"pupils_{dataset}",
                    columns=["design_stratum", "design_cluster", "design_weight", "wave"],
                ),
                *([_adds_up(survey, dataset, roll_in_survey)] if weighted and survey.weight.roll else []),
            ],
        },
        {
            "name": f"scored_{dataset}",
            "description": "Pupils with every score, band and indicator of the instrument.",
        },
    ]
    if tabulated:
        models.append(
            {
                "name": f"sums_{dataset}",
                "description": "Sums over pupils by unit and group; every estimate follows from them.",
                "data_tests": [_test("sums_are_exact", f"sums_{dataset}")],
            }
        )
    return {"version": 2, "models": models}


def _weights_properties(survey: Survey, dataset: str) -> list[Properties]:
    """The models that weights come from."""
    if not survey.weight.roll:
        return []
    roll_known = _test("has_a_roll", f"weights_{dataset}")
    # Who has no roll still counts, each pupil once: shown, and no reason to close the gate.
    roll_known["has_a_roll"]["config"] = {"meta": {"gate": "warning"}}
    models: list[Properties] = [
        {
            "name": f"weights_{dataset}",
            "description": "Roll over respondents, cell by cell: what each is weighted with, and why.",
            "data_tests": [roll_known],
        }
    ]
    if raking := survey.weight.raking:
        models.append(
            {"name": f"margins_{dataset}", "description": f"What the roll says of `{raking.column}`."}
        )
        if raking.use:
            models.append(
                {
                    "name": f"raked_{dataset}",
                    "description": f"The weights of the cells, fitted to `{raking.column}` as well.",
                }
            )
    return models


def _adds_up(survey: Survey, dataset: str, roll_in_survey: str | None) -> Properties:
    roll = survey.weight.roll
    assert roll is not None  # noqa: S101  (called for weighted surveys only)
    return _test(
        "weights_add_up_to_the_roll", f"pupils_{dataset}",
        weights=f"ref('weights_{dataset}')", cells=list(survey.weight.cells),
        roll=f"ref('{staging_name(roll.dataset)}')", count=roll.count, in_survey=roll_in_survey or "true",
    )  # fmt: skip


def register_properties(more: dict[str, str], *, compares: bool, has_money: bool) -> Properties:
    """Descriptions of the tables made from the register and the measures, and of `more`."""
    described = {
        "registered_collections": "The collections of the register that the product draws on.",
        "registered_indicators": "The indicators that the product tabulates.",
        "geographies": "Names of places, by level and code.",
    }
    if compares:
        described |= {
            "registered_waves": "The waves that the product draws on, in the order of the register.",
            "wave_breaks": "Pairs of waves between which an indicator cannot be compared, and why.",
        }
    if has_money:
        described["money_policy"] = (
            "Of how many providers an amount must be, and how much of it they may make up."
        )
    models = [{"name": name, "description": text} for name, text in (described | more).items()]
    return {"version": 2, "models": models}


def exposures_file(product: Product) -> Properties:
    """The release, as what the marts are made for, and the consumers that its contract lists."""
    return {
        "version": 2,
        "exposures": [
            {
                "name": f"{product.id}_release",
                "label": f"Release of {product.id}",
                "type": "application",
                "maturity": "high",
                "description": f"{product.file.title}. {product.file.description}",
                "owner": {"name": product.file.publisher},
                "depends_on": [
                    f"ref('{table.name}')" for table in product.tables if table.extension.audiences
                ],
            },
            *(
                {
                    "name": f"{product.id}_{consumer.id}",
                    "label": consumer.title,
                    "type": consumer.kind,
                    "maturity": "high",
                    "description": f"Reads releases for {product.file.audiences[consumer.audience].title}.",
                    "owner": {"name": consumer.owner},
                    "depends_on": [f"ref('{name}')" for name in sorted(consumer.uses)],
                }
                for consumer in product.file.consumers
            ),
        ],
    }


def _test(test: str, of: str, **arguments: Any) -> Properties:
    """A data test under a name that a person can read: dbt's own would list every argument."""
    return {test: {"name": f"{of}_{test}", **({"arguments": arguments} if arguments else {})}}


def _bounded(column: ProductColumn) -> bool:
    return column.minimum is not None or column.maximum is not None


def _plain(column: Column, code: str) -> str | int | float:
    if not column.numeric:
        return code
    value = float(code)
    return int(value) if value.is_integer() else value
