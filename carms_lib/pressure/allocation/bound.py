"""What no placement of k seats can exceed, on a sample of draws.

Belongs here: `SeatBound`, and the integer and linear programs behind it. Does not belong here: placing seats.

The sample problem is: over all whole placements x within the limits, maximize the mean over the draws of the sample of
what x adds to the objective, where each draw is matched to its applicant-optimal stable matching with the seats q + x.

With more seats no applicant does worse, so in every draw an applicant stays or moves to a program listed higher:
some 5,000 moves in a national draw. `y` says which moves are made. Two rules are linear in x:

- capacity: who enters a program replaces who leaves it, or takes an added seat;
- no justified envy: a program takes somebody only if everybody it ranks higher who would come is there, or at a program
  that they like better. Along each waiting list an auxiliary `t` carries that rule on, so that it needs three rows a
  move.

Two more hold in every stable matching and are what makes the relaxation near: with j added seats at a program the first
j of its waiting list are there or better off, and if a member leaves a program the first of its waiting list is.
Without them a fraction of a seat could go to the second of a list by going to the first in equal part.

A whole y under the first two rules is envy-free, and the applicant-optimal stable matching is the best envy-free one for every
applicant (Wu and Roth 2018). Objectives that count applicants therefore have their exact optimum as an integer program;
objectives that count seats need a third rule, that no seat wanted stays empty, with the product of seats and moves made
linear (McCormick).

Small problems are solved as one integer program by HiGHS. Larger ones are relaxed (y fractional, x whole) and split by
draws: at a placement the linear program of a draw gives a value and a price of a seat at each program, and by
duality no placement exceeds what these prices say; the placement that is best under all prices so far is tried
next (Benders, Kelley). Every round gives a valid bound, so the time limit only decides how near it is. This
cutting-plane scheme and the integer program follow Bobbio et al.; the rules above are written for lists of waiting
applicants.

References
----------
Baïou, M. and Balinski, M. (2000). The stable admissions polytope. Mathematical Programming 87.
Bobbio, F., Carvalho, M., Lodi, A., Rios, I. and Torrico, A. (2023). Capacity planning in stable matching. Operations
Research, 2023.0386.
Mak, W.-K., Morton, D. P. and Wood, R. K. (1999). Monte Carlo bounding techniques for determining solution quality in
stochastic programs. Operations Research Letters 24.
Wu, Q. and Roth, A. E. (2018). The lattice of envy-free matchings. Games and Economic Behavior 109.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_count
from carms_lib.pressure.allocation.limits import Limits
from carms_lib.pressure.allocation.objectives import OBJECTIVES, Aim, weights_of, worth_of
from carms_lib.simulator import Market
from carms_lib.simulator.draw.first_iteration import DrawnMatch
from carms_lib.simulator.seats.singles import match_singles
from carms_lib.simulator.seats.standing import MatchWeights, SinglesMatch
from carms_lib.simulator.study.replay import plan_blocks, replay

__all__ = ["SeatBound", "find_seat_bound"]

_MOST_DRAWS = 20  # of a sample problem, unless more are asked for
_MOST_MOVES = 4_000  # in all draws, for one integer program
_LITTLE = 0.01  # of a seat
_MOST_LEVELS = 4  # seats of a program that are told apart
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


class _Moves(NamedTuple):
    """The linear program of one draw; E moves, T auxiliaries, P programs: maximize gain @ y over rules @ (y, t)."""

    gain: np.ndarray  # float64[E]
    rules: sparse.csr_array  # [rows, E + T]: each row <= right
    right: np.ndarray  # float64[rows]
    enters: sparse.csr_array  # [P, E + T]: who enters less who leaves, <= added seats where anybody waits
    served: np.ndarray  # int64[F, 2]: program and j, from 0, where an added seat serves the j-th of a waiting list
    serves: sparse.csr_array  # [F, E + T]: whether that applicant is there or better off, >= level j of the seats
    waited: np.ndarray  # int64: programs where anybody waits, that is, which a seat can serve
    held: np.ndarray  # int64[P]: seats held
    reached: sparse.csr_array  # [E, E + T]: whether the owner of a move is there or better off
    program: np.ndarray  # int64[E]


class _Levels(NamedTuple):
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


def _levels_of(limits: Limits) -> _Levels:
    levels = min(limits.k, _MOST_LEVELS)
    most = np.ones(levels, dtype=np.int64)
    most[-1] = limits.k - levels + 1
    return _Levels(len(limits.eligible), levels, most)


def find_seat_bound(
    market: Market,
    aim: Aim,
    limits: Limits,
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
    limits : Limits
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
    sample = _Sample(drawn, weights)
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
        value, best = _relaxed(moves, limits, placed, sample, end)
    is_proven = value - best <= _NEARLY * max(1.0, abs(value))
    return SeatBound(
        objective=aim.objective,
        value=max(value, best),
        by_seat_value=reached,
        best=best,
        method=method,
        status="optimal" if is_proven else "bound",
        n_draws=n_draws,
    )


class _Sample:
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


def moves_of(before: SinglesMatch, weights: MatchWeights, programs: int) -> _Moves:
    """Return the moves of one draw and their rules.

    Parameters
    ----------
    before : SinglesMatch
        The applicant-optimal stable matching without added seats.
    weights : MatchWeights
        Of the objective, with the places of `before`.
    programs : int
        P.

    Returns
    -------
    _Moves
    """
    lengths = np.diff(before.ptr)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(len(owners)) - np.repeat(before.ptr[:-1], lengths)
    scores = before.score[: len(owners)]
    kept = np.flatnonzero((places < before.position[owners]) & (scores > -np.inf))
    owner, place, score = owners[kept], places[kept], scores[kept]
    program = before.program[kept].astype(np.int64)
    home = before.match[owner].astype(np.int64)
    weight = weights.of_matched[owner] + weights.of_program[program] + weights.of_place[1]
    weight += weights.of_place[0] * (place == 0)  # whoever moves is better off, and was not at the first place
    was = np.where(home >= 0, weights.of_matched[owner] + weights.of_program[np.maximum(home, 0)], 0.0)
    number, moves = np.arange(len(kept)), len(kept)
    # Waiting lists: best first; of equal scores the smaller number, as in `is_worse`.
    line = np.lexsort((owner, -score, program))
    follows = np.flatnonzero(program[line][1:] == program[line][:-1])  # places in `line` of those with somebody behind
    width = moves + len(follows)
    aux = np.full(moves, -1, dtype=np.int64)  # the auxiliary behind each move
    aux[line[follows]] = moves + np.arange(len(follows))
    first = np.searchsorted(owner, owner)  # moves of an applicant follow one another, best first
    sizes = number - first + 1
    columns = np.repeat(first, sizes) + (np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes))
    reached = _matrix(np.repeat(number, sizes), columns, np.ones(sizes.sum()), (moves, width))
    last = np.flatnonzero(np.append(owner[1:] != owner[:-1], True)) if moves else number
    behind, ahead = line[follows + 1], line[follows]
    own = np.arange(len(follows))
    carries = _matrix(own, aux[ahead], np.ones(len(own)), (len(own), width))
    has_before = np.isin(follows - 1, follows)
    previous = aux[line[follows[has_before] - 1]]
    heads = np.flatnonzero(np.append(True, program[line][1:] != program[line][:-1])) if moves else number
    rank = np.arange(moves) - np.repeat(heads, np.diff(np.append(heads, moves)))  # along `line`
    head = np.full(programs, -1, dtype=np.int64)
    head[program[line[heads]]] = line[heads]
    leavers = last[(home[last] >= 0)]
    leavers = leavers[head[home[leavers]] >= 0]
    seen = np.flatnonzero(rank < _MOST_LEVELS)
    rules = sparse.vstack(
        [
            reached[last],  # an applicant moves once
            carries - reached[ahead],
            carries[has_before]
            - _matrix(np.arange(len(previous)), previous, np.ones(len(previous)), (len(previous), width)),
            _matrix(own, behind, np.ones(len(own)), (len(own), width)) - carries,
            reached[leavers] - reached[head[home[leavers]]],
        ],
        format="csr",
    )
    right = np.zeros(rules.shape[0])
    right[: len(last)] = 1.0
    leaves = home >= 0
    enters = _matrix(
        np.append(program, home[leaves]),
        np.append(number, number[leaves]),
        np.append(np.ones(moves), -np.ones(int(leaves.sum()))),
        (programs, width),
    )
    held = np.bincount(before.match[before.match >= 0], minlength=programs)
    return _Moves(
        gain=weight - was,
        rules=rules,
        right=right,
        enters=enters,
        served=np.column_stack([program[line[seen]], rank[seen]]),
        serves=reached[line[seen]],
        waited=np.unique(program),
        held=held,
        reached=reached,
        program=program,
    )


def _matrix(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((values, (rows, columns)), shape=shape)


def solve_whole(
    moves: Sequence[_Moves], limits: Limits, *, counts_seats: bool, end: float
) -> tuple[float, np.ndarray | None]:
    """Return the bound of one integer program over all draws, and the placement that it found.

    Parameters
    ----------
    moves : sequence of _Moves
        One a draw.
    limits : Limits
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
    levels, draws = _levels_of(limits), len(moves)
    sums, seats = levels.sums(), levels.programs * levels.levels
    widths = [one.rules.shape[1] for one in moves]
    blocks, right = [], []
    for at, one in enumerate(moves):
        column = _columns(one, levels)
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
    constraints += _placement_rules(limits, levels, sum(widths))
    cost = np.zeros(seats + sum(widths))
    whole, start = np.ones(len(cost)), seats
    for one, width in zip(moves, widths, strict=True):
        cost[start : start + len(one.gain)] = -one.gain / draws
        whole[start + len(one.gain) : start + width] = 0  # auxiliaries follow
        start += width
    found = milp(
        cost,
        constraints=constraints,
        bounds=Bounds(0, np.append(_most_of(limits, levels), np.ones(sum(widths)))),
        integrality=whole,
        options={"time_limit": max(end - time.monotonic(), 0.1), "mip_rel_gap": 0.0},
    )
    bound = found.mip_dual_bound
    if bound is None or not np.isfinite(bound):
        bound = -float(sum(one.gain[one.gain > 0].sum() for one in moves)) / draws
    return -float(bound), None if found.x is None else levels.join(found.x[:seats])


