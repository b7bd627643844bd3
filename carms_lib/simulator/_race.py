"""The exponential race: who is wanted first, second, third.

Belongs here: drawing the first few of many candidates in proportion to their weights, fast. Does not belong here: what
the candidates are.

Each runner i has a weight w_i and arrives at t_i = -log(u_i) / w_i, with u_i uniform. The first to arrive is i with
probability w_i / sum w; the order of all arrivals is that of utilities log w_i + Gumbel noise (a nested logit's lower
level). A runner who enters, leaves or changes leaves the arrival of every other runner as it was, which is why two
scenarios can share the noise.

Almost all time of a draw is spent here. -log(u) is at least 1 - u, so (1 - u) / w is a lower bound of an arrival that
costs no logarithm: it tells most runners that they come too late, and only the others' arrivals are computed. The loops
over runners have no branch and no call, and their numbers have 32 bits, so that the compiler does several at a time.

References
----------
Luce (1959), *Individual Choice Behavior*. Yellott (1977), *The relationship between Luce's choice axiom, Thurstone's
theory of comparative judgment, and the double exponential distribution*, Journal of Mathematical Psychology 15.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from carms_lib.matching._jit import inlined_kernel, inner_kernel, kernel
from carms_lib.simulator._noise import bits_of
from carms_lib.simulator._variates import exponential

__all__ = ["LONGEST_WAIT", "MOST_RUNNERS", "Track", "earliest", "first_of", "first_two", "new_track", "padded"]

#: How many may run in one race; a market has no more programs, and no more disciplines.
MOST_RUNNERS = 2**16
#: The longest mean wait of one who can run, so that all who can arrive before the end of time.
LONGEST_WAIT = np.float32(1e30)
_PATIENCE = 1.2  # standard deviations; a race cut short too often is run twice, one too late sorts too many
_MEMORY = 8.0  # races over which the pace is averaged
_NEVER = np.int32(0x7F800000)  # the bits of infinity
_INFINITY, _SOONEST, _LATEST = np.float32(np.inf), np.float32(1e-37), np.float32(1e38)
_HALF, _TO_UNIT31 = np.float32(0.5), np.float32(2.0**-31)
_T1, _NO_BITS = np.uint32(1), np.uint32(0)
_SLACK = np.float32(1.0 + 1e-5)  # a computed arrival can be early by the error of its logarithm


class Track(NamedTuple):
    """Work space of a race with up to M runners."""

    bits: np.ndarray  # uint32[M]: the random bits of each runner
    bounds: np.ndarray  # float32[M]: a time before which no runner arrives
    early: np.ndarray  # uint32[M]: runners who may arrive before the race is cut short
    early_bits: np.ndarray  # uint32[M]: their random bits
    early_waits: np.ndarray  # float32[M]: their mean waits
    codes: np.ndarray  # int32[M]: when they arrive: the bits of a positive number are in the number's order
    order: np.ndarray  # int32[M]: codes in order


def new_track(runners: int) -> Track:
    """Return work space for races with at most `runners` runners."""
    room = padded(runners)
    kinds = (np.uint32, np.float32, np.uint32, np.uint32, np.float32, np.int32, np.int32)
    return Track(*(np.zeros(room, dtype=kind) for kind in kinds))


@kernel
def padded(count: int) -> int:
    """Return the next multiple of 8: loops of such a length leave no runner to be dealt with one by one."""
    return (count + 7) & ~7


@inlined_kernel
def first_of(low: np.uint32, high: np.uint32, keys: np.ndarray, waits: np.ndarray, track: Track) -> int:
    """Return the first runner, -1 where nobody runs; see `first_two`."""
    bits, bounds = track.bits[: len(waits)], track.codes[: len(waits)]
    _write_bounds(low, high, keys, waits, bits, bounds)
    likely = _place_of(bounds, _least(bounds))
    if likely < 0:
        return -1
    if _how_many_until(bounds, _time(bits[likely], waits[likely])) == 1:
        return likely
    return _first_two_by_time(waits, track)[0]


@inlined_kernel
def first_two(
    low: np.uint32, high: np.uint32, keys: np.ndarray, waits: np.ndarray, without: int, track: Track
) -> tuple[int, int]:
    """Return the first two runners other than `without`, -1 where there is none.

    Parameters
    ----------
    low, high : uint32
        Halves of the key of the race; a runner's key is folded into it.
    keys, waits : ndarrays of shape (M,), uint32 and float32
        Keys, and mean waits 1 / weight; inf for who cannot run. M is at most MOST_RUNNERS.
    without : int
    track : Track
    """
    bits, bounds = track.bits[: len(waits)], track.codes[: len(waits)]
    _write_bounds(low, high, keys, waits, bits, bounds)
    if without >= 0:
        bounds[without] = _NEVER
    one = _place_of(bounds, _least(bounds))
    if one < 0:
        return -1, -1
    bound = bounds[one]
    bounds[one] = _NEVER
    other = _place_of(bounds, _least(bounds))
    if other < 0:
        return one, -1
    bounds[one] = bound
    time, other_time = _time(bits[one], waits[one]), _time(bits[other], waits[other])
    if time == other_time or _how_many_until(bounds, max(time, other_time)) > 2:
        return _first_two_by_time(waits, track)
    return (one, other) if time < other_time else (other, one)


@inlined_kernel
def _write_bounds(
    low: np.uint32, high: np.uint32, keys: np.ndarray, waits: np.ndarray, bits: np.ndarray, bounds: np.ndarray
) -> None:
    for k in range(len(bounds)):
        bits[k] = bits_of(low, high, keys[k], _NO_BITS)
        bounds[k] = np.float32(_bound(bits[k], waits[k])).view(np.int32)


@inlined_kernel
def _least(codes: np.ndarray) -> np.int32:
    least = _NEVER
    for k in range(len(codes)):
        least = min(least, codes[k])
    return least


@inlined_kernel
def _how_many_until(bounds: np.ndarray, time: np.float32) -> int:
    """Count who may arrive by then; all others do not, whatever the error of a logarithm."""
    until, count = np.float32(_SLACK * time).view(np.int32), np.int32(0)
    for k in range(len(bounds)):
        count = np.int32(count + np.int32(bounds[k] <= until))
    return count


@inner_kernel
def _first_two_by_time(waits: np.ndarray, track: Track) -> tuple[int, int]:
    """Compute every arrival, of those whose bound in `track` is not never, and return the first two."""
    bits, codes = track.bits[: len(waits)], track.codes[: len(waits)]
    for k in range(len(codes)):
        code = np.float32(_time(bits[k], waits[k])).view(np.int32)
        codes[k] = code if codes[k] < _NEVER else _NEVER
    one = _place_of(codes, _least(codes))
    codes[one] = _NEVER
    return one, _place_of(codes, _least(codes))


@kernel
def _bound(bits: np.uint32, wait: np.float32) -> np.float32:
    """Return a time before which a runner does not arrive."""
    unit = np.float32(np.float32(np.float32(np.int32(np.uint32(bits >> _T1))) + _HALF) * _TO_UNIT31)
    return np.float32(unit * wait)


@kernel
def _time(bits: np.uint32, wait: np.float32) -> np.float32:
    """Return when a runner arrives."""
    return np.float32(exponential(bits) * wait)


@inlined_kernel
def _place_of(codes: np.ndarray, code: np.int32) -> int:
    """Return who arrives then, the first of them if several do; -1 where it is never."""
    if code == _NEVER:
        return -1
    k = 0
    while codes[k] != code:
        k += 1
    return k


@inlined_kernel
def earliest(
    low: np.uint32,
    high: np.uint32,
    candidates: np.ndarray,
    keys_low: np.ndarray,
    keys_high: np.ndarray,
    waits: np.ndarray,
    length: int,
    pace: float,
    track: Track,
    out: np.ndarray,
) -> tuple[int, float]:
    """Run a race and write the first `length` arrivals into `out`.

    Parameters
    ----------
    low, high : uint32
        Halves of the key of the race; a runner's key is folded into it.
    candidates, keys_low, keys_high, waits : ndarrays of shape (M,): int32, uint32, uint32 and float32
        What is written for a runner, the halves of their key, and their mean wait 1 / weight, at most LONGEST_WAIT. M
        is at most MOST_RUNNERS.
    length : int
        How many arrivals are wanted.
    pace : float
        A guess of the time between arrivals, such as an earlier race's; inf where there is none. It changes how
        long the race takes, never who arrives.
    track : Track
    out : ndarray of int32, at least M long
        Written: candidates in order of arrival; what stands behind them is lost.

    Returns
    -------
    count : int
        How many were written: min(length, M).
    pace : float
        The guess, a step nearer to this race's time between arrivals.
    """
    runners = len(candidates)
    length = min(length, runners)
    if length <= 0:
        return 0, pace
    bits, bounds, early, codes = track.bits[:runners], track.bounds[:runners], track.early, track.codes
    early_bits, early_waits, order = track.early_bits, track.early_waits, track.order
    for i in range(runners):
        bits[i] = bits_of(low, high, keys_low[i], keys_high[i])
        bounds[i] = _bound(bits[i], waits[i])
    if runners <= 2 * length:
        limit = _LATEST  # nearly everybody is wanted: no use in cutting the race short
    else:
        if pace == np.inf:
            weight = 0.0
            for i in range(runners):
                weight += 1.0 / waits[i]
            pace = 1.0 / weight
        # Until then so many arrive on average, and as many as are wanted nearly always.
        limit = np.float32(min(max(pace * (length + _PATIENCE * math.sqrt(length)), _SOONEST), _LATEST))
    while True:
        possible = np.int64(0)
        bound = np.float32(limit * _SLACK)
        for i in range(len(bounds)):  # without a branch: the place is written always, and kept if early
            early[possible] = i
            possible += bounds[i] < bound
        if possible >= length:
            for place in range(possible):
                early_bits[place] = bits[early[place]]
                early_waits[place] = waits[early[place]]
            room = padded(possible)
            for place in range(possible, room):
                early_waits[place] = _INFINITY
            _write_arrivals(early_bits[:room], early_waits[:room], codes[:room])
            if _write_in_order(codes[:room], possible, candidates, early, order, out) > 0:
                _write_tied(codes[:possible], candidates, early, order, out)
            last = np.int32(order[length - 1]).view(np.float32)
            if last <= limit:
                return length, pace + (np.float64(last) / length - pace) / _MEMORY if pace < np.inf else pace
        limit = np.float32(min(np.float32(limit + limit), _LATEST))


@inlined_kernel
def _write_arrivals(bits: np.ndarray, waits: np.ndarray, codes: np.ndarray) -> None:
    for k in range(len(codes)):
        codes[k] = np.float32(_time(bits[k], waits[k])).view(np.int32)


@inlined_kernel
def _write_in_order(
    codes: np.ndarray,
    possible: int,
    candidates: np.ndarray,
    early: np.ndarray,
    order: np.ndarray,
    out: np.ndarray,
) -> int:
    """Write everybody in order of arrival, each after so many as arrive before; more than 0 says that some are tied.

    The first `possible` codes are looked at; the rest are `_NEVER`.
    """
    tied = possible * (possible - 1) // 2
    for place in range(possible):
        code, before = codes[place], np.int32(0)
        for other in range(len(codes)):
            before = np.int32(before + np.int32(codes[other] < code))
        tied -= before
        order[before] = code
        out[before] = candidates[early[place]]
    return tied


@inner_kernel
def _write_tied(
    codes: np.ndarray, candidates: np.ndarray, early: np.ndarray, order: np.ndarray, out: np.ndarray
) -> None:
    """Write everybody in order of arrival; of those who arrive together, the lower number first."""
    for place in range(len(codes)):
        before = 0
        for other in range(len(codes)):
            before += codes[other] < codes[place] or (codes[other] == codes[place] and other < place)
        out[before] = candidates[early[place]]
        order[before] = codes[place]
