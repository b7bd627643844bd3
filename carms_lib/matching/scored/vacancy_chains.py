"""Vacancy chains: what one seat more, or one applicant less, does to a stable matching without couples.

Belongs here: the kernels that follow a chain to its end, undo it, or keep it. Does not belong here: the verbs that a
user calls (`_changes`), and seats taken away or applicants added, which plain deferred acceptance goes on from.

Of a stable matching, the *candidate* of a program is the best-ranked applicant who would rather be there. A vacancy is
offered to the candidate of its program, whose own seat is then vacant, and so on, until nobody wants the last one or it
goes to somebody who had none (Blum, Roth and Rothblum 1997). That ends in a stable matching, but not always in the one
that is best for applicants: a cycle of programs may be left in which each would lose an applicant to another and take
its own candidate instead. The matching is the applicants' best exactly when, going from each program to where its
candidate sits, one never comes back; so every such cycle is carried out, and the end is what solving afresh gives.
Before the change there was no cycle, so a new one leads through a program whose candidate has moved. Only these are
looked at, which is what makes a chain cost microseconds.

References
----------
Blum, Y., Roth, A. E. and Rothblum, U. G. (1997). Vacancy chains and equilibration in senior-level labor markets.
Journal of Economic Theory 76, 362-411.
Gusfield, D. and Irving, R. W. (1989). The stable marriage problem: structure and algorithms. MIT Press; rotations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel, kernel
from carms_lib.matching.scored.heaps import is_worse

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Bools, Float64s, Int32s, Int64s

__all__ = [
    "MOVED",
    "Chain",
    "add_seat",
    "carry_out_cycles",
    "fill_vacancy",
    "index_ranked",
    "index_scored",
    "keep",
    "new_chain",
    "remove_applicant",
    "undo",
]

MOVED, WALKS = 0, 1  # places in Chain.count


class Chain(NamedTuple):
    """Who would rather be where, and who has moved; made once and used again for every draw.

    Parameters
    ----------
    first, end : ndarrays of int64, shape (n_programs,)
        Where in `applicant` those begin who would rather be at a program, its candidate first, and where they end.
    applicant, place : ndarrays of int32, shape (n_entries,)
        Who they are, and the place that the program has in the list of each.
    score : ndarray of float64, shape (n_entries,)
        The program's priority for each. Empty where programs hold rank orders: then all stand best-ranked first.
    moved, old_match, old_position : ndarrays of int32, shape (n_applicants,)
        Whoever has moved since the last `undo` or `keep`, in the order of the first move, with the program (-1 for
        none) and the place from before. ``count[MOVED]`` of them are in use.
    is_moved : ndarray of bool, shape (n_applicants,)
    seen : ndarray of int64, shape (n_programs,), work
    count : ndarray of int64, shape (2,)
    """

    first: Int64s
    end: Int64s
    applicant: Int32s
    place: Int32s
    score: Float64s
    moved: Int32s
    old_match: Int32s
    old_position: Int32s
    is_moved: Bools
    seen: Int64s
    count: Int64s


def new_chain(n_applicants: int, n_programs: int, n_entries: int) -> Chain:
    """Return room for chains in a market of at most that size; `index_scored` fills it."""
    return Chain(
        first=np.zeros(n_programs, np.int64),
        end=np.zeros(n_programs, np.int64),
        applicant=np.zeros(n_entries, np.int32),
        place=np.zeros(n_entries, np.int32),
        score=np.zeros(n_entries, np.float64),
        moved=np.zeros(n_applicants, np.int32),
        old_match=np.zeros(n_applicants, np.int32),
        old_position=np.zeros(n_applicants, np.int32),
        is_moved=np.zeros(n_applicants, np.bool_),
        seen=np.zeros(n_programs, np.int64),
        count=np.zeros(2, np.int64),
    )


@kernel
def index_scored(ptr: Int64s, idx: Int32s, score: Float64s, position: Int32s, chain: Chain) -> None:
    """Write who would rather be at each program, its candidate first, and forget who had moved.

    Parameters
    ----------
    ptr, idx, score
        The applicants' lists with priorities, as `deferred_acceptance.propose_scored` took them.
    position : ndarray of int32
        Its result: what stands above it in a list was refused.
    chain : Chain, out
        Made by `new_chain` for at least this many applicants and entries, and exactly this many programs.
    """
    n = ptr.size - 1
    chain.end[:] = 0
    for applicant in range(n):
        for entry in range(ptr[applicant], ptr[applicant] + position[applicant]):
            if score[entry] != -np.inf:
                chain.end[idx[entry]] += 1
    start = np.int64(0)
    for program in range(chain.first.size):
        size = chain.end[program]
        chain.first[program] = start
        chain.end[program] = start
        start += size
    for applicant in range(n):
        for entry in range(ptr[applicant], ptr[applicant] + position[applicant]):
            if score[entry] != -np.inf:
                program = idx[entry]
                at = chain.end[program]
                chain.end[program] = at + 1
                chain.applicant[at] = applicant
                chain.place[at] = entry - ptr[applicant]
                chain.score[at] = score[entry]
                first = chain.first[program]
                if is_worse(chain.score[first], chain.applicant[first], score[entry], applicant):
                    _swap(chain, first, at)
    chain.is_moved[:] = False
    chain.count[MOVED] = 0


@inner_kernel
def _swap(chain: Chain, at: int, other: int) -> None:
    for column in (chain.applicant, chain.place):
        column[at], column[other] = column[other], column[at]
    chain.score[at], chain.score[other] = chain.score[other], chain.score[at]


@kernel
def index_ranked(program_ptr: Int64s, position: Int32s, chain: Chain) -> None:
    """Find the candidates of programs that hold rank orders, and forget who had moved.

    Parameters
    ----------
    program_ptr : ndarray of int64, shape (n_programs + 1,)
        Where each rank order begins. `chain.applicant` and `chain.place` must be the orders themselves and the place
        that the program has in each applicant's list.
    position : ndarray of int32
        Of the applicants' best stable matching.
    chain : Chain, out
    """
    for program in range(chain.first.size):
        chain.first[program] = program_ptr[program]
        chain.end[program] = program_ptr[program + 1]
        chain.first[program] = find_candidate(position, chain, program)
    chain.is_moved[:] = False
    chain.count[MOVED] = 0


@inner_kernel
def find_candidate(position: Int32s, chain: Chain, program: int) -> int:
    """Return where the program's candidate is in `chain.applicant`; the end of its range when it has none."""
    at = chain.first[program]
    end = chain.end[program]
    while at < end and chain.place[at] >= position[chain.applicant[at]]:
        at += 1
    if at == chain.first[program] or chain.score.size == 0:
        return at
    for other in range(at + 1, end):
        if chain.place[other] < position[chain.applicant[other]] and is_worse(
            chain.score[at], chain.applicant[at], chain.score[other], chain.applicant[other]
        ):
            at = other
    return at


