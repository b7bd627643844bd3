"""Seats in proportion to the seats there are, drawn by lottery.

Belongs here: the expected seats of every program, and whole seats drawn for one draw. Does not belong here: what they
do (`judging`).

Five seats in proportion over 800 programs are a fraction of a seat each. Rounding them once would give them to five
programs that somebody has to choose, and the choice would be the result. Here a lottery chooses anew in every draw, and
the comparator is the expectation over it.

Without limits the k seats are drawn by systematic sampling: programs in the order of discipline, province and kind of
seat lie on a line, each as long as its expected seats; a start u, uniform in (0, 1), and the points u, u + 1, … choose.
Every program, every discipline and every province within a discipline then get their expected number rounded down or
up, and the expectation is exact.

With limits, the expected seats are those in proportion that are nearest within the limits (relative entropy). In a draw
the seats of each class of programs that lie in the same limits are rounded together: a martingale moves them along
directions that leave the limits' own sums whole, until all are whole. Within a class systematic sampling goes on as
above. Expectations stay exact where limits form at most two hierarchies, such as schools within provinces, and
disciplines; beyond that the last fractions can need an integer program, which keeps the limits.

References
----------
Madow (1949), *On the theory of systematic sampling, II*, Annals of Mathematical Statistics 20.
Budish, Che, Kojima and Milgrom (2013), *Designing random allocation mechanisms*, American Economic Review 103(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.optimize import linprog

from carms_lib.kernels.noise import Purpose, uniform_array
from carms_lib.pressure.allocation.limits import SeatLimits
from carms_lib.simulator import Market

__all__ = ["Lottery", "new_lottery"]

_NEARLY = 1e-9
_MOST_PASSES = 2_000


@dataclass(frozen=True)
class Lottery:
    """A lottery over whole placements; P programs, C classes.

    Parameters
    ----------
    limits : SeatLimits
    of_class : ndarray of shape (C,), float64
        Expected seats of each class.
    share : ndarray of shape (P,), float64
        Share of its class's seats that each program has.
    order : ndarray of int64
        Programs that may get a seat, in the order of the line.
    """

    limits: SeatLimits
    of_class: np.ndarray
    share: np.ndarray
    order: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Expected seats of every program, float64 of shape (P,); they sum to k."""
        seats = np.zeros(len(self.share))
        seats[self.order] = self.share[self.order] * self.of_class[self.limits.class_of[self.order]]
        return seats

    def draw(self, entropy: int, draw: int) -> np.ndarray:
        """Return the seats of one draw, int64 of shape (P,): a function of entropy and draw alone."""
        classes, rows = self.limits.n_classes, len(self.limits.lower)
        chance = uniform_array(entropy, Purpose.LOTTERY, np.array([draw]), 2 * classes + rows + 1)[0]
        totals = self._whole(chance[classes:])
        placed = np.zeros(len(self.share), dtype=np.int64)
        number = self.limits.class_of[self.order]
        starts = np.searchsorted(number, np.arange(classes + 1))
        for c in np.flatnonzero(totals):
            members = self.order[starts[c] : starts[c + 1]]
            ends = np.cumsum(self.share[members]) * totals[c]
            ends[-1] = totals[c]
            placed[members] = np.diff(np.ceil(np.append(0.0, ends) - chance[c])).astype(np.int64)
        return placed

    def _whole(self, chance: np.ndarray) -> np.ndarray:
        """Return whole seats of each class, int64 of shape (C,), with the expectation `of_class`."""
        seats = _settled(self.of_class.copy())
        rows = np.vstack([np.ones((1, len(seats))), self.limits.member])
        for turn in range(len(chance)):
            free = np.flatnonzero(seats != np.round(seats))
            if not len(free):
                return seats.astype(np.int64)
            sums = _settled(rows @ seats)
            whole = sums == np.round(sums)
            direction = _null_vector(rows[whole][:, free])
            if direction is None:
                break
            step = np.zeros(len(seats))
            step[free] = direction
            at, along = np.append(seats[free], sums[~whole]), np.append(direction, rows[~whole] @ step)
            forth, back = _reach(at, along), _reach(at, -along)
            seats = _settled(seats + step * (forth if chance[turn] * (forth + back) < back else -back))
        found = self.limits.nearest(seats - np.floor(seats), np.floor(seats).astype(np.int64))
        # SeatLimits were checked when they were read: some placement is within them.
        return cast("np.ndarray", self.limits.nearest(seats) if found is None else found)