def _columns(one: _Moves, levels: _Levels) -> np.ndarray:
    """Return the column of the level that each row of `serves` is about, -1 where the level is not a single seat."""
    program, j = one.served.T
    single = (j < levels.levels) & (levels.most[np.minimum(j, levels.levels - 1)] == 1)
    columns: np.ndarray = np.where(single, program * levels.levels + j, -1)
    return columns


def _picked(columns: np.ndarray, width: int) -> sparse.csr_array:
    return _matrix(np.arange(len(columns)), columns, np.ones(len(columns)), (len(columns), width))


def _most_of(limits: Limits, levels: _Levels) -> np.ndarray:
    """Return the most seats of every level of every program, flat."""
    most: np.ndarray = (limits.eligible[:, None] * levels.most[None, :]).ravel()
    return most


def _placement_rules(limits: Limits, levels: _Levels, others: int) -> list[LinearConstraint]:
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


class _Price(NamedTuple):
    """What the linear program of a draw says: at most value + prices @ seats, by level and flat."""

    value: float
    prices: np.ndarray  # float64[P * J]


def price(one: _Moves, by_level: np.ndarray, levels: _Levels, end: float) -> _Price:
    """Solve the relaxed draw at a placement by level, whole or not, of shape (P, J); after `end` say the least."""
    width, seats, placed = one.rules.shape[1], by_level.ravel(), by_level.sum(axis=1)
    prices = np.zeros(len(seats))
    if width == 0:
        return _Price(0.0, prices)
    cost = np.zeros(width)
    cost[: len(one.gain)] = -one.gain
    column = _columns(one, levels)
    serves, column = one.serves[column >= 0], column[column >= 0]
    found = linprog(
        cost,
        A_ub=sparse.vstack([one.enters[one.waited], -serves, one.rules], format="csr"),
        b_ub=np.concatenate([placed[one.waited], -seats[column], one.right]),
        bounds=(0, 1),
        method="highs-ds",
        options={"time_limit": max(end - time.monotonic(), 0.1)},
    )
    if found.status != 0:
        return _Price(float(np.maximum(one.gain, 0.0).sum()), prices)
    of_seats, of_levels = np.split(-found.ineqlin.marginals[: len(one.waited) + len(column)], [len(one.waited)])
    prices = np.zeros((levels.programs, levels.levels))
    prices[one.waited] = of_seats[:, None]
    prices = prices.ravel()
    prices[column] -= of_levels
    return _Price(-float(found.fun) - float(prices @ seats), prices)


