"""The exponential race: who is wanted first, second, third.

Belongs here: drawing the first few of many candidates in proportion to their weights, fast. Does not belong here: who
the candidates are.

Each runner i has a weight w_i and arrives at t_i = -log(u_i) / w_i, with u_i uniform. The first to arrive is i with
probability w_i / sum w; the order of all arrivals is that of utilities log w_i + Gumbel noise (a nested logit's lower
level). A runner who enters, leaves or changes leaves the arrival of every other runner as it was, which is why two
scenarios can share the noise.

Almost all time of a draw is spent here. -log(u) is at least 1 - u, so (1 - u) / w is a lower bound of an arrival that
costs no logarithm: it tells most runners that they come too late, and only the others' arrivals are computed. The loops
over runners have no branch and no call, and their numbers have 32 bits, so that several are done at a time; where
runners are counted or searched, `_lanes` does so. Times are positive, and kept as the bits of single precision, which
are integers in the same order.

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
from carms_lib.simulator._lanes import LANES, below, how_many, least, lowest, padded, write_ranks
from carms_lib.simulator._noise import bits_of
from carms_lib.simulator._variates import exponential

__all__ = [
    "LONGEST_WAIT",
    "MOST_RUNNERS",
    "Field",
    "Track",
    "earliest",
    "first_of",
    "first_two",
    "new_field",
    "new_track",
]

#: How many may run in one race; a market has no more programs, and no more disciplines.
MOST_RUNNERS = 2**16
#: The longest mean wait of one who can run, so that all who can arrive before the end of time.
LONGEST_WAIT = np.float32(1e30)
_FEW = 24  # runners whose arrivals are sooner computed than chosen from
_PATIENCE = 1.5  # standard deviations; a race cut short too often is run twice, one too late sorts too many
_MEMORY = 1 / 8  # of how many races the pace is a mean
_NEVER = np.int32(0x7F800000)  # the bits of infinity
_INFINITY, _SOONEST, _LATEST = np.float32(np.inf), np.float32(1e-37), np.float32(1e38)
_SLACK = np.float32(1.0 + 1e-5)  # a computed arrival can be early by the error of its logarithm
_HALF, _F2, _TO_UNIT31 = np.float32(0.5), np.float32(2.0), np.float32(2.0**-31)
_T1, _NO_BITS, _STEP = np.uint32(1), np.uint32(0), np.int32(1)
_NOBODY, _ONE = np.uint64(0), np.uint64(1)
_MARKS = 64  # runners whom the bits of one number can mark


class Field(NamedTuple):
    """Who can run, side by side; a race is run with a stretch of it, which is padded to a multiple of 8."""

    candidates: np.ndarray  # int32[M]: what is written for a runner
    keys_low: np.ndarray  # uint32[M]: halves of their keys
    keys_high: np.ndarray  # uint32[M]
    waits: np.ndarray  # float32[M]: their mean waits 1 / weight, at most LONGEST_WAIT; inf behind a stretch


class Track(NamedTuple):
    """Work space of a race with up to M runners; times as their bits."""

    bits: np.ndarray  # uint32[M]: the random bits of each runner
    bounds: np.ndarray  # int32[M]: a time before which no runner arrives
    early: np.ndarray  # uint32[M]: runners who may arrive before the race is cut short
    early_bits: np.ndarray  # uint32[M]: their random bits
    early_waits: np.ndarray  # float32[M]: their mean waits
    codes: np.ndarray  # int32[M]: when they arrive
    ranks: np.ndarray  # int32[M]: how many arrive before


def new_field(runners: int) -> Field:
    """Return a field with room for `runners`, padding included."""
    room = padded(runners)
    return Field(*(np.zeros(room, dtype=kind) for kind in (np.int32, np.uint32, np.uint32, np.float32)))


def new_track(runners: int) -> Track:
    """Return work space for races with at most `runners` runners."""
    room = padded(runners) + LANES  # those who are early are padded when they are not counted yet
    kinds = (np.uint32, np.int32, np.uint32, np.uint32, np.float32, np.int32, np.int32)
    return Track(*(np.zeros(room, dtype=kind) for kind in kinds))


@inlined_kernel
def first_of(low: np.uint32, high: np.uint32, keys: np.ndarray, waits: np.ndarray, track: Track) -> int:
    """Return the first runner, -1 where nobody runs; see `first_two`."""
    _write_bounds(low, high, keys, waits, track)
    likely = _first_place(track.bounds, len(waits))
    if likely < 0:
        return -1
    return _first_two_of(_after(track.bits[likely], waits[likely]), waits, track)[0]


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
        Keys, and mean waits 1 / weight; inf for who cannot run. M is a multiple of 8, at most MOST_RUNNERS.
    without : int
    track : Track
    """
    bounds, room = track.bounds, len(waits)
    _write_bounds(low, high, keys, waits, track)
    if without >= 0:
        bounds[without] = _NEVER
    one = _first_place(bounds, room)
    if one < 0:
        return -1, -1
    bound = bounds[one]
    bounds[one] = _NEVER
    other = _first_place(bounds, room)
    bounds[one] = bound
    if other < 0:
        return one, -1
    return _first_two_of(
        max(_after(track.bits[one], waits[one]), _after(track.bits[other], waits[other])), waits, track
    )


