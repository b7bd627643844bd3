"""The match of one draw, and what one more seat in each program does, as named arrays.

Belongs here: the groups of arrays that the kernels of this package read and write. Does not belong here: the kernels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["ChainEnds", "Gains", "MatchWeights", "SinglesMatch", "Standing", "new_chain_ends"]


class SinglesMatch(NamedTuple):
    """A draw without its couples; n applicants, P programs, E entries."""

    ptr: np.ndarray  # int64[n + 1]
    program: np.ndarray  # int32[E]
    score: np.ndarray  # float64[E], -inf on the entries of couples
    quota: np.ndarray  # int32[P]: seats that couples do not hold
    match: np.ndarray  # int32[n]: -1 for members of couples, too
    position: np.ndarray  # int32[n]: 0 for members of couples, so that they wait nowhere
    couple_best: np.ndarray  # float64[2, P]: what `best_of_pairs` wrote, or `best_of_couples`


class Standing(NamedTuple):
    """A draw's own matching, couples and all; n applicants, P programs."""

    quota: np.ndarray  # int32[P]
    match: np.ndarray  # int32[n]: -1 for none
    position: np.ndarray  # int32[n]: place in the own list, of pairs for a member of a couple


class ChainEnds(NamedTuple):
    """How the chain that a seat in each of P programs sets off goes on and ends."""

    length: np.ndarray  # int32[P]: applicants who move up one after another; 0 where nobody takes the seat
    newly: np.ndarray  # int32[P]: the applicant who had no seat and has one now, or -1
    ends: np.ndarray  # int32[P]: the program where a seat stays empty, or -1; one of `newly` and `ends` is -1
    # Whether a program that takes somebody, or is left with a seat, would rather have a member of a couple who would
    # come; where it is not, the end is stable with couples too.
    touched: np.ndarray  # bool[P]
    mover_ptr: np.ndarray  # int32[P + 1]: where each program's movers begin


class MatchWeights(NamedTuple):
    """A linear function of the match of singles: the sum, over matched applicants, of four weights."""

    of_matched: np.ndarray  # float64[n]: of each applicant, wherever matched
    of_program: np.ndarray  # float64[P]: of a seat filled there
    of_place: np.ndarray  # float64[2]: of the first place of the list; of a place before `before`
    before: np.ndarray  # int32[n]: each applicant's place in the match without added seats


class Gains(NamedTuple):
    """Who gains by a seat in each of P programs, counted."""

    length: np.ndarray  # int16[P]: applicants who move up one after another; all who do where matched afresh
    newly: np.ndarray  # int16[P]: applicants who had no seat and have one
    worse: np.ndarray  # int16[P]: applicants worse off
    mover_ptr: np.ndarray  # int32[P + 1]: where each program's movers begin


def new_chain_ends(programs: int) -> ChainEnds:
    """Return room for a chain from every program."""
    return ChainEnds(
        length=np.empty(programs, np.int32),
        newly=np.empty(programs, np.int32),
        ends=np.empty(programs, np.int32),
        touched=np.empty(programs, np.bool_),
        mover_ptr=np.empty(programs + 1, np.int32),
    )
