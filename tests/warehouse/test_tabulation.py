"""What is added up, and what is one row already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.tabulation import has_one_row_a_cluster


@pytest.fixture
def product() -> Product:
    return load_catalogue().product("rcs")


@pytest.fixture
def survey() -> DeliveryContract:
    """The primary survey, were schools its only units."""
    contract = load_catalogue().delivery("wellbeing_primary")
    return redesigned(contract, learning_community=None)


def redesigned(contract: DeliveryContract, **changes: str | None) -> DeliveryContract:
    design = survey_of(contract).model_copy(update=changes)
    return replace(contract, options=contract.options.model_copy(update={"survey": design}))


def relabelled(contract: DeliveryContract, name: str, labels: dict[str, str]) -> DeliveryContract:
    columns = tuple(
        replace(column, group_values=labels) if (column.group or column.name) == name else column
        for column in contract.columns
    )
    return replace(contract, columns=columns)


def test_a_survey_of_schools_has_one_row_a_cluster(product: Product, survey: DeliveryContract) -> None:
    assert has_one_row_a_cluster(product, survey)


def test_communities_within_schools_are_added_up(product: Product) -> None:
    assert not has_one_row_a_cluster(product, load_catalogue().delivery("wellbeing_primary"))


def test_codes_that_share_a_label_are_added_up(product: Product, survey: DeliveryContract) -> None:
    assert not has_one_row_a_cluster(product, relabelled(survey, "sex", {"1": "any", "2": "any"}))
    assert has_one_row_a_cluster(product, relabelled(survey, "sex", {"1": "one", "2": "two"}))


def test_labels_that_could_be_two_labels_are_added_up(product: Product, survey: DeliveryContract) -> None:
    both = product.file.tabulations[0].model_copy(update={"groups": ("all", "sex+stage")})
    crossed = replace(product, file=product.file.model_copy(update={"tabulations": (both,)}))
    contract = redesigned(survey, instrument=both.instrument)
    assert has_one_row_a_cluster(crossed, contract)
    assert not has_one_row_a_cluster(crossed, relabelled(contract, "sex", {"1": "a", "2": "a+P5"}))
