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

from carms_lib.kernels.jit import inlined_kernel, inner_kernel
from carms_lib.kernels.lanes import LANES, below, how_many
from carms_lib.kernels.noise import Purpose, bits_of, fold, halves, stream, uniform
from carms_lib.kernels.variates import logistic, normal
from carms_lib.matching.scored.lists import ScoredLists, index_programs
from carms_lib.simulator.draw.workspace import Space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["draw_interview_shares", "draw_merit", "interview", "keep_best", "leave_out", "read_files"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_MERIT, _FIRST, _HOME, _LOCAL = (
    _AT["merit"],
    _AT["first_discipline"],
    _AT["home_candidate"],
    _AT["local_candidate"],
)
_INTERVIEW_NOISE, _RANKED, _PER_SEAT = _AT["interview_noise"], _AT["ranked_share"], _AT["interviews_per_seat"]
_RANKED_ABROAD = _AT["ranked_share_abroad"]
_ONE = np.uint64(1)  # places are counted without a sign here: an index that may be negative costs a test and a sum
_SIGN, _ALL_BUT_SIGN, _HALF = np.int32(31), np.int32(0x7FFFFFFF), np.float32(0.5)
_ZERO = np.uint64(0)
_OF_MERIT, _OF_INTERVIEW, _PROGRAM = Purpose.MERIT, Purpose.INTERVIEW, Purpose.PROGRAM


@inner_kernel
def draw_interview_shares(entropy: np.uint64, block: int, tables: Tables, share: np.ndarray) -> None:
    """Draw each program's share of applicants interviewed, evenly within the band that it publishes."""
    state = fold(stream(entropy, _PROGRAM, block), np.uint64(1))
    for p in range(len(share)):
        u = uniform(fold(state, tables.program_key[p]))
        own = tables.interview_low[p] + (tables.interview_high[p] - tables.interview_low[p]) * u
        share[p] = min(own * tables.interview_factor[p], 1.0)


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
    files: ScoredLists,
) -> None:
    """Write what each program sees in each file that it receives.

    Parameters
    ----------
    purpose : int64
        Purpose.FILE or Purpose.SECOND_FILE: a program reads a second application anew.
    space : Space
        `merit` and `first_of` are read. Written: `offset`, how many files each program receives, one place up.
    files : ScoredLists
        Of the iteration: `ptr` and `idx` as `write_wishes` writes them. Written: `score`.
    """
    ptr, program, score = files.ptr, files.idx, files.score
    of_file = stream(entropy, purpose, draw)
    of_nearness = space.nearness
    of_nearness[0], of_nearness[1], of_nearness[2] = 0.0, theta[_LOCAL], theta[_HOME]
    bits, offset = space.bits, space.offset
    offset[:] = 0
    n = len(tables.applicant_type)
    for a in range(n):
        begin, end = np.uint64(ptr[a]), np.uint64(ptr[a + 1])
        if begin == end:
            continue
        low, high = halves(fold(of_file, tables.applicant_key[a]))
        near, discipline = space.near[tables.applicant_type[a]], space.first_of[a]
        in_other = space.merit[a] + 0.0
        in_first = space.merit[a] + theta[_FIRST]
        for e in range(begin, end):  # chosen terms, not branches: half of them would be guessed wrong
            p = np.uint64(program[e])
            offset[p + _ONE] += 1
            bits[e] = bits_of(low, high, space.program_low[p], space.program_high[p])
            seen = in_first if tables.program_discipline[p] == discipline else in_other
            score[e] = seen + of_nearness[near[p]]
    edge = ptr[n]
    _add_logistic(bits[:edge], 1.0, score[:edge])


@inner_kernel
def _add_logistic(bits: np.ndarray, scale: float, score: np.ndarray) -> None:
    """Add noise to all scores at once: a loop without a branch, of which several turns are done at a time."""
    for e in range(len(bits)):
        score[e] += scale * np.float64(logistic(bits[e]))


@inner_kernel
def _cut(codes: np.ndarray, begin: int, end: int, kept: int) -> np.float32:
    """Return a score that `kept` of those from `begin` to `end` reach, one at least and not all.

    More reach it where some are equal.

    Notes
    -----
    A bracket is halved, and cut where the count would be met if scores lay evenly, in turns. Counting has no branch and
    is done several at a time, which is why this is faster than to sort, or to part the scores as quickselect.
    """
    least, most = codes[begin], codes[begin]
    for i in range(begin, end):
        least, most = min(least, codes[i]), max(most, codes[i])
    low, high = _score_of_code(least), _score_of_code(most)
    reach_low, reach_high, turn = end - begin, 0, 0
    while True:
        share = 0.5 if turn & 1 else (reach_low - kept) / (reach_low - reach_high)
        middle = np.float32(low + np.float32(share) * np.float32(high - low))
        if not low < middle < high:
            middle = np.float32(low + _HALF * np.float32(high - low))
            if not low < middle < high:
                return low
        reach = end - begin - _how_many_below(codes, begin, end, _code_of_score(middle))
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


