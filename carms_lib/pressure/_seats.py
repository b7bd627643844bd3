"""What one more seat in each program does, in one draw: kernels.

Belongs here: adding a seat to every program in turn, and counting who gains by it. Does not belong here: the chain
itself, which is `carms_lib.matching`, and what a planner makes of the counts (`_seat_values`).
"""

from __future__ import annotations

import numpy as np

from carms_lib.matching._chains import Chain, carry_out_cycles, fill_vacancy, undo
from carms_lib.matching._jit import allocating_kernel, kernel

__all__ = ["best_of_couples", "count_gains", "follow_every_seat", "hold_couples"]


@kernel
def hold_couples(
    ptr: np.ndarray,
    score: np.ndarray,
    match: np.ndarray,
    quota: np.ndarray,
    couple_of: np.ndarray,
) -> int:
    """Take the members of couples and the seats they hold out of the market, in place.

    `score` becomes -inf on their entries, `quota` loses their seats. Returns how many seats they hold.
    """
    held = 0
    for a in range(len(couple_of)):
        if couple_of[a] < 0:
            continue
        for e in range(ptr[a], ptr[a + 1]):
            score[e] = -np.inf
        if match[a] >= 0:
            quota[match[a]] -= 1
            held += 1
    return held


@kernel
def best_of_couples(
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
    match: np.ndarray,
    couple_of: np.ndarray,
    best: np.ndarray,
) -> None:
    """Write the best score that each program gives to a member of a couple who has it above the own place."""
    best[:] = -np.inf
    for a in range(len(couple_of)):
        if couple_of[a] < 0:
            continue
        for e in range(ptr[a], ptr[a + 1]):
            if program[e] == match[a]:
                break
            best[program[e]] = max(best[program[e]], score[e])


@allocating_kernel
def follow_every_seat(
    ptr: np.ndarray,
    program: np.ndarray,
    score: np.ndarray,
    match: np.ndarray,
    position: np.ndarray,
    chain: Chain,
    couple_best: np.ndarray,
    length: np.ndarray,
    newly: np.ndarray,
    ends: np.ndarray,
    touched: np.ndarray,
    mover_ptr: np.ndarray,
) -> np.ndarray:
    """Add one seat to each program in turn, follow what it sets off, and take it back.

    Parameters
    ----------
    ptr, program, score : ndarray
        Lists of the applicants, as for `propose_scored`.
    match, position : ndarray of shape (n,), int32
        The matching that applicants like best with the seats there are; as before on return.
    chain : Chain
        Indexed for that matching.
    couple_best : ndarray of shape (P,), float64
        What `best_of_couples` wrote.
    length : ndarray of shape (P,), int32
        Written: applicants who move up one after another into the seat that the one before left; 0 where nobody
        takes the seat.
    newly : ndarray of shape (P,), int32
        Written: the applicant who had no seat and has one now, or -1.
    ends : ndarray of shape (P,), int32
        Written: the program where a seat stays empty, or -1; exactly one of `newly` and `ends` is -1.
    touched : ndarray of shape (P,), bool
        Written: whether a program that takes somebody, or is left with a seat, would rather have a member of a couple.
    mover_ptr : ndarray of shape (P + 1,), int64
        Written: where in the array returned each program's movers begin.

    Returns
    -------
    ndarray of int32
        Everybody who is better off, program after program, each once: the chain first, then those who swap.
    """
    movers = np.empty(8 * len(length) + len(match), dtype=np.int32)
    count = 0
    mover_ptr[0] = 0
    for p in range(len(length)):
        fill_vacancy(match, position, p, chain)
        moved = chain.count[0]
        length[p], newly[p], ends[p], touched[p] = moved, -1, p, False
        if moved > 0:
            last = chain.moved[moved - 1]
            carry_out_cycles(ptr, program, match, position, chain)
            moved = chain.count[0]
            if count + moved > len(movers):
                longer = np.empty(2 * len(movers) + moved, dtype=np.int32)
                longer[:count] = movers[:count]
                movers = longer
            for turn in range(moved):
                a = chain.moved[turn]
                movers[count + turn] = a
                touched[p] |= couple_best[match[a]] > score[ptr[a] + position[a]]
            if chain.old_match[length[p] - 1] < 0:
                newly[p], ends[p] = last, -1
            else:
                ends[p] = _program_left(match, p, chain)
            count += moved
        if ends[p] >= 0:
            touched[p] |= couple_best[ends[p]] > -np.inf
        undo(match, position, chain)
        mover_ptr[p + 1] = count
    return movers[:count].copy()


@kernel
def _program_left(match: np.ndarray, p: int, chain: Chain) -> int:
    """Return the program that more applicants have left than entered, `p` with its new seat apart."""
    for turn in range(chain.count[0]):
        q = chain.old_match[turn]
        balance = -1 if q == p else 0
        for other in range(chain.count[0]):
            balance += int(match[chain.moved[other]] == q) - int(chain.old_match[other] == q)
        if balance < 0:
            return q  # type: ignore[no-any-return]
    return p


@kernel
def count_gains(
    mover_ptr: np.ndarray,
    movers: np.ndarray,
    weight: np.ndarray,
    cell: np.ndarray,
    applicant_group: np.ndarray,
    groups: int,
    gains: np.ndarray,
) -> None:
    """Add up who is better off, by the cell of the seat and the group of the applicant.

    Parameters
    ----------
    mover_ptr : ndarray of shape (P + 1,), int64
    movers : ndarray of int32
        Of one draw.
    weight : ndarray of shape (P,), float64
        Of a seat in each program.
    cell : ndarray of shape (P,), int32
    applicant_group : ndarray of shape (n,), int32
    groups : int
    gains : ndarray of shape (groups * cells,), float64
        Added to: group number * cells + cell number.
    """
    cells = len(gains) // groups
    for p in range(len(cell)):
        for k in range(mover_ptr[p], mover_ptr[p + 1]):
            gains[applicant_group[movers[k]] * cells + cell[p]] += weight[p]
