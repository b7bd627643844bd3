"""What no placement of k seats can exceed, on a sample of draws.

Belongs here: `SeatBound`, the sample problem, and which program bounds it. Does not belong here: placing seats, and the
programs: the moves of a draw and their rules (`moves`), one integer program (`integer_program`), its relaxation
(`relaxation`).

The sample problem is: over all whole placements x within the limits, maximize the mean over the draws of the sample of
what x adds to the objective, where each draw is matched to its applicant-optimal stable matching with the seats q + x.
Small problems are solved as one integer program by HiGHS; larger ones are relaxed and split by draws.

References
----------
Bobbio, F., Carvalho, M., Lodi, A., Rios, I. and Torrico, A. (2023). Capacity planning in stable matching. Operations
Research, 2023.0386.
Mak, W.-K., Morton, D. P. and Wood, R. K. (1999). Monte Carlo bounding techniques for determining solution quality in
stochastic programs. Operations Research Letters 24.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_count
from carms_lib.pressure.allocation.integer_program import solve_whole
from carms_lib.pressure.allocation.limits import SeatLimits
from carms_lib.pressure.allocation.moves import moves_of
from carms_lib.pressure.allocation.objectives import OBJECTIVES, Aim, weights_of, worth_of
from carms_lib.pressure.allocation.relaxation import relax
from carms_lib.simulator import Market
from carms_lib.simulator.draw.first_iteration import DrawnMatch
from carms_lib.simulator.seats.singles import match_singles
from carms_lib.simulator.seats.standing import MatchWeights
from carms_lib.simulator.study.replay import plan_blocks, replay

__all__ = ["Sample", "SeatBound", "find_seat_bound"]

_MOST_DRAWS = 20  # of a sample problem, unless more are asked for
_MOST_MOVES = 4_000  # in all draws, for one integer program
_NEARLY = 1e-6


@dataclass(frozen=True)
class SeatBound:
    """What no placement of k seats exceeds on a sample of draws; made by `Allocation.find_bound`.

    Parameters
    ----------
    objective : str
    value : float
        Upper bound on the objective [per draw, against no seat].
    by_seat_value : float
        What the placement by value reaches on the same draws.
    best : float
        The most that any placement tried reaches on these draws; at least `by_seat_value`.
    method : {"integer program", "relaxation"}
    status : {"optimal", "bound"}
        "optimal" where `value` is the optimum, reached by `best`; "bound" where the optimum lies between the two.
    n_draws : int
        Draws of the sample.
    """

    objective: str
    value: float
    by_seat_value: float
    best: float
    method: str
    status: str
    n_draws: int

    @property
    def gap(self) -> float:
        """By how much the placement by value can be improved at most on these draws, in units of the objective."""
        return max(self.value - self.by_seat_value, 0.0)

    @property
    def relative_gap(self) -> float:
        """The gap as a share of the bound, 0 to 1; 0 where the bound is 0."""
        return min(self.gap / self.value, 1.0) if self.value > _NEARLY else 0.0

    def to_frame(self) -> pd.DataFrame:
        """Return one row: objective, bound, by_seat_value, best, gap, relative_gap, method, status, n_draws."""
        names = ("objective", "by_seat_value", "best", "gap", "relative_gap", "method", "status", "n_draws")
        row = {name: getattr(self, name) for name in names}
        return pd.DataFrame([{"objective": row.pop("objective"), "bound": self.value, **row}])

    def summary(self) -> str:
        """Return one sentence: bound, placement by value, gap, and whether the optimum is proven."""
        what = "the optimum, proven" if self.status == "optimal" else f"a valid bound ({self.method})"
        return (
            f"No placement exceeds {self.value:.2f} {OBJECTIVES[self.objective].words} on {self.n_draws} of the draws "
            f"that chose the seats: {what}. By seat value: {self.by_seat_value:.2f}; gap at most {self.gap:.2f} "
            f"({self.relative_gap:.0%})."
        )

    def __repr__(self) -> str:
        return f"SeatBound: {self.summary()}"


def find_seat_bound(
    market: Market,
    aim: Aim,
    limits: SeatLimits,
    placed: np.ndarray,
    *,
    rng: Any,
    n_chosen: int,
    n_draws: Any = None,
    time_limit: Any = 60.0,
) -> SeatBound:
    """Return an upper bound on what any placement within the limits does, on the first draws of `rng`.

    Parameters
    ----------
    market : Market
    aim : Aim
    limits : SeatLimits
    placed : ndarray of shape (P,), int
        The placement to set beside the bound.
    rng : int
        Entropy of the draws that chose the placement.
    n_chosen : int
        How many they are.
    n_draws, time_limit
        As in `Allocation.find_bound`.

    Returns
    -------
    SeatBound
    """
    n_draws = min(n_chosen, _MOST_DRAWS) if n_draws is None else check_count("n_draws", n_draws)
    if n_draws > n_chosen:
        raise ArgumentError(f"n_draws={n_draws} is more than the {n_chosen} draws that chose the seats.")
    if isinstance(time_limit, bool) or not isinstance(time_limit, Real) or not 0 < float(time_limit) < np.inf:
        raise ArgumentError(f"time_limit={time_limit!r} must be a number of seconds above 0.")
    end = time.monotonic() + float(time_limit)
    weights = weights_of(market, aim, aim.metric)
    _, plans = plan_blocks(market, n_draws, rng)
    drawn = [one for plan in plans for one in replay(market, plan)]
    sample = Sample(drawn, weights)
    moves = [
        moves_of(before, own, market.n_programs) for before, own in zip(sample.before, sample.weights, strict=True)
    ]
    reached = sample.mean(placed)
    if sum(len(one.gain) for one in moves) <= _MOST_MOVES:
        method = "integer program"
        value, found = solve_whole(moves, limits, counts_seats=bool(weights.of_program.any()), end=end)
        best = reached if found is None else max(reached, sample.mean(found))
    else:
        method = "relaxation"
        value, best = relax(moves, limits, placed, sample.mean, end)
    is_proven = bool(value - best <= _NEARLY * max(1.0, abs(best)))
    return SeatBound(
        objective=aim.objective,
        value=max(value, best),
        by_seat_value=reached,
        best=best,
        method=method,
        status="optimal" if is_proven else "bound",
        n_draws=n_draws,
    )


class Sample:
    """Draws on which placements are compared."""

    def __init__(self, drawn: Sequence[DrawnMatch], weights: MatchWeights) -> None:
        self.drawn = drawn
        self.before = [match_singles(one) for one in drawn]
        self.weights = [weights._replace(before=one.position) for one in self.before]

    def mean(self, placed: np.ndarray) -> float:
        """Return what a placement adds to the objective in an average draw."""
        total = 0.0
        for one, before, weights in zip(self.drawn, self.before, self.weights, strict=True):
            total += worth_of(weights, match_singles(one, placed)) - worth_of(weights, before)
        return total / len(self.drawn)
