"""The exponential race: who is wanted first, second, third.

Belongs here: drawing the first few of many candidates in proportion to their weights, fast. Does not belong here: what
the candidates are.

Each runner i has a weight w_i and arrives at t_i = -log(u_i) / w_i, with u_i uniform. The first to arrive is i with
probability w_i / sum w; the order of all arrivals is that of utilities log w_i + Gumbel noise (a nested logit's lower
level). A runner who enters, leaves or changes leaves the arrival of every other runner as it was, which is why two
scenarios can share the noise.

Almost all time of a draw is spent here. -log(u) is at least 1 - u, so (1 - u) / w is a lower bound of an arrival that
costs no logarithm: it tells most runners that they come too late, and only the others' arrivals are computed. The loops
over runners have no branch and no call, so that the compiler does several at a time.

References
----------
Luce (1959), *Individual Choice Behavior*. Yellott (1977), *The relationship between Luce's choice axiom, Thurstone's
theory of comparative judgment, and the double exponential distribution*, Journal of Mathematical Psychology 15.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carms_lib.matching._jit import kernel
from carms_lib.simulator._noise import fold, log_of, uniform

__all__ = ["MOST_RUNNERS", "Track", "earliest", "first_two", "new_track", "padded"]

#: How many may run in one race; a market has no more programs, and no more disciplines.
MOST_RUNNERS = 2**16
_PATIENCE = 1.5  # a race cut short too often is run twice, one cut short too late sorts too many
_WHO = np.int64(0xFFFF)  # the bits of an arrival time that hold the runner's number; the others are good to 2**-36
_NEVER = np.int64(0x7FF0000000000000)  # the bits of infinity
_SLACK = 1.0 + 1e-9  # a computed arrival can be early by the error of its logarithm


class Track(NamedTuple):
    """Work space of a race with up to M runners."""

    units: np.ndarray  # float64[M]: the uniform number of each runner
    bounds: np.ndarray  # float64[M]: a time before which no runner arrives
    early: np.ndarray  # int64[M]: runners who may arrive before the race is cut short
    early_units: np.ndarray  # float64[M]: their uniform numbers
    early_waits: np.ndarray  # float64[M]: their mean waits
    codes: np.ndarray  # int64[M]: when they arrive, and who they are; see `code_of_arrival`
    places: np.ndarray  # int64[M]: how many arrive before them
    order: np.ndarray  # int64[M]: who arrives first, second, third


def new_track(runners: int) -> Track:
    """Return work space for races with at most `runners` runners."""
    room = padded(runners)
    return Track(
        np.empty(room),
        np.empty(room),
        np.empty(room, dtype=np.int64),
        np.empty(room),
        np.empty(room),
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.int64),
    )


@kernel
def padded(count: int) -> int:
    """Return the next multiple of 16: loops of such a length leave no runner to be dealt with one by one."""
    return (count + 15) & ~15


@kernel
def code_of_arrival(unit: float, wait: float, who: int) -> int:
    """Return an integer that is in the order of arrival times and tells who arrives.

    The bits of a positive number, read as an integer, are in the number's order; the lowest of them give way to `who`.
    """
    return (np.float64(-log_of(unit) * wait).view(np.int64) & ~_WHO) | who


@kernel
def first_two(state: np.uint64, keys: np.ndarray, waits: np.ndarray, without: int, track: Track) -> tuple[int, int]:
    """Return the first two runners other than `without`, -1 where there is none.

    Parameters
    ----------
    state : uint64
        The key of the race; a runner's key is folded into it.
    keys, waits : ndarray of shape (M,)
        Keys, and mean waits 1 / weight; inf for who cannot run. M is at most MOST_RUNNERS.
    without : int
    track : Track
    """
    codes = track.codes
    for k in range(len(waits)):
        codes[k] = code_of_arrival(uniform(fold(state, keys[k])), waits[k], k)
    if without >= 0:
        codes[without] = _NEVER
    first, second = _NEVER, _NEVER
    for k in range(len(waits)):
        first = min(first, codes[k])
    for k in range(len(waits)):
        second = min(second, codes[k] if codes[k] != first else _NEVER)
    return (first & _WHO if first < _NEVER else -1), (second & _WHO if second < _NEVER else -1)


@kernel
def earliest(
    state: np.uint64,
    candidates: np.ndarray,
    keys: np.ndarray,
    waits: np.ndarray,
    length: int,
    pace: float,
    track: Track,
    out: np.ndarray,
) -> tuple[int, float]:
    """Run a race and write the first `length` arrivals into `out`.

    Parameters
    ----------
    state : uint64
        The key of the race; a runner's key is folded into it.
    candidates, keys, waits : ndarray of shape (M,)
        What is written for a runner, their key, and their mean wait 1 / weight, finite. M is at most MOST_RUNNERS.
    length : int
        How many arrivals are wanted.
    pace : float
        A guess of the time between arrivals, such as an earlier race's; inf where there is none. It changes how
        long the race takes, never who arrives.
    track : Track
    out : ndarray of int32
        Written: candidates in order of arrival.

    Returns
    -------
    count : int
        How many were written: min(length, M).
    pace : float
        This race's time between arrivals.
    """
    runners = len(candidates)
    length = min(length, runners)
    if length <= 0:
        return 0, pace
    units, bounds, early, codes = track.units, track.bounds, track.early, track.codes
    early_units, early_waits, places, order = track.early_units, track.early_waits, track.places, track.order
    for i in range(runners):
        units[i] = uniform(fold(state, keys[i]))
        bounds[i] = (1.0 - units[i]) * waits[i]
    if runners <= 2 * length:
        limit = np.inf  # nearly everybody is wanted: no use in cutting the race short
    elif pace < np.inf:
        limit = _PATIENCE * pace * length
    else:
        weight = 0.0
        for i in range(runners):
            weight += 1.0 / waits[i]
        limit = _PATIENCE * length / weight
    possible, found = np.int64(0), 0
    while found < length:
        possible, found = np.int64(0), 0
        for i in range(runners):  # without a branch: the place is written always, and kept if early
            early[possible] = i
            possible += bounds[i] < limit * _SLACK
        room = padded(possible)
        for place in range(possible):
            early_units[place] = units[early[place]]
            early_waits[place] = waits[early[place]]
        for place in range(possible, room):
            early_units[place] = 0.5
            early_waits[place] = np.inf
        for place in range(room):
            codes[place] = code_of_arrival(early_units[place], early_waits[place], place)
        last_code = np.float64(limit).view(np.int64) & ~_WHO
        for place in range(room):
            found += codes[place] < last_code
        limit *= 2.0
    for place in range(room):
        places[place] = 0
    for other in range(possible):
        code = codes[other]
        for place in range(room):
            places[place] += code < codes[place]
    for place in range(possible):
        order[places[place]] = place
    for place in range(length):
        out[place] = candidates[early[order[place]]]
    last = np.int64(codes[order[length - 1]] & ~_WHO).view(np.float64)
    return length, last / length
