"""What applicants want: weights of disciplines and programs, and the programs that each applies to.

Belongs here: the weights that draw an applicant to a discipline or program, and the kernel that writes every
applicant's wish list in one draw. Does not belong here: which disciplines an applicant chooses (`disciplines`),
interviews, and what programs want.

Within a discipline the applicant wants the programs with the highest utility

    u(a, p) = log w(type of a, p) + Gumbel noise of (a, p),

which is the order in which they arrive in an exponential race (`exponential_race`).

References
----------
Agarwal (2015), *An empirical model of the medical match*, AER 105(7): random utility over programs.
McFadden (1978), *Modelling the choice of residential location*: nested choice.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inlined_kernel, inner_kernel
from carms_lib.kernels.lanes import padded
from carms_lib.kernels.noise import Purpose, fold, halves, stream
from carms_lib.kernels.variates import exp_of, log_of, normal
from carms_lib.simulator.draw.exponential_race import (
    LONGEST_WAIT,
    MOST_RACES,
    Race,
    Runners,
    lay_out,
    run_races,
    total_weight,
)
from carms_lib.simulator.draw.workspace import MAX_LIST, Space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["draw_breadths", "gather_open", "length_of_list", "taste_weights", "write_wishes"]

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
_DEMAND_SPREAD = _AT["demand_spread"]
_LENGTH_FIRST, _LENGTH_BEHIND, _LENGTH_SPREAD = (
    _AT["applications_first"],
    _AT["applications_behind"],
    _AT["applications_spread"],
)
_PROGRAM, _DEMAND, _LENGTH, _TASTE = Purpose.PROGRAM, Purpose.DEMAND, Purpose.LENGTH, Purpose.TASTE
_EN, _FR = 0, 1
_NEVER = np.float32(np.inf)


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
        Written: `wait`, with inf where a type cannot work in the program's language or does not live where it must,
        `near`, `popularity`, `wait_first`, `wait_behind`, `open`, `open_to` and `weight_open`.
    """
    popularity = space.popularity
    types, programs = space.wait.shape
    state = stream(entropy, _PROGRAM, block)
    base = space.base
    for p in range(programs):
        own = theta[_PROGRAM_SPREAD] * normal(fold(state, tables.program_key[p]))
        seats = max(float(tables.program_demand_quota[p]), 1.0)
        base[p] = exp_of(tables.program_appeal[p] + own + theta[_QUOTA_APPEAL] * log_of(seats))
    for t in range(types):
        _write_tastes_of(t, theta, tables, space)
    state = stream(entropy, _DEMAND, block)
    for k in range(popularity.shape[1]):
        change = exp_of(theta[_DEMAND_SPREAD] * normal(fold(state, tables.discipline_key[k])))
        for group in range(2):
            popularity[group, k] = tables.first_weight[group, k] * change
    for t in range(types):
        _write_open_to(t, tables, space)


