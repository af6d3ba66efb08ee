"""The price index, as a dbt seed.

Belongs here: making the seed from the reference data. Does not belong here: deflating (the models multiply).
"""

from __future__ import annotations

from rcs_pipeline.contracts.reference import load_reference

PRICES_FILE = "seeds/price_index.csv"


def prices_text() -> str:
    """The seed: a line for each year, with what a pound of it is in the prices of the last."""
    index = load_reference().index
    last = max(index)
    lines = [f"{year},{index[year]!r},{str(year == last).lower()}" for year in sorted(index)]
    return "\n".join(["price_year,in_last_year,is_last", *lines]) + "\n"
