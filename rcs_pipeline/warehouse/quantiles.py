"""The 97.5 % points of Student's t, as a dbt seed.

Belongs here: making the seed with scipy. Does not belong here: its use (dbt_project/macros/intervals.sql).
"""

from __future__ import annotations

QUANTILES_FILE = "seeds/t_quantiles.csv"
LARGEST = 200


def quantiles_text() -> str:
    """The seed: a line for each number of degrees of freedom; beyond the last an expansion takes over."""
    from scipy.stats import t

    lines = [f"{df},{float(t.ppf(0.975, df))!r}" for df in range(1, LARGEST + 1)]
    return "\n".join(["degrees_of_freedom,t_975", *lines]) + "\n"
