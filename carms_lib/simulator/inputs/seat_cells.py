"""Which totals of seats are rounded with the programs: two hierarchies of cells, as a network of flows.

Belongs here: the cells, and the network that `draw.whole_seats` walks on. Does not belong here: how many seats a
program has.

One hierarchy: a program and what was split off from it, within discipline x province, within discipline. The other:
discipline x province x stream, within province x stream, within province, within the country.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["SeatNetwork", "seat_network"]


class SeatNetwork(NamedTuple):
    """Flows between N places; P programs first, then the sets of both hierarchies, and the country last: E flows."""

    tail: np.ndarray  # int32[E]: where a flow comes from; -1 for a program that is not rounded
    head: np.ndarray  # int32[E]: where it goes
    upper: np.ndarray  # int32[E]: the flow of the next larger set, of the first hierarchy for programs; -1 for none
    upper_other: np.ndarray  # int32[P]: that of the second hierarchy
    program_key: np.ndarray  # uint64[P]
    node_key: np.ndarray  # uint64[N]: the key of the first program below


def seat_network(
    cells: Sequence[np.ndarray], others: Sequence[np.ndarray], keys: np.ndarray, held: np.ndarray
) -> SeatNetwork:
    """Return the network of two hierarchies.

    Parameters
    ----------
    cells, others : sequence of ndarray of shape (P,), int
        For each level of a hierarchy, the smallest sets first, the number of the set that holds each program.
    keys : ndarray of shape (P,), uint64
    held : ndarray of shape (P,), bool
        Programs that are rounded; the others are in no set.

    Returns
    -------
    SeatNetwork
        A set with one member only, program or set, has the same total and is left out.
    """
    programs = len(keys)
    which = np.flatnonzero(held)
    node_key = [np.uint64(0), np.uint64(1)]  # the two ends of the country
    tail, head = [np.full(programs, -1, np.int32) for _ in range(2)]
    upper, upper_other = [np.full(programs, -1, np.int32) for _ in range(2)]
    tails: list[int] = []
    heads: list[int] = []
    uppers: list[int] = []
    for root, levels, at, above in ((0, cells, tail, upper), (1, others, head, upper_other)):
        at[which], above[which] = root, -1
        # From the largest sets down: a set is within the one that its programs are in so far.
        sets: list[tuple[int, int, int]] = []  # node, node above, place of the set above
        of_set = np.full(programs, -1, np.int64)  # place in `sets` of the smallest set so far
        for level in reversed(levels):
            numbers = level[which]
            order = np.argsort(numbers, kind="stable")
            at_outer, of_outer = at.copy(), of_set.copy()
            size_of_outer = {i: int((of_outer[which] == i).sum()) for i in set(of_outer[which].tolist())}
            for members in np.split(which[order], np.flatnonzero(np.diff(numbers[order])) + 1):
                if len(members) < 2:
                    continue
                first = members[0]
                outer = int(of_outer[first])
                if outer >= 0 and len(members) == size_of_outer[outer]:
                    continue
                node_key.append(keys[first])
                sets.append((len(node_key) - 1, int(at_outer[first]), outer))
                at[members] = len(node_key) - 1
                of_set[members] = len(sets) - 1
        count = len(sets)
        base = programs + len(tails)
        place = {i: base + count - 1 - i for i in range(count)}  # smallest first
        for i in range(count - 1, -1, -1):
            node, above_it, parent = sets[i]
            tails.append(above_it if root == 0 else node)
            heads.append(node if root == 0 else above_it)
            uppers.append(place.get(parent, -1))
        above[which] = [place.get(int(i), -1) for i in of_set[which]]
    return SeatNetwork(
        tail=np.concatenate([tail, np.array([*tails, 1], np.int32)]),
        head=np.concatenate([head, np.array([*heads, 0], np.int32)]),
        upper=np.concatenate([upper, np.array([*uppers, -1], np.int32)]),
        upper_other=upper_other,
        program_key=keys,
        node_key=np.array(node_key, dtype=np.uint64),
    )