@inner_kernel
def _write_tastes_of(t: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Write one type's `wait` and `near`, from what all types think of each program (`base`)."""
    school_province, other_language = exp_of(theta[_SCHOOL_PROVINCE]), exp_of(theta[_OTHER_LANGUAGE])
    french, both = tables.type_french[t], tables.type_bilingual[t]
    school, home, second_home = tables.type_school[t], tables.type_home[t], tables.type_school_province[t]
    home_school = exp_of(theta[_HOME_SCHOOL] + tables.school_attachment[school]) if school >= 0 else 1.0
    home_province = exp_of(theta[_HOME_PROVINCE] + tables.province_attachment[home]) if home >= 0 else 1.0
    other = other_language if both else 0.0
    in_english, in_french = other if french else 1.0, 1.0 if french else other
    if_away = 0.0 if tables.class_abroad[tables.type_class[t]] else 1.0
    base, row, local = space.base, space.wait[t], space.near[t]
    for p in range(len(row)):  # products of chosen factors, not branches: several programs at a time
        language, province, residence = tables.program_language[p], tables.program_province[p], tables.residence[p]
        spoken = in_english if language == _EN else (in_french if language == _FR else 1.0)
        allowed = if_away if (residence >= 0) & (residence != home) else 1.0
        near = school_province if province == second_home else 1.0
        known = home_school if (school >= 0) & (tables.program_school[p] == school) else near
        lived = home_province if province == home else 1.0
        row[p] = _wait_of(base[p] * spoken * allowed * known * lived)
    for p in range(len(local)):
        province = tables.program_province[p]
        own_school = (school >= 0) & (tables.program_school[p] == school)
        in_province = (province == home) | (province == second_home)
        local[p] = np.uint8(2) if own_school else np.uint8(in_province)


@inner_kernel
def _write_open_to(t: int, tables: Tables, space: Space) -> None:
    """Write which programs one type may and can apply to in the first iteration, `wait_first` and `wait_behind`."""
    popularity, among = space.popularity, space.opened
    needs_schooling, home = tables.class_img[tables.type_class[t]], tables.type_home[t]
    group = 1 if tables.class_abroad[tables.type_class[t]] else 0
    bit = np.uint8(1 << tables.type_class[t])
    space.wait_first[t] = _NEVER
    space.wait_behind[t] = _NEVER
    for k in range(popularity.shape[1]):
        begin, end = tables.discipline_start[k], tables.discipline_start[k + 1]
        at = t * space.stretch[-1] + space.stretch[k]
        found = 0  # without a branch, as in `gather_open`
        for p in range(begin, end):
            schooling = tables.schooling[p]
            among[found] = p
            found += not (needs_schooling & (schooling >= 0) & (schooling != home))
        space.open_to[t, k] = gather_open(space.wait[t], tables.first_open, bit, among[:found], space, space.open, at)
        space.weight_open[t, k] = total_weight(space.open, at, space.open_to[t, k])
        if space.open_to[t, k] > at:
            taste = tables.school_taste[tables.type_school[t], k] if tables.type_school[t] >= 0 else 1.0
            space.wait_first[t, k] = _wait_of(popularity[group, k] * taste)
            space.wait_behind[t, k] = _wait_of(tables.behind_weight[group, k])


@inner_kernel
def _wait_of(weight: float) -> np.float32:
    """Return the mean wait of a runner of a race; who would wait longer than `LONGEST_WAIT` does not run."""
    return np.float32(1.0 / weight) if weight * LONGEST_WAIT > 1.0 else _NEVER


@inner_kernel
def draw_breadths(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, breadth: np.ndarray) -> None:
    """Write by which factor each applicant's lists are longer than the median."""
    state = stream(entropy, _LENGTH, draw)
    for a in range(len(breadth)):
        breadth[a] = exp_of(theta[_LENGTH_SPREAD] * normal(fold(state, tables.applicant_key[a])))


@inlined_kernel
def gather_open(
    wait: np.ndarray,
    openings: np.ndarray,
    bit: np.uint8,
    among: np.ndarray,
    space: Space,
    field: Runners,
    at: int,
) -> int:
    """Write the programs that one type may and can apply to, side by side, as those who run in its races.

    Parameters
    ----------
    wait : ndarray of shape (P,), float32
        Of the type.
    openings : ndarray of shape (P,), uint8
        Which classes may apply; `bit` is the type's class.
    among : ndarray of int32
        The programs that are looked at.
    field : Runners
        Written, from `at` on.

    Returns
    -------
    int
        Where what was written ends; behind it, up to a multiple of 8 programs, stands nobody.
    """
    found = np.uint64(at)
    for i in range(len(among)):  # without a branch: the place is written always, and kept if open
        p = np.uint64(among[i])
        field.candidates[found] = p
        found += np.uint64((wait[p] < _NEVER) & ((openings[p] & bit) != 0))
    for i in range(np.uint64(at), found):
        p = np.uint64(field.candidates[i])
        field.keys_low[i] = space.program_low[p]
        field.keys_high[i] = space.program_high[p]
        field.waits[i] = wait[p]
    stop = np.int64(found)
    for i in range(stop, at + padded(stop - at)):
        field.waits[i] = _NEVER
    return stop


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
        `disciplines`, `breadth` and what `taste_weights` wrote are read. Written: `ptr` and `program`; an applicant's
        programs of the first discipline stand before those behind it.
    """
    of_taste = stream(entropy, _TASTE, draw)
    ptr, races = space.lists.ptr, space.races
    space.pace[:] = 1.0
    edge, whole, cut = 0, 0, 0
    for t in range(len(tables.type_class)):
        places = t * space.stretch[-1]
        for a in range(np.uint64(tables.type_start[t]), np.uint64(tables.type_start[t + 1])):
            ptr[a] = edge
            if space.disciplines[a, 0] < 0:
                continue
            if whole + cut + 3 > MOST_RACES:
                run_races(space.open, races, whole, cut, space.pace, space.track, space.lists.idx)
                whole, cut = 0, 0
            low, high = halves(fold(of_taste, tables.applicant_key[a]))
            room = MAX_LIST
            for place in range(3):
                k = space.disciplines[a, place]
                if k < 0 or room == 0:
                    break
                median = theta[_LENGTH_FIRST] if place == 0 else theta[_LENGTH_BEHIND]
                begin, end = places + space.stretch[k], space.open_to[t, k]
                wanted = min(length_of_list(median * space.breadth[a], room), end - begin)
                race = Race(
                    low=low,
                    high=high,
                    begin=begin,
                    end=end,
                    weight=space.weight_open[t, k],
                    wanted=wanted,
                    kind=k,
                    to=edge,
                )
                whole, cut = lay_out(races, whole, cut, race)
                edge += wanted
                room -= wanted
    run_races(space.open, races, whole, cut, space.pace, space.track, space.lists.idx)
    ptr[len(tables.applicant_type)] = edge


@inner_kernel
def length_of_list(wanted: float, room: int) -> int:
    """Return a number of programs, rounded, between 1 and `room`."""
    return min(max(np.int64(min(wanted, 1e9) + 0.5), 1), room)
