"""Work space of a draw: every array that its steps write, made once and used for one draw after another.

Belongs here: the arrays, their shapes, and where they are made. Does not belong here: what is written into them.

n applicants laid out, T types of them, P programs, K disciplines, L = n * MAX_LIST + 8 places for
entries of lists.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np

from carms_lib.kernels.lanes import LANES, padded
from carms_lib.simulator.draw.exponential_race import PACES, Races, Runners, Track, new_races, new_runners, new_track
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["MANY", "MAX_LIST", "MAX_PAIRS", "Space", "kept_space", "kind_of_program", "new_space"]

#: The longest wish list that a draw writes; the memory of a worker is proportional to it.
MAX_LIST = 64
#: The longest list of pairs of a couple.
MAX_PAIRS = 200
#: How many applicants choose disciplines at a time; a multiple of 8.
MANY = 32


class Space(NamedTuple):
    """What one step of a draw writes and a later one reads; ``E = ptr[n]`` entries of all places are in use."""

    # Of the market: halves of keys, as `bits_of` takes them.
    program_low: np.ndarray  # uint32[P]
    program_high: np.ndarray  # uint32[P]
    discipline_keys: np.ndarray  # uint32[K]
    stretch: np.ndarray  # int64[K + 1]: where a discipline stands among M places, each padded
    # Of a block of draws.
    wait: np.ndarray  # float32[T, P]: 1 / how strongly a type is drawn to a program; inf where it cannot go
    near: np.ndarray  # uint8[T, P]: 2 for a program of a type's school, 1 for one of its provinces, else 0
    popularity: np.ndarray  # float64[2, K]: first-choice weight of a discipline, Canadian and international graduates
    wait_first: np.ndarray  # float32[T, K]: 1 / the weight of a discipline as a type's first; inf where closed
    wait_behind: np.ndarray  # float32[T, K]: the same behind the first
    open: Runners  # T * M: programs that a type may and can apply to, by discipline
    open_to: np.ndarray  # int64[T, K]: where those of each discipline end
    weight_open: np.ndarray  # float64[T, K]: the weight of all of them
    share: np.ndarray  # float64[P]: share of its applicants that a program interviews
    # Of one draw: lists, first as wished, then as ranked.
    taking_part: np.ndarray  # int64[T]: how many of each type take part
    breadth: np.ndarray  # float64[n]: factor on the length of an applicant's lists
    disciplines: np.ndarray  # int32[n, 3]: in which an applicant applies, most wanted first; -1 for none
    merit: np.ndarray  # float64[n]: what every program sees in an applicant
    first_of: np.ndarray  # int32[n]: each applicant's first discipline, -1 for none
    ptr: np.ndarray  # int64[n + 1]: where each applicant's list begins
    program: np.ndarray  # int32[L]: program of each entry, most wanted first
    score: np.ndarray  # float64[L]: what the program thinks of the applicant; -inf where it does not rank them
    # The same by program, and the couples among the applicants with what they list together.
    owner: np.ndarray  # int32[L]: applicant of each entry
    program_ptr: np.ndarray  # int64[P + 1]: where each program's applications begin in `application`
    application: np.ndarray  # int32[L]: entries by program
    couple_of: np.ndarray  # int32[n]: the number of an applicant's couple, -1 for a single
    members: np.ndarray  # int32[n // 2, 2]: the partners of each couple
    pair_ptr: np.ndarray  # int64[n // 2 + 1]: where each couple's pairs begin
    pairs: np.ndarray  # int32[n // 2 * MAX_PAIRS, 2]: entries, -1 for "no match"
    # The same lists in the second iteration.
    second_ptr: np.ndarray
    second_program: np.ndarray
    second_score: np.ndarray
    # Scratch: nothing is left here for a later step.
    codes: np.ndarray  # int32[L]
    nearness: np.ndarray  # float64[3]: what each value of `near` is worth
    fewest: np.ndarray  # float64[P]
    kept: np.ndarray  # float64[P]
    base: np.ndarray  # float64[P]
    reverted: np.ndarray  # int32[P]
    order: np.ndarray  # int32[n // 2]: in which couples are admitted
    begins: np.ndarray  # int64[4 * MAX_LIST + 2]
    threshold: np.ndarray  # float32[P]
    offset: np.ndarray  # int64[P + 1]
    opened: np.ndarray  # int32[P]: some of them
    field: Runners  # P padded: who runs in the second iteration's races of one type
    bits: np.ndarray  # uint32[L]
    pace: np.ndarray  # float64[K * PACES]
    runs: np.ndarray  # int32[n]: who chooses disciplines
    ranks_third: np.ndarray  # bool[n]
    low: np.ndarray  # uint32[MANY]: of many of them, the key of their race
    high: np.ndarray  # uint32[MANY]
    arrivals: np.ndarray  # int32[K * MANY]: when each discipline arrives
    chosen: np.ndarray  # int32[MANY]
    races: Races
    track: Track


def kind_of_program(programs: int) -> type[np.signedinteger[Any]]:
    """Return the kind of integer in which a draw's outcomes name one of so many programs, or none of them."""
    return np.int16 if programs < 2**15 else np.int32


