"""From contracts to the files of a dbt project.

Belongs here: which file is made from which contract, and writing or checking the committed ones.
Does not belong here: the content of any one file.

    python -m rcs_pipeline.warehouse.generate [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import ContractError, RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.vocabulary import Weighting
from rcs_pipeline.warehouse import (
    comparisons,
    design,
    dims,
    marts,
    needs,
    norms,
    properties,
    quality,
    quality_tables,
    scoring,
    staging,
    tabulation,
    weighting,
)
from rcs_pipeline.warehouse.lake import product_contracts
from rcs_pipeline.warehouse.prices import PRICES_FILE, prices_text
from rcs_pipeline.warehouse.quantiles import QUANTILES_FILE, quantiles_text
from rcs_pipeline.warehouse.templates import header

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
COMMITTED_PRODUCT = "rcs"
MARTS = "models/marts"


def generated_files(catalogue: Catalogue, product: Product) -> dict[str, str]:
    """Every generated file of the product's dbt project: relative path -> text.

    Raises:
        ContractError: a published table is neither generated nor written by hand.
    """
    contracts = product_contracts(catalogue, product)
    files: dict[str, str] = {}
    files["models/sources.yml"] = properties.as_yaml(
        properties.sources_file(contracts), "the delivery contracts"
    )
    files["models/exposures.yml"] = properties.as_yaml(
        properties.exposures_file(product), _place(product.path)
    )
    for contract in contracts:
        files.update(_staging(contract))
        if contract.survey is not None:
            files.update(_survey(catalogue, product, contract))
    files.update(_register(catalogue, product))
    files.update(_marts(catalogue, product))
    return files


def _staging(contract: DeliveryContract) -> Iterator[tuple[str, str]]:
    source = _place(contract.path)
    name = f"models/staging/{staging.staging_name(contract.dataset)}"
    yield f"{name}.sql", staging.staging_model(contract, source)
    yield f"{name}.yml", properties.as_yaml(properties.staging_properties(contract), source)


def _survey(catalogue: Catalogue, product: Product, contract: DeliveryContract) -> Iterator[tuple[str, str]]:
    survey, dataset, source = design.survey_of(contract), contract.dataset, _place(contract.path)
    tabulated = bool(tabulation.tabulations_of(product, survey.instrument))
    measures = f"{source} and the measures of `{survey.instrument}`"
    if survey.allocate:
        yield f"models/scored/known_shares_{dataset}.sql", design.known_shares_model(contract, source)
        yield f"models/scored/allocated_{dataset}.sql", design.allocated_model(contract, source)
    if survey.weight.roll:
        yield from _weights(catalogue, contract, source)
    yield (
        f"models/scored/pupils_{dataset}.sql",
        design.pupils_model(catalogue, product, contract, f"{source} and the register"),
    )
    for name, text in scoring.norms_models(catalogue, contract, measures).items():
        yield f"models/scored/{name}.sql", text
    yield f"models/scored/scored_{dataset}.sql", scoring.scored_model(catalogue, contract, measures)
    described = properties.survey_properties(
        contract,
        weighted=product.weighting_of(survey.instrument) is Weighting.WEIGHTED,
        roll_in_survey=weighting.roll_in_survey(catalogue, contract) if survey.weight.roll else None,
        tabulated=tabulated,
        norms=[norm.model for norm in norms.norms_of(catalogue, contract)],
    )
    yield f"models/scored/survey_{dataset}.yml", properties.as_yaml(described, source)
    if tabulated:
        tables = f"{_place(product.path / 'product.yaml')} and the measures of `{survey.instrument}`"
        yield (
            f"models/estimates/sums_{dataset}.sql",
            tabulation.sums_model(catalogue, product, contract, tables),
        )
    if tabulated and quality_tables.needs_sums(product):
        least = product.file.quality.straight_line_items
        name = f"models/quality/{quality.sums_name(dataset)}"
        yield f"{name}.sql", quality.sums_model(catalogue, contract, least, measures)
        yield (
            f"{name}.yml",
            properties.as_yaml(quality_tables.quality_properties(catalogue, contract), source),
        )


def _weights(catalogue: Catalogue, contract: DeliveryContract, source: str) -> Iterator[tuple[str, str]]:
    dataset, raking = contract.dataset, design.survey_of(contract).weight.raking
    yield f"models/scored/weights_{dataset}.sql", weighting.weights_model(catalogue, contract, source)
    if raking:
        yield f"models/scored/margins_{dataset}.sql", weighting.margins_model(catalogue, contract, source)
    if raking and raking.use:
        yield f"models/scored/raked_{dataset}.sql", weighting.raked_model(contract, source)


def _register(catalogue: Catalogue, product: Product) -> Iterator[tuple[str, str]]:
    folder = "models/register"
    yield (
        f"{folder}/registered_collections.sql",
        dims.registered_collections_model(catalogue, product, "the register"),
    )
    yield (
        f"{folder}/registered_indicators.sql",
        dims.registered_indicators_model(catalogue, product, "the measures"),
    )
    yield f"{folder}/geographies.sql", dims.geographies_model(catalogue, product, "the register")
    if has_money := dims.has_money_policy(catalogue, product):
        yield f"{folder}/money_policy.sql", dims.money_policy_model(product, _place(product.path))
    if compares := any(table.name in comparisons.TABLES for table in product.tables):
        yield f"{folder}/registered_waves.sql", comparisons.waves_model(catalogue, product, "the register")
        yield (
            f"{folder}/wave_breaks.sql",
            comparisons.breaks_model(catalogue, product, "the measures and the register"),
        )
    needed = dict(needs.needs_models(catalogue, product))
    for name, text in needed.items():
        yield f"{folder}/{name}.sql", text
    described = {name: needs.DESCRIBED[name] for name in needed}
    yield (
        f"{folder}/register.yml",
        properties.as_yaml(
            properties.register_properties(described, compares=compares, has_money=has_money),
            "the register",
        ),
    )


def _marts(catalogue: Catalogue, product: Product) -> Iterator[tuple[str, str]]:
    for table in product.tables:
        source = _place(table.path)
        described = properties.mart_properties(table, kept=table.name != tabulation.LOCAL_ESTIMATES)
        yield f"{MARTS}/{table.name}.yml", properties.as_yaml(described, source)
        if table.name in marts.GENERATED:
            yield f"{MARTS}/{table.name}.sql", marts.mart_model(catalogue, product, table, source)
        elif table.name in comparisons.TABLES:
            model = comparisons.comparison_model(catalogue, product, table, source)
            yield f"{MARTS}/{table.name}.sql", model
        elif product.id != COMMITTED_PRODUCT or not (PROJECT / MARTS / f"{table.name}.sql").is_file():
            raise ContractError(
                f"Nobody makes the table `{table.name}`",
                where=str(table.path),
                expected=f"one of {', '.join((*marts.GENERATED, *comparisons.TABLES))}, "
                f"or SQL of its own in dbt_project/{MARTS}",
            )


def _place(path: Path) -> str:
    """A contract's path from its folder of contracts, the same on every machine."""
    parts = path.parts
    for kind in ("deliveries", "products"):
        if kind in parts:
            return "/".join(parts[parts.index(kind) - 1 :])
    return path.name


