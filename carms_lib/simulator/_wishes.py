"""What applicants want: disciplines first, then programs within them.

Belongs here: the weights that draw an applicant to a program, and the kernel that writes every applicant's wish
list in one draw. Does not belong here: interviews and what programs want.

An applicant's first discipline is drawn with the cohort's weights, and so are those behind it. Within a discipline
the applicant wants the programs with the highest utility

    u(a, p) = log w(type of a, p) + Gumbel noise of (a, p),

which is the order of the exponential race t(a, p) = E(a, p) / w(type of a, p) with E standard exponential: the
earliest arrivals are wanted most. The race is used because it needs one logarithm, and because a program that
enters, leaves or changes leaves the arrival of every other program as it was.

References
----------
Agarwal (2015), *An empirical model of the medical match*, AER 105(7): random utility over programs.
McFadden (1978), *Modelling the choice of residential location*: nested choice.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.matching._jit import kernel
from carms_lib.simulator._cohort import PARAMETERS
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, normal, stream, uniform

__all__ = ["MAX_LIST", "earliest", "gather_open", "taste_weights", "write_wishes"]

#: The longest wish list that a draw writes; the memory of a worker is proportional to it.
MAX_LIST = 64

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_HOME_SCHOOL, _SCHOOL_PROVINCE, _HOME_PROVINCE = (
    _AT["home_school"],
    _AT["school_province"],
    _AT["home_province"],
)
_OTHER_LANGUAGE, _QUOTA_APPEAL, _PROGRAM_SPREAD = (
    _AT["other_language"],
    _AT["quota_appeal"],
    _AT["program_spread"],
)
_DEMAND_SPREAD, _THIRD = _AT["demand_spread"], _AT["third_discipline"]
_LENGTH_FIRST, _LENGTH_BEHIND, _LENGTH_SPREAD = (
    _AT["applications_first"],
    _AT["applications_behind"],
    _AT["applications_spread"],
)
_PROGRAM, _DEMAND, _DISCIPLINE, _BREADTH, _BACKUP, _LENGTH, _TASTE = (
    Purpose.PROGRAM,
    Purpose.DEMAND,
    Purpose.DISCIPLINE,
    Purpose.BREADTH,
    Purpose.BACKUP,
    Purpose.LENGTH,
    Purpose.TASTE,
)
_EN, _FR = 0, 1
_PATIENCE = 1.8  # a race that is cut short too often is run twice, one cut short too late sorts too much


@kernel
def taste_weights(
    entropy: np.uint64,
    block: int,
    theta: np.ndarray,
    tables: Tables,
    weight: np.ndarray,
    popularity: np.ndarray,
) -> None:
    """Write the weights of one block of draws.

    Parameters
    ----------
    entropy : uint64
    block : int
    theta : ndarray of shape (len(PARAMETERS),), float64
    tables : Tables
    weight : ndarray of shape (T, P), float32
        Written: how strongly a type is drawn to a program; 0 where it cannot work in the program's language or
        does not live where it must.
    popularity : ndarray of shape (2, K), float64
        Written: the first-choice weight of a discipline for Canadian and for international graduates.
    """
    types, programs = weight.shape
    state = stream(entropy, _PROGRAM, block)
    base = np.empty(programs)
    for p in range(programs):
        own = theta[_PROGRAM_SPREAD] * normal(fold(state, tables.program_key[p]))
        seats = max(float(tables.program_demand_quota[p]), 1.0)
        base[p] = math.exp(tables.program_appeal[p] + own + theta[_QUOTA_APPEAL] * math.log(seats))
    home_school = math.exp(theta[_HOME_SCHOOL])
    school_province = math.exp(theta[_SCHOOL_PROVINCE])
    home_province = np.exp(theta[_HOME_PROVINCE] + tables.province_attachment)
    other_language = math.exp(theta[_OTHER_LANGUAGE])
    for t in range(types):
        french, both = tables.type_french[t], tables.type_bilingual[t]
        abroad = tables.class_abroad[tables.type_class[t]]
        for p in range(programs):
            value = base[p]
            language, province = tables.program_language[p], tables.program_province[p]
            if (language == _EN and french) or (language == _FR and not french):
                value *= other_language if both else 0.0
            if abroad and tables.residence[p] >= 0 and tables.type_home[t] != tables.residence[p]:
                value = 0.0
            if tables.type_school[t] >= 0 and tables.program_school[p] == tables.type_school[t]:
                value *= home_school
            elif tables.type_school_province[t] == province:
                value *= school_province
            if tables.type_home[t] == province:
                value *= home_province[province]
            weight[t, p] = value
    state = stream(entropy, _DEMAND, block)
    for k in range(popularity.shape[1]):
        change = math.exp(theta[_DEMAND_SPREAD] * normal(fold(state, tables.discipline_key[k])))
        for group in range(2):
            popularity[group, k] = tables.first_weight[group, k] * change


@kernel
def _first_discipline(state: np.uint64, keys: np.ndarray, popularity: np.ndarray, choices: np.ndarray) -> int:
    """Return the first arrival among the disciplines, -1 where none can be had."""
    best, arrival = -1, np.inf
    for k in range(len(popularity)):
        rate = popularity[k]
        if choices[k] > 0 and rate > 0.0:
            u = uniform(fold(state, keys[k]))
            if 1.0 - u < arrival * rate:
                time = -math.log(u) / rate
                if time < arrival:
                    best, arrival = k, time
    return best


@kernel
def _disciplines_behind(
    state: np.uint64, keys: np.ndarray, behind: np.ndarray, choices: np.ndarray, first: int
) -> tuple[int, int]:
    """Return the first two arrivals among the other disciplines, -1 where there is none."""
    second, third = -1, -1
    time_second, time_third = np.inf, np.inf
    for k in range(len(behind)):
        rate = behind[k]
        if k != first and choices[k] > 0 and rate > 0.0:
            u = uniform(fold(state, keys[k]))
            if 1.0 - u >= time_third * rate:
                continue
            time = -math.log(u) / rate
            if time < time_second:
                third, time_third = second, time_second
                second, time_second = k, time
            elif time < time_third:
                third, time_third = k, time
    return second, third


@kernel
def _race(
    state: np.uint64,
    candidates: np.ndarray,
    keys: np.ndarray,
    rates: np.ndarray,
    length: int,
    limit: float,
    times: np.ndarray,
    out: np.ndarray,
) -> int:
    """Write the first `length` arrivals before `limit` into `out` and return how many there are.

    A uniform u arrives at -log(u) / rate, which is at least (1 - u) / rate: whoever is too late by that bound is
    turned away without a logarithm.
    """
    count = 0
    last = limit
    for i in range(len(candidates)):
        u = uniform(fold(state, keys[i]))
        if 1.0 - u >= last * rates[i]:
            continue
        time = -math.log(u) / rates[i]
        if time >= last:
            continue
        place = count if count < length else count - 1
        count = min(count + 1, length)
        while place > 0 and times[place - 1] > time:
            times[place], out[place] = times[place - 1], out[place - 1]
            place -= 1
        times[place], out[place] = time, candidates[i]
        if count == length:
            last = times[count - 1]
    return count


@kernel
def earliest(
    state: np.uint64,
    candidates: np.ndarray,
    keys: np.ndarray,
    rates: np.ndarray,
    length: int,
    pace: float,
    times: np.ndarray,
    out: np.ndarray,
) -> tuple[int, float]:
    """Run the exponential race and write the first `length` arrivals into `out`.

    Parameters
    ----------
    state : uint64
        The applicant's state; a program's key is folded into it.
    candidates, keys, rates : ndarray of shape (M,)
        Programs, their keys, and their positive weights.
    length : int
        At most len(out).
    pace : float
        A guess of the time between arrivals, such as an earlier race's; inf where there is none. It changes how
        long the race takes, never who arrives.
    times : ndarray of float64
        Work space, at least `length` long.
    out : ndarray of int32
        Written: programs in order of arrival.

    Returns
    -------
    count : int
        How many were written: min(length, M).
    pace : float
        This race's time between arrivals.
    """
    length = min(length, len(candidates))
    if length == 0:
        return 0, pace
    count = _race(state, candidates, keys, rates, length, _PATIENCE * pace * length, times, out)
    if count < length:
        count = _race(state, candidates, keys, rates, length, np.inf, times, out)
    return count, times[count - 1] / count


@kernel
def gather_open(
    tables: Tables,
    weight: np.ndarray,
    openings: np.ndarray,
    bit: np.uint8,
    start: np.ndarray,
    candidates: np.ndarray,
    keys: np.ndarray,
    rates: np.ndarray,
) -> None:
    """Write the programs that one type may and can apply to, side by side.

    Parameters
    ----------
    weight : ndarray of shape (P,), float32
        Of the type.
    openings : ndarray of shape (P,), uint8
        Which classes may apply; `bit` is the type's class.
    start : ndarray of shape (K + 1,), int64
        Written: where each discipline's programs begin.
    candidates, keys, rates : ndarray of shape (P,)
        Written.
    """
    found = 0
    for k in range(len(start) - 1):
        start[k] = found
        for p in range(tables.discipline_start[k], tables.discipline_start[k + 1]):
            if weight[p] > 0.0 and openings[p] & bit:
                candidates[found] = p
                keys[found] = tables.program_key[p]
                rates[found] = weight[p]
                found += 1
    start[len(start) - 1] = found


@kernel
def write_wishes(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    taking_part: np.ndarray,
    weight: np.ndarray,
    popularity: np.ndarray,
    ptr: np.ndarray,
    program: np.ndarray,
) -> None:
    """Write the wish lists of one draw.

    Parameters
    ----------
    taking_part : ndarray of shape (T,), int64
        How many of each type take part in this draw.
    weight, popularity : ndarray
        What `taste_weights` wrote.
    ptr : ndarray of shape (n + 1,), int64
        Written: where each applicant's list starts.
    program : ndarray of int32, at least MAX_LIST * n long
        Written: programs, most wanted first; those of the first discipline stand before those behind it.
    """
    of_discipline = stream(entropy, _DISCIPLINE, draw)
    of_breadth = stream(entropy, _BREADTH, draw)
    of_backup = stream(entropy, _BACKUP, draw)
    of_length = stream(entropy, _LENGTH, draw)
    of_taste = stream(entropy, _TASTE, draw)
    programs, disciplines = len(tables.program_key), len(tables.discipline_key)
    times = np.empty(MAX_LIST)
    wanted = np.empty(3, dtype=np.int64)
    start = np.empty(disciplines + 1, dtype=np.int64)
    choices = np.empty(disciplines, dtype=np.int64)
    candidates = np.empty(programs, dtype=np.int32)
    keys, rates = np.empty(programs, dtype=np.uint64), np.empty(programs)
    pace = np.full(disciplines, np.inf)
    edge = 0
    for t in range(len(tables.type_class)):
        group = 1 if tables.class_abroad[tables.type_class[t]] else 0
        bit = np.uint8(1 << tables.type_class[t])
        gather_open(tables, weight[t], tables.first_open, bit, start, candidates, keys, rates)
        for k in range(disciplines):
            choices[k] = start[k + 1] - start[k]
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            ptr[a] = edge
            if a - tables.type_start[t] >= taking_part[t]:
                continue
            key = tables.applicant_key[a]
            first = _first_discipline(fold(of_discipline, key), tables.discipline_key, popularity[group], choices)
            if first < 0:
                continue
            wanted[0], wanted[1], wanted[2] = first, -1, -1
            ranks_more = uniform(fold(of_breadth, key))
            only = tables.only_share[group, first]
            if ranks_more >= only:
                wanted[1], third = _disciplines_behind(
                    fold(of_backup, key), tables.discipline_key, tables.behind_weight[group], choices, first
                )
                if ranks_more >= only + (1.0 - only) * (1.0 - theta[_THIRD]):
                    wanted[2] = third
            breadth = math.exp(theta[_LENGTH_SPREAD] * normal(fold(of_length, key)))
            taste = fold(of_taste, key)
            room = MAX_LIST
            for place in range(3):
                k = wanted[place]
                if k < 0 or room == 0:
                    continue
                median = theta[_LENGTH_FIRST] if place == 0 else theta[_LENGTH_BEHIND]
                length = min(max(round(median * breadth), 1), room)
                here = slice(start[k], start[k + 1])
                count, pace[k] = earliest(
                    taste, candidates[here], keys[here], rates[here], length, pace[k], times, program[edge:]
                )
                edge += count
                room -= count
    ptr[len(tables.applicant_type)] = edge
