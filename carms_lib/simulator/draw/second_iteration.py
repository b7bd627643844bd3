"""The second iteration: unmatched applicants and unfilled seats are matched again, with new lists.

Belongs here: who takes part, the lists they write, and the match. Does not belong here: which programs are open to
whom, which is a rule of the market.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.kernels.noise import Purpose, fold, halves, stream, uniform
from carms_lib.kernels.variates import exp_of, normal
from carms_lib.matching.scored.deferred_acceptance import propose_scored
from carms_lib.matching.scored.lists import ScoredLists, ScoredState
from carms_lib.simulator.draw.exponential_race import (
    MOST_RACES,
    PACES,
    Race,
    lay_out,
    run_races,
    total_weight,
)
from carms_lib.simulator.draw.first_iteration import seat_offsets
from carms_lib.simulator.draw.interviews import Applications, keep_best, leave_out, read_files
from carms_lib.simulator.draw.wishes import gather_open, length_of_list
from carms_lib.simulator.draw.workspace import MAX_LIST, Space
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["second_iteration"]

_AT = {name: i for i, name in enumerate(PARAMETERS)}
_SECOND_LENGTH, _LENGTH_SPREAD = _AT["second_applications"], _AT["applications_spread"]
_SECOND_RANKED = _AT["second_ranked_share"]
_FIRST, _SECOND, _OF_LENGTH, _OF_TASTE, _SECOND_FILE = (
    Purpose.FIRST,
    Purpose.SECOND,
    Purpose.SECOND_LENGTH,
    Purpose.SECOND_TASTE,
    Purpose.SECOND_FILE,
)


@inner_kernel
def second_iteration(
    entropy: np.uint64,
    draw: int,
    theta: np.ndarray,
    tables: Tables,
    second_open: np.ndarray,
    space: Space,
    state: ScoredState,
) -> None:
    """Match unmatched applicants to unfilled seats with new lists; a couple that went unmatched applies apart.

    Parameters
    ----------
    second_open : ndarray of shape (P,), uint8
        Bit c says that class c may apply; of the scenario, as `tables` have that of the baseline.
    space : Space
        `taking_part`, `first_of`, `merit` and `wait` are read. Written: `second_ptr`, `second_program` and
        `second_score`.
    state : ScoredState
        The first iteration's `match`, `held_count` and `quota`. On return `match` holds the outcome of the second, -1
        for everybody who stays unmatched or did not take part, and `quota` the seats that stood open in it.
    """
    ptr, program, score, opened = space.second_ptr, space.second_program, space.second_score, space.opened
    programs, open_programs = len(state.quota), np.int64(0)
    for p in range(programs):
        state.quota[p] -= state.held_count[p]
        if state.quota[p] > 0:
            opened[open_programs] = p
            open_programs += 1
    of_first = stream(entropy, _FIRST, draw)
    of_second = stream(entropy, _SECOND, draw)
    of_length = stream(entropy, _OF_LENGTH, draw)
    of_taste = stream(entropy, _OF_TASTE, draw)
    races = space.races
    space.pace[:PACES] = 1.0
    edge = 0
    for t in range(len(tables.type_class)):
        c = tables.type_class[t]
        bit = np.uint8(1 << c)
        found, weight, whole, cut = -1, 0.0, 0, 0  # programs are gathered for the first of a type who applies
        for a in range(tables.type_start[t], tables.type_start[t + 1]):
            ptr[a] = edge
            if state.match[a] >= 0 or found == 0 or a - tables.type_start[t] >= space.taking_part[t]:
                continue
            if found < 0:
                found = gather_open(space.wait[t], second_open, bit, opened[:open_programs], space, space.field, 0)
                if found == 0:
                    continue
                weight = total_weight(space.field, 0, found)
            key = tables.applicant_key[a]
            came_late = uniform(fold(of_first, key)) >= tables.class_first[c]
            if not came_late and uniform(fold(of_second, key)) >= tables.class_second[c]:
                continue
            breadth = exp_of(theta[_LENGTH_SPREAD] * normal(fold(of_length, key)))
            low, high = halves(fold(of_taste, key))
            wanted = min(length_of_list(theta[_SECOND_LENGTH] * breadth, MAX_LIST), found)
            if whole + cut == MOST_RACES:
                run_races(space.field, races, whole, cut, space.pace, space.track, program)
                whole, cut = 0, 0
            race = Race(low=low, high=high, begin=0, end=found, weight=weight, wanted=wanted, kind=0, to=edge)
            whole, cut = lay_out(races, whole, cut, race)
            edge += wanted
        run_races(space.field, races, whole, cut, space.pace, space.track, program)
    n = len(tables.applicant_type)
    ptr[n] = edge
    files = Applications(ptr=ptr, program=program, score=score)
    read_files(entropy, _SECOND_FILE, draw, theta, tables, space, files)
    threshold, kept, fewest = space.threshold, space.kept, space.fewest
    kept[:] = theta[_SECOND_RANKED]
    fewest[:] = 0.0
    keep_best(program[:edge], score[:edge], kept, fewest, threshold, space.offset, space.codes)
    leave_out(program[:edge], score[:edge], threshold)
    seat_offsets(state.quota, state.seat_ptr)
    lists = ScoredLists(
        ptr=ptr,
        idx=program,
        score=score,
        owner=space.owner,
        program_ptr=space.program_ptr,
        application=space.application,
        couple_of=space.couple_of,
        members=space.members[:0],  # in the second iteration partners apply apart
        pair_ptr=space.pair_ptr,
        pairs=space.pairs,
    )
    propose_scored(lists, state)