@inlined_kernel
def _write_bounds(low: np.uint32, high: np.uint32, keys: np.ndarray, waits: np.ndarray, track: Track) -> None:
    for k in range(np.uint64(len(waits))):
        track.bits[k] = bits_of(low, high, keys[k], _NO_BITS)
        track.bounds[k] = _bound(track.bits[k], waits[k])


@inlined_kernel
def _first_place(codes: np.ndarray, room: int) -> int:
    """Return who has the least code, the first of them if several do; -1 where all are never."""
    code = _NEVER
    for at in range(0, room, LANES):
        code = min(code, least(codes, at))
    if code == _NEVER:
        return -1
    at, found = 0, below(codes, 0, np.int32(code + _STEP))
    while found == _NOBODY:
        at += LANES
        found = below(codes, at, np.int32(code + _STEP))
    return at + np.int64(lowest(found))


@inlined_kernel
def _first_two_of(after: np.int32, waits: np.ndarray, track: Track) -> tuple[int, int]:
    """Return the first two of those who may arrive before a time; the second is -1 where only one may."""
    one, other, time, other_time = -1, -1, _NEVER, _NEVER
    for base in range(0, len(waits), _MARKS):
        marks = _marked(track.bounds, base, len(waits), after)
        if how_many(marks) == _ONE and len(waits) <= _MARKS:  # as mostly: no need to know when
            return np.int64(lowest(marks)), -1
        while marks != _NOBODY:
            k = np.uint64(base) + lowest(marks)
            marks &= marks - _ONE
            code = _arrival(track.bits[k], waits[k])
            # Without a branch: which of them comes first is chance.
            is_first, is_second = code < time, code < other_time
            other = one if is_first else (np.int64(k) if is_second else other)
            other_time = time if is_first else (code if is_second else other_time)
            one = np.int64(k) if is_first else one
            time = min(code, time)
    return one, other


@inlined_kernel
def _marked(bounds: np.ndarray, base: int, room: int, after: np.int32) -> np.uint64:
    """Return a bit for each of the 64 from `base` on who may arrive before a time."""
    marks = _NOBODY
    for at in range(base, min(base + _MARKS, room), LANES):
        marks |= below(bounds, at, after) << np.uint64(at - base)
    return marks


@kernel
def _after(bits: np.uint32, wait: np.float32) -> np.int32:
    """Return a time before which a runner has arrived for certain.

    Notes
    -----
    -log(1 - v) is v + v^2 / 2 + v^3 / 3 + ..., at most v + v^2 / 2 (1 + v + v^2 + ...).
    """
    v = np.float32(np.float32(np.float32(np.int32(np.uint32(bits >> _T1))) + _HALF) * _TO_UNIT31)
    more = np.float32(np.float32(v * v) / np.float32(_F2 - np.float32(v + v)))
    latest = np.float32(np.float32(v + more) * wait)
    return min(np.int32(np.float32(latest * _SLACK).view(np.int32) + _STEP), _NEVER)


@kernel
def _bound(bits: np.uint32, wait: np.float32) -> np.int32:
    """Return a time before which a runner does not arrive."""
    unit = np.float32(np.float32(np.float32(np.int32(np.uint32(bits >> _T1))) + _HALF) * _TO_UNIT31)
    return np.float32(unit * wait).view(np.int32)


@kernel
def _arrival(bits: np.uint32, wait: np.float32) -> np.int32:
    """Return when a runner arrives."""
    return np.float32(exponential(bits) * wait).view(np.int32)


