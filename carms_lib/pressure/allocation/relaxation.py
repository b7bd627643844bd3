"""The sample problem of placing seats relaxed and split by draws, for problems too large for one integer program.

Belongs here: the linear program of a draw at a placement, and cutting planes over placements. Does not belong here: the
rules of a draw (`moves`).

Moves may be fractions, seats are whole. At a placement the linear program of a draw gives a value and a price of a seat
at each program, and by duality no placement exceeds what these prices say; the placement that is best under all prices
so far is tried next (Benders, Kelley). Every round gives a valid bound, so that the time limit only decides how near it
is.

References
----------
Benders, J. F. (1962). Partitioning procedures for solving mixed-variables programming problems.
Numerische Mathematik 4.
Kelley, J. E. (1960). The cutting-plane method for solving convex programs. Journal of the SIAM 8.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from carms_lib.pressure.allocation.integer_program import Levels, columns_of, levels_of, most_of, placement_rules
from carms_lib.pressure.allocation.limits import SeatLimits
from carms_lib.pressure.allocation.moves import Moves

__all__ = ["Price", "price", "relax"]

_LITTLE = 0.01  # of a seat
_LEAST_SECONDS = 5.0  # for the placement that is best under all prices
_NEARLY = 1e-6


class Price(NamedTuple):
    """What the linear program of a draw says: at most value + prices @ seats, by level and flat."""

    value: float
    prices: np.ndarray  # float64[P * J]


def price(one: Moves, by_level: np.ndarray, levels: Levels, end: float) -> Price:
    """Solve the relaxed draw at a placement by level, whole or not, of shape (P, J); after `end` say the least."""
    width, seats, placed = one.rules.shape[1], by_level.ravel(), by_level.sum(axis=1)
    prices = np.zeros(len(seats))
    if width == 0:
        return Price(0.0, prices)
    cost = np.zeros(width)
    cost[: len(one.gain)] = -one.gain
    column = columns_of(one, levels)
    serves, column = one.serves[column >= 0], column[column >= 0]
    found = linprog(
        cost,
        A_ub=sparse.vstack([one.enters[one.waited], -serves, one.rules], format="csr"),
        b_ub=np.concatenate([placed[one.waited], -seats[column], one.right]),
        bounds=(0, 1),
        method="highs-ds",
        options={} if end == np.inf else {"time_limit": max(end - time.monotonic(), 0.1)},
    )
    if found.status != 0:
        return Price(float(np.maximum(one.gain, 0.0).sum()), prices)
    of_seats, of_levels = np.split(-found.ineqlin.marginals[: len(one.waited) + len(column)], [len(one.waited)])
    prices = np.zeros((levels.programs, levels.levels))
    prices[one.waited] = of_seats[:, None]
    prices = prices.ravel()
    prices[column] -= of_levels
    return Price(-float(found.fun) - float(prices @ seats), prices)


def relax(
    moves: Sequence[Moves], limits: SeatLimits, placed: np.ndarray, mean: Callable[[np.ndarray], float], end: float
) -> tuple[float, float]:
    """Return the bound of the relaxation, as near as time allows, and the most that a placement tried reaches.

    The first prices are those of a little of a seat everywhere: each is what a first seat there does, so that the first
    bound is what k seats would do if none were in another's way.
    """
    levels, workers = levels_of(limits), os.cpu_count() or 1
    little = min(_LITTLE, limits.k / limits.eligible.sum()) / np.arange(1, levels.levels + 1)
    little = limits.eligible[:, None] * little[None, :]
    best, value = mean(placed), np.inf
    with ThreadPoolExecutor(workers) as pool:
        cuts: list[list[Price]] = []
        tried: list[np.ndarray] = []
        following: np.ndarray = little
        while True:
            # The first round always finishes: without it there is no bound at all.
            latest = end if cuts else np.inf
            cuts.append(list(pool.map(lambda one, at=following, by=latest: price(one, at, levels, by), moves)))
            tried.append(following)
            bound, candidate = _master(cuts, limits, levels, end)
            value = min(value, bound)
            if candidate is None or time.monotonic() > end:
                return value, best
            best = max(best, mean(candidate))
            if value - best <= _NEARLY or time.monotonic() > end:
                return value, best
            if any(np.array_equal(levels.split(candidate), one) for one in tried):
                if any(np.array_equal(levels.split(placed), one) for one in tried):
                    return value, best
                candidate = placed
            following = levels.split(candidate)


def _master(
    cuts: Sequence[Sequence[Price]], limits: SeatLimits, levels: Levels, end: float
) -> tuple[float, np.ndarray | None]:
    """Return the most that all prices allow, and a placement that has it."""
    draws, seats = len(cuts[0]), levels.programs * levels.levels
    priced = sparse.csr_array(np.array([-one.prices for of_draws in cuts for one in of_draws]))
    of_draw = sparse.csr_array(np.tile(np.eye(draws), (len(cuts), 1)))
    right = np.array([one.value for of_draws in cuts for one in of_draws])
    found = milp(
        np.append(np.zeros(seats), np.full(draws, -1.0 / draws)),
        constraints=[
            LinearConstraint(sparse.hstack([priced, of_draw], format="csr"), -np.inf, right),
            *placement_rules(limits, levels, draws),
        ],
        bounds=Bounds(
            np.append(np.zeros(seats), np.full(draws, -np.inf)),
            np.append(most_of(limits, levels), np.full(draws, np.inf)),
        ),
        integrality=np.append(np.ones(seats), np.zeros(draws)),
        options={"time_limit": max(end - time.monotonic(), _LEAST_SECONDS)},
    )
    bound = found.mip_dual_bound
    value = np.inf if bound is None or not np.isfinite(bound) else -float(bound)
    return value, None if found.x is None else levels.join(found.x[:seats])
