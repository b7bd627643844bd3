"""The exponential race: who is wanted first, second, third.

Belongs here: drawing the first few of many candidates in proportion to their weights, fast. Does not belong here: who
the candidates are.

Each runner i has a weight w_i and arrives at t_i = -log(u_i) / w_i, with u_i uniform. The first to arrive is i with
probability w_i / sum w; the order of all arrivals is that of utilities log w_i + Gumbel noise (a nested logit's lower
level). A runner who enters, leaves or changes leaves the arrival of every other runner as it was, which is why two
scenarios can share the noise.

No step of a draw takes more time. -log(u) is at least 1 - u, so (1 - u) / w is a lower bound of an arrival that
costs no logarithm: it tells most runners that they come too late, and only the others' arrivals are computed. The loops
over runners have no branch and no call, and their numbers have 32 bits, so that several are done at a time; where
runners are counted or searched, `lanes` does so. Times are positive, and kept as the bits of single precision, which
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

from carms_lib.kernels.jit import inlined_kernel, inner_kernel
from carms_lib.kernels.lanes import LANES, below, how_many, padded, write_below, write_ranks
from carms_lib.kernels.noise import bits_of
from carms_lib.kernels.variates import exponential

__all__ = [
    "LONGEST_WAIT",
    "MOST_RACES",
    "NEVER",
    "PACES",
    "Race",
    "Races",
    "Runners",
    "Track",
    "arrival",
    "lay_out",
    "new_races",
    "new_runners",
    "new_track",
    "run_races",
    "total_weight",
]

#: The longest mean wait of one who can run, so that all who can arrive before the end of time.
LONGEST_WAIT = np.float32(1e30)
#: How many races are run abreast: each step is taken in all of them before the next, so that a processor, which guesses
#: where the loops of a race end and errs there, has another race to go on with.
ABREAST = 16
#: How many races are laid out before they are run.
MOST_RACES = 16 * ABREAST
#: How many guesses of the time between arrivals are made for one kind of race.
PACES = 4
_FEW = 24  # runners whose arrivals are sooner computed than chosen from
_PATIENCE = 1.5  # standard deviations; a race cut short too often is run twice, one too late sorts too many
_MEMORY = 1 / 8  # of how many races the pace is a mean
#: When somebody arrives who never does: the bits of infinity.
NEVER = np.int32(0x7F800000)
_INFINITY, _SOONEST, _LATEST = np.float32(np.inf), np.float32(1e-37), np.float32(1e38)
_SLACK = np.float32(1.0 + 1e-5)  # a computed arrival can be early by the error of its logarithm
_HALF, _TO_UNIT31 = np.float32(0.5), np.float32(2.0**-31)
_T1, _STEP = np.uint32(1), np.int32(1)
_ZERO = np.uint64(0)


class Runners(NamedTuple):
    """Who can run, side by side; a race is run with a stretch of it, which is padded to a multiple of 8."""

    candidates: np.ndarray  # int32[M]: what is written for a runner
    keys_low: np.ndarray  # uint32[M]: halves of their keys
    keys_high: np.ndarray  # uint32[M]
    waits: np.ndarray  # float32[M]: their mean waits 1 / weight, at most LONGEST_WAIT; inf behind a stretch


class Race(NamedTuple):
    """One race, as it is laid out: numbers, which the compiler keeps apart."""

    low: np.uint32  # halves of its key
    high: np.uint32
    begin: int  # who runs, as a stretch of the field
    end: int
    weight: float  # of all who run
    wanted: int
    kind: int
    to: int  # where its arrivals are written


class Races(NamedTuple):
    """Races to be run in one field, R = MOST_RACES places: at the front to the end, at the back until cut short."""

    low: np.ndarray  # uint32[R]: halves of the key of each race; a runner's key is folded into it
    high: np.ndarray  # uint32[R]
    begin: np.ndarray  # int64[R]: who runs, as a stretch of the field
    end: np.ndarray  # int64[R]
    weight: np.ndarray  # float64[R]: of all who run
    wanted: np.ndarray  # int32[R]: how many arrivals, one at least and at most as many as run
    kind: np.ndarray  # int32[R]: races of one kind have about the same time between arrivals, against 1 / weight
    to: np.ndarray  # int64[R]: where their arrivals are written


class Track(NamedTuple):
    """Work space of ABREAST races with up to M runners each; times as their bits."""

    bits: np.ndarray  # uint32[ABREAST * M]: the random bits of each runner
    bounds: np.ndarray  # int32[ABREAST * M]: a time before which no runner arrives
    # Those who may arrive before their race is cut short, E = ABREAST * (M + 8) places, padded race by race.
    early: np.ndarray  # int32[E]: who they are, counted from the first runner
    early_bits: np.ndarray  # uint32[E]: their random bits
    early_waits: np.ndarray  # float32[E]: their mean waits
    codes: np.ndarray  # int32[E]: when they arrive
    ranks: np.ndarray  # int32[E]: how many of their race arrive before
    # Of each race.
    at: np.ndarray  # int64[ABREAST]: where its runners begin in `bits`
    place: np.ndarray  # int64[ABREAST]: where those who are early begin in `early`
    possible: np.ndarray  # int64[ABREAST]: how many they are
    limit: np.ndarray  # float32[ABREAST]: when the race is cut short
    running: np.ndarray  # int64[ABREAST]: which are not settled


def new_runners(runners: int) -> Runners:
    """Return a field with room for `runners`, padding included."""
    room = padded(runners)
    return Runners(
        candidates=np.zeros(room, np.int32),
        keys_low=np.zeros(room, np.uint32),
        keys_high=np.zeros(room, np.uint32),
        waits=np.zeros(room, np.float32),
    )


def new_races() -> Races:
    """Return a table with room for MOST_RACES."""
    return Races(
        low=np.zeros(MOST_RACES, np.uint32),
        high=np.zeros(MOST_RACES, np.uint32),
        begin=np.zeros(MOST_RACES, np.int64),
        end=np.zeros(MOST_RACES, np.int64),
        weight=np.zeros(MOST_RACES, np.float64),
        wanted=np.zeros(MOST_RACES, np.int32),
        kind=np.zeros(MOST_RACES, np.int32),
        to=np.zeros(MOST_RACES, np.int64),
    )


def new_track(runners: int) -> Track:
    """Return work space for races with at most `runners` runners each."""
    room = padded(runners)
    early = ABREAST * (room + LANES)
    return Track(
        bits=np.zeros(ABREAST * room, np.uint32),
        bounds=np.zeros(ABREAST * room, np.int32),
        early=np.zeros(early, np.int32),
        early_bits=np.zeros(early, np.uint32),
        early_waits=np.zeros(early, np.float32),
        codes=np.zeros(early, np.int32),
        ranks=np.zeros(early, np.int32),
        at=np.zeros(ABREAST, np.int64),
        place=np.zeros(ABREAST, np.int64),
        possible=np.zeros(ABREAST, np.int64),
        limit=np.zeros(ABREAST, np.float32),
        running=np.zeros(ABREAST, np.int64),
    )


@inlined_kernel
def lay_out(races: Races, whole: int, cut: int, race: Race) -> tuple[int, int]:
    """Write one more race; return how many are to be run to the end, and how many are to be cut short.

    Parameters
    ----------
    races : Races
        Its place is chosen by whether most who run are wanted, or few run: then it is no use to cut it short.
    whole, cut : int
        How many there are; one at least of MOST_RACES places must be free.
    race : Race
    """
    is_whole = race.end - race.begin <= max(2 * race.wanted, _FEW)
    at = whole if is_whole else MOST_RACES - 1 - cut
    races.low[at], races.high[at], races.weight[at] = race.low, race.high, race.weight
    races.begin[at], races.end[at], races.to[at] = race.begin, race.end, race.to
    # Who is heavy arrives early, so that the time between arrivals grows with how many are wanted.
    pace = (race.wanted > 3) + (race.wanted > 6) + (race.wanted > 12)
    races.wanted[at], races.kind[at] = race.wanted, PACES * race.kind + pace
    return whole + is_whole, cut + (not is_whole)


@inner_kernel
def total_weight(field: Runners, begin: int, end: int) -> float:
    """Return the weight of all who run from `begin` to `end`."""
    weight = 0.0
    for i in range(begin, end):
        weight += 1.0 / field.waits[i]
    return weight


@inner_kernel
def arrival(bits: np.uint32, wait: np.float32) -> np.int32:
    """Return when a runner arrives."""
    return np.float32(exponential(bits) * wait).view(np.int32)


@inner_kernel
def _bound(bits: np.uint32, wait: np.float32) -> np.int32:
    """Return a time before which a runner does not arrive."""
    unit = np.float32(np.float32(np.float32(np.int32(np.uint32(bits >> _T1))) + _HALF) * _TO_UNIT31)
    return np.float32(unit * wait).view(np.int32)


@inner_kernel
def run_races(
    field: Runners, races: Races, whole: int, cut: int, pace: np.ndarray, track: Track, out: np.ndarray
) -> None:
    """Run races and write the first arrivals of each.

    Parameters
    ----------
    field : Runners
    races : Races
    whole, cut : int
        How many are laid out, at the front and at the back.
    pace : ndarray of shape (PACES * kinds,), float64
        How much longer the time between arrivals is, in races of each kind, than 1 / `weight`, which it is until the
        first: a guess, which changes how long a race takes and never who arrives. On return it is a step nearer to
        what these races tell.
    track : Track
    out : ndarray of int32
        Written from `to` on: candidates in order of arrival; of those who arrive together, the lower number first.
        What stands in its last place is lost.
    """
    for first in range(0, whole, ABREAST):
        last = min(first + ABREAST, whole)
        _run_to_the_end(field, races, first, last, track)
        for race in range(first, last):
            _write_in_order(field, races, race, track, race - first, out)
    for first in range(MOST_RACES - cut, MOST_RACES, ABREAST):
        last = min(first + ABREAST, MOST_RACES)
        _write_all_bounds(field, races, first, last, pace, track)
        running = last - first
        for own in range(running):
            track.running[own] = own
        while running > 0:  # mostly once: the few that were cut too short run longer
            end = 0
            for i in range(running):
                own = track.running[i]
                end = _write_early(field, races, first + own, own, end, track)
            for place in range(np.uint64(end)):
                track.codes[place] = arrival(track.early_bits[place], track.early_waits[place])
            late = 0
            for i in range(running):
                own = track.running[i]
                if _is_settled(races, first + own, own, pace, track):
                    _write_in_order(field, races, first + own, track, own, out)
                else:
                    track.running[late] = own
                    late += 1
            running = late


@inlined_kernel
def _run_to_the_end(field: Runners, races: Races, first: int, last: int, track: Track) -> None:
    """Write when everybody arrives in some races."""
    place = 0
    for race in range(first, last):
        own, low, high, start = race - first, races.low[race], races.high[race], np.uint64(races.begin[race])
        track.place[own], track.possible[own] = place, races.end[race] - races.begin[race]
        room, to = np.uint64(padded(track.possible[own])), np.uint64(place)
        for i in range(room):
            bits = bits_of(low, high, field.keys_low[start + i], field.keys_high[start + i])
            track.codes[to + i] = arrival(bits, field.waits[start + i])
            track.early[to + i] = i
        place += np.int64(room)


@inlined_kernel
def _write_all_bounds(field: Runners, races: Races, first: int, last: int, pace: np.ndarray, track: Track) -> None:
    """Write when some races are cut short, and of everybody a time before which they do not arrive."""
    at = _ZERO
    for race in range(first, last):
        own, low, high, start = race - first, races.low[race], races.high[race], np.uint64(races.begin[race])
        # Until then so many arrive on average, and as many as are wanted nearly always.
        wanted = races.wanted[race]
        limit = pace[races.kind[race]] / races.weight[race] * (wanted + _PATIENCE * math.sqrt(wanted))
        track.limit[own], track.at[own] = np.float32(min(max(limit, _SOONEST), _LATEST)), at
        room = np.uint64(padded(races.end[race] - races.begin[race]))
        for i in range(room):
            bits = bits_of(low, high, field.keys_low[start + i], field.keys_high[start + i])
            track.bits[at + i] = bits
            track.bounds[at + i] = _bound(bits, field.waits[start + i])
        at += room


@inlined_kernel
def _write_early(field: Runners, races: Races, race: int, own: int, place: int, track: Track) -> int:
    """Write who may arrive before one race is cut short, from `place` on; return where the next race's can stand."""
    until = np.float32(track.limit[own] * _SLACK).view(np.int32)
    at, to = track.at[own], place
    for i in range(0, padded(races.end[race] - races.begin[race]), LANES):
        to += write_below(track.bounds, at + i, until, i, track.early, to)
    start, base, end = np.uint64(races.begin[race]), np.uint64(at), np.uint64(to)
    for i in range(np.uint64(place), end):
        who = np.uint64(track.early[i])
        track.early_bits[i] = track.bits[base + who]
        track.early_waits[i] = field.waits[start + who]
    for lane in range(np.uint64(LANES)):  # up to a multiple of 8, some who never arrive; more are not looked at
        track.early[end + lane] = 0
        track.early_waits[end + lane] = _INFINITY
    track.place[own], track.possible[own] = place, to - place
    return place + padded(to - place)


