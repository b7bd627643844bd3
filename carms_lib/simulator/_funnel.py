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
from carms_lib.simulator._noise import Purpose, bits_of, fold, halves, stream
from carms_lib.simulator._parameters import PARAMETERS
from carms_lib.simulator._space import Space
from carms_lib.simulator._variates import logistic, normal

__all__ = ["draw_merit", "interview", "keep_best", "leave_out", "read_files"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_MERIT, _FIRST, _HOME, _LOCAL = (
    _AT["merit"],
    _AT["first_discipline"],
    _AT["home_candidate"],
    _AT["local_candidate"],
)
_INTERVIEW_NOISE, _RANKED, _PER_SEAT = _AT["interview_noise"], _AT["ranked_share"], _AT["interviews_per_seat"]
_RANKED_ABROAD = _AT["ranked_share_abroad"]
_ONE = np.uint64(1)  # programs are counted without a sign here: an index that may be negative costs a test and a sum
_SIGN, _ALL_BUT_SIGN, _HALF = np.int32(31), np.int32(0x7FFFFFFF), np.float32(0.5)
_OF_MERIT, _OF_INTERVIEW = Purpose.MERIT, Purpose.INTERVIEW


@inner_kernel
def draw_merit(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, merit: np.ndarray) -> None:
    """Write what every program sees in each applicant, of shape (n,), float64."""
    state = stream(entropy, _OF_MERIT, draw)
    for a in range(len(merit)):
        merit[a] = normal(fold(state, tables.applicant_key[a]))
    for a in range(len(merit)):
        merit[a] = theta[_MERIT] * (merit[a] + tables.class_merit[tables.type_class[tables.applicant_type[a]]])


@inner_kernel
def read_files(
    entropy: np.uint64,
    purpose: np.int64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    space: Space,
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
) -> None:
    """Write what each program sees in each file that it receives.

    Parameters
    ----------
    purpose : int64
        Purpose.FILE or Purpose.SECOND_FILE: a program reads a second application anew.
    space : Space
        `merit` and `first_of` are read. Written: `offset`, how many files each program receives, one place up.
    ptr, program : ndarray
        Lists, as `write_wishes` writes them.
    score : ndarray of float64, as long as `program`
        Written: higher is better.
    """
    of_file = stream(entropy, purpose, draw)
    of_first, of_home, of_local = theta[_FIRST], theta[_HOME], theta[_LOCAL]
    bits, offset = space.bits, space.offset
    offset[:] = 0
    n = len(tables.applicant_type)
    for a in range(n):
        if ptr[a] == ptr[a + 1]:
            continue
        low, high = halves(fold(of_file, tables.applicant_key[a]))
        t = tables.applicant_type[a]
        merit, discipline = space.merit[a], space.first_of[a]
        school, home, second_home = tables.type_school[t], tables.type_home[t], tables.type_school_province[t]
        for e in range(ptr[a], ptr[a + 1]):  # sums of chosen terms, not branches: half of them would be guessed wrong
            p = np.uint64(program[e])
            offset[p + _ONE] += 1
            bits[e] = bits_of(low, high, space.program_low[p], space.program_high[p])
            province = tables.program_province[p]
            wanted = of_first if tables.program_discipline[p] == discipline else 0.0
            local = of_local if (province == home) | (province == second_home) else 0.0
            known = of_home if (school >= 0) & (tables.program_school[p] == school) else local
            score[e] = merit + wanted + known
    edge = ptr[n]
    _add_logistic(bits[:edge], 1.0, score[:edge])


@inner_kernel
def _add_logistic(bits: np.ndarray, scale: float, score: np.ndarray) -> None:
    """Add noise to all scores at once: a loop without a branch, of which several turns are done at a time."""
    for e in range(len(bits)):
        score[e] += scale * np.float64(logistic(bits[e]))


@inner_kernel
def _cut(values: np.ndarray, kept: int) -> np.float32:
    """Return a score that `kept` of the values reach, one at least and not all; more reach it where some are equal.

    Notes
    -----
    A bracket is halved, and cut where the count would be met if values lay evenly, in turns. Counting has no branch and
    is done several values at a time, which is why this is faster than to sort, or to part the values as quickselect.
    """
    least, most = _code_of_score(values[0]), _code_of_score(values[0])
    for i in range(len(values)):
        code = _code_of_score(values[i])
        least, most = min(least, code), max(most, code)
    low, high = _score_of_code(least), _score_of_code(most)
    reach_low, reach_high, turn = len(values), 0, 0
    while True:
        share = 0.5 if turn & 1 else (reach_low - kept) / (reach_low - reach_high)
        middle = np.float32(low + np.float32(share) * np.float32(high - low))
        if not low < middle < high:
            middle = np.float32(low + _HALF * np.float32(high - low))
            if not low < middle < high:
                return low
        reach = _how_many_reach(values, middle)
        if reach == kept:
            return middle
        if reach > kept:
            low, reach_low = middle, reach
        else:
            high, reach_high = middle, reach
        turn += 1


@inner_kernel
def _code_of_score(score: np.float32) -> np.int32:
    """Return an integer that is in the order of scores."""
    bits = np.float32(score).view(np.int32)
    return np.int32(bits ^ np.int32(np.int32(bits >> _SIGN) & _ALL_BUT_SIGN))


@inner_kernel
def _score_of_code(code: np.int32) -> np.float32:
    return np.int32(code ^ np.int32(np.int32(code >> _SIGN) & _ALL_BUT_SIGN)).view(np.float32)


@inner_kernel
def _how_many_reach(values: np.ndarray, score: np.float32) -> int:
    reach = np.int32(0)
    for i in range(len(values)):
        reach = np.int32(reach + np.int32(values[i] >= score))
    return int(reach)


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
        Applications, each with a finite score.
    share : ndarray of shape (P,), float64
        Share of its applications that a program keeps, rounded up.
    fewest : ndarray of shape (P,), float64
        It keeps at least so many if it has them.
    threshold : ndarray of shape (P,), float32
        Written: inf where a program has no applications. An application is kept whose score, in single precision,
        reaches it.
    offset : ndarray of shape (P + 1,), int64
        How many applications each program has, one place up, after a 0; overwritten.
    values : ndarray of float32, at least E long
        Work space.
    """
    programs = len(threshold)
    for p in range(programs):
        offset[p + 1] += offset[p]
    # Fill each program's slice; `offset[p]` walks to its end.
    for e in range(len(program)):
        of = np.uint64(program[e])
        at = np.uint64(offset[of])
        values[at] = np.float32(score[e])
        offset[of] = at + _ONE
    start = 0
    for p in range(programs):
        end = offset[p]
        count = end - start
        if count == 0:
            threshold[p] = np.inf
        else:
            kept = max(math.ceil(share[p] * count), math.floor(fewest[p]))
            threshold[p] = -np.inf if kept >= count else (np.inf if kept == 0 else _cut(values[start:end], kept))
        start = end


@inner_kernel
def interview(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Turn wish lists into rank-order lists, in place.

    Parameters
    ----------
    space : Space
        `share`, and `offset` as `read_files` left it, are read. Entries without an interview are taken out of `ptr`,
        `program` and `score`; `score` becomes what the program ranks by, and -inf where it interviewed an applicant
        without ranking them.
    """
    n, seats = len(tables.applicant_type), tables.program_demand_quota
    ptr, program, score, bits, offset = space.ptr, space.program, space.score, space.bits, space.offset
    threshold, fewest, kept = space.threshold, space.fewest, space.kept
    for p in range(len(seats)):
        fewest[p] = theta[_PER_SEAT] * seats[p] * tables.interview_factor[p]
    keep_best(program[: ptr[n]], score[: ptr[n]], space.share, fewest, threshold, offset, space.values)
    of_interview = stream(entropy, _OF_INTERVIEW, draw)
    offset[:] = 0
    edge, begin = 0, ptr[0]
    for a in range(n):
        end = ptr[a + 1]
        ptr[a] = edge
        for e in range(begin, end):  # without a branch: the place is written always, and kept if interviewed
            p, seen = program[e], score[e]
            program[edge] = p
            score[edge] = seen
            edge += np.float32(seen) >= threshold[np.uint64(p)]
        begin = end
        low, high = halves(fold(of_interview, tables.applicant_key[a]))
        for e in range(ptr[a], edge):
            of = np.uint64(program[e])
            offset[of + _ONE] += 1
            bits[e] = bits_of(low, high, space.program_low[of], space.program_high[of])
    ptr[n] = edge
    _add_logistic(bits[:edge], theta[_INTERVIEW_NOISE], score[:edge])
    for p in range(len(seats)):
        fewest[p] = seats[p]
        kept[p] = theta[_RANKED_ABROAD] if tables.only_abroad[p] else theta[_RANKED]
    keep_best(program[:edge], score[:edge], kept, fewest, threshold, offset, space.values)
    leave_out(program[:edge], score[:edge], threshold)


@inner_kernel
def leave_out(program: np.ndarray, score: np.ndarray, threshold: np.ndarray) -> None:
    """Write -inf for applications that `keep_best` does not keep."""
    for e in range(len(program)):
        score[e] = score[e] if np.float32(score[e]) >= threshold[np.uint64(program[e])] else -np.inf
