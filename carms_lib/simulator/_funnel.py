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

from carms_lib.matching._jit import inner_kernel, kernel
from carms_lib.simulator._market import Tables
from carms_lib.simulator._noise import Purpose, fold, logistic, normal, stream, uniform
from carms_lib.simulator._parameters import PARAMETERS
from carms_lib.simulator._space import Space

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


@inner_kernel
def read_files(
    entropy: np.uint64,
    purpose: np.int64,
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
    purpose : int64
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
    of_first, of_home, of_local = theta[_FIRST], theta[_HOME], theta[_LOCAL]
    n = len(tables.applicant_type)
    for a in range(n):
        file = fold(of_file, tables.applicant_key[a])
        for e in range(ptr[a], ptr[a + 1]):
            score[e] = uniform(fold(file, tables.program_key[program[e]]))
    for e in range(ptr[n]):  # all in one, without a branch: several logarithms at a time
        score[e] = logistic(score[e])
    for a in range(n):
        if ptr[a] == ptr[a + 1]:
            continue
        t = tables.applicant_type[a]
        key = tables.applicant_key[a]
        merit = theta[_MERIT] * (normal(fold(of_merit, key)) + tables.class_merit[tables.type_class[t]])
        discipline = first_of[a]
        school, home, second_home = tables.type_school[t], tables.type_home[t], tables.type_school_province[t]
        for e in range(ptr[a], ptr[a + 1]):  # sums of chosen terms, not branches: half of them would be guessed wrong
            p = program[e]
            province = tables.program_province[p]
            wanted = of_first if tables.program_discipline[p] == discipline else 0.0
            local = of_local if (province == home) | (province == second_home) else 0.0
            known = of_home if (school >= 0) & (tables.program_school[p] == school) else local
            score[e] = merit + score[e] + wanted + known


@inner_kernel
def _select(values: np.ndarray, place: int) -> float:
    """Return the value that stands at `place` when `values` fall from high to low; reorders `values`."""
    low, end = 0, len(values)
    while True:
        middle, last = (low + end) // 2, end - 1
        if values[middle] < values[last]:
            values[middle], values[last] = values[last], values[middle]
        # The middle one of three, so that an order in `values` does no harm, is the pivot and stands aside at `low`.
        if values[low] > values[middle]:
            values[low], values[middle] = values[middle], values[low]
        elif values[low] < values[last]:
            values[low], values[last] = values[last], values[low]
        pivot = values[low]
        above = low + 1
        for i in range(low + 1, end):  # without a branch: half of them would be guessed wrong
            value = values[i]
            values[i] = values[above]
            values[above] = value
            above += value > pivot
        above -= 1  # so many are greater: they stand from low + 1 to `above`, and the pivot's own place is `above`
        if place == above:
            return float(pivot)
        if place < above:
            values[low] = values[above]
            end = above
        else:
            low = above + 1


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


@inner_kernel
def interview(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Turn wish lists into rank-order lists, in place.

    Parameters
    ----------
    space : Space
        `share` is read. Entries without an interview are taken out of `ptr`, `program` and `score`; `score` becomes
        what the program ranks by, and -inf where it interviewed an applicant without ranking them.
    """
    n, seats = len(tables.applicant_type), tables.program_demand_quota
    ptr, program, score, values = space.ptr, space.program, space.score, space.values
    threshold, fewest, kept = space.threshold, space.fewest, space.kept
    for p in range(len(seats)):
        fewest[p] = theta[_PER_SEAT] * seats[p] * tables.interview_factor[p]
    keep_best(program[: ptr[n]], score[: ptr[n]], space.share, fewest, threshold, space.offset, values)
    of_interview = stream(entropy, _OF_INTERVIEW, draw)
    edge = 0
    begin = ptr[0]
    for a in range(n):
        end = ptr[a + 1]
        ptr[a] = edge
        told = fold(of_interview, tables.applicant_key[a])
        for e in range(begin, end):  # without a branch: the place is written always, and kept if interviewed
            p, seen = program[e], score[e]
            program[edge] = p
            score[edge] = seen
            values[edge] = uniform(fold(told, tables.program_key[p]))
            edge += seen >= threshold[p]
        begin = end
    ptr[n] = edge
    for e in range(edge):
        score[e] += theta[_INTERVIEW_NOISE] * logistic(values[e])
    for p in range(len(seats)):
        fewest[p] = seats[p]
        kept[p] = theta[_RANKED_ABROAD] if tables.only_abroad[p] else theta[_RANKED]
    keep_best(program[:edge], score[:edge], kept, fewest, threshold, space.offset, values)
    for e in range(edge):
        if score[e] < threshold[program[e]]:
            score[e] = -np.inf
