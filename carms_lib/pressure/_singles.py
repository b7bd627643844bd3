"""The match of single applicants over the seats that couples do not hold.

Belongs here: setting couples aside and matching the others. Does not belong here: adding seats (`_seats`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carms_lib.matching._kernels import propose_scored
from carms_lib.pressure._seats import best_of_couples, hold_couples
from carms_lib.simulator._replay import DrawnMatch

__all__ = ["SinglesMatch", "match_singles"]


class SinglesMatch(NamedTuple):
    """A draw with its couples set aside; n applicants, P programs, E entries."""

    ptr: np.ndarray  # int64[n + 1]
    program: np.ndarray  # int32[E]
    score: np.ndarray  # float64[E], -inf on the entries of couples
    quota: np.ndarray  # int32[P]: seats that couples do not hold
    match: np.ndarray  # int32[n]: -1 for members of couples, too
    position: np.ndarray  # int32[n]: 0 for members of couples, so that they wait nowhere
    couple_best: np.ndarray  # float64[P]: what `best_of_couples` wrote
    restless: int  # singles placed elsewhere than in the draw's own match


def match_singles(drawn: DrawnMatch, extra: np.ndarray | None = None) -> SinglesMatch:
    """Match the single applicants of a draw, couples holding the seats they got.

    Parameters
    ----------
    drawn : DrawnMatch
        Not changed.
    extra : ndarray of shape (P,), int, optional
        Seats to add before matching.

    Returns
    -------
    SinglesMatch
        The outcome that single applicants like best. Without couples it is the draw's own first match.
    """
    n, programs = len(drawn.match), len(drawn.quota)
    score, quota = drawn.score.copy(), drawn.quota.astype(np.int32)
    best = np.empty(programs)
    best_of_couples(drawn.ptr, drawn.program, score, drawn.match, drawn.couple_of, best)
    hold_couples(drawn.ptr, score, drawn.match, quota, drawn.couple_of)
    if extra is not None:
        quota += extra.astype(np.int32)
    seat_ptr = np.concatenate([[0], np.cumsum(quota, dtype=np.int64)])
    match, position, stack = (np.empty(n, dtype=np.int32) for _ in range(3))
    held_applicant, held_score = np.empty(seat_ptr[-1], dtype=np.int32), np.empty(seat_ptr[-1])
    propose_scored(
        drawn.ptr, drawn.program, score, quota, seat_ptr, match, position, held_applicant, held_score,
        np.empty(programs, dtype=np.int32), stack,
    )  # fmt: skip
    single = drawn.couple_of < 0
    position[~single] = 0
    restless = int((match[single] != drawn.match[single]).sum())
    return SinglesMatch(drawn.ptr, drawn.program, score, quota, match, position, best, restless)