@inlined_kernel
def _how_many_below(codes: np.ndarray, begin: int, end: int, code: np.int32) -> int:
    """Count those from `begin` to `end` that are less; 8 numbers more must stand in the array."""
    count = _ZERO
    for at in range(begin, end - LANES + 1, LANES):
        count += how_many(below(codes, at, code))
    left = (end - begin) % LANES
    others = np.uint64((_ONE << np.uint64(left)) - _ONE)
    count += how_many(below(codes, end - left, code) & others)
    return int(count)


@inner_kernel
def keep_best(
    program: np.ndarray,
    score: np.ndarray,
    share: np.ndarray,
    fewest: np.ndarray,
    threshold: np.ndarray,
    offset: np.ndarray,
    codes: np.ndarray,
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
        How many applications each program has, one place up, after a 0. Written: where those of each begin.
    codes : ndarray of int32, at least E + 8 long
        Work space.
    """
    programs = len(threshold)
    for p in range(programs):
        offset[p + 1] += offset[p]
    for e in range(len(program)):  # `offset` walks to the end of each program's own
        of = np.uint64(program[e])
        at = np.uint64(offset[of])
        codes[at] = _code_of_score(np.float32(score[e]))
        offset[of] = at + _ONE
    for p in range(programs, 0, -1):
        offset[p] = offset[p - 1]
    offset[0] = 0
    _write_thresholds(offset, codes, share, fewest, threshold)


@inner_kernel
def _write_thresholds(
    ptr: np.ndarray, codes: np.ndarray, share: np.ndarray, fewest: np.ndarray, threshold: np.ndarray
) -> None:
    """Do what `keep_best` says, where the scores of each program stand side by side from `ptr` on."""
    for p in range(len(threshold)):
        count = ptr[p + 1] - ptr[p]
        kept = max(math.ceil(share[p] * count), math.floor(fewest[p]))
        if count == 0 or kept == 0:
            threshold[p] = np.inf
        else:
            threshold[p] = -np.inf if kept >= count else _cut(codes, ptr[p], ptr[p + 1], kept)


@inner_kernel
def interview(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Turn wish lists into rank-order lists, in place.

    Parameters
    ----------
    space : Space
        `share`, and `offset` as `read_files` left it, are read. Entries without an interview are taken out of its
        `lists`; their `score` becomes what the program ranks by, and -inf where it interviewed an applicant without
        ranking them. Written too: `owner`, `program_ptr` and `application`, what was left by program.
    """
    n, seats = len(tables.applicant_type), tables.program_demand_quota
    lists, bits, codes = space.lists, space.bits, space.codes
    ptr, program, score = lists.ptr, lists.idx, lists.score
    threshold, fewest, kept = space.threshold, space.fewest, space.kept
    for p in range(len(seats)):
        fewest[p] = theta[_PER_SEAT] * seats[p] * tables.interview_factor[p]
    keep_best(program[: ptr[n]], score[: ptr[n]], space.share, fewest, threshold, space.offset, codes)
    of_interview = stream(entropy, _OF_INTERVIEW, draw)
    edge, begin = _ZERO, np.uint64(ptr[0])
    for a in range(n):
        start, end = edge, np.uint64(ptr[a + 1])
        ptr[a] = edge
        for e in range(begin, end):  # without a branch: the place is written always, and kept if interviewed
            p, seen = program[e], score[e]
            program[edge] = p
            score[edge] = seen
            edge += np.uint64(np.float32(seen) >= threshold[np.uint64(p)])
        begin = end
        low, high = halves(fold(of_interview, tables.applicant_key[a]))
        for e in range(start, edge):
            of = np.uint64(program[e])
            bits[e] = bits_of(low, high, space.program_low[of], space.program_high[of])
    ptr[n] = edge
    left = ptr[n]
    _add_logistic(bits[:left], theta[_INTERVIEW_NOISE], score[:left])
    index_programs(ptr, program, lists.owner, lists.program_ptr, lists.application)
    for i in range(left):
        codes[i] = _code_of_score(np.float32(score[np.uint64(lists.application[i])]))
    for p in range(len(seats)):
        fewest[p] = math.ceil(seats[p])  # an exact number may be rounded up
        kept[p] = theta[_RANKED_ABROAD] if tables.only_abroad[p] else theta[_RANKED]
    _write_thresholds(lists.program_ptr, codes, kept, fewest, threshold)
    leave_out(program[:left], score[:left], threshold)


@inner_kernel
def leave_out(program: np.ndarray, score: np.ndarray, threshold: np.ndarray) -> None:
    """Write -inf for applications that `keep_best` does not keep."""
    for e in range(len(program)):
        score[e] = score[e] if np.float32(score[e]) >= threshold[np.uint64(program[e])] else -np.inf
