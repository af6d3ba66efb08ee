"""What one question says of another, as rows of the systems from which hidden cells are chosen.

Belongs here: the rows that hold since whoever is of a part is of the whole, and the numbers of those of the
whole alone, which a few pupils may be: two questions in sight must not say how many.
Does not belong here: which questions imply one another (`contracts.implications`), the choice (see
`secondary`), the attack's own reading of the same (`audit_implied`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rcs_pipeline.contracts.implications import FollowUp, Implication
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System
from rcs_pipeline.disclosure.propagate import outer_bounds


@dataclass(frozen=True)
class Implied:
    """The lines of an implication, that of the whole first, and whether its side is of those counted.

    `signs`: the whole (and what the part is of as well) less its parts. `exact`: nobody is of the whole
    alone, as everybody knows.
    """

    lines: Ints
    counted: Bools
    signs: Ints
    exact: bool = False

    def alone(self, base: Ints, numerator: Ints) -> Ints:
        """How many are of the whole and of no part, slot by slot."""
        sides = np.where(
            self.counted[:, None], numerator[self.lines], base[self.lines] - numerator[self.lines]
        )
        return np.asarray(self.signs @ sides)


def implied_of(implications: Iterable[Implication], names: Sequence[str]) -> tuple[Implied, ...]:
    """The implications all of whose indicators are among the lines, which are given by their names."""
    number = {name: line for line, name in enumerate(names)}
    found = []
    for item in implications:
        sides, signs = zip(*item.sides, strict=True)
        if all(side.indicator in number for side in sides):
            lines = np.array([number[side.indicator] for side in sides], dtype=np.int64)
            found.append(Implied(lines, np.array([side.counted for side in sides]), np.array(signs)))
    return tuple(found)


def made_up_of(parts: Mapping[str, Sequence[str]], base: str, names: Sequence[str]) -> tuple[Implied, ...]:
    """The lines that others make up, by their names, and those that make up the base.

    A part that is not among the lines is of nobody.
    """
    number = {name: line for line, name in enumerate(names)}
    found = []
    for whole, own in parts.items():
        there = [number[item] for item in own if item in number]
        # What the first part leaves of the base is made up by the others.
        lines = there if whole == base else [number[whole], *there] if whole in number else []
        if len(lines) > 1:
            counted, signs = np.ones(len(lines), dtype=bool), np.full(len(lines), -1)
            counted[0], signs[0] = whole != base, 1
            found.append(Implied(np.array(lines, dtype=np.int64), counted, signs, exact=True))
    return tuple(found)


def skipped_by_few(
    follow_ups: Iterable[FollowUp], names: Sequence[str], base: Ints, exists: Bools, few: int
) -> Bools:
    """Cells (lines by slots) of follow-ups whose base, beside that of the filter, tells that so few skipped.

    They are all on one side of the filter, as everybody knows.
    """
    number, found = {name: line for line, name in enumerate(names)}, np.zeros_like(exists)
    for item in follow_ups:
        if {item.filter, item.follow_up} <= number.keys():
            first, second = number[item.filter], number[item.follow_up]
            skipped = base[first] - base[second]
            found[second] |= exists[first] & exists[second] & (skipped > 0) & (skipped <= few)
    return found


@dataclass(frozen=True)
class Columns:
    """Where the numbers of a system of numerators stand: lines by slots, -1 where there is none.

    `rests`: of the complements, which are numbers of their own where the base is not known.
    """

    numerators: Ints
    rests: Ints

    def of(self, line: int, slots: Ints, *, counted: bool) -> tuple[Ints, Ints]:
        """The column of one side in some slots, and its sign in a row that the side is added to."""
        numerators, rests = self.numerators[line, slots], self.rests[line, slots]
        if counted:
            return numerators, np.ones(len(slots), dtype=np.int64)
        return np.where(rests >= 0, rests, numerators), np.where(rests >= 0, 1, -1)


@dataclass(frozen=True)
class Ties:
    """What the lines of a system of numerators say of one another, as far as it matters.

    `rows`: over the columns of the system, one for each implication and slot: those of the whole alone are
    not fewer than nobody, and nobody where that is known. `few`: the rows whose number is small, and must
    not be known; `need` and `slots`: its width, and where it stands.
    """

    rows: System
    few: Ints
    need: Floats
    slots: Ints

    def within_reach(self, system: System, hidden: Bools, many: float) -> Bools:
        """Which rows the hidden numbers could break, as far as every sum by itself lets them.

        The other rows say nothing, and would only tie lines to one another. Once more is hidden, more do.
        Where `many` or more are alone, no number that moves as far as it must comes near that: such rows are
        left to the attack.
        """
        columns = np.flatnonzero(hidden)
        lower, upper = np.zeros(system.size), np.zeros(system.size)
        lower[columns], upper[columns] = outer_bounds(system.part(columns))
        down, up = self.rows.rows.minimum(0), self.rows.rows.maximum(0)
        least = self.rows.row_lower
        below = (up @ lower + down @ upper < least) & (least > -many)
        # What parts make up exactly always says something.
        return np.asarray(below | np.isfinite(self.rows.row_upper))

    def tied(self, system: System, rows: Bools) -> System:
        """The system with some of the rows."""
        chosen = np.flatnonzero(rows)
        if not chosen.size:
            return system
        nothing = np.zeros(system.size)
        more = System(
            self.rows.rows[chosen], self.rows.row_lower[chosen], self.rows.row_upper[chosen],
            nothing, nothing, nothing,
        )  # fmt: skip
        return system.with_rows(more)

    def tied_by(self, rows: Bools) -> Bools:
        """The numbers that some of the rows tie."""
        found = np.zeros(self.rows.size, dtype=bool)
        found[self.rows.rows[np.flatnonzero(rows)].indices] = True
        return found

    def given_by(self, columns: Bools) -> Bools:
        """The few that one of the columns gives."""
        return np.asarray(abs(self.rows.rows[self.few]) @ columns > 0)

    def asked(self, system: System) -> System:
        """The system with a number more for each few pupils of a whole alone, which is hidden for good.

        It may have more columns than that of numerators, behind those.
        """
        from scipy import sparse

        many = len(self.few)
        wide = system.widened(many)
        empty = sparse.csr_array((many, system.size - self.rows.size))
        matrix = sparse.hstack([self.rows.rows[self.few], empty, -sparse.eye_array(many)], format="csr")
        nothing, zeros = np.zeros(many), np.zeros(wide.size)
        tied = wide.with_rows(System(matrix, nothing, nothing, zeros, zeros, zeros))
        return replace(
            tied,
            lower=np.concatenate([system.lower, self.rows.row_lower[self.few]]),
            upper=np.concatenate([system.upper, np.full(many, np.inf)]),
            need=np.concatenate([system.need, self.need]),
        )

    def without(self, known: Bools) -> Ties:
        """Nothing is asked for a number that what is known gives."""
        open_few = np.asarray(abs(self.rows.rows[self.few]) @ ~known > 0)
        return replace(self, need=np.where(open_few, self.need, 0.0))

    def hidden_side(self, hidden: Bools) -> Ints:
        """Of each of the few a column that gives it: a hidden one, if there is one."""
        sides = self.rows.rows[self.few]
        found = sides.indices[sides.indptr[:-1]].astype(np.int64)
        row = np.repeat(np.arange(len(self.few)), np.diff(sides.indptr))
        own = hidden[sides.indices]
        found[row[own]] = sides.indices[own]
        return found

    def beside(self, columns: Bools, *, marked: bool) -> Bools:
        """A mark of columns with those of the few."""
        return np.concatenate([columns, np.full(len(self.few), marked)])


def ties_of(
    columns: Columns, size: int, implied: Sequence[Implied], alone: Sequence[Ints], small: int,
    need: Sequence[Floats],
) -> Ties:  # fmt: skip
    """What the lines of a system imply of one another.

    Args:
        columns: where the numbers of the system stand.
        size: how many it has.
        implied: with lines that are rows of `columns`.
        alone: for each implication and slot, how many are of the whole alone.
        small: so many alone, or fewer, must not be known.
        need: for each implication and slot, the width that such a number must have.
    """
    from scipy import sparse

    # One entry of each list a side: its rows, its columns and its signs.
    row: list[Ints] = [np.zeros(0, dtype=np.int64)]
    column, weight, slots = list(row), list(row), list(row)
    number, width, most = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    height = 0
    for item, counted, wanted in zip(implied, alone, need, strict=True):
        there = np.flatnonzero((columns.numerators[item.lines] >= 0).all(axis=0))
        for side, (line, sign) in enumerate(zip(item.lines, item.signs, strict=True)):
            own, own_sign = columns.of(int(line), there, counted=bool(item.counted[side]))
            row.append(height + np.arange(len(there)))
            column.append(own)
            weight.append(own_sign * sign)
        slots.append(there)
        number.append(counted[there].astype(float))
        width.append(wanted[there])
        most.append(np.full(len(there), 0.0 if item.exact else np.inf))
        height += len(there)
    matrix = sparse.csr_array(
        (np.concatenate(weight).astype(float), (np.concatenate(row), np.concatenate(column))),
        shape=(height, size),
    )
    alone_of, nothing = np.concatenate(number), np.zeros(size)
    few = np.flatnonzero((alone_of >= 1) & (alone_of <= small))
    rows = System(
        matrix, -np.maximum(alone_of, 0.0), np.concatenate(most), nothing, nothing, nothing
    )  # fmt: skip
    return Ties(rows, few, np.concatenate(width)[few], np.concatenate(slots)[few])
