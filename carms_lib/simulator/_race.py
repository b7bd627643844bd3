"""The exponential race: who is wanted first, second, third.

Belongs here: drawing the first few of many candidates in proportion to their weights, fast. Does not belong here: what
the candidates are.

Each runner i has a weight w_i and arrives at t_i = -log(u_i) / w_i, with u_i uniform. The first to arrive is i with
probability w_i / sum w; the order of all arrivals is that of utilities log w_i + Gumbel noise (a nested logit's lower
level). A runner who enters, leaves or changes leaves the arrival of every other runner as it was, which is why two
scenarios can share the noise.

Almost all time of a draw is spent here, so arrivals are computed several at a time: the loops over them have no branch
and no call, and the logarithm is written out.

References
----------
Luce (1959), *Individual Choice Behavior*. Yellott (1977), *The relationship between Luce's choice axiom, Thurstone's
theory of comparative judgment, and the double exponential distribution*, Journal of Mathematical Psychology 15.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carms_lib.matching._jit import kernel
from carms_lib.simulator._noise import fold, uniform

__all__ = ["Track", "arrivals", "earliest", "first_two", "new_track"]

_PATIENCE = 1.5  # a race cut short too often is run twice, one cut short too late sorts too many
_SQRT_HALF = np.int64(0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
_LN2 = 0.6931471805599453


class Track(NamedTuple):
    """Work space of a race with up to M runners."""

    times: np.ndarray  # float64[M]: when each runner arrives
    bits: np.ndarray  # int64[M]: the same memory as `times`
    exponents: np.ndarray  # float64[M]
    early: np.ndarray  # int64[M]: runners who arrive before the race is cut short
    early_times: np.ndarray  # float64[M]


@kernel
def new_track(runners: int) -> Track:
    """Return work space for races with at most `runners` runners."""
    times = np.empty(runners)
    return Track(times, times.view(np.int64), np.empty(runners), np.empty(runners, dtype=np.int64), np.empty(runners))


@kernel
def arrivals(state: np.uint64, keys: np.ndarray, waits: np.ndarray, begin: int, end: int, track: Track) -> None:
    """Write the arrival times of the runners from `begin` to `end`.

    Notes
    -----
    With u = 2^e m and m in [sqrt(1/2), sqrt(2)), log u = e log 2 + 2 artanh(r), r = (m - 1) / (m + 1); six terms of
    the series leave a relative error below 2e-11, also for u near 1, where the earliest arrivals come from.
    """
    times, bits, exponents = track.times, track.bits, track.exponents
    for i in range(begin, end):
        times[i] = uniform(fold(state, keys[i]))
    for i in range(begin, end):
        exponent = (bits[i] - _SQRT_HALF) >> 52
        bits[i] -= exponent << 52
        exponents[i] = exponent
    for i in range(begin, end):
        r = (times[i] - 1.0) / (times[i] + 1.0)
        r2 = r * r
        series = 1.0 + r2 * (1 / 3 + r2 * (1 / 5 + r2 * (1 / 7 + r2 * (1 / 9 + r2 * (1 / 11)))))
        times[i] = -(exponents[i] * _LN2 + 2.0 * r * series) * waits[i]


@kernel
def first_two(state: np.uint64, keys: np.ndarray, waits: np.ndarray, without: int, track: Track) -> tuple[int, int]:
    """Return the first two runners other than `without`, -1 where there is none.

    Parameters
    ----------
    state : uint64
        The key of the race; a runner's key is folded into it.
    keys, waits : ndarray of shape (M,)
        Keys, and mean waits 1 / weight; inf for who cannot run.
    without : int
    track : Track
    """
    arrivals(state, keys, waits, 0, len(waits), track)
    first, second = -1, -1
    first_time, second_time = np.inf, np.inf
    for k in range(len(waits)):
        time = track.times[k]
        if time >= second_time or k == without:
            continue
        if time < first_time:
            second, second_time = first, first_time
            first, first_time = k, time
        else:
            second, second_time = k, time
    return first, second


@kernel
def earliest(
    state: np.uint64,
    candidates: np.ndarray,
    keys: np.ndarray,
    waits: np.ndarray,
    begin: int,
    end: int,
    length: int,
    pace: float,
    track: Track,
    out: np.ndarray,
    edge: int,
) -> tuple[int, float]:
    """Run a race and write the first `length` arrivals into `out` from `edge` on.

    Parameters
    ----------
    state : uint64
        The key of the race; a runner's key is folded into it.
    candidates, keys, waits : ndarray of shape (M,)
        What is written for a runner, their key, and their mean wait 1 / weight, finite.
    begin, end : int
        Which of them run.
    length : int
        How many arrivals are wanted.
    pace : float
        A guess of the time between arrivals, such as an earlier race's; inf where there is none. It changes how
        long the race takes, never who arrives.
    track : Track
    out : ndarray of int32
        Written: candidates in order of arrival.
    edge : int

    Returns
    -------
    count : int
        How many were written: min(length, end - begin).
    pace : float
        This race's time between arrivals.
    """
    length = min(length, end - begin)
    if length <= 0:
        return 0, pace
    arrivals(state, keys, waits, begin, end, track)
    times, early, early_times = track.times, track.early, track.early_times
    if end - begin <= 2 * length:
        limit = np.inf  # nearly everybody is wanted: no use in cutting the race short
    elif pace < np.inf:
        limit = _PATIENCE * pace * length
    else:
        weight = 0.0
        for i in range(begin, end):
            weight += 1.0 / waits[i]
        limit = _PATIENCE * length / weight
    found = 0
    while found < length:
        found = 0
        for i in range(begin, end):  # without a branch: the place is written always, and kept if early
            early[found] = i
            early_times[found] = times[i]
            found += times[i] < limit
        limit *= 2.0
    last = 0.0
    for i in range(found):
        place = 0
        time = early_times[i]
        for j in range(found):
            place += early_times[j] < time
        if place < length:
            out[edge + place] = candidates[early[i]]
            last = max(last, time)
    return length, last / length