def new_lottery(market: Market, limits: SeatLimits) -> Lottery:
    """Return the lottery in proportion to the seats of the programs that may get one."""
    quota = np.where(limits.eligible, market.programs["quota"].to_numpy(np.float64), 0.0)
    counted = limits.class_of >= 0
    of_class = np.bincount(limits.class_of[counted], quota[counted], limits.n_classes)
    share = np.zeros(len(quota))
    share[counted] = quota[counted] / of_class[limits.class_of[counted]]
    keys = market.programs[["discipline", "province", "eligibility", "program_stream_id"]].astype(str)
    line = keys.assign(number=limits.class_of)[counted].sort_values(["number", *keys.columns], kind="stable")
    return Lottery(limits, _within(limits, of_class), share, line.index.to_numpy())


def _within(limits: SeatLimits, weight: np.ndarray) -> np.ndarray:
    """Return k seats over classes in proportion to `weight`, as near as limits allow in relative entropy.

    Cyclic projections: each limit scales its classes up or down by just so much as it must, and takes back what it
    scaled before when that is no longer needed.
    """
    k, member = limits.k, limits.member.astype(bool)
    closed = member[limits.upper == 0].any(axis=0)
    seats = np.where(closed, 0.0, weight)
    seats *= k / seats.sum()
    factor = np.ones(len(member))
    for _ in range(_MOST_PASSES if len(member) else 0):
        before = seats.copy()
        for r, inside in enumerate(member):
            total = seats[inside].sum() / factor[r]
            if total <= 0:
                continue
            new = min(max(total, limits.lower[r]), limits.upper[r]) / total
            if new > 0:
                seats[inside] *= new / factor[r]
                factor[r] = new
        seats *= k / seats.sum()
        if np.abs(seats - before).max() < 1e-12 * k:
            break
    sums = limits.member @ seats
    miss = np.maximum(limits.lower - sums, sums - limits.upper)
    return seats if not len(member) or miss.max() < _NEARLY else _projected(limits, seats)


def _projected(limits: SeatLimits, seats: np.ndarray) -> np.ndarray:
    """Return the seats within the limits that are nearest to `seats`: least sum of differences."""
    classes = len(seats)
    one, none = np.eye(classes), np.zeros((len(limits.lower), classes))
    found = linprog(
        np.append(np.zeros(classes), np.ones(classes)),
        A_ub=np.vstack(
            [
                np.hstack([one, -one]),
                np.hstack([-one, -one]),
                np.hstack([limits.member, none]),
                np.hstack([-limits.member, none]),
            ]
        ),
        b_ub=np.concatenate([seats, -seats, limits.upper, -limits.lower]),
        A_eq=np.append(np.ones(classes), np.zeros(classes))[None, :],
        b_eq=[limits.k],
    )
    nearest: np.ndarray = np.maximum(found.x[:classes], 0.0)
    return nearest


def _settled(values: np.ndarray) -> np.ndarray:
    """Return values with those next to a whole number made whole."""
    whole = np.round(values)
    settled: np.ndarray = np.where(np.abs(values - whole) < _NEARLY, whole, values)
    return settled


def _null_vector(rows: np.ndarray) -> np.ndarray | None:
    """Return a direction along which no row's sum changes, None if there is none."""
    taken = rows[:, : len(rows) + 1]  # more columns than rows are enough
    _, sizes, vectors = np.linalg.svd(taken, full_matrices=True)
    rank = int((sizes > 1e-9).sum())
    if rank == taken.shape[1]:
        return None
    direction = np.zeros(rows.shape[1])
    direction[: taken.shape[1]] = np.where(np.abs(vectors[-1]) < 1e-12, 0.0, vectors[-1])
    return direction


def _reach(at: np.ndarray, along: np.ndarray) -> float:
    """Return how far values can go along a direction until the first of them is whole."""
    up, down = along > _NEARLY, along < -_NEARLY
    room = np.concatenate([(np.ceil(at) - at)[up] / along[up], (at - np.floor(at))[down] / -along[down]])
    return float(room.min())
