"""Slow plain-Python twins of the kernels: what each should compute, written to be read.

Belongs here: one function for each kernel, with lists and dicts, whose only virtue is that it is plainly
right. Tests compare every kernel with its twin. Does not belong here: anything that a user calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "HeldSeats",
    "add_seat",
    "applicants_propose",
    "link",
    "places_of_programs",
    "programs_propose",
    "propose_scored",
    "rank_by_score",
]


class HeldSeats:
    """The ranks that hold a program's seats; whoever holds an empty seat is ranked after everybody on the list."""

    def __init__(self, length: int, seats: int) -> None:
        self.held = list(range(length, length + seats))

    @property
    def worst(self) -> int:
        """The worst rank that holds a seat; 0, which nobody beats, where there is no seat."""
        return max(self.held, default=0)

    def next_better(self, rank: int) -> int:
        """Return the worst held rank that is better than `rank`; -1 when there is none."""
        return max((held for held in self.held if held < rank), default=-1)

    def exchange(self, rank: int) -> int:
        """Let `rank` take the seat of the worst and return the new worst."""
        self.held.remove(self.worst)
        self.held.append(rank)
        return self.worst


def link(lists: Sequence[Sequence[int]], orders: Sequence[Sequence[int]]) -> list[list[int | None]]:
    """Return the program's rank of the applicant at each entry of the applicants' lists; None where it has none."""
    return [
        [orders[program].index(applicant) if applicant in orders[program] else None for program in own]
        for applicant, own in enumerate(lists)
    ]


def places_of_programs(lists: Sequence[Sequence[int]], orders: Sequence[Sequence[int]]) -> list[list[int | None]]:
    """Return the place that the program has in the list of each applicant it ranks; None where it is not there."""
    return [
        [lists[applicant].index(program) if program in lists[applicant] else None for applicant in order]
        for program, order in enumerate(orders)
    ]


def rank_by_score(
    lists: Sequence[Sequence[int]], scores: Sequence[Sequence[float]], n_programs: int
) -> list[list[int]]:
    """Return each program's rank order: whoever it scores, highest first, equals in the order of their numbers."""
    given: list[list[tuple[float, int]]] = [[] for _ in range(n_programs)]
    for applicant, own in enumerate(lists):
        for program, score in zip(own, scores[applicant], strict=True):
            if score != -float("inf"):
                given[program].append((-score, applicant))
    return [[applicant for _, applicant in sorted(row)] for row in given]


def applicants_propose(
    lists: Sequence[Sequence[int]], orders: Sequence[Sequence[int]], quotas: Sequence[int]
) -> tuple[list[int], list[int], int]:
    """Gale and Shapley's procedure with rank orders, in rounds.

    Returns
    -------
    tuple of (list of int, list of int, int)
        As `propose_scored`.
    """
    ranks = link(lists, orders)
    scores = [[-float("inf") if rank is None else -rank for rank in own] for own in ranks]
    return propose_scored(lists, scores, quotas)


def programs_propose(
    lists: Sequence[Sequence[int]], orders: Sequence[Sequence[int]], quotas: Sequence[int]
) -> tuple[list[int], list[int], int]:
    """Let each program offer its free seats down its order, in rounds, while applicants keep the best offer.

    Returns
    -------
    tuple of (list of int, list of int, int)
        Program and place of each applicant, and the number of offers.
    """
    match = [-1] * len(lists)
    asked = [0] * len(orders)
    offers = 0
    while True:
        free = [
            p for p, order in enumerate(orders) if match.count(p) < min(quotas[p], len(order)) and asked[p] < len(order)
        ]
        if not free:
            break
        for program in free:
            applicant = orders[program][asked[program]]
            asked[program] += 1
            offers += 1
            own = lists[applicant]
            if program in own and (match[applicant] < 0 or own.index(program) < own.index(match[applicant])):
                match[applicant] = program
    position = [own.index(now) if now >= 0 else len(own) for own, now in zip(lists, match, strict=True)]
    return match, position, offers


def propose_scored(
    lists: Sequence[Sequence[int]], scores: Sequence[Sequence[float]], quotas: Sequence[int]
) -> tuple[list[int], list[int], int]:
    """Gale and Shapley's procedure with scores, in rounds.

    Parameters
    ----------
    lists : sequence of sequences of int
        Programs of each applicant, best first.
    scores : sequence of sequences of float
        Priority at each of them; -inf means not ranked; equal scores favour the lower applicant.
    quotas : sequence of int
        Positions of each program.

    Returns
    -------
    tuple of (list of int, list of int, int)
        Program of each applicant (-1 when unmatched), place in the own list (its length when unmatched), and
        the number of proposals.
    """
    position = [0] * len(lists)
    held: list[list[tuple[float, int]]] = [[] for _ in quotas]
    waiting = set(range(len(lists)))
    proposals = 0
    while waiting:
        applicant = min(waiting)
        waiting.remove(applicant)
        if position[applicant] == len(lists[applicant]):
            continue
        proposals += 1
        program = lists[applicant][position[applicant]]
        score = scores[applicant][position[applicant]]
        if score != -float("inf"):
            held[program].append((-score, applicant))
            held[program].sort()
            rejected = held[program][quotas[program] :]
            del held[program][quotas[program] :]
        else:
            rejected = [(-score, applicant)]
        for _, loser in rejected:
            position[loser] += 1
            waiting.add(loser)
    match = [-1] * len(lists)
    for program, holders in enumerate(held):
        for _, applicant in holders:
            match[applicant] = program
    return match, position, proposals


def add_seat(
    lists: Sequence[Sequence[int]], scores: Sequence[Sequence[float]], match: Sequence[int], program: int
) -> tuple[list[int], list[int]]:
    """Follow a vacancy at `program` to its end, then carry out cycles of candidates until there is none.

    Parameters
    ----------
    lists, scores
        As in `propose_scored`.
    match : sequence of int
        The applicants' best stable matching.
    program : int

    Returns
    -------
    tuple of (list of int, list of int)
        Who moved, in the order of the first move, and the program of each applicant after it.
    """
    after = list(match)
    moved: list[int] = []

    def candidate(of: int) -> int | None:
        willing = []
        for applicant, own in enumerate(lists):
            now = own.index(after[applicant]) if after[applicant] >= 0 else len(own)
            if of in own and own.index(of) < now and scores[applicant][own.index(of)] != -float("inf"):
                willing.append((-scores[applicant][own.index(of)], applicant))
        return min(willing)[1] if willing else None

    def let(applicant: int, to: int) -> int:
        vacated = after[applicant]
        after[applicant] = to
        if applicant not in moved:
            moved.append(applicant)
        return vacated

    vacant = program
    while vacant >= 0 and (applicant := candidate(vacant)) is not None:
        vacant = let(applicant, vacant)
    programs = sorted({choice for own in lists for choice in own})
    cycle: list[int] = [-1]
    while cycle:
        cycle = next((found for start in programs if (found := _cycle(start, candidate, after))), [])
        leads = [(candidate(here), here) for here in cycle]
        for applicant, here in leads:
            if applicant is not None:
                let(applicant, here)
    return moved, after


def _cycle(start: int, candidate: Callable[[int], int | None], match: Sequence[int]) -> list[int]:
    """Go from `start` to where its candidate sits, and on; return the programs of the circle, if it is one."""
    path = [start]
    while (applicant := candidate(path[-1])) is not None and match[applicant] >= 0:
        if match[applicant] in path:
            return path[path.index(match[applicant]) :]
        path.append(match[applicant])
    return []
