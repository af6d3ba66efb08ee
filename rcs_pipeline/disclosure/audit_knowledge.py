"""What an attacker knows of hidden numbers: the sums that tie them, their bounds, the width each must have.

Belongs here: from cells and sums, read back from written files, to the system that `attack` solves.
Does not belong here: reading (see `audit_cells`), solving (see `attack`), anything that `protect` uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.attack import Knowledge
from rcs_pipeline.disclosure.audit_implied import Differences, with_differences

if TYPE_CHECKING:
    from scipy import sparse

Arrays = dict[str, Any]


# By so many pupils less than a step allows is a world off that passes: no last digit of a double decides.
MARGIN = 1e-6


class Exempt(NamedTuple):
    """How many numbers the policy exempts by name: zeros, and those under a roll of less than the width."""

    zeros: int
    small_rolls: int


def knowledge_of(
    cells: Arrays,
    sums: Arrays,
    figures: Arrays,
    product: Product,
    minimum: int,
    implied: Differences | None = None,
) -> tuple[Knowledge, npt.NDArray[Any], Exempt]:
    """Hidden numerators, complements and bases, every sum between them, and the width each must have.

    `figures`: the weighted figures in sight, a row for each hidden cell that they add up. `implied`: the
    differences between questions that contain or exclude one another; those asked about are further numbers.

    A base that policy and table would show by itself needs none: it is hidden for the sake of others. Where
    the policy exempts small rolls by name, a number that nobody can take for more than three has to be
    possible as everything from nobody to three.
    """
    from scipy import sparse

    policy = product.file.disclosure
    need = float(policy.interval_width or 0)
    base = np.ma.getdata(cells["base"]).astype(float)
    counted = ~np.ma.getmaskarray(cells["numerator"])
    numerator = np.ma.filled(cells["numerator"], 0).astype(float)
    known = cells["known_base"].astype(bool)
    ceiling = np.ma.filled(cells["ceiling"].astype(float), np.inf)
    hides_zeros = np.where(
        cells["sensitive"], bool(policy.hide_sensitive_zeros), bool(policy.hide_other_zeros)
    )
    with_numerator, open_base = np.flatnonzero(counted), np.flatnonzero(~known)
    both = np.flatnonzero(counted & ~known)
    _, first, shared = np.unique(cells["base_key"][open_base], return_index=True, return_inverse=True)
    one = open_base[first]
    # Columns: numerators, then complements where the base is not known either, then those bases.
    size = len(with_numerator) + len(both) + len(one)
    x_of = np.full(len(base), -1)
    x_of[with_numerator] = np.arange(len(with_numerator))
    y_of = np.full(len(base), -1)
    y_of[both] = len(with_numerator) + np.arange(len(both))
    n_of = np.full(len(base), -1)
    n_of[open_base] = len(with_numerator) + len(both) + shared
    place = np.asarray(np.searchsorted(cells["cell"], sums["cell"]))
    totals = np.asarray(sums["total"], dtype=np.str_)
    row = np.asarray(np.searchsorted(np.unique(totals), totals))
    height = int(row.max(initial=-1)) + 1
    rows: list[npt.NDArray[Any]] = []
    columns: list[npt.NDArray[Any]] = []
    data: list[npt.NDArray[Any]] = []
    for column_of, keep, start in (
        (x_of, counted[place], 0),
        (n_of, ~known[place] & np.isin(place, one), height),
    ):
        rows.append(row[keep] + start)
        columns.append(column_of[place[keep]])
        data.append(sums["sign"][keep])
    own = 2 * height + np.arange(len(both))
    for column_of, sign in ((x_of, 1), (y_of, 1), (n_of, -1)):
        rows.append(own)
        columns.append(column_of[both])
        data.append(np.full(len(both), sign))
    matrix = sparse.csr_array(
        (np.asarray(np.concatenate(data), dtype=np.float64), (np.concatenate(rows), np.concatenate(columns))),
        shape=(2 * height + len(both), size),
    )
    rest = base - numerator
    truth = np.concatenate([numerator[with_numerator], rest[both], base[one]])
    top = np.concatenate([
        np.where(known, base, np.inf)[with_numerator], np.full(len(both), np.inf), ceiling[one],
    ])  # fmt: skip
    # Of a zero, or of everybody, the other number is the base, which needs none where it is not small.
    large = base >= minimum
    exempt = ((numerator == 0) | ((rest == 0) & (known | large))) & ~hides_zeros
    exempt_rest = (rest == 0) | ((numerator == 0) & large & ~hides_zeros)
    width = np.concatenate([
        np.where(exempt, 0.0, need)[with_numerator], np.where(exempt_rest, 0.0, need)[both],
        np.where((base[one] > 0) & ((base[one] < minimum) | cells["ruled"][one].astype(bool)), need, 0.0),
    ])  # fmt: skip
    unasked = cells["unasked"].astype(bool)
    width[np.concatenate([unasked[with_numerator], unasked[both], unasked[one]])] = 0.0
    # A ceiling below the truth (a roll that is out of date) tells the attacker nothing that holds.
    top = np.where(top < truth, np.inf, top)
    asked = width.copy()
    if policy.small_rolls_exempt:
        most = np.where(known | (ceiling < base), np.inf, ceiling)
        width = np.minimum(width, np.concatenate([most[with_numerator], most[both], most[one]]))
    taken = np.concatenate([
        cells["numerator_taken"][with_numerator], cells["rest_taken"][both], cells["base_taken"][one]
    ]).astype(bool)  # fmt: skip
    least, top, width = np.where(taken, truth, 0.0), np.where(taken, truth, top), np.where(taken, 0.0, width)
    loose, most = _loose(figures, cells["cell"], x_of, n_of, truth)
    known_of = Knowledge(matrix, matrix @ truth, least, top, loose, most)
    exempted = Exempt(int(exempt[with_numerator].sum()), int((width < asked).sum()))
    if implied is not None and len(implied.each["difference"]):
        known_of, of_few = with_differences(known_of, truth, implied, (x_of, y_of), cells["cell"])
        few = np.minimum(need, of_few) if policy.small_rolls_exempt else np.full(len(of_few), need)
        width = np.concatenate([width, few])
    return known_of, width, exempted


def _loose(
    figures: Arrays, cells: npt.NDArray[Any], x_of: npt.NDArray[Any], n_of: npt.NDArray[Any],
    truth: npt.NDArray[Any],
) -> tuple[sparse.csr_array, npt.NDArray[Any]]:  # fmt: skip
    """Each weighted figure as two rows: its weighted count is at most the high end of its weighted base, and
    at least the low end.

    Where a base is not known either, it is another unknown of the same row.
    """
    from scipy import sparse

    place = np.asarray(np.searchsorted(cells, figures["cell"]))
    of_figure = np.asarray(figures["figure"], dtype=np.str_)
    _, first, row = np.unique(of_figure, return_index=True, return_inverse=True)
    height, row = len(first), np.asarray(row)
    weight, people = (np.asarray(figures[item], dtype=np.float64) for item in ("weight", "people"))
    is_share = ~np.ma.getmaskarray(figures["share"])
    share = np.where(is_share, np.ma.filled(figures["share"], 0.0), 1.0)
    # A weighted base has no numerators; of its bases the row says what it says of them.
    x, n = np.where(is_share, x_of[place], -1), n_of[place]
    rows, columns, data, room = [], [], [], []
    for end, sign in (("high", 1.0), ("low", -1.0)):
        ends = np.asarray(figures[end], dtype=np.float64)
        start = height if sign < 0 else 0
        of_base = np.where(is_share, -sign * ends, sign) * weight
        for column, values in ((x, sign * weight), (n, of_base)):
            rows.append(row[column >= 0] + start)
            columns.append(column[column >= 0])
            data.append(values[column >= 0])
        truly = np.where(is_share, share * people, people)
        room.append((sign * (np.where(is_share, ends * people, ends) - truly))[first])
    loose = sparse.csr_array(
        (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))),
        shape=(2 * height, len(truth)),
    )
    # The truth itself fits whatever a double makes of it.
    return loose, loose @ truth + np.maximum(np.concatenate(room) - MARGIN, 0.0)
