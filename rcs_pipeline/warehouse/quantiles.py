"""The 97.5 % points of Student's t, as a dbt macro.

Belongs here: making the macro with scipy. Does not belong here: its use (dbt_project/macros/intervals.sql).
"""

from __future__ import annotations

from textwrap import fill

QUANTILES_FILE = "macros/t_quantiles.sql"
LARGEST = 200
_MACRO = """\
{{#- Generated from scipy's quantiles of t by `make generate`. Do not edit. -#}}

{{#- The 97.5 % points of t with 1, 2, ... {largest} degrees of freedom: a list, which needs no join. -#}}
{{% macro t_quantiles() -%}}
    [
{listed}
    ]
{{%- endmacro %}}
"""


def quantiles_text() -> str:
    """The macro: a point for each number of degrees of freedom; beyond the last an expansion takes over."""
    from scipy.stats import t

    points = ", ".join(f"{float(t.ppf(0.975, df))!r}e0" for df in range(1, LARGEST + 1))
    indent = " " * 8
    return _MACRO.format(
        largest=LARGEST, listed=fill(points, 120, initial_indent=indent, subsequent_indent=indent)
    )
