"""Which cells a policy hides for their own sake.

Belongs here: thresholds, zeros and full cells; each over whole arrays.
Does not belong here: what follows from other cells (see `secondary`), where the policy comes from
(`contracts`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rcs_pipeline.disclosure.linear import Bools, Ints


def small_base(base: Ints, minimum: npt.ArrayLike) -> Bools:
    """Cells of fewer people than the policy asks for; a cell of nobody counts as such."""
    return np.asarray(base < np.asarray(minimum))


def small_part(base: Ints, numerator: Ints, small: int) -> Bools:
    """Cells in which 1 to `small` people are counted, or are the only ones not counted.

    A negative numerator stands for none (the cell holds a mean).
    """
    rest = base - numerator
    few = ((numerator >= 1) & (numerator <= small)) | ((rest >= 1) & (rest <= small))
    return np.asarray((numerator >= 0) & few)


def everybody_or_nobody(base: Ints, numerator: Ints) -> Bools:
    """Cells that say the same of everybody in them: whoever is known to be there is known to be so."""
    return np.asarray((base > 0) & ((numerator == 0) | (numerator == base)))
