"""What must hold within one row of estimates, each rule as a sentence and as SQL over the row's columns.

Belongs here: the formulas that tie base, numerator, estimate, standard error, effective base and limits, and
what a contract promises of single columns.
Does not belong here: reading tables and giving verdicts (see `consistency`).

A row with a numerator is a share, one without a mean; rows that are withheld have no estimate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.engine import name, text

# Of a share absolutely, of a score or sum relatively: far above the last digits of doubles, far below any
# digit that is published.
TOLERANCE = "1e-9"
# Ratios of small variances keep fewer digits.
RATIO_TOLERANCE = "1e-6"
# Squared weights are held in whole parts of 2^-30. Where weights hardly differ, a design effect says by how
# little no finer than this, and its root is taken.
SQUARE_TOLERANCE = "1e-8"
NORMAL_POINT = "1.959963984540054"
LARGEST_LOGIT = 700
# What a finite population takes off a standard error; a weighted base below the base is no population.
CORRECTED = (
    "case when weighted_base >= base and weighted_base > 1"
    " then sqrt((weighted_base - base) / (weighted_base - 1)) else 1 end"
)
FACTOR = "finite_factor"


@dataclass(frozen=True)
class Rule:
    """`says` is what is wrong where it `applies` and does not hold; `needs` are the columns it looks at.

    `exact`: it holds of figures with all their digits, not of rounded ones.
    """

    says: str
    needs: frozenset[str]
    applies: str
    holds: str
    exact: bool = False

    @property
    def broken(self) -> str:
        """True of a row that breaks it; what cannot be told is broken too."""
        return f"({self.applies}) and not coalesce({self.holds}, false)"


def _rule(says: str, needs: str, applies: str, holds: str) -> Rule:
    return Rule(says, frozenset(needs.split()), f"estimate is not null and {applies}", holds)


def _exact(says: str, needs: str, applies: str, holds: str) -> Rule:
    return replace(_rule(says, needs, applies, holds), exact=True)


def _near(left: str, right: str, tolerance: str = TOLERANCE) -> str:
    return f"abs({left} - ({right})) <= {tolerance} * greatest(1, abs({right}))"


def _logit(sign: str) -> str:
    # A spoilt row must not stop the scan: no logarithm of nothing.
    odds = "case when estimate > 0 and estimate < 1 then ln(estimate / (1 - estimate)) end"
    step = "t * standard_error / nullif(estimate * (1 - estimate), 0)"
    return f"1 / (1 + exp(least(greatest(-({odds} {sign} {step}), -{LARGEST_LOGIT}), {LARGEST_LOGIT})))"


def _wilson(sign: str) -> str:
    z, n, p = NORMAL_POINT, f"(effective_base / nullif({FACTOR} * {FACTOR}, 0))", "estimate"
    width = f"{z} * sqrt(greatest({z} * {z} + 4 * {n} * {p} * (1 - {p}), 0))"
    limit = f"(2 * {n} * {p} + {z} * {z} {sign} {width}) / nullif(2 * ({n} + {z} * {z}), 0)"
    return f"case when {FACTOR} = 0 then {p} else {limit} end"


SHARE, MEAN = "numerator is not null", "numerator is null"
# Where schools are the units and differ, the standard error makes the interval and the design effect.
SCHOOLS = "variance_method in ('cluster', 'lent') and standard_error > 0"
VARIES = f"{SHARE} and {SCHOOLS} and estimate > 0 and estimate < 1"
LEVEL = f"{SHARE} and not ({SCHOOLS} and estimate > 0 and estimate < 1)"
ALL = "estimate numerator standard_error variance_method degrees_of_freedom"
UNWEIGHTED = "numerator / nullif(base, 0)::double"

RULES = (
    _rule("the base is not a positive number", "estimate base", "true", "base >= 1"),
    _rule("the weighted base is not positive", "estimate weighted_base", "true", "weighted_base > 0"),
    _rule("the numerator is more than the base", "estimate numerator base", SHARE,
          "numerator between 0 and base"),
    _rule("a share lies outside 0 and 1", "estimate numerator", SHARE, "estimate between 0 and 1"),
    _rule("a limit of a share lies outside 0 and 1", "estimate numerator lower upper", SHARE,
          "lower between 0 and 1 and upper between 0 and 1"),
    _rule("the estimate lies outside its interval", "estimate lower upper",
          "(lower is not null or upper is not null)", "estimate between lower and upper"),
    _rule("the interval is not there", "estimate numerator lower upper base", f"({SHARE} or base > 1)",
          "lower is not null and upper is not null"),
    _rule("the standard error is negative or not there", "estimate numerator standard_error base",
          f"({SHARE} or base > 1)", "standard_error >= 0"),
    _rule("nobody or everybody is counted, and the share is not 0 or 1 (or the other way round)",
          "estimate numerator base", SHARE,
          "(numerator = 0) = (estimate = 0) and (numerator = base) = (estimate = 1)"),
    _exact("the share is further from the unweighted one than the weights can take it",
          "estimate numerator base variance_method design_effect", f"{SHARE} and variance_method = 'pupil'",
          f"abs(estimate - {UNWEIGHTED}) <= {RATIO_TOLERANCE} + sqrt(greatest("
          f"{UNWEIGHTED} * (1 - {UNWEIGHTED}) * (design_effect - 1 + {SQUARE_TOLERANCE}), 0))"),
    _exact("the effective base is more than the base, or not positive", "estimate base effective_base",
          "true",
          f"effective_base > 0 and effective_base <= base * (1 + {TOLERANCE})"),
    _exact("the effective base is not the base over the design effect",
          "estimate base effective_base design_effect", "true",
          "design_effect > 0 and "
          + _near("effective_base", "least(base, base / nullif(design_effect, 0))", RATIO_TOLERANCE)),
    _exact("the design effect is not that of the standard error", f"{ALL} base design_effect", VARIES,
          _near("design_effect", f"power(standard_error / {FACTOR}, 2) * base / (estimate * (1 - estimate))",
                RATIO_TOLERANCE)),
    _rule("the units of the variance do not follow from the degrees of freedom",
          "estimate variance_method degrees_of_freedom", "true",
          "(variance_method in ('cluster', 'lent')) = (degrees_of_freedom >= 2)"),
    _exact("the standard error is not that of the schools", f"{ALL} base schools_apart",
          f"{SHARE} and variance_method = 'cluster'",
          _near("standard_error * base", f"schools_apart * {FACTOR}", RATIO_TOLERANCE)),
    _exact("the limits are not those of the standard error", f"{ALL} lower upper", VARIES,
          f"{_near('lower', _logit('-'))} and {_near('upper', _logit('+'))}"),
    _exact("the limits are not those of the effective base", f"{ALL} lower upper effective_base", LEVEL,
          f"{_near('lower', _wilson('-'))} and {_near('upper', _wilson('+'))}"),
    _exact("the limits of a mean are not as far apart as its standard error says", f"{ALL} lower upper",
          f"{MEAN} and variance_method in ('cluster', 'lent')",
          f"{_near('lower', 'estimate - t * standard_error')} and "
          f"{_near('upper', 'estimate + t * standard_error')}"),
    _exact("the estimate is not in the middle of its limits", "estimate numerator lower upper",
          f"{MEAN} and lower is not null", _near("(lower + upper) / 2", "estimate")),
)  # fmt: skip


_COMPARED = frozenset(("estimate", "lower", "upper", "comparator", "comparison", "quality_flag"))
_CANNOT = "comparison = 'cannot_compare'"
# What dbt's tests say of a table of estimates that dbt can test: no row is withheld there.
WHOLE = (
    Rule("there is no estimate", frozenset(("estimate",)), "true", "estimate is not null"),
    Rule("nobody answered", frozenset(("base",)), "true", "base >= 1"),
    Rule(
        "`comparison` says that there is something to compare with, or that there is not",
        _COMPARED, "true",
        f"({_CANNOT}) = (comparator is null or lower is null or upper is null or quality_flag is not null)",
    ),
    Rule(
        "`comparison` does not follow from the interval",
        _COMPARED, f"not ({_CANNOT})", "(comparator between lower and upper) = (comparison = 'similar')",
    ),
    Rule(
        "`comparison` names the wrong side",
        _COMPARED, "comparison in ('higher', 'lower')", "(estimate > comparator) = (comparison = 'higher')",
    ),
)  # fmt: skip


def promised(table: ProductTable) -> Iterator[Rule]:
    """What the contract of a table says of its single columns."""
    for item in table.columns:
        column, needs = name(item.name), frozenset({item.name})
        given = f"{column} is not null"
        if item.required and not item.filled_at_release:
            yield Rule(f"`{item.name}` is empty", needs, "true", given)
        if item.codes:
            codes = ", ".join(text(code) for code in item.codes)
            yield Rule(f"`{item.name}` is none of its codes", needs, given, f"{column} in ({codes})")
        for bound, sign in ((item.minimum, ">="), (item.maximum, "<=")):
            if bound is not None:
                yield Rule(
                    f"`{item.name}` is not {sign} {bound:g}", needs, given, f"{column} {sign} {bound!r}"
                )
