"""The moves that added seats can set off in one draw, as rows of a linear program.

Belongs here: which applicants can move where, and the rules that every stable matching with more seats keeps. Does not
belong here: solving (`integer_program`, `relaxation`).

With more seats no applicant does worse, so in every draw an applicant stays or moves to a program listed higher:
some 6,000 moves in a national draw. `y` says which moves are made. Two rules are linear in the added seats x:

- capacity: who enters a program replaces who leaves it, or takes an added seat;
- no justified envy: a program takes somebody only if everybody it ranks higher who would come is there, or at a program
  that they like better. Along each waiting list an auxiliary `t` carries that rule on, so that it needs three rows a
  move.

A whole y under these rules is envy-free, and the applicant-optimal stable matching is the best envy-free one for every
applicant (Wu and Roth 2018). Objectives that count applicants therefore have their exact optimum as an integer program;
objectives that count seats need a third rule, that no seat wanted stays empty (`integer_program`).

Two more rules hold in every stable matching and are what makes the relaxation near: with j added seats at a program the
first j of its waiting list are there or better off, and if a member leaves a program, the first of its waiting list is.
Without them a fraction of a seat could go to the second of a list by going to the first in equal part.

References
----------
Baïou, M. and Balinski, M. (2000). The stable admissions polytope. Mathematical Programming 87.
Wu, Q. and Roth, A. E. (2018). The lattice of envy-free matchings. Games and Economic Behavior 109.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from carms_lib.simulator.seats.standing import MatchWeights, SinglesMatch

__all__ = ["MOST_LEVELS", "Moves", "matrix", "moves_of"]

#: Added seats of a program that are told apart.
MOST_LEVELS = 4


class Moves(NamedTuple):
    """The linear program of one draw; E moves, T auxiliaries, P programs: maximize gain @ y over rules @ (y, t)."""

    gain: np.ndarray  # float64[E]
    rules: sparse.csr_array  # [rows, E + T]: each row <= right
    right: np.ndarray  # float64[rows]
    enters: sparse.csr_array  # [P, E + T]: who enters less who leaves, <= added seats where anybody waits
    served: np.ndarray  # int64[F, 2]: program and j, from 0, where an added seat serves the j-th of a waiting list
    serves: sparse.csr_array  # [F, E + T]: whether that applicant is there or better off, >= level j of the seats
    waited: np.ndarray  # int64: programs where anybody waits, that is, which a seat can serve
    held: np.ndarray  # int64[P]: seats held
    reached: sparse.csr_array  # [E, E + T]: whether the owner of a move is there or better off
    program: np.ndarray  # int64[E]


def moves_of(before: SinglesMatch, weights: MatchWeights, programs: int) -> Moves:
    """Return the moves of one draw and their rules.

    Parameters
    ----------
    before : SinglesMatch
        The applicant-optimal stable matching without added seats.
    weights : MatchWeights
        Of the objective, with the places of `before`.
    programs : int
        P.

    Returns
    -------
    Moves
    """
    lengths = np.diff(before.ptr)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(len(owners)) - np.repeat(before.ptr[:-1], lengths)
    scores = before.score[: len(owners)]
    kept = np.flatnonzero((places < before.position[owners]) & (scores > -np.inf))
    owner, place, score = owners[kept], places[kept], scores[kept]
    program = before.program[kept].astype(np.int64)
    home = before.match[owner].astype(np.int64)
    weight = weights.of_matched[owner] + weights.of_program[program] + weights.of_place[1]
    weight += weights.of_place[0] * (place == 0)  # whoever moves is better off, and was not at the first place
    was = np.where(home >= 0, weights.of_matched[owner] + weights.of_program[np.maximum(home, 0)], 0.0)
    number, moves = np.arange(len(kept)), len(kept)
    # Waiting lists: best first; of equal scores the smaller number, as in `is_worse`.
    line = np.lexsort((owner, -score, program))
    follows = np.flatnonzero(program[line][1:] == program[line][:-1])  # places in `line` of those with somebody behind
    width = moves + len(follows)
    aux = np.full(moves, -1, dtype=np.int64)  # the auxiliary behind each move
    aux[line[follows]] = moves + np.arange(len(follows))
    first = np.searchsorted(owner, owner)  # moves of an applicant follow one another, best first
    sizes = number - first + 1
    columns = np.repeat(first, sizes) + (np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes))
    reached = matrix(np.repeat(number, sizes), columns, np.ones(sizes.sum()), (moves, width))
    last = np.flatnonzero(np.append(owner[1:] != owner[:-1], True)) if moves else number
    behind, ahead = line[follows + 1], line[follows]
    own = np.arange(len(follows))
    carries = matrix(own, aux[ahead], np.ones(len(own)), (len(own), width))
    has_before = np.isin(follows - 1, follows)
    previous = aux[line[follows[has_before] - 1]]
    heads = np.flatnonzero(np.append(True, program[line][1:] != program[line][:-1])) if moves else number
    rank = np.arange(moves) - np.repeat(heads, np.diff(np.append(heads, moves)))  # along `line`
    head = np.full(programs, -1, dtype=np.int64)
    head[program[line[heads]]] = line[heads]
    leavers = last[(home[last] >= 0)]
    leavers = leavers[head[home[leavers]] >= 0]
    seen = np.flatnonzero(rank < MOST_LEVELS)
    rules = sparse.vstack(
        [
            reached[last],  # an applicant moves once
            carries - reached[ahead],
            carries[has_before]
            - matrix(np.arange(len(previous)), previous, np.ones(len(previous)), (len(previous), width)),
            matrix(own, behind, np.ones(len(own)), (len(own), width)) - carries,
            reached[leavers] - reached[head[home[leavers]]],
        ],
        format="csr",
    )
    right = np.zeros(rules.shape[0])
    right[: len(last)] = 1.0
    leaves = home >= 0
    enters = matrix(
        np.append(program, home[leaves]),
        np.append(number, number[leaves]),
        np.append(np.ones(moves), -np.ones(int(leaves.sum()))),
        (programs, width),
    )
    held = np.bincount(before.match[before.match >= 0], minlength=programs)
    return Moves(
        gain=weight - was,
        rules=rules,
        right=right,
        enters=enters,
        served=np.column_stack([program[line[seen]], rank[seen]]),
        serves=reached[line[seen]],
        waited=np.unique(program),
        held=held,
        reached=reached,
        program=program,
    )


def matrix(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """Return a sparse matrix from its entries; those of one place add up."""
    return sparse.csr_array((values, (rows, columns)), shape=shape)
