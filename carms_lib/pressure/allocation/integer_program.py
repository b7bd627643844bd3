"""The sample problem of placing seats as one integer program, and how a placement is written in its columns.

Belongs here: added seats by level, the limits as rows, and the program over all draws. Does not belong here: the rules
of a draw (`moves`), and larger problems (`relaxation`).

Objectives that count seats need one rule more than `moves` has, that no seat stays empty which somebody wants:
entered >= added - (held + k) * (whether the applicant is there or better off), the product of seats and moves made
linear as by McCormick.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from carms_lib.pressure.allocation.limits import SeatLimits
from carms_lib.pressure.allocation.moves import MOST_LEVELS, Moves, matrix

__all__ = ["Levels", "columns_of", "levels_of", "most_of", "placement_rules", "solve_whole"]


class Levels(NamedTuple):
    """Added seats of P programs by J levels: the first seat, the second, …; the last level holds all others."""

    programs: int
    levels: int
    most: np.ndarray  # int64[J]: seats of a level

    def split(self, placed: np.ndarray) -> np.ndarray:
        """Return seats, whole or not, of shape (P,), by level, float64 of shape (P, J)."""
        below = np.cumsum(np.append(0, self.most[:-1]))
        by_level: np.ndarray = np.clip(placed[:, None] - below[None, :], 0.0, self.most[None, :])
        return by_level

    def join(self, by_level: np.ndarray) -> np.ndarray:
        """Return whole seats of shape (P,) from the columns of a program, flat."""
        placed: np.ndarray = by_level.reshape(self.programs, self.levels).round().astype(np.int64).sum(axis=1)
        return placed

    def sums(self) -> sparse.csr_array:
        """Return the matrix [P, P * J] that adds levels up."""
        return sparse.csr_array(sparse.kron(sparse.eye_array(self.programs), np.ones((1, self.levels))))

    def order(self) -> LinearConstraint:
        """Return the rule that a level is used only when the one before is full."""
        step = np.zeros((self.levels - 1, self.levels))
        for j in range(self.levels - 1):
            step[j, j], step[j, j + 1] = -float(self.most[j + 1]), 1.0
        return LinearConstraint(sparse.csr_array(sparse.kron(sparse.eye_array(self.programs), step)), -np.inf, 0.0)


def levels_of(limits: SeatLimits) -> Levels:
    """Return the levels in which the seats of a placement are counted."""
    levels = min(limits.k, MOST_LEVELS)
    most = np.ones(levels, dtype=np.int64)
    most[-1] = limits.k - levels + 1
    return Levels(len(limits.eligible), levels, most)


def solve_whole(
    moves: Sequence[Moves], limits: SeatLimits, *, counts_seats: bool, end: float
) -> tuple[float, np.ndarray | None]:
    """Return the bound of one integer program over all draws, and the placement that it found.

    Parameters
    ----------
    moves : sequence of Moves
        One a draw.
    limits : SeatLimits
    counts_seats : bool
        Whether the objective counts seats, so that wanted seats that stay empty must be ruled out.
    end : float
        `time.monotonic` when to stop.

    Returns
    -------
    value : float
        HiGHS's bound on the mean objective; the optimum where it finished in time.
    placed : ndarray of shape (P,) or None
        None where no whole solution was found in time.
    """
    levels, draws = levels_of(limits), len(moves)
    sums, seats = levels.sums(), levels.programs * levels.levels
    widths = [one.rules.shape[1] for one in moves]
    blocks, right = [], []
    for at, one in enumerate(moves):
        column = columns_of(one, levels)
        rows = [
            (one.rules, None, one.right),
            (one.enters[one.waited], -sums[one.waited], np.zeros(len(one.waited))),
            (-one.serves[column >= 0], _picked(column[column >= 0], seats), np.zeros(int((column >= 0).sum()))),
        ]
        if counts_seats:  # seats that enter >= seats added, where somebody still waits
            big = one.held[one.program] + limits.k
            full = sparse.csr_array(sparse.diags_array(big.astype(float))) @ one.reached
            rows.append((-one.enters[one.program] - full, sums[one.program], np.zeros(len(big))))
        for own, of_seats, limit in rows:
            line: list[Any] = [sparse.csr_array((own.shape[0], seats)) if of_seats is None else of_seats]
            line += [own if d == at else sparse.csr_array((own.shape[0], width)) for d, width in enumerate(widths)]
            blocks.append(sparse.hstack(line, format="csr"))
            right.append(limit)
    constraints = [LinearConstraint(sparse.vstack(blocks, format="csr"), -np.inf, np.concatenate(right))]
    constraints += placement_rules(limits, levels, sum(widths))
    cost = np.zeros(seats + sum(widths))
    whole, start = np.ones(len(cost)), seats
    for one, width in zip(moves, widths, strict=True):
        cost[start : start + len(one.gain)] = -one.gain / draws
        whole[start + len(one.gain) : start + width] = 0  # auxiliaries follow
        start += width
    found = milp(
        cost,
        constraints=constraints,
        bounds=Bounds(0, np.append(most_of(limits, levels), np.ones(sum(widths)))),
        integrality=whole,
        options={"time_limit": max(end - time.monotonic(), 0.1), "mip_rel_gap": 0.0},
    )
    bound = found.mip_dual_bound
    if bound is None or not np.isfinite(bound):
        bound = -float(sum(one.gain[one.gain > 0].sum() for one in moves)) / draws
    return -float(bound), None if found.x is None else levels.join(found.x[:seats])


def columns_of(one: Moves, levels: Levels) -> np.ndarray:
    """Return the column of the level that each row of `serves` is about, -1 where the level is not a single seat."""
    program, j = one.served.T
    single = (j < levels.levels) & (levels.most[np.minimum(j, levels.levels - 1)] == 1)
    columns: np.ndarray = np.where(single, program * levels.levels + j, -1)
    return columns


def _picked(columns: np.ndarray, width: int) -> sparse.csr_array:
    return matrix(np.arange(len(columns)), columns, np.ones(len(columns)), (len(columns), width))


def most_of(limits: SeatLimits, levels: Levels) -> np.ndarray:
    """Return the most seats of every level of every program, flat."""
    most: np.ndarray = (limits.eligible[:, None] * levels.most[None, :]).ravel()
    return most


def placement_rules(limits: SeatLimits, levels: Levels, others: int) -> list[LinearConstraint]:
    """Return the constraints on the levels of every program, followed by `others` columns."""
    counted = np.flatnonzero(limits.class_of >= 0)
    of_class = np.zeros((limits.n_classes, len(limits.class_of)))
    of_class[limits.class_of[counted], counted] = 1.0
    rows = np.vstack([limits.eligible.astype(float)[None, :], limits.member @ of_class])
    low, high = np.append(limits.k, limits.lower), np.append(limits.k, limits.upper)
    rules = [LinearConstraint(sparse.csr_array(rows) @ levels.sums(), low, high), levels.order()]
    return [
        LinearConstraint(
            sparse.hstack([rule.A, sparse.csr_array((rule.A.shape[0], others))], format="csr"), rule.lb, rule.ub
        )
        for rule in rules
        if rule.A.shape[0]
    ]