@inlined_kernel
def _is_settled(races: Races, race: int, own: int, pace: np.ndarray, track: Track) -> bool:
    """Tell whether as many have arrived as are wanted when a race is cut short; double its time if not."""
    limit, in_time = track.limit[own], _ZERO
    after = np.int32(np.float32(limit).view(np.int32) + _STEP)
    for at in range(track.place[own], track.place[own] + padded(track.possible[own]), LANES):
        in_time += how_many(below(track.codes, at, after))
    if np.int64(in_time) < races.wanted[race]:  # who was not looked at may have arrived before the last of them
        track.limit[own] = min(np.float32(limit + limit), _LATEST)
        return False
    kind = races.kind[race]
    pace[kind] += (np.float64(limit) / np.float64(in_time) * races.weight[race] - pace[kind]) * _MEMORY
    return True


@inlined_kernel
def _write_in_order(field: Runners, races: Races, race: int, track: Track, own: int, out: np.ndarray) -> None:
    """Write the first arrivals of one race, each after so many as arrive before; the others to the last place."""
    place, possible, wanted = track.place[own], track.possible[own], np.uint64(races.wanted[race])
    start, to, lost = np.uint64(races.begin[race]), np.uint64(races.to[race]), np.uint64(len(out) - 1)
    room, before = padded(possible), _ZERO
    for at in range(place, place + room, LANES):
        write_ranks(track.codes, place, place + room, at, track.ranks)
        for i in range(np.uint64(at), np.uint64(at + LANES)):
            rank = np.uint64(track.ranks[i])
            before += rank
            out[to + rank if rank < wanted else lost] = field.candidates[start + np.uint64(track.early[i])]
    # Those who never arrive, up to a multiple of 8, stand behind all others.
    if np.int64(before) < possible * (possible - 1) // 2 + (room - possible) * possible:
        _write_tied(field, races, race, track, own, out)


@inner_kernel
def _write_tied(field: Runners, races: Races, race: int, track: Track, own: int, out: np.ndarray) -> None:
    """Do the same where some arrive together, of whom the lower number comes first."""
    codes, place = track.codes, track.place[own]
    for one in range(place, place + track.possible[own]):
        before = 0
        for other in range(place, place + track.possible[own]):
            before += codes[other] < codes[one] or (codes[other] == codes[one] and other < one)
        if before < races.wanted[race]:
            out[races.to[race] + before] = field.candidates[races.begin[race] + track.early[one]]
