"""What is tried, in which order, to find a stable matching with couples.

Belongs here: the rungs and when to climb on. Does not belong here: the procedures themselves
(`scored.roth_peranson`, `scored.kojima_pathak_roth`, `_integer_program`).

1. ``roth_peranson``: units in the order asked for, left where a chain looks like a loop.
2. ``reshuffled``: the same with the couples in another, seeded order, up to `reshuffles` times. If every order is
   left, the first is gone through with the whole budget: long chains may end, and units that loop are sent away.
3. ``kojima_pathak_roth``.
4. ``kojima_pathak_roth_reshuffled``: for problems up to a size, the same with everybody in other, seeded orders, up to
   20 times `reshuffles`; a pass is cheap, and finds what an integer program may look for in vain.
5. ``exact``: for problems up to that size, an integer program with a time limit; it may prove that there is none.
6. ``fewest_blocking``: of all matchings met on the way, the one with fewest blocking coalitions.

Whatever a rung returns is checked with `scored.blocking.find_blocking` before it is called stable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from carms_lib.matching._integer_program import solve_exactly
from carms_lib.matching._scored_problem import RULES
from carms_lib.matching.scored.blocking import seat_and_find_blocking
from carms_lib.matching.scored.kojima_pathak_roth import pass_over
from carms_lib.matching.scored.lists import ScoredLists, ScoredState, state_for
from carms_lib.matching.scored.roth_peranson import LEFT_EARLY, Admission, admit_all

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s

__all__ = ["ORDERS", "Climb", "SearchSettings", "admission", "climb", "unit_order"]

_PASSES_PER_RESHUFFLE = 20
#: Steps for a unit before another order is tried: nearly all chains are much shorter, and most loops pass this.
_GLANCE = 1_000
#: More coalitions than can block anything.
_NOTHING_FOUND = 2**63 - 1

ORDERS = ("couples_last", "couples_first", "by_number", "random")


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How far to climb; see `carms_lib.matching.solve`."""

    rule: str
    order: str
    reshuffles: int
    budget: int
    passes: int
    exact_limit: int
    time_limit: float
    rng: np.random.Generator


@dataclass(slots=True)
class Climb:
    """What came of it.

    Parameters
    ----------
    match, position : ndarrays of int32, shape (n_applicants,)
    n_blocking : int
        Blocking coalitions of that matching.
    rung : str
    status : {"stable", "unstable", "none_exists", "budget"}
    attempts : list of (str, int)
        Each rung tried and the number of blocking coalitions that it left; -1 where it found no matching.
    """

    match: Int32s
    position: Int32s
    n_blocking: int
    rung: str
    status: str = "unstable"
    attempts: list[tuple[str, int]] = field(default_factory=list)


def climb(lists: ScoredLists, quota: Int32s, settings: SearchSettings) -> Climb:
    """Try the rungs in turn until one gives a stable matching or proves that there is none.

    Parameters
    ----------
    lists : ScoredLists
        Each program's applications in its rank order.
    quota : ndarray of int32, shape (n_programs,)
    settings : SearchSettings
    """
    return _Search(lists, state_for(lists, quota, reads=False), settings).climb()