@inlined_kernel
def earliest(
    low: np.uint32,
    high: np.uint32,
    field: Field,
    begin: int,
    end: int,
    length: int,
    pace: float,
    track: Track,
    out: np.ndarray,
    to: int,
) -> tuple[int, float]:
    """Run a race and write the first `length` arrivals.

    Parameters
    ----------
    low, high : uint32
        Halves of the key of the race; a runner's key is folded into it.
    field : Field
        Those from `begin` to `end` run, at most MOST_RUNNERS.
    length : int
        How many arrivals are wanted.
    pace : float
        A guess of the time between arrivals, such as an earlier race's; inf where there is none. It changes how
        long the race takes, never who arrives.
    track : Track
    out : ndarray of int32
        Written from `to` on: candidates in order of arrival; of those who arrive together, the lower number first.
        There must be room for all runners and 8 more: what stands behind those who are wanted is lost.

    Returns
    -------
    count : int
        How many were written: min(length, end - begin).
    pace : float
        The guess, a step nearer to this race's time between arrivals.
    """
    runners = end - begin
    count, room, start = min(length, runners), padded(runners), np.uint64(begin)
    if count <= 0:
        return 0, pace
    if runners <= max(2 * count, _FEW):  # nearly everybody is wanted, or there are few: no use in cutting it short
        _write_all(low, high, field, start, room, track)
        possible = runners
    else:
        _write_all_bounds(low, high, field, start, room, track)
        if pace == np.inf:
            weight = 0.0
            for i in range(begin, end):
                weight += 1.0 / field.waits[i]
            pace = 1.0 / weight
        # Until then so many arrive on average, and as many as are wanted nearly always.
        limit = np.float32(min(max(pace * (count + _PATIENCE * math.sqrt(count)), _SOONEST), _LATEST))
        possible, in_time = _write_early(field.waits, start, room, limit, track)
        while in_time < count:  # who was not looked at may have arrived before the last of those who are wanted
            limit = np.float32(min(np.float32(limit + limit), _LATEST))
            possible, in_time = _write_early(field.waits, start, room, limit, track)
        pace += (np.float64(limit) / in_time - pace) * _MEMORY
    _write_in_order(track, possible, field.candidates, start, out, np.uint64(to))
    return count, pace


@inlined_kernel
def _write_all(low: np.uint32, high: np.uint32, field: Field, start: np.uint64, room: int, track: Track) -> None:
    """Write when each runner arrives."""
    for i in range(np.uint64(room)):
        bits = bits_of(low, high, field.keys_low[start + i], field.keys_high[start + i])
        track.early[i] = i
        track.codes[i] = _arrival(bits, field.waits[start + i])


@inlined_kernel
def _write_all_bounds(low: np.uint32, high: np.uint32, field: Field, start: np.uint64, room: int, track: Track) -> None:
    """Write a time before which each runner does not arrive."""
    for i in range(np.uint64(room)):
        track.bits[i] = bits_of(low, high, field.keys_low[start + i], field.keys_high[start + i])
        track.bounds[i] = _bound(track.bits[i], field.waits[start + i])


@inlined_kernel
def _write_early(waits: np.ndarray, start: np.uint64, room: int, limit: np.float32, track: Track) -> tuple[int, int]:
    """Write who may arrive until a time, and when; return how many may, and how many do."""
    until, place = np.float32(limit * _SLACK).view(np.int32), _NOBODY
    for base in range(0, room, _MARKS):
        marks = _marked(track.bounds, base, room, until)
        while marks != _NOBODY:
            i = np.uint64(base) + lowest(marks)
            marks &= marks - _ONE
            track.early[place] = i
            track.early_bits[place] = track.bits[i]
            track.early_waits[place] = waits[start + i]
            place += _ONE
    for lane in range(np.uint64(LANES)):  # up to a multiple of 8, some who never arrive; more are not looked at
        track.early_waits[place + lane] = _INFINITY
        track.early[place + lane] = 0
    possible, after, in_time = np.int64(place), np.int32(np.float32(limit).view(np.int32) + _STEP), _NOBODY
    for k in range(np.uint64(padded(possible))):
        track.codes[k] = _arrival(track.early_bits[k], track.early_waits[k])
    for at in range(0, padded(possible), LANES):
        in_time += how_many(below(track.codes, at, after))
    return possible, np.int64(in_time)


@inlined_kernel
def _write_in_order(
    track: Track, possible: int, candidates: np.ndarray, start: np.uint64, out: np.ndarray, to: np.uint64
) -> None:
    """Write everybody who may arrive early in order of arrival, each after so many as arrive before."""
    room, before = padded(possible), _NOBODY
    for at in range(0, room, LANES):
        write_ranks(track.codes, 0, room, at, track.ranks)
        for place in range(np.uint64(at), np.uint64(at + LANES)):
            rank = np.uint64(track.ranks[place])
            before += rank
            out[to + rank] = candidates[start + np.uint64(track.early[place])]
    # Those who never arrive, up to a multiple of 8, stand behind all others.
    if np.int64(before) < possible * (possible - 1) // 2 + (room - possible) * possible:
        _write_tied(track, possible, candidates, start, out, to)


@inner_kernel
def _write_tied(
    track: Track, possible: int, candidates: np.ndarray, start: np.uint64, out: np.ndarray, to: np.uint64
) -> None:
    """Do the same where some arrive together, of whom the lower number comes first."""
    codes = track.codes
    for place in range(possible):
        before = _NOBODY
        for other in range(possible):
            before += np.uint64(codes[other] < codes[place] or (codes[other] == codes[place] and other < place))
        out[to + before] = candidates[start + np.uint64(track.early[place])]
