from __future__ import annotations

from rcs_pipeline.warehouse import generate
from rcs_pipeline.warehouse.quantiles import LARGEST


def test_committed_files_are_what_the_contracts_give() -> None:
    assert generate.stale_files() == [], "run `make generate`"


def test_a_product_without_sql_needs_none(extract: object) -> None:
    assert extract is not None


def test_every_generated_file_says_where_it_comes_from() -> None:
    for name, text in generate.committed_files().items():
        if name.endswith((".sql", ".yml")):
            assert "Generated from" in text.splitlines()[0], name


def test_quantiles_beyond_the_table_agree_with_scipy() -> None:
    from scipy.stats import t

    z = 1.959963984540054
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    for df in (LARGEST + 1, 552, 5_000, 1_000_000):
        ours = z + sum(term / df ** (power + 1) for power, term in enumerate(terms))
        assert abs(ours - t.ppf(0.975, df)) < 1e-9
