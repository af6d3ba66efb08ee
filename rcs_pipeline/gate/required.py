"""Which checks a candidate needs before it may be published.

Belongs here: the list, made from the product's contracts and dbt's manifest, never from results: a check
that did not run is missing, not forgotten.
Does not belong here: outcomes.
"""

from __future__ import annotations

from typing import Any

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure import audit
from rcs_pipeline.gate import consistency, contract, expectations, reconciliation, verdicts


def required_checks(product: Product, manifest: dict[str, Any]) -> tuple[str, ...]:
    """Every check id that needs a passing verdict, in alphabetical order.

    Args:
        product: the contracts that the candidate was built with.
        manifest: dbt's manifest of its build; every test and unit test in it counts.
    """
    return tuple(sorted({*from_contracts(product), *from_manifest(manifest)}))


def from_contracts(product: Product) -> tuple[str, ...]:
    """The checks that follow from the product's contracts."""
    parts = (
        contract.required, reconciliation.required, consistency.required, expectations.required,
        audit.required,
    )  # fmt: skip
    return tuple(check for part in parts for check in part(product))


def from_manifest(manifest: dict[str, Any]) -> tuple[str, ...]:
    """The checks that follow from dbt's manifest: its tests, its unit tests, and the models together."""
    tests = [item for item in manifest.get("nodes", {}).values() if item.get("resource_type") == "test"]
    units = manifest.get("unit_tests", {}).values()
    return (verdicts.MODELS_CHECK, *(verdicts.check_of(str(item["name"])) for item in (*tests, *units)))


def may_warn(manifest: dict[str, Any]) -> frozenset[str]:
    """The dbt tests whose own `meta` says `gate: warning`: failing, they are shown and close nothing.

    dbt's own severity does not count: every data test is a `warn` to dbt, so that the build goes on.
    """
    return frozenset(
        verdicts.check_of(str(item["name"]))
        for item in manifest.get("nodes", {}).values()
        if item.get("resource_type") == "test"
        and (item.get("config", {}).get("meta") or {}).get("gate") == "warning"
    )
