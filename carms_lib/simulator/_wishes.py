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
from carms_lib.simulator._noise import Purpose, exponential, fold, normal, stream, uniform

__all__ = ["MAX_LIST", "taste_weights", "write_wishes"]

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
    home_province = math.exp(theta[_HOME_PROVINCE])
    other_language = math.exp(theta[_OTHER_LANGUAGE])
    for t in range(types):
        french, both = tables.type_french[t], tables.type_bilingual[t]
        abroad = tables.class_abroad[tables.type_class[t]]
        for p in range(programs):
            value = base[p]
            language, province = tables.program_language[p], tables.program_province[p]
            if (language == _EN and french) or (language == _FR and not french):
                value *= other_language if both else 0.0
            if abroad and tables.residents_only[p] and tables.type_home[t] != province:
                value = 0.0
            if tables.type_school[t] >= 0 and tables.program_school[p] == tables.type_school[t]:
                value *= home_school
            elif tables.type_school_province[t] == province:
                value *= school_province
            if tables.type_home[t] == province:
                value *= home_province
            weight[t, p] = value
    state = stream(entropy, _DEMAND, block)
    for k in range(popularity.shape[1]):
        change = math.exp(theta[_DEMAND_SPREAD] * normal(fold(state, tables.discipline_key[k])))
        for group in range(2):
            popularity[group, k] = tables.first_weight[group, k] * change


@kernel
def open_disciplines(tables: Tables, weight: np.ndarray, choices: np.ndarray) -> None:
    """Write into `choices`, int32 of shape (T, K), how many programs of a discipline a type could apply to."""
    types, programs = weight.shape
    choices[:] = 0
    for t in range(types):
        bit = np.uint8(1 << tables.type_class[t])
        for p in range(programs):
            if weight[t, p] > 0.0 and tables.first_open[p] & bit:
                choices[t, tables.program_discipline[p]] += 1


@kernel
def _first_discipline(state: np.uint64, tables: Tables, popularity: np.ndarray, choices: np.ndarray) -> int:
    best, arrival = -1, np.inf
    for k in range(len(popularity)):
        if choices[k] > 0 and popularity[k] > 0.0:
            time = exponential(fold(state, tables.discipline_key[k])) / popularity[k]
            if time < arrival:
                best, arrival = k, time
    return best


@kernel
def _disciplines_behind(
    state: np.uint64, tables: Tables, behind: np.ndarray, choices: np.ndarray, first: int
) -> tuple[int, int]:
    second, third = -1, -1
    time_second, time_third = np.inf, np.inf
    for k in range(len(behind)):
        if k != first and choices[k] > 0 and behind[k] > 0.0:
            time = exponential(fold(state, tables.discipline_key[k])) / behind[k]
            if time < time_second:
                third, time_third = second, time_second
                second, time_second = k, time
            elif time < time_third:
                third, time_third = k, time
    return second, third


@kernel
def earliest(
    state: np.uint64,
    keys: np.ndarray,
    weight: np.ndarray,
    candidates: np.ndarray,
    length: int,
    times: np.ndarray,
    out: np.ndarray,
) -> int:
    """Run the exponential race among `candidates` and write the first `length` arrivals into `out`.

    Parameters
    ----------
    state : uint64
        The applicant's state; a program's key is folded into it.
    keys, weight : ndarray of shape (P,)
    candidates : ndarray of int32
        Programs with a positive weight.
    length : int
        At most len(out).
    times : ndarray of float64
        Work space, at least `length` long.
    out : ndarray of int32
        Written: programs in order of arrival.

    Returns
    -------
    int
        How many were written.
    """
    count = 0
    for p in candidates:
        time = exponential(fold(state, keys[p])) / weight[p]
        if count == length:
            if time >= times[count - 1]:
                continue
            place = count - 1
        else:
            place = count
            count += 1
        while place > 0 and times[place - 1] > time:
            times[place], out[place] = times[place - 1], out[place - 1]
            place -= 1
        times[place], out[place] = time, p
    return count


@kernel
def write_wishes(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    taking_part: np.ndarray,
    weight: np.ndarray,
    popularity: np.ndarray,
    choices: np.ndarray,
    ptr: np.ndarray,
    program: np.ndarray,
) -> None:
    """Write the wish lists of one draw.

    Parameters
    ----------
    taking_part : ndarray of shape (T,), int64
        How many of each type take part in this draw.
    weight, popularity, choices : ndarray
        What `taste_weights` and `open_disciplines` wrote.
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
    times = np.empty(MAX_LIST)
    wanted = np.empty(3, dtype=np.int64)
    candidates = np.empty(len(tables.program_key), dtype=np.int32)
    edge = 0
    for t in range(len(tables.type_class)):
        group = 1 if tables.class_abroad[tables.type_class[t]] else 0
        bit = np.uint8(1 << tables.type_class[t])
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            ptr[a] = edge
            if a - tables.type_start[t] >= taking_part[t]:
                continue
            key = tables.applicant_key[a]
            first = _first_discipline(fold(of_discipline, key), tables, popularity[group], choices[t])
            if first < 0:
                continue
            wanted[0], wanted[1], wanted[2] = first, -1, -1
            draw_breadth = uniform(fold(of_breadth, key))
            only = tables.only_share[group, first]
            if draw_breadth >= only:
                second, third = _disciplines_behind(
                    fold(of_backup, key), tables, tables.behind_weight[group], choices[t], first
                )
                wanted[1] = second
                if draw_breadth >= only + (1.0 - only) * (1.0 - theta[_THIRD]):
                    wanted[2] = third
            breadth = math.exp(theta[_LENGTH_SPREAD] * normal(fold(of_length, key)))
            taste = fold(of_taste, key)
            start = edge
            for place in range(3):
                k = wanted[place]
                room = MAX_LIST - (edge - start)
                if k < 0 or room == 0:
                    continue
                median = theta[_LENGTH_FIRST] if place == 0 else theta[_LENGTH_BEHIND]
                length = min(max(int(round(median * breadth)), 1), room)
                found = 0
                for p in range(tables.discipline_start[k], tables.discipline_start[k + 1]):
                    if weight[t, p] > 0.0 and tables.first_open[p] & bit:
                        candidates[found] = p
                        found += 1
                edge += earliest(
                    taste, tables.program_key, weight[t], candidates[:found], length, times, program[edge:]
                )
    ptr[len(tables.applicant_type)] = edge
