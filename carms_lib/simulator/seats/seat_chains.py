"""What one more seat in each program does, in one draw: kernels.

Belongs here: adding a seat to every program in turn, and counting who gains by it. Does not belong here: the chain
itself, which is `carms_lib.matching`, and what a planner makes of the counts (`_seat_values`).
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import allocating_kernel, inner_kernel, kernel
from carms_lib.matching.scored.heaps import is_worse
from carms_lib.matching.scored.lists import ScoredLists
from carms_lib.matching.scored.vacancy_chains import Chain, carry_out_cycles, fill_vacancy, undo
from carms_lib.simulator.seats.standing import ChainEnds, MatchWeights, SinglesMatch

__all__ = ["best_of_couples", "best_of_pairs", "count_gains", "follow_every_seat", "hold_couples", "weigh_every_seat"]


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
    """Write the best score that each program gives to a member of a couple who has it above the own place.

    That is all that can be said where pairs are not known; `best_of_pairs` is sharper. `best` is as there.
    """
    best[:] = -np.inf
    for a in range(len(couple_of)):
        if couple_of[a] < 0:
            continue
        for e in range(ptr[a], ptr[a + 1]):
            if program[e] == match[a]:
                break
            best[0, program[e]] = max(best[0, program[e]], score[e])


@allocating_kernel
def best_of_pairs(
    lists: ScoredLists, match: np.ndarray, position: np.ndarray, quota: np.ndarray, best: np.ndarray
) -> None:
    """Write the best score that each program gives to a member of a couple who would come if it were taken.

    Parameters
    ----------
    lists : ScoredLists
    match, position : ndarray of shape (n,), int32
        A stable matching; place in the own list, of pairs for a member of a couple.
    quota : ndarray of shape (P,), int32
    best : ndarray of shape (2, P), float64
        Written, over the pairs that a couple likes better than its own: where the partner's program would take the
        partner already (row 0), and where it would not (row 1), so that two programs must change before the couple
        moves. A pair of one program and itself counts in row 0, with the lower score where neither holds a seat there.
    """
    best[:] = -np.inf
    held, worst = np.zeros(len(quota), dtype=np.int32), np.full(len(quota), -1, dtype=np.int64)  # entries
    for a in range(len(match)):
        if match[a] < 0:
            continue
        e = lists.ptr[a]
        while lists.idx[e] != match[a]:
            e += 1
        p = match[a]
        held[p] += 1
        if worst[p] < 0 or is_worse(lists.score[e], a, lists.score[worst[p]], lists.owner[worst[p]]):
            worst[p] = e
    for c in range(lists.n_couples[0]):
        start = lists.pair_ptr[c]
        for option in range(start, start + position[lists.members[c, 0]]):
            for side in range(2):
                own, other = lists.pairs[option, side], lists.pairs[option, 1 - side]
                if own < 0 or match[lists.owner[own]] == lists.idx[own]:  # whoever sits there needs no change there
                    continue
                p, wanted, row = lists.idx[own], lists.score[own], 0
                if other >= 0:
                    q, partner = lists.idx[other], lists.owner[other]
                    taken = match[partner] == q
                if other >= 0 and q == p:
                    if not taken:
                        wanted = min(wanted, lists.score[other])
                elif other >= 0:
                    if not taken and lists.score[other] != -np.inf and quota[q] > 0:
                        w = worst[q]
                        taken = held[q] < quota[q] or not is_worse(
                            lists.score[other], partner, lists.score[w], lists.owner[w]
                        )
                    row = 0 if taken else 1
                best[row, p] = max(best[row, p], wanted)


@allocating_kernel
def follow_every_seat(singles: SinglesMatch, chain: Chain, found: ChainEnds) -> np.ndarray:
    """Add one seat to each program in turn, follow what it sets off, and take it back.

    Parameters
    ----------
    singles : SinglesMatch
        `match` and `position` are the matching that applicants like best with the seats there are; as before on return.
    chain : Chain
        Indexed for that matching.
    found : ChainEnds
        Written.

    Returns
    -------
    ndarray of int32
        Everybody who is better off, program after program, each once: the chain first, then those who swap.
    """
    ptr, score, match, position = singles.ptr, singles.score, singles.match, singles.position
    couple_best = singles.couple_best
    length, newly, ends, touched, mover_ptr = found.length, found.newly, found.ends, found.touched, found.mover_ptr
    movers = np.empty(8 * len(length) + len(match), dtype=np.int32)
    count = 0
    mover_ptr[0] = 0
    for p in range(len(length)):
        fill_vacancy(match, position, p, chain)
        moved = chain.count[0]
        length[p], newly[p], ends[p], touched[p] = moved, -1, p, False
        changed = 0  # programs that would have a member whose partner needs another program to change
        if moved > 0:
            last = chain.moved[moved - 1]
            carry_out_cycles(ptr, singles.program, match, position, chain)
            moved = chain.count[0]
            if count + moved > len(movers):
                longer = np.empty(2 * len(movers) + moved, dtype=np.int32)
                longer[:count] = movers[:count]
                movers = longer
            for turn in range(moved):
                a = chain.moved[turn]
                movers[count + turn] = a
                touched[p] |= couple_best[0, match[a]] > score[ptr[a] + position[a]]
                changed += couple_best[1, match[a]] > score[ptr[a] + position[a]]
            if chain.old_match[length[p] - 1] < 0:
                newly[p], ends[p] = last, -1
            else:
                ends[p] = _program_left(match, p, chain)
            count += moved
        if ends[p] >= 0:
            touched[p] |= couple_best[0, ends[p]] > -np.inf
            changed += couple_best[1, ends[p]] > -np.inf
        touched[p] |= changed > 1
        undo(match, position, chain)
        mover_ptr[p + 1] = count
    return movers[:count].copy()


@kernel
def weigh_every_seat(
    singles: SinglesMatch, chain: Chain, weights: MatchWeights, wanted: np.ndarray, total: np.ndarray
) -> None:
    """Add one seat to each program wanted, weigh who moves, and take the seat back.

    Parameters
    ----------
    singles : SinglesMatch
        As `follow_every_seat` takes it; as before on return.
    chain : Chain
        Indexed for that matching.
    weights : MatchWeights
    wanted : ndarray of shape (P,), bool
    total : ndarray of shape (2, P), float64
        Added to: what the seat changes in the weighted sum, and how many applicants it makes better off.
    """
    for p in range(len(wanted)):
        if not wanted[p]:
            continue
        fill_vacancy(singles.match, singles.position, p, chain)
        if chain.count[0] == 0:
            continue
        carry_out_cycles(singles.ptr, singles.program, singles.match, singles.position, chain)
        for turn in range(chain.count[0]):
            a = chain.moved[turn]
            total[0, p] += _weight_of(weights, a, singles.match[a], singles.position[a])
            total[0, p] -= _weight_of(weights, a, chain.old_match[turn], chain.old_position[turn])
        total[1, p] += chain.count[0]
        undo(singles.match, singles.position, chain)


@inner_kernel
def _weight_of(weights: MatchWeights, a: int, program: int, position: int) -> float:
    """Return the weight of an applicant at a program, 0 for none."""
    if program < 0:
        return 0.0
    weight = weights.of_matched[a] + weights.of_program[program]
    if position == 0:
        weight += weights.of_place[0]
    if position < weights.before[a]:
        weight += weights.of_place[1]
    return weight  # type: ignore[no-any-return]


@inner_kernel
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