def committed_files() -> dict[str, str]:
    """What the repository should hold: the project of the product `rcs`, and the list of quantiles."""
    catalogue = load_catalogue()
    return {
        **generated_files(catalogue, catalogue.product(COMMITTED_PRODUCT)),
        QUANTILES_FILE: quantiles_text(),
        PRICES_FILE: prices_text(),
    }


def is_generated(path: Path) -> bool:
    """Whether a file of the project carries the header of generated files."""
    with path.open(encoding="utf-8") as handle:
        return handle.readline().rstrip("\n").endswith(header("").rstrip("\n").rpartition(" by ")[2])


def stale_files() -> list[str]:
    """Committed files that differ from what the contracts give now, or that no contract gives any more."""
    wanted = committed_files()
    stale = [
        name
        for name, text in wanted.items()
        if not (PROJECT / name).is_file() or (PROJECT / name).read_text(encoding="utf-8") != text
    ]
    present = (path for path in sorted((PROJECT / "models").rglob("*")) if path.suffix in (".sql", ".yml"))
    stray = [path.relative_to(PROJECT).as_posix() for path in present if is_generated(path)]
    return sorted({*stale, *(name for name in stray if name not in wanted)})


def write() -> list[str]:
    """Bring the committed files up to date. Returns those that changed."""
    wanted, changed = committed_files(), stale_files()
    for name in changed:
        path = PROJECT / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def main(arguments: list[str]) -> int:
    """The command line of this module."""
    try:
        changed = stale_files() if "--check" in arguments else write()
    except RcsError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    for name in changed:
        sys.stdout.write(f"{'stale' if '--check' in arguments else 'written'}: dbt_project/{name}\n")
    return 1 if changed and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
