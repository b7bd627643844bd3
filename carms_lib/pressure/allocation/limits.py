"""Limits on a placement: floors, ceilings and budgets of groups of programs.

Belongs here: reading them, whether they can hold together, and whether a placement can still be completed. Does not
belong here: placing seats (`placement`, `lottery`).

Programs that lie in the same limits are alike for every question asked here, so that the integer programs are over
these classes of programs, a few dozen at most. HiGHS, in scipy, solves them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_count, check_name
from carms_lib.simulator import Market
from carms_lib.simulator.inputs.program_table import unknown_value

__all__ = ["SeatLimits", "read_limits"]


@dataclass(frozen=True)
class SeatLimits:
    """How many seats may be placed where; P programs, R limits, C classes of programs that lie in the same limits.

    Parameters
    ----------
    k : int
        Seats to place.
    eligible : ndarray of shape (P,), bool
        Which programs may get a seat.
    words : tuple of str
        Each limit as the caller gave it.
    lower, upper : ndarray of shape (R,), int64
        Fewest and most seats.
    class_of : ndarray of shape (P,), int64
        The class of each program, -1 where no seat may go.
    member : ndarray of shape (R, C), bool
        Which classes each limit counts.
    """

    k: int
    eligible: np.ndarray
    words: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    class_of: np.ndarray
    member: np.ndarray
    _known: dict[bytes, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n_classes(self) -> int:
        """Classes of programs."""
        return int(self.member.shape[1])

    def count(self, placed: np.ndarray) -> np.ndarray:
        """Return the seats of each class, int64 of shape (C,), of a placement of shape (P,)."""
        counted = self.class_of >= 0
        return np.bincount(self.class_of[counted], placed[counted], self.n_classes).round().astype(np.int64)

    def is_obeyed(self, placed: np.ndarray) -> bool:
        """Return whether a whole placement of shape (P,) obeys everything."""
        totals = self.member @ self.count(placed)
        return bool(
            placed.sum() == self.k
            and not placed[~self.eligible].any()
            and (placed >= 0).all()
            and (totals >= self.lower).all()
            and (totals <= self.upper).all()
        )

    def can_complete(self, of_class: np.ndarray) -> bool:
        """Return whether seats placed already, of shape (C,), can be made up to k seats within the limits."""
        if not len(self.lower):
            return bool(of_class.sum() <= self.k)
        key = of_class.tobytes()
        if key not in self._known:
            self._known[key] = self.nearest(np.zeros(self.n_classes), least=of_class) is not None
        return self._known[key]

    def nearest(self, wanted: np.ndarray, least: np.ndarray | None = None) -> np.ndarray | None:
        """Return the whole seats of each class within the limits that add up to most of `wanted`, None if none do."""
        rows = np.vstack([np.ones((1, self.n_classes)), self.member])
        low, high = np.append(self.k, self.lower), np.append(self.k, self.upper)
        found = milp(
            -wanted,
            constraints=LinearConstraint(rows, low, high),
            bounds=Bounds(0 if least is None else least, self.k),
            integrality=np.ones(self.n_classes),
        )
        return None if found.x is None else found.x.round().astype(np.int64)

    def check(self) -> None:
        """Raise if no placement obeys all limits, and say which cannot hold."""
        if self.can_complete(np.zeros(self.n_classes, dtype=np.int64)):
            return
        rows, missing = len(self.lower), np.eye(len(self.lower))
        # Least sum of what each limit must give way: variables are classes, then missing and surplus seats of each.
        found = milp(
            np.append(np.zeros(self.n_classes), np.ones(2 * rows)),
            constraints=[
                LinearConstraint(np.hstack([self.member, missing, -missing]), self.lower, self.upper),
                LinearConstraint(np.append(np.ones(self.n_classes), np.zeros(2 * rows)), self.k, self.k),
            ],
            integrality=np.ones(self.n_classes + 2 * rows),
        )
        short, over = found.x[self.n_classes :].round().reshape(2, rows)
        told = [
            f"{self.words[r]} ({f'{short[r]:g} short' if short[r] else f'{over[r]:g} too many'})"
            for r in np.flatnonzero(short + over)
        ]
        raise ArgumentError(
            f"k={self.k} seats cannot be placed within floors, ceilings and budgets together. The least that must give "
            f"way: {'; '.join(told[:5])}. Change these, k or among."
        )


def read_limits(
    market: Market, eligible: np.ndarray, k: Any, given: Mapping[str, Mapping[str, Any] | pd.DataFrame | None]
) -> SeatLimits:
    """Return the limits of a placement, checked.

    Parameters
    ----------
    market : Market
    eligible : ndarray of shape (P,), bool
    k : int or None
        None where budgets say how many seats there are.
    given : mapping
        "floors", "ceilings" and "budgets", each None, a mapping column -> value -> seats, or a frame with key
        columns and a column seats.

    Returns
    -------
    SeatLimits

    Raises
    ------
    UnknownNameError
        A column or value that the programs do not have.
    ArgumentError
        A number of seats that is not whole, a k that is missing, or limits that cannot hold together.
    """
    rows: list[tuple[str, np.ndarray, int, int | None]] = []
    sums: dict[str, int] = {}
    budgeted: dict[str, np.ndarray] = {}
    for argument in ("floors", "ceilings", "budgets"):
        for columns, words, programs, seats in _rows_of(market, argument, given.get(argument)):
            rows.append(
                (words, programs, seats if argument == "floors" else 0, None if argument == "floors" else seats)
            )
            if argument == "budgets":
                sums[columns] = sums.get(columns, 0) + seats
                budgeted[columns] = budgeted.get(columns, np.zeros(len(programs), dtype=bool)) | programs
    for inside in budgeted.values():
        eligible = eligible & inside
    if k is None:
        if len(set(sums.values())) != 1:
            raise ArgumentError(
                "k=None takes the number of seats from budgets, and "
                + (f"they sum to different numbers: {sums}." if sums else "there are none.")
                + " Give k."
            )
        k = next(iter(sums.values()))
    k = check_count("k", k)
    if not eligible.any():
        raise ArgumentError("budgets= leave no program that has a seat and that among= selects.")
    inside = np.array([programs & eligible for _, programs, _, _ in rows], dtype=bool).reshape(len(rows), len(eligible))
    # Of no limits, one class.
    key = np.vstack([np.ones((1, len(eligible)), dtype=bool), inside])[:, eligible].T
    signatures, number = np.unique(key, axis=0, return_inverse=True)
    class_of = np.full(len(eligible), -1, dtype=np.int64)
    class_of[eligible] = number.ravel()
    limits = SeatLimits(
        k=k,
        eligible=eligible,
        words=tuple(row[0] for row in rows),
        lower=np.array([row[2] for row in rows], dtype=np.int64),
        upper=np.array([max(k, row[2]) if row[3] is None else min(row[3], k) for row in rows], dtype=np.int64),
        class_of=class_of,
        member=signatures.T[1:].astype(np.float64),
    )
    limits.check()
    return limits


def _rows_of(market: Market, argument: str, given: Any) -> list[tuple[str, str, np.ndarray, int]]:
    """Return columns, words, programs and seats of each limit of one argument."""
    programs = market.programs
    if given is None:
        return []
    cells: list[tuple[tuple[str, ...], tuple[Any, ...], Any]] = []
    if isinstance(given, pd.DataFrame):
        keys = tuple(str(column) for column in given.columns if column != "seats")
        if "seats" not in given.columns or not keys:
            raise ArgumentError(f"{argument}= as a frame needs key columns and a column seats; it has {list(given)}.")
        cells = [(keys, tuple(row), seats) for *row, seats in given[[*keys, "seats"]].itertuples(index=False)]
    elif isinstance(given, Mapping) and all(isinstance(values, Mapping) for values in given.values()):
        cells = [((c,), (value,), seats) for c, values in given.items() for value, seats in values.items()]
    else:
        raise ArgumentError(
            f"{argument}={given!r} must map columns to values to seats, such as {{'province': {{'NL': 2}}}}, or be a "
            "frame with key columns and a column seats."
        )
    found = []
    for columns, values, seats in cells:
        inside = np.ones(len(programs), dtype=bool)
        for column, value in zip(columns, values, strict=True):
            here = (programs[check_name(argument, column, programs.columns)].astype(str) == str(value)).to_numpy()
            if not here.any():
                raise unknown_value(programs, column, str(value))
            inside &= here
        words = ", ".join(f"{column} {value}" for column, value in zip(columns, values, strict=True))
        if isinstance(seats, float) and seats.is_integer():
            seats = int(seats)
        number = check_count(f"{argument} of {words}", seats, least=0)
        found.append((", ".join(columns), f"{argument} of {words}: {number}", inside, number))
    return found
