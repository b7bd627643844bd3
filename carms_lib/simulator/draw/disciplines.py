"""Which disciplines applicants want: the first, and up to two behind it.

Belongs here: who applies in the first iteration, and the races in which disciplines are chosen. Does not belong here:
programs, which are `wishes`.

All applicants of one type draw from the same disciplines with the same weights, so their exponential races
(`exponential_race`) are run side by side, one discipline after another for many applicants at a time. There are few
disciplines and few places, so nothing is gained by a bound: everybody's arrival is computed, and the first taken as
often as one is wanted.

References
----------
McFadden (1978), *Modelling the choice of residential location*: nested choice, of which this is the upper level.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inlined_kernel, inner_kernel
from carms_lib.kernels.lanes import LANES, padded, write_firsts
from carms_lib.kernels.noise import Purpose, bits_of, fold, halves, stream, uniform
from carms_lib.kernels.variates import exp_of
from carms_lib.simulator.draw.exponential_race import NEVER, arrival
from carms_lib.simulator.draw.workspace import MANY, Space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["choose_disciplines"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_THIRD, _ONE_ALONE = _AT["third_discipline"], _AT["one_discipline"]
_FIRST, _DISCIPLINE, _BREADTH, _BACKUP = Purpose.FIRST, Purpose.DISCIPLINE, Purpose.BREADTH, Purpose.BACKUP
_ZERO, _ONE, _MANY, _NO_BITS = np.uint64(0), np.uint64(1), np.uint64(MANY), np.uint32(0)


@inner_kernel
def choose_disciplines(entropy: np.uint64, draw: int, theta: np.ndarray, tables: Tables, space: Space) -> None:
    """Write the disciplines of one draw.

    Parameters
    ----------
    entropy : uint64
    draw : int
    theta : ndarray of shape (len(PARAMETERS),), float64
    tables : Tables
    space : Space
        `taking_part`, `wait_first` and `wait_behind` are read. Written: `disciplines`, -1 for none; who does not apply
        in the first iteration, or may apply to no discipline, has none.
    """
    of_first, of_breadth = stream(entropy, _FIRST, draw), stream(entropy, _BREADTH, draw)
    of_discipline, of_backup = stream(entropy, _DISCIPLINE, draw), stream(entropy, _BACKUP, draw)
    wanted, runs, chosen = space.disciplines, space.runs, space.chosen
    odds_of_one, two_only = exp_of(theta[_ONE_ALONE]), 1.0 - theta[_THIRD]
    wanted[:] = -1
    for t in range(len(tables.type_class)):
        c = tables.type_class[t]
        group = 1 if tables.class_abroad[c] else 0
        start, count = np.uint64(tables.type_start[t]), _ZERO
        for a in range(start, start + np.uint64(space.taking_part[t])):  # no branch: written always, kept if they apply
            runs[count] = a
            count += np.uint64(uniform(fold(of_first, tables.applicant_key[a])) < tables.class_first[c])
        for at in range(_ZERO, count, _MANY):
            width = _run(of_discipline, at, count, space.wait_first[t], tables, space)
            _take_first(width, tables, space)
            for i in range(min(width, count - at)):
                wanted[np.uint64(runs[at + i]), 0] = chosen[i]
        applying, count = count, _ZERO
        for i in range(applying):
            a = np.uint64(runs[i])
            first = np.uint64(max(wanted[a, 0], 0))
            only = tables.only_share[group, first]
            if group == 0:
                only = only * odds_of_one / (1.0 - only + only * odds_of_one)
            breadth = uniform(fold(of_breadth, tables.applicant_key[a]))
            # Of those who rank more than one, who ranks a third.
            space.ranks_third[count] = breadth >= only + (1.0 - only) * two_only
            runs[count] = a
            count += np.uint64((breadth >= only) & (wanted[a, 0] >= 0))
        for at in range(_ZERO, count, _MANY):
            width = _run(of_backup, at, count, space.wait_behind[t], tables, space)
            present = min(width, count - at)
            for i in range(present):
                chosen[i] = wanted[np.uint64(runs[at + i]), 0]
            for place in range(1, 3):
                _leave_out(width, present, space)
                _take_first(width, tables, space)
                for i in range(present):
                    wanted[np.uint64(runs[at + i]), place] = chosen[i]
        for i in range(count):
            if not space.ranks_third[i]:
                wanted[np.uint64(runs[i]), 2] = -1


@inlined_kernel
def _run(
    state: np.uint64, at: np.uint64, count: np.uint64, waits: np.ndarray, tables: Tables, space: Space
) -> np.uint64:
    """Write when each discipline arrives for those who run, from `at` on, `arrivals`; return how many stand abreast.

    Up to a multiple of 8, the last one again.
    """
    low, high, arrivals = space.low, space.high, space.arrivals
    width = np.uint64(padded(np.int64(min(count - at, _MANY))))
    for i in range(width):
        low[i], high[i] = halves(fold(state, tables.applicant_key[space.runs[min(at + i, count - _ONE)]]))
    for k in range(np.uint64(len(tables.discipline_key))):
        for i in range(width):
            bits = bits_of(low[i], high[i], space.discipline_keys[k], _NO_BITS)
            arrivals[k * width + i] = arrival(bits, waits[k])
    return width


@inlined_kernel
def _take_first(width: np.uint64, tables: Tables, space: Space) -> None:
    """Write to `chosen` which discipline arrives first for each, -1 where none does."""
    for at in range(0, np.int64(width), LANES):
        write_firsts(space.arrivals, len(tables.discipline_key), np.int64(width), at, NEVER, space.chosen)


@inlined_kernel
def _leave_out(width: np.uint64, present: np.uint64, space: Space) -> None:
    """Let the disciplines in `chosen` never arrive."""
    for i in range(present):
        if space.chosen[i] >= 0:
            space.arrivals[np.uint64(space.chosen[i]) * width + i] = NEVER
