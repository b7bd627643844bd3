"""What programs want: files, interviews, and whom they rank.

Belongs here: the kernels that turn wish lists into rank-order lists with a program's score on every entry. Does not
belong here: the match.

A program reads each file and gives it

    s(a, p) = merit weight * merit(a) + first discipline + home + local + logistic noise of (a, p),

interviews the best share of its applicants (the share lies in the band that it publishes), adds what the interview
tells it, and ranks the best share of those. Nobody ranks, or is ranked by, a program without an interview: empty
seats beside unmatched applicants come from here.

References
----------
Echenique, González, Wilson and Yariv (2022), *Top of the batch: interviews and the match*, AER: Insights 4(2).
"""

from __future__ import annotations

import math

import numpy as np

from carms_lib.matching._jit import kernel
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, logistic, normal, stream
from carms_lib.simulator._parameters import PARAMETERS

__all__ = ["interview", "keep_best", "read_files"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_MERIT, _FIRST, _HOME, _LOCAL = (
    _AT["merit"],
    _AT["first_discipline"],
    _AT["home_candidate"],
    _AT["local_candidate"],
)
_INTERVIEW_NOISE, _RANKED, _PER_SEAT = _AT["interview_noise"], _AT["ranked_share"], _AT["interviews_per_seat"]
_RANKED_ABROAD = _AT["ranked_share_abroad"]
_OF_MERIT, _OF_INTERVIEW = Purpose.MERIT, Purpose.INTERVIEW


@kernel
def read_files(
    entropy: np.uint64,
    purpose: int,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    first_of: np.ndarray,
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
) -> None:
    """Write what each program sees in each file that it receives.

    Parameters
    ----------
    purpose : int
        Purpose.FILE or Purpose.SECOND_FILE: a program reads a second application anew.
    first_of : ndarray of shape (n,), int32
        Each applicant's first discipline, -1 for none.
    ptr, program : ndarray
        Lists, as `write_wishes` writes them.
    score : ndarray of float64, as long as `program`
        Written: higher is better.
    """
    of_merit = stream(entropy, _OF_MERIT, draw)
    of_file = stream(entropy, purpose, draw)
    for a in range(len(tables.applicant_type)):
        if ptr[a] == ptr[a + 1]:
            continue
        t = tables.applicant_type[a]
        key = tables.applicant_key[a]
        merit = theta[_MERIT] * (normal(fold(of_merit, key)) + tables.class_merit[tables.type_class[t]])
        file = fold(of_file, key)
        for e in range(ptr[a], ptr[a + 1]):
            p = program[e]
            value = merit + logistic(fold(file, tables.program_key[p]))
            if tables.program_discipline[p] == first_of[a]:
                value += theta[_FIRST]
            if tables.type_school[t] >= 0 and tables.program_school[p] == tables.type_school[t]:
                value += theta[_HOME]
            elif tables.program_province[p] in (tables.type_home[t], tables.type_school_province[t]):
                value += theta[_LOCAL]
            score[e] = value


@kernel
def _select(values: np.ndarray, place: int) -> float:
    """Return the value that stands at `place` when `values` fall from high to low; reorders `values`."""
    low, high = 0, len(values) - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return float(values[place])


@kernel
def keep_best(
    program: np.ndarray,
    score: np.ndarray,
    share: np.ndarray,
    fewest: np.ndarray,
    threshold: np.ndarray,
    offset: np.ndarray,
    values: np.ndarray,
) -> None:
    """Write the score from which each program keeps an application.

    Parameters
    ----------
    program, score : ndarray of shape (E,)
        Applications; a score of -inf does not count as one.
    share : ndarray of shape (P,), float64
        Share of its applications that a program keeps, rounded up.
    fewest : ndarray of shape (P,), float64
        It keeps at least so many if it has them.
    threshold : ndarray of shape (P,), float64
        Written: inf where a program has no applications.
    offset : ndarray of shape (P + 1,), int64
        Work space.
    values : ndarray of float64, at least E long
        Work space.
    """
    programs = len(threshold)
    offset[:] = 0
    for e in range(len(program)):
        if score[e] > -np.inf:
            offset[program[e] + 1] += 1
    for p in range(programs):
        offset[p + 1] += offset[p]
    # Fill each program's slice; `offset[p]` walks to its end and is set back below.
    for e in range(len(program)):
        if score[e] > -np.inf:
            values[offset[program[e]]] = score[e]
            offset[program[e]] += 1
    start = 0
    for p in range(programs):
        end = offset[p]
        count = end - start
        if count == 0:
            threshold[p] = np.inf
        else:
            kept = max(math.ceil(share[p] * count), math.floor(fewest[p]))
            threshold[p] = -np.inf if kept >= count else (np.inf if kept == 0 else _select(values[start:end], kept - 1))
        start = end


@kernel
def interview(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    share: np.ndarray,
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
    threshold: np.ndarray,
    offset: np.ndarray,
    values: np.ndarray,
) -> None:
    """Turn wish lists into rank-order lists, in place.

    Entries without an interview are taken out of `ptr`, `program` and `score`; `score` becomes what the program
    ranks by, and -inf where it interviewed an applicant without ranking them.
    """
    n, programs = len(tables.applicant_type), len(threshold)
    seats = tables.program_demand_quota
    fewest = np.empty(programs)
    for p in range(programs):
        fewest[p] = theta[_PER_SEAT] * seats[p] * tables.interview_factor[p]
    keep_best(program[: ptr[n]], score[: ptr[n]], share, fewest, threshold, offset, values)
    of_interview = stream(entropy, _OF_INTERVIEW, draw)
    edge = 0
    begin = ptr[0]
    for a in range(n):
        end = ptr[a + 1]
        ptr[a] = edge
        told = fold(of_interview, tables.applicant_key[a])
        for e in range(begin, end):
            p = program[e]
            if score[e] >= threshold[p]:
                program[edge] = p
                score[edge] = score[e] + theta[_INTERVIEW_NOISE] * logistic(fold(told, tables.program_key[p]))
                edge += 1
        begin = end
    ptr[n] = edge
    ranked = np.empty(programs)
    for p in range(programs):
        fewest[p] = seats[p]
        ranked[p] = theta[_RANKED_ABROAD] if tables.only_abroad[p] else theta[_RANKED]
    keep_best(program[:edge], score[:edge], ranked, fewest, threshold, offset, values)
    for e in range(edge):
        if score[e] < threshold[program[e]]:
            score[e] = -np.inf