@kernel
def add_seat(ptr: Int64s, idx: Int32s, match: Int32s, position: Int32s, program: int, chain: Chain) -> int:
    """Give `program` one more seat and follow the chain to the applicants' best stable matching.

    Parameters
    ----------
    ptr, idx
        The applicants' lists.
    match, position : ndarrays of int32, shape (n_applicants,), in and out
        The applicants' best stable matching, before and after.
    program : int
    chain : Chain, in and out
        Its index belongs to `match` as it was at the last `undo`, `keep` or making of the index.

    Returns
    -------
    int
        How many applicants have moved since then: the first of `chain.moved`. The last of them had no seat before if
        one person more is matched.

    Notes
    -----
    Seats themselves are not looked at: whoever would rather be at a program is ranked below everybody it holds.
    Heaps or rows of held seats, where there are any, are left as they were.
    """
    fill_vacancy(match, position, program, chain)
    carry_out_cycles(ptr, idx, match, position, chain)
    return chain.count[MOVED]


@kernel
def remove_applicant(ptr: Int64s, idx: Int32s, match: Int32s, position: Int32s, applicant: int, chain: Chain) -> int:
    """Take `applicant` out of the market and follow the chain from the seat that is left, if there is one.

    The first of `chain.moved` is the applicant, at place 0 without a program: nothing is better for it. Arguments and
    result are those of `add_seat`.
    """
    program = match[applicant]
    _move(match, position, applicant, -1, 0, chain)
    if program >= 0:
        fill_vacancy(match, position, program, chain)
    carry_out_cycles(ptr, idx, match, position, chain)
    return chain.count[MOVED]