def _relaxed(
    moves: Sequence[_Moves], limits: Limits, placed: np.ndarray, sample: _Sample, end: float
) -> tuple[float, float]:
    """Return the bound of the relaxation, as near as time allows, and the most that a placement tried reaches.

    The first prices are those of a little of a seat everywhere: each is what a first seat there does, so that the first
    bound is what k seats would do if none were in another's way.
    """
    levels, workers = _levels_of(limits), os.cpu_count() or 1
    little = min(_LITTLE, limits.k / limits.eligible.sum()) / np.arange(1, levels.levels + 1)
    little = limits.eligible[:, None] * little[None, :]
    best, value = sample.mean(placed), np.inf
    with ThreadPoolExecutor(workers) as pool:
        cuts: list[list[_Price]] = []
        tried: list[np.ndarray] = []
        following: np.ndarray = little
        while True:
            cuts.append(list(pool.map(lambda one, at=following: price(one, at, levels, end), moves)))
            tried.append(following)
            bound, candidate = _master(cuts, limits, levels, end)
            value = min(value, bound)
            if candidate is None or time.monotonic() > end:
                return value, best
            best = max(best, sample.mean(candidate))
            if value - best <= _NEARLY or time.monotonic() > end:
                return value, best
            if any(np.array_equal(levels.split(candidate), one) for one in tried):
                if any(np.array_equal(levels.split(placed), one) for one in tried):
                    return value, best
                candidate = placed
            following = levels.split(candidate)


def _master(
    cuts: Sequence[Sequence[_Price]], limits: Limits, levels: _Levels, end: float
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
            *_placement_rules(limits, levels, draws),
        ],
        bounds=Bounds(
            np.append(np.zeros(seats), np.full(draws, -np.inf)),
            np.append(_most_of(limits, levels), np.full(draws, np.inf)),
        ),
        integrality=np.append(np.ones(seats), np.zeros(draws)),
        options={"time_limit": max(end - time.monotonic(), 1.0)},
    )
    bound = found.mip_dual_bound
    value = np.inf if bound is None or not np.isfinite(bound) else -float(bound)
    return value, None if found.x is None else levels.join(found.x[:seats])
