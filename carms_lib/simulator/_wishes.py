"""What applicants want: disciplines first, then programs within them.

Belongs here: the weights that draw an applicant to a program, and the kernel that writes every applicant's wish
list in one draw. Does not belong here: interviews and what programs want.

An applicant's first discipline is drawn with the cohort's weights, and so are those behind it. Within a discipline
the applicant wants the programs with the highest utility

    u(a, p) = log w(type of a, p) + Gumbel noise of (a, p),

which is the order in which they arrive in an exponential race (`_race`).

References
----------
Agarwal (2015), *An empirical model of the medical match*, AER 105(7): random utility over programs.
McFadden (1978), *Modelling the choice of residential location*: nested choice.
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.matching._jit import inner_kernel
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, normal, stream, uniform
from carms_lib.simulator._parameters import PARAMETERS
from carms_lib.simulator._race import earliest, first_two
from carms_lib.simulator._space import MAX_LIST, Space

__all__ = ["gather_open", "taste_weights", "write_wishes"]

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
_DEMAND_SPREAD, _THIRD, _ONE = _AT["demand_spread"], _AT["third_discipline"], _AT["one_discipline"]
_LENGTH_FIRST, _LENGTH_BEHIND, _LENGTH_SPREAD = (
    _AT["applications_first"],
    _AT["applications_behind"],
    _AT["applications_spread"],
)
_PROGRAM, _DEMAND, _FIRST, _DISCIPLINE, _BREADTH, _BACKUP, _LENGTH, _TASTE = (
    Purpose.PROGRAM,
    Purpose.DEMAND,
    Purpose.FIRST,
    Purpose.DISCIPLINE,
    Purpose.BREADTH,
    Purpose.BACKUP,
    Purpose.LENGTH,
    Purpose.TASTE,
)
_EN, _FR = 0, 1


@inner_kernel
def taste_weights(
    entropy: np.uint64,
    block: int,
    theta: np.ndarray,
    tables: Tables,
    space: Space,
) -> None:
    """Write the weights of one block of draws.

    Parameters
    ----------
    entropy : uint64
    block : int
    theta : ndarray of shape (len(PARAMETERS),), float64
    tables : Tables
    space : Space
        Written: `weight`, with 0 where a type cannot work in the program's language or does not live where it must,
        and `popularity`.
    """
    weight, popularity = space.weight, space.popularity
    types, programs = weight.shape
    state = stream(entropy, _PROGRAM, block)
    base = space.base
    for p in range(programs):
        own = theta[_PROGRAM_SPREAD] * normal(fold(state, tables.program_key[p]))
        seats = max(float(tables.program_demand_quota[p]), 1.0)
        base[p] = math.exp(tables.program_appeal[p] + own + theta[_QUOTA_APPEAL] * math.log(seats))
    school_province = math.exp(theta[_SCHOOL_PROVINCE])
    other_language = math.exp(theta[_OTHER_LANGUAGE])
    for t in range(types):
        french, both = tables.type_french[t], tables.type_bilingual[t]
        abroad = tables.class_abroad[tables.type_class[t]]
        school, home = tables.type_school[t], tables.type_home[t]
        home_school = math.exp(theta[_HOME_SCHOOL] + tables.school_attachment[school]) if school >= 0 else 1.0
        home_province = math.exp(theta[_HOME_PROVINCE] + tables.province_attachment[home]) if home >= 0 else 1.0
        for p in range(programs):
            value = base[p]
            language, province = tables.program_language[p], tables.program_province[p]
            if (language == _EN and french) or (language == _FR and not french):
                value *= other_language if both else 0.0
            if abroad and tables.residence[p] >= 0 and home != tables.residence[p]:
                value = 0.0
            if school >= 0 and tables.program_school[p] == school:
                value *= home_school
            elif tables.type_school_province[t] == province:
                value *= school_province
            if home == province:
                value *= home_province
            weight[t, p] = value
    state = stream(entropy, _DEMAND, block)
    for k in range(popularity.shape[1]):
        change = math.exp(theta[_DEMAND_SPREAD] * normal(fold(state, tables.discipline_key[k])))
        for group in range(2):
            popularity[group, k] = tables.first_weight[group, k] * change


@inner_kernel
def gather_open(
    tables: Tables,
    weight: np.ndarray,
    openings: np.ndarray,
    bit: np.uint8,
    among: np.ndarray,
    begin: int,
    end: int,
    candidates: np.ndarray,
    keys: np.ndarray,
    waits: np.ndarray,
) -> int:
    """Write the programs that one type may and can apply to, side by side.

    Parameters
    ----------
    weight : ndarray of shape (P,), float32
        Of the type.
    openings : ndarray of shape (P,), uint8
        Which classes may apply; `bit` is the type's class.
    among : ndarray of int32
        Programs; those from `begin` to `end` are looked at.
    candidates, keys, waits : ndarray, at least `end` long
        Written from `begin` on: programs, their keys, and 1 / weight.

    Returns
    -------
    int
        Where what was written ends.
    """
    found = begin
    for i in range(begin, end):  # without a branch: the place is written always, and kept if open
        p = among[i]
        candidates[found] = p
        keys[found] = tables.program_key[p]
        waits[found] = 1.0 / weight[p] if weight[p] > 0.0 else np.inf
        found += (weight[p] > 0.0) & ((openings[p] & bit) != 0)
    return found


@inner_kernel
def _any_open(weight: np.ndarray, openings: np.ndarray, bit: np.uint8, begin: int, end: int) -> bool:
    """Tell whether a type may and can apply to any program from `begin` to `end`."""
    for p in range(begin, end):  # noqa: SIM110 - a kernel has no generators
        if weight[p] > 0.0 and openings[p] & bit:
            return True
    return False


@inner_kernel
def write_wishes(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    space: Space,
) -> None:
    """Write the wish lists of one draw.

    Parameters
    ----------
    space : Space
        `taking_part`, `weight` and `popularity` are read. Written: `ptr` and `program`; an applicant's programs of the
        first discipline stand before those behind it.
    """
    of_first = stream(entropy, _FIRST, draw)
    of_discipline = stream(entropy, _DISCIPLINE, draw)
    of_breadth = stream(entropy, _BREADTH, draw)
    of_backup = stream(entropy, _BACKUP, draw)
    of_length = stream(entropy, _LENGTH, draw)
    of_taste = stream(entropy, _TASTE, draw)
    ptr, program, track = space.ptr, space.program, space.track
    wait_first, wait_behind, pace = space.wait_first, space.wait_behind, space.pace
    space.gathered_for[:] = -1
    pace[:] = np.inf
    one = math.exp(theta[_ONE])
    edge = 0
    for t in range(len(tables.type_class)):
        group = 1 if tables.class_abroad[tables.type_class[t]] else 0
        bit = np.uint8(1 << tables.type_class[t])
        if space.taking_part[t] == 0:
            ptr[tables.type_start[t] : tables.type_start[t + 1]] = edge
            continue
        for k in range(len(tables.discipline_key)):
            begin, end = tables.discipline_start[k], tables.discipline_start[k + 1]
            some = _any_open(space.weight[t], tables.first_open, bit, begin, end)
            wanting = space.popularity[group, k]
            if tables.type_school[t] >= 0:
                wanting *= tables.school_taste[tables.type_school[t], k]
            wait_first[k] = 1.0 / wanting if some and wanting > 0.0 else np.inf
            behind = tables.behind_weight[group, k]
            wait_behind[k] = 1.0 / behind if some and behind > 0.0 else np.inf
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            ptr[a] = edge
            if a - tables.type_start[t] >= space.taking_part[t]:
                continue
            key = tables.applicant_key[a]
            if uniform(fold(of_first, key)) >= tables.class_first[tables.type_class[t]]:
                continue
            first, _ = first_two(fold(of_discipline, key), space.discipline_keys, wait_first, np.int64(-1), track)
            if first < 0:
                continue
            second, third = -1, -1
            ranks_more = uniform(fold(of_breadth, key))
            only = tables.only_share[group, first]
            if group == 0:
                only = only * one / (1.0 - only + only * one)
            if ranks_more >= only:
                second, third = first_two(fold(of_backup, key), space.discipline_keys, wait_behind, first, track)
                if ranks_more < only + (1.0 - only) * (1.0 - theta[_THIRD]):
                    third = -1
            breadth = math.exp(theta[_LENGTH_SPREAD] * normal(fold(of_length, key)))
            taste = fold(of_taste, key)
            room = MAX_LIST
            for place in range(3):
                k = first if place == 0 else (second if place == 1 else third)
                if k < 0:
                    continue
                median = theta[_LENGTH_FIRST] if place == 0 else theta[_LENGTH_BEHIND]
                length = min(max(round(median * breadth), 1), room)
                begin = tables.discipline_start[k]
                if space.gathered_for[k] != t:  # most types are few, and want few of the disciplines
                    space.gathered_for[k] = t
                    space.gathered_to[k] = gather_open(
                        tables, space.weight[t], tables.first_open, bit, space.every, begin,
                        tables.discipline_start[k + 1], space.candidates, space.keys, space.waits,
                    )  # fmt: skip
                end = space.gathered_to[k]
                count, pace[k] = earliest(
                    taste, space.candidates[begin:end], space.keys[begin:end], space.waits[begin:end], length, pace[k],
                    track, program[edge:],
                )  # fmt: skip
                edge += count
                room -= count
    ptr[len(tables.applicant_type)] = edge