@kernel
def undo(match: Int32s, position: Int32s, chain: Chain) -> None:
    """Put everybody who has moved back."""
    for turn in range(chain.count[MOVED]):
        applicant = chain.moved[turn]
        match[applicant] = chain.old_match[turn]
        position[applicant] = chain.old_position[turn]
        chain.is_moved[applicant] = False
    chain.count[MOVED] = 0


@kernel
def keep(ptr: Int64s, idx: Int32s, position: Int32s, chain: Chain) -> None:
    """Leave everybody where they are now; the next chain begins from here."""
    for turn in range(chain.count[MOVED]):
        applicant = chain.moved[turn]
        for entry in range(ptr[applicant], ptr[applicant] + chain.old_position[turn]):
            program = idx[entry]
            first = chain.first[program]
            at = find_candidate(position, chain, program)
            if chain.score.size == 0 or at == chain.end[program]:
                chain.first[program] = at
            elif at != first:
                _swap(chain, first, at)
        chain.is_moved[applicant] = False
    chain.count[MOVED] = 0


@inner_kernel
def _move(match: Int32s, position: Int32s, applicant: int, program: int, place: int, chain: Chain) -> None:
    if not chain.is_moved[applicant]:
        turn = chain.count[MOVED]
        chain.is_moved[applicant] = True
        chain.moved[turn] = applicant
        chain.old_match[turn] = match[applicant]
        chain.old_position[turn] = position[applicant]
        chain.count[MOVED] = turn + 1
    match[applicant] = program
    position[applicant] = place


@inner_kernel
def fill_vacancy(match: Int32s, position: Int32s, program: int, chain: Chain) -> None:
    """Offer a vacant seat, and each that this makes vacant, until one is not wanted or was nobody's."""
    while program >= 0:
        at = find_candidate(position, chain, program)
        if at == chain.end[program]:
            return
        applicant = chain.applicant[at]
        vacated = np.int64(match[applicant])
        _move(match, position, applicant, program, chain.place[at], chain)
        program = vacated


@inner_kernel
def carry_out_cycles(ptr: Int64s, idx: Int32s, match: Int32s, position: Int32s, chain: Chain) -> None:
    """Go from programs to where their candidates sit, and wherever that leads in a circle let all of them move."""
    known = chain.count[WALKS]  # walks up to this one were made in a matching that is no more
    turn = 0
    while turn < chain.count[MOVED]:
        applicant = chain.moved[turn]
        start = ptr[applicant]
        entry = start
        while entry < start + chain.old_position[turn]:
            program = np.int64(idx[entry])
            entry += 1
            at = chain.first[program]
            if at == chain.end[program] or chain.applicant[at] != applicant:
                continue  # its candidate was another one, who has not moved or is looked at in turn
            if walk(match, position, program, known, chain):
                known = chain.count[WALKS]
                turn = -1  # look at everybody again
                break
        turn += 1


@kernel
def walk(match: Int32s, position: Int32s, program: int, known: int, chain: Chain) -> bool:
    """Follow candidates from `program`; carry out the cycle that this comes to, if it does."""
    chain.count[WALKS] += 1
    walk = chain.count[WALKS]
    while program >= 0 and chain.seen[program] <= known:
        chain.seen[program] = walk
        at = find_candidate(position, chain, program)
        if at == chain.end[program]:
            return False
        program = np.int64(match[chain.applicant[at]])
    if program < 0 or chain.seen[program] != walk:
        return False
    first = program
    while True:
        at = find_candidate(position, chain, program)
        applicant = chain.applicant[at]
        vacated = np.int64(match[applicant])
        _move(match, position, applicant, program, chain.place[at], chain)
        program = vacated
        if program == first:
            return True
