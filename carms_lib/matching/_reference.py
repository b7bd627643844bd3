"""Slow plain-Python twins of the kernels: what each should compute, written to be read.

Belongs here: one function for each kernel, with lists and dicts, whose only virtue is that it is plainly
right. Tests compare every kernel with its twin. Does not belong here: anything that a user calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["propose_scored"]


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
