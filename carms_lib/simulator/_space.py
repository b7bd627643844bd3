"""Work space of a draw: every array that its steps write, made once and used for one draw after another.

Belongs here: the arrays, their shapes, and where they are made. Does not belong here: what is written into them.

n applicants laid out, T types of them, P programs, K disciplines, L = n * MAX_LIST places for entries of lists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carms_lib.matching._jit import allocating_kernel
from carms_lib.simulator._market import Tables
from carms_lib.simulator._race import Track, new_track, padded

__all__ = ["MAX_LIST", "Space", "new_space"]

#: The longest wish list that a draw writes; the memory of a worker is proportional to it.
MAX_LIST = 64


class Space(NamedTuple):
    """What one step of a draw writes and a later one reads; ``E = ptr[n]`` entries of all places are in use."""

    # Of a block of draws.
    weight: np.ndarray  # float32[T, P]: how strongly a type is drawn to a program; 0 where it cannot go
    popularity: np.ndarray  # float64[2, K]: first-choice weight of a discipline, Canadian and international graduates
    share: np.ndarray  # float64[P]: share of its applicants that a program interviews
    # Of one draw: lists, first as wished, then as ranked.
    taking_part: np.ndarray  # int64[T]: how many of each type take part
    first_of: np.ndarray  # int32[n]: each applicant's first discipline, -1 for none
    ptr: np.ndarray  # int64[n + 1]: where each applicant's list begins
    program: np.ndarray  # int32[L]: program of each entry, most wanted first
    score: np.ndarray  # float64[L]: what the program thinks of the applicant; -inf where it does not rank them
    # The same of the second iteration.
    second_ptr: np.ndarray
    second_program: np.ndarray
    second_score: np.ndarray
    second: np.ndarray  # int32[n]: who is matched where in it, -1 for nobody
    # Scratch: nothing is left here for a later step.
    values: np.ndarray  # float64[L]
    fewest: np.ndarray  # float64[P]
    kept: np.ndarray  # float64[P]
    threshold: np.ndarray  # float64[P]
    offset: np.ndarray  # int64[P + 1]
    every: np.ndarray  # int32[P]: all programs, in order
    opened: np.ndarray  # int32[P]: some of them
    candidates: np.ndarray  # int32[P]
    keys: np.ndarray  # uint64[P]
    waits: np.ndarray  # float64[P]
    gathered_for: np.ndarray  # int64[K]: for which type the candidates of a discipline were written last
    gathered_to: np.ndarray  # int64[K]: and where they end
    discipline_keys: np.ndarray  # uint64, K padded
    wait_first: np.ndarray  # float64, K padded
    wait_behind: np.ndarray  # float64, K padded
    pace: np.ndarray  # float64[K]
    track: Track


@allocating_kernel
def new_space(tables: Tables) -> Space:
    """Return work space for draws of the market with these tables."""
    n, types = len(tables.applicant_type), len(tables.type_class)
    programs, disciplines = len(tables.program_key), len(tables.discipline_key)
    longest = n * MAX_LIST
    discipline_keys = np.zeros(padded(disciplines), dtype=np.uint64)
    discipline_keys[:disciplines] = tables.discipline_key
    return Space(
        np.empty((types, programs), dtype=np.float32),
        np.empty((2, disciplines)),
        np.empty(programs),
        np.empty(types, dtype=np.int64),
        np.empty(n, dtype=np.int32),
        np.empty(n + 1, dtype=np.int64),
        np.empty(longest, dtype=np.int32),
        np.empty(longest),
        np.empty(n + 1, dtype=np.int64),
        np.empty(longest, dtype=np.int32),
        np.empty(longest),
        np.empty(n, dtype=np.int32),
        np.empty(longest),
        np.empty(programs),
        np.empty(programs),
        np.empty(programs),
        np.empty(programs + 1, dtype=np.int64),
        np.arange(programs).astype(np.int32),
        np.empty(programs, dtype=np.int32),
        np.empty(programs, dtype=np.int32),
        np.empty(programs, dtype=np.uint64),
        np.empty(programs),
        np.empty(disciplines, dtype=np.int64),
        np.empty(disciplines, dtype=np.int64),
        discipline_keys,
        np.full(padded(disciplines), np.inf),
        np.full(padded(disciplines), np.inf),
        np.empty(disciplines),
        new_track(programs + disciplines),
    )