def new_space(tables: Tables) -> Space:
    """Return work space for draws of the market with these tables."""
    n, types = len(tables.applicant_type), len(tables.type_class)
    programs, disciplines = len(tables.program_key), len(tables.discipline_key)
    length = n * MAX_LIST + LANES  # where 8 are compared at a time; and a race has a place for those who come too late
    stretch = np.zeros(disciplines + 1, dtype=np.int64)
    np.cumsum([padded(size) for size in np.diff(tables.discipline_start)], out=stretch[1:])
    shapes = {
        "wait": ((types, programs), np.float32),
        "wait_first": ((types, disciplines), np.float32),
        "wait_behind": ((types, disciplines), np.float32),
        "open_to": ((types, disciplines), np.int64),
        "weight_open": ((types, disciplines), np.float64),
        "popularity": ((2, disciplines), np.float64),
        "share": (programs, np.float64),
        "taking_part": (types, np.int64),
        "first_of": (n, np.int32),
        "owner": (length, np.int32),
        "program_ptr": (programs + 1, np.int64),
        "application": (length, np.int32),
        "couple_of": (n, np.int32),
        "members": ((n // 2, 2), np.int32),
        "pair_ptr": (n // 2 + 1, np.int64),
        "pairs": ((n // 2 * MAX_PAIRS, 2), np.int32),
        "codes": (length, np.int32),
        "nearness": (3, np.float64),
        "near": ((types, programs), np.uint8),
        "reverted": (programs, np.int32),
        "opened": (programs, np.int32),
        "order": (n // 2, np.int32),
        "begins": (4 * MAX_LIST + 2, np.int64),
        "offset": (programs + 1, np.int64),
        "bits": (length, np.uint32),
        "threshold": (programs, np.float32),
        "pace": (disciplines * PACES, np.float64),
        "disciplines": ((n, 3), np.int32),
        "runs": (n, np.int32),
        "ranks_third": (n, np.bool_),
        "arrivals": (disciplines * MANY, np.int32),
        "chosen": (MANY, np.int32),
    }
    shapes |= dict.fromkeys(("ptr", "second_ptr"), (n + 1, np.int64))
    shapes |= dict.fromkeys(("program", "second_program"), (length, np.int32))
    shapes |= dict.fromkeys(("score", "second_score"), (length, np.float64))
    shapes |= dict.fromkeys(("fewest", "kept", "base"), (programs, np.float64))
    shapes |= dict.fromkeys(("breadth", "merit"), (n, np.float64))
    shapes |= dict.fromkeys(("low", "high"), (MANY, np.uint32))
    return Space(
        program_low=(tables.program_key & np.uint64(0xFFFFFFFF)).astype(np.uint32),
        program_high=(tables.program_key >> np.uint64(32)).astype(np.uint32),
        discipline_keys=tables.discipline_key.astype(np.uint32),
        stretch=stretch,
        open=new_runners(types * int(stretch[-1])),
        field=new_runners(programs),
        races=new_races(),
        track=new_track(programs),
        **{name: np.empty(shape, dtype) for name, (shape, dtype) in shapes.items()},
    )


class _Kept(threading.local):
    """The work space that a thread used last, and what it was made for."""

    made_for: tuple[np.ndarray, ...] = ()
    space: Space | None = None


_KEPT = _Kept()


def kept_space(tables: Tables) -> Space:
    """Return the work space that this thread used last, or a new one where that was for another market.

    A block of draws touches some thousand pages of it, and to be given new ones takes half as long as a draw.
    """
    decides = (
        tables.program_key, tables.discipline_key, tables.discipline_start, tables.applicant_type, tables.type_class
    )  # fmt: skip
    if _KEPT.space is None or any(one is not other for one, other in zip(decides, _KEPT.made_for, strict=True)):
        _KEPT.made_for, _KEPT.space = decides, new_space(tables)
    return _KEPT.space