@dataclass(slots=True)
class _Search:
    """One climb: the market, the one state that all rungs use, and what they have left."""

    lists: ScoredLists
    state: ScoredState
    settings: SearchSettings
    best: Climb = field(init=False)
    attempts: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.best = Climb(self.state.match, self.state.position, _NOTHING_FOUND, "", attempts=self.attempts)

    def climb(self) -> Climb:
        settings, n_couples = self.settings, len(self.lists.members)
        couples = np.arange(n_couples, dtype=np.int32)
        for attempt in range(settings.reshuffles + 1):
            if attempt:
                couples = settings.rng.permutation(n_couples).astype(np.int32)
                found = self.admit("reshuffled", couples, "couples_last")
            else:
                found = self.admit("roth_peranson", couples, settings.order)
            if found:
                return found
        found = self.admit("roth_peranson", np.arange(n_couples, dtype=np.int32), settings.order, to_the_end=True)
        found = found or self.pass_over("kojima_pathak_roth", tries=1)
        small = self.lists.couple_of.size <= settings.exact_limit
        if small and settings.reshuffles and not found:
            tries = _PASSES_PER_RESHUFFLE * settings.reshuffles
            found = self.pass_over("kojima_pathak_roth_reshuffled", tries=tries, reshuffle=True)
        if found:
            return found
        status = self.solve_exactly() if small else "unstable"
        if self.best.n_blocking:
            self.best.rung, self.best.status = "fewest_blocking", status
        return self.best

    def admit(self, rung: str, couples: Int32s, order: str, *, to_the_end: bool = False) -> Climb | None:
        """Admit everybody; leave early at what looks like a loop, after a share of the budget, or go to the end."""
        units = unit_order(self.lists, couples, order, self.settings.rng)
        how = admission(self.settings.rule, self.settings.budget, order, to_the_end=to_the_end)
        away, blocking = admit_all(self.lists, self.state, units, how)
        if away == LEFT_EARLY:
            self.attempts.append((rung, -1))
            return None
        return self.judge(rung, int(blocking))

    def pass_over(self, rung: str, *, tries: int, reshuffle: bool = False) -> Climb | None:
        """Make passes in one order after another; there is one line of the attempts for all of them."""
        n, n_couples, settings = self.lists.couple_of.size, len(self.lists.members), self.settings
        singles = np.flatnonzero(self.lists.couple_of < 0).astype(np.int32)
        order = np.concatenate((singles, np.arange(n, n + n_couples, dtype=np.int32)))
        work = np.zeros((2, n + n_couples), np.int32)
        fewest = -1
        for _ in range(tries):
            units = settings.rng.permutation(order) if reshuffle else order
            _, left = pass_over(self.lists, self.state, units, RULES[settings.rule], settings.passes, work)
            if fewest < 0 or left < fewest:
                fewest = int(left)
                self.keep_if_better(rung, fewest)
            if fewest == 0:
                break
        self.attempts.append((rung, fewest))
        return self.best if fewest == 0 else None

    def solve_exactly(self) -> str:
        """Search exactly, keep what is found, and return what is known of stable matchings."""
        rule, time_limit = self.settings.rule, self.settings.time_limit
        status, place = solve_exactly(self.lists, self.state.quota, rule, time_limit)
        if place is None:
            self.attempts.append(("exact", -1))
            _, place = solve_exactly(self.lists, self.state.quota, rule, time_limit, fewest=True)
        if place is not None:
            _put_where(self.lists, self.state, place)
            nothing = np.zeros((0, 2), np.int32)
            self.judge("exact", int(seat_and_find_blocking(self.lists, self.state, RULES[rule], nothing)))
        return status

    def judge(self, rung: str, blocking: int) -> Climb | None:
        """Note what a rung has left, and return it if it is stable."""
        self.attempts.append((rung, blocking))
        self.keep_if_better(rung, blocking)
        return self.best if blocking == 0 else None

    def keep_if_better(self, rung: str, blocking: int) -> None:
        """Keep the matching at hand if fewer coalitions block it than the best so far."""
        if blocking < self.best.n_blocking:
            status = "unstable" if blocking else "stable"
            match, position = self.state.match.copy(), self.state.position.copy()
            self.best = Climb(match, position, blocking, rung, status, self.attempts)


def admission(rule: str, budget: int, order: str, *, to_the_end: bool) -> Admission:
    """Return how the ladder admits: programs call all who would come; a unit whose chain cycles is rejected."""
    return Admission(
        rule=RULES[rule],
        budget=budget if to_the_end else min(budget, _GLANCE),
        seats_singles=int(order == "couples_last"),
        calls_all=1,
        goes_on=int(to_the_end),
        sends_mover=0,
        rounds=0,
    )


def unit_order(lists: ScoredLists, couples: Int32s, order: str, rng: np.random.Generator) -> Int32s:
    """Return who is admitted when, as `scored.roth_peranson.admit` takes it; no singles where all go first at once."""
    singles = (np.flatnonzero(lists.couple_of < 0) - lists.couple_of.size).astype(np.int32)
    if order == "couples_last":
        return couples
    if order == "couples_first":
        return np.concatenate((couples, singles))
    units = np.concatenate((singles, couples))
    if order == "random":
        return rng.permutation(units)
    lowest = np.concatenate((singles + lists.couple_of.size, lists.members[couples].min(axis=1)))
    return units[np.argsort(lowest, kind="stable")]


def _put_where(lists: ScoredLists, state: ScoredState, place: Int32s) -> None:
    """Write a matching that is given by the place that each unit has in its list."""
    n = lists.couple_of.size
    state.match[:] = -1
    for single in np.flatnonzero(lists.couple_of < 0):
        state.position[single] = place[single]
        if place[single] < lists.ptr[single + 1] - lists.ptr[single]:
            state.match[single] = lists.idx[lists.ptr[single] + place[single]]
    for couple, members in enumerate(lists.members):
        state.position[members] = place[n + couple]
        option = lists.pair_ptr[couple] + place[n + couple]
        if option < lists.pair_ptr[couple + 1]:
            entry = lists.pairs[option]
            state.match[members] = np.where(entry < 0, -1, lists.idx[entry])
