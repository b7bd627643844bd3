"""What is tried, in which order, to find a stable matching with couples.

Belongs here: the rungs and when to climb on. Does not belong here: the procedures themselves
(`_roth_peranson`, `_kojima_pathak_roth`, `_integer_program`).

1. ``roth_peranson``: units in the order asked for, left where a chain looks like a loop.
2. ``reshuffled``: the same with the couples in another, seeded order, up to `reshuffles` times. If every order is
   left, the first is gone through with the whole budget: long chains may end, and units that loop are sent away.
3. ``kojima_pathak_roth``.
4. ``kojima_pathak_roth_reshuffled``: for problems up to a size, the same with everybody in other, seeded orders, up to
   20 times `reshuffles`; a pass is cheap, and finds what an integer program may look for in vain.
5. ``exact``: for problems up to that size, an integer program with a time limit; it may prove that there is none.
6. ``fewest_blocking``: of all matchings met on the way, the one with fewest blocking coalitions.

Whatever a rung returns is checked with `carms_lib.matching._blocking_pairs.find_blocking` before it is called stable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from carms_lib.matching import (
    _blocking_pairs,
    _couple_market,
    _deferred_acceptance,
    _kojima_pathak_roth,
    _roth_peranson,
)
from carms_lib.matching._integer_program import solve_exactly

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching._couple_market import CoupleMarket, CoupleState

__all__ = ["ORDERS", "Climb", "SearchSettings", "climb"]

_PASSES_PER_RESHUFFLE = 20
#: Steps for a unit before another order is tried: nearly all chains are much shorter, and most loops pass this.
_GLANCE = 1_000

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


def climb(market: CoupleMarket, settings: SearchSettings) -> Climb:
    """Try the rungs in turn until one gives a stable matching or proves that there is none."""
    state = _couple_market.new_state(market)
    n_couples = market.members.shape[0]
    best: Climb | None = None
    attempts: list[tuple[str, int]] = []
    couples = np.arange(n_couples, dtype=np.int32)
    for attempt in range(settings.reshuffles + 1):
        rung, order = ("reshuffled", "couples_last") if attempt else ("roth_peranson", settings.order)
        if attempt:
            couples = settings.rng.permutation(n_couples).astype(np.int32)
        if not _admit_all(market, state, couples, settings, order):
            attempts.append((rung, -1))
            continue
        best = _better(best, _judge(market, state, settings.rule, rung, attempts))
        if best.status == "stable":
            return best
    _admit_all(market, state, np.arange(n_couples, dtype=np.int32), settings, settings.order, to_the_end=True)
    best = _better(best, _judge(market, state, settings.rule, "roth_peranson", attempts))
    if best.status == "stable":
        return best
    _pass_over(market, state, settings)
    best = _better(best, _judge(market, state, settings.rule, "kojima_pathak_roth", attempts))
    if best.status == "stable":
        return best
    if settings.reshuffles and market.couple_of.size <= settings.exact_limit:
        best = _better(best, _pass_over_reshuffled(market, state, settings, attempts))
        if best.status == "stable":
            return best
    status = "unstable"
    if market.couple_of.size <= settings.exact_limit:
        status, place = solve_exactly(market, settings.rule, settings.time_limit)
        if place is None:
            attempts.append(("exact", -1))
            _, place = solve_exactly(market, settings.rule, settings.time_limit, fewest=True)
        if place is not None:
            _seat(market, state, place)
            best = _better(best, _judge(market, state, settings.rule, "exact", attempts))
    if best.n_blocking:
        best.rung, best.status = "fewest_blocking", status
    return best


def unit_order(market: CoupleMarket, couples: Int32s, order: str, rng: np.random.Generator) -> Int32s:
    """Return the units in the order in which they are admitted; no singles where they go first, all at once."""
    n = market.couple_of.size
    singles = np.flatnonzero(market.couple_of < 0).astype(np.int32)
    as_units = (couples + n).astype(np.int32)
    if order == "couples_last":
        return as_units
    if order == "couples_first":
        return np.concatenate((as_units, singles))
    units = np.concatenate((singles, as_units))
    if order == "random":
        return rng.permutation(units)
    lowest = np.concatenate((singles, market.members[couples].min(axis=1)))
    return units[np.argsort(lowest, kind="stable")]


def _admit_all(
    market: CoupleMarket,
    state: CoupleState,
    couples: Int32s,
    settings: SearchSettings,
    order: str,
    *,
    to_the_end: bool = False,
) -> bool:
    """Admit everybody; return False where that stopped at what looks like a loop, after a share of the budget."""
    _couple_market.reset(market, state)
    if order == "couples_last":
        _seat_singles(market, state)
    units = unit_order(market, couples, order, settings.rng)
    budget = settings.budget if to_the_end else min(settings.budget, _GLANCE)
    return bool(
        _roth_peranson.admit(market, state, units, _couple_market.RULES[settings.rule], budget, to_the_end) >= 0
    )


def _seat_singles(market: CoupleMarket, state: CoupleState) -> None:
    """Match the singles among themselves: without couples the order does not matter, and this is fast."""
    singles = np.flatnonzero(market.couple_of < 0).astype(np.int32)
    state.position[singles] = 0
    _deferred_acceptance.applicants_propose(
        market.ptr,
        market.entries,
        market.shift,
        market.program_ptr,
        market.program_idx,
        market.row_ptr,
        state.words,
        state.worst,
        state.match,
        state.position,
        state.waiting,
        _fill(state.waiting, singles),
    )
    _remember_ranks(market, state, singles)
    state.admitted[singles] = True


def _fill(stack: Int32s, values: Int32s) -> int:
    stack[: values.size] = values
    return values.size


def _remember_ranks(market: CoupleMarket, state: CoupleState, singles: Int32s) -> None:
    seated = singles[state.match[singles] >= 0]
    packed = market.entries[market.ptr[seated] + state.position[seated]].astype(np.int64)
    state.held_rank[seated] = packed & ((1 << market.shift) - 1)


def _pass_over(market: CoupleMarket, state: CoupleState, settings: SearchSettings, *, reshuffle: bool = False) -> None:
    _couple_market.reset(market, state)
    _seat_singles(market, state)
    n_units = market.couple_of.size + market.members.shape[0]
    singles = np.flatnonzero(market.couple_of < 0).astype(np.int32)
    couples = np.arange(market.couple_of.size, n_units, dtype=np.int32)
    work = np.zeros(max(n_units, 1), np.int32), np.zeros(n_units, np.int32)
    order = np.concatenate((singles, couples))
    if reshuffle:
        order = settings.rng.permutation(order)
    _kojima_pathak_roth.pass_over(market, state, order, _couple_market.RULES[settings.rule], settings.passes, *work)


def _pass_over_reshuffled(
    market: CoupleMarket, state: CoupleState, settings: SearchSettings, attempts: list[tuple[str, int]]
) -> Climb:
    """Make passes in one order after another; keep the best, and one line of the attempts for all of them."""
    rung = "kojima_pathak_roth_reshuffled"
    _pass_over(market, state, settings, reshuffle=True)
    best = _judge(market, state, settings.rule, rung, [])
    for _ in range(_PASSES_PER_RESHUFFLE * settings.reshuffles - 1):
        if best.status == "stable":
            break
        _pass_over(market, state, settings, reshuffle=True)
        best = _better(best, _judge(market, state, settings.rule, rung, []))
    attempts.append((best.rung, best.n_blocking))
    best.attempts = attempts
    return best


def _seat(market: CoupleMarket, state: CoupleState, place: Int32s) -> None:
    """Fill the seats of a matching given by the place that each unit has in its list."""
    n = market.couple_of.size
    _couple_market.reset(market, state)
    for single in np.flatnonzero(market.couple_of < 0):
        if place[single] < market.ptr[single + 1] - market.ptr[single]:
            packed = int(market.entries[market.ptr[single] + place[single]])
            state.match[single] = packed >> market.shift
            state.held_rank[single] = packed & ((1 << market.shift) - 1)
        state.position[single] = place[single]
    for couple, members in enumerate(market.members):
        option = market.pair_ptr[couple] + place[n + couple]
        state.position[members] = place[n + couple]
        if option < market.pair_ptr[couple + 1]:
            state.match[members] = market.pairs[option]
            state.held_rank[members] = market.pair_ranks[option]
    _couple_market.seat_all(market, state)


def _judge(market: CoupleMarket, state: CoupleState, rule: str, rung: str, attempts: list[tuple[str, int]]) -> Climb:
    found = np.zeros((0, 2), np.int32)
    blocking = int(_blocking_pairs.find_blocking(market, state, _couple_market.RULES[rule], found))
    attempts.append((rung, blocking))
    status = "unstable" if blocking else "stable"
    return Climb(state.match.copy(), state.position.copy(), blocking, rung, status, attempts)


def _better(best: Climb | None, other: Climb) -> Climb:
    return other if best is None or other.n_blocking < best.n_blocking else best
