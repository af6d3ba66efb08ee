"""A table is protected after those that it is made of, by what its own audience was given of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.audiences import AudiencePolicy
from rcs_pipeline.contracts.errors import ContractError, RcsError
from rcs_pipeline.contracts.hide_rules import HideRule, MadeOf
from rcs_pipeline.contracts.made_of import in_order
from rcs_pipeline.contracts.product import Product, TableExtension
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome
from tests.disclosure.school_tables import banded_product, programme
from tests.disclosure.school_tables import candidate as banded
from tests.disclosure.test_linked_tables import CONTRACTS, FEW, candidate, pupils, rows

LEVELS = (GeographyLevel.PROGRAMME, GeographyLevel.TRANCHE, GeographyLevel.CPP)


def with_ratios(*audiences: str) -> Product:
    """Ratios made of `quality`, which follows `reached`; by name they come first, for these audiences."""
    linked = read_product(CONTRACTS)
    quality = linked.table("quality")
    of = {column.name: column for column in quality.columns}
    place = {item: item for item in ("geography_level", "geography_code")}
    rule = HideRule(kind="derived", hides=("ratio",), symbol_column="symbol",
                    made_of=(MadeOf(table="quality", same=place),))  # fmt: skip
    columns = (of["geography_level"], of["geography_code"],
               replace(linked.table("answers").columns[6], name="ratio"), of["symbol"])  # fmt: skip
    ratios = replace(
        quality, name="a_ratio", grain=tuple(place),
        columns=tuple(replace(item, audiences=audiences) for item in columns),
        extension=TableExtension(audiences=audiences, geography_column="geography_level", hide=(rule,)),
    )  # fmt: skip
    both = {**linked.file.audiences, "trusted": AudiencePolicy(title="Trusted", geographies=LEVELS)}
    file = linked.file.model_copy(update={"audiences": both})
    return replace(linked, file=file, tables=(ratios, *linked.tables))


@pytest.mark.parametrize("audiences", [("open", "trusted"), ("trusted",)], ids=["both", "the second"])
def test_what_is_made_of_a_table_knows_what_its_own_audience_got_of_it(
    tmp_path: Path, audiences: tuple[str, ...]
) -> None:
    product = with_ratios(*audiences)
    folder = candidate(tmp_path / "one", pupils(1, FEW), read_product(CONTRACTS))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create table a_ratio as select geography_level, geography_code, pupils / asked"
                           " as ratio, symbol from quality where kind = 'skipped'")  # fmt: skip
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    file = folder / "protected/open/quality.parquet"
    given = rows(file, "geography_code, bool_and(symbol is null)", "true group by geography_code")
    assert {seen for _, seen in given} == {True, False}
    made = rows(folder / "protected/trusted/a_ratio.parquet", "geography_code, symbol is null")
    # The second audience has nothing of `quality`, so nothing that is made of it either.
    assert sorted(made) == sorted((place, False) for place, _ in given)
    if "open" in audiences:
        assert sorted(
            rows(folder / "protected/open/a_ratio.parquet", "geography_code, symbol is null")
        ) == sorted(given)
    assert {item.outcome for item in audit(folder, product)} == {Outcome.PASS}


def test_tables_come_after_those_behind_them_and_else_by_name() -> None:
    tables = with_ratios("open").tables
    order = ["lines", "reached", "answers", "quality", "a_ratio"]
    assert [table.name for table in in_order(tables)] == order
    assert [table.name for table in in_order(tables[::-1])] == order


def test_tables_that_are_made_of_one_another_are_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CONTRACTS, tmp_path / "linked"))
    place = "same: {geography_level: geography_level, geography_code: geography_code}"
    derived = (
        f"{{kind: derived, symbol_column: symbol, hides: [roll], made_of: [{{table: answers, {place}}}]}}"
    )
    for table, before, after in (
        (
            "answers",
            "          hide:\n",
            f"          follows: {{table: reached, {place}}}\n          hide:\n",
        ),
        ("reached", "          hide:\n", f"          hide:\n            - {derived}\n"),
    ):
        file = folder / f"{table}.odcs.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_product(folder)
    assert "made of one another" in str(caught.value)
    assert "`answers`" in str(caught.value) and "`reached`" in str(caught.value)


@pytest.mark.parametrize("table", ["figures", "answers"])
def test_a_banded_table_that_the_build_did_not_make_is_named(tmp_path: Path, table: str) -> None:
    """Its bands are chosen while others are protected, so it is asked for before any of them."""
    product = banded_product()
    folder = banded(tmp_path / "banded", programme(3, {"A": (40, 30)}), product)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"drop table {table}")
    with pytest.raises(RcsError, match=f"no table `{table}`"):
        protect(folder / "warehouse.duckdb", folder / "protected", product)
