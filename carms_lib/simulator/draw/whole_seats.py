"""Whole seats from exact numbers: dependent rounding in which every total of two hierarchies is rounded too.

Belongs here: the kernel that rounds, and its work space. Does not belong here: which totals there are, which are
`inputs.seat_cells`, and what is rounded, which is `quotas`.

A program with x seats gets floor(x) or ceil(x), x on average; so does every set of two laminar families of programs, in
every draw. The numbers are a flow: from the country down one hierarchy to the programs, and up the other back to the
country. What flows in flows out, so a place with one fractional flow has two, and fractional flows form cycles. Along a
cycle as much is pushed, one way or the other, as makes at least one flow whole; the odds of the two ways leave every
expectation as it was. Each push ends a fractional flow, so there are at most as many as sets and programs.

References
----------
Budish, Che, Kojima and Milgrom (2013), *Designing random allocation mechanisms*, AER 103(2): bihierarchies.
Gandhi, Khuller, Parthasarathy and Srinivasan (2006), *Dependent rounding and its applications*, JACM 53(3).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from carms_lib.kernels.jit import inner_kernel
from carms_lib.kernels.noise import fold, uniform
from carms_lib.simulator.inputs.seat_cells import SeatNetwork

__all__ = ["RoundingSpace", "new_rounding_space", "round_seats"]

_NEARLY = 1e-9  # a flow so near to a whole number is one: sums of binary fractions miss it by less
_LOW32, _S32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_FACTOR, _STEP = np.uint64(1664525), np.uint64(1013904223)  # of the next 32 bits by which a place chooses a flow


class RoundingSpace(NamedTuple):
    """Work space of `round_seats` for P programs, E flows and N places where they meet."""

    part: np.ndarray  # float64[E]: the fractional part of each flow
    degree: np.ndarray  # int64[N]: fractional flows at a place
    begin: np.ndarray  # int64[N + 1]: where those of a place begin in `slots`
    slots: np.ndarray  # int64[2 E]
    at_tail: np.ndarray  # int64[E]: where a flow is in `slots`, at either of its ends
    at_head: np.ndarray  # int64[E]
    choice: np.ndarray  # uint64[N]: 32 bits by which a place chooses
    depth_of: np.ndarray  # int64[N]: how far down the path a place is, -1 for not on it
    path_edge: np.ndarray  # int64[N + 1]
    path_node: np.ndarray  # int64[N + 1]
    pushes: np.ndarray  # uint64[P]


def new_rounding_space(network: SeatNetwork) -> RoundingSpace:
    """Return work space for a network."""
    programs, edges, nodes = len(network.upper_other), len(network.tail), len(network.node_key)
    return RoundingSpace(
        part=np.zeros(edges),
        degree=np.zeros(nodes, np.int64),
        begin=np.zeros(nodes + 1, np.int64),
        slots=np.zeros(2 * edges, np.int64),
        at_tail=np.zeros(edges, np.int64),
        at_head=np.zeros(edges, np.int64),
        choice=np.zeros(nodes, np.uint64),
        depth_of=np.zeros(nodes, np.int64),
        path_edge=np.zeros(nodes + 1, np.int64),
        path_node=np.zeros(nodes + 1, np.int64),
        pushes=np.zeros(programs, np.uint64),
    )


@inner_kernel
def round_seats(
    state: np.uint64, exact: np.ndarray, network: SeatNetwork, space: RoundingSpace, whole: np.ndarray
) -> None:
    """Round exact numbers of seats so that every set of the network is rounded too, without bias.

    Parameters
    ----------
    state : uint64
        What the noise is folded from: entropy, purpose and draw.
    exact : ndarray of shape (P,), float64
        Not negative; whole where the network does not hold the program.
    network : SeatNetwork
    space : RoundingSpace
    whole : ndarray of shape (P,), int32
        Written: the floor or the ceiling of each.

    Notes
    -----
    The noise of a push is keyed by the first program of its cycle, and the choice of a flow by the place that chooses:
    programs that share no set with a fractional total are rounded alike whatever the others are.
    """
    if _write_parts(exact, network, space, whole) == 0:
        return
    _meet(state, network, space)
    for p in range(len(exact)):
        if space.part[p] > 0.0 and space.part[p] < 1.0:
            _empty_from(np.int64(network.tail[p]), state, network, space, whole)


@inner_kernel
def _write_parts(exact: np.ndarray, network: SeatNetwork, space: RoundingSpace, whole: np.ndarray) -> int:
    """Write the floors, and the fractional part of every flow; return how many programs are fractional."""
    part, programs, edges = space.part, len(exact), len(space.part)
    fractional, total = 0, 0.0
    part[programs:] = 0.0
    for p in range(programs):
        down = math.floor(exact[p] + _NEARLY)
        left = exact[p] - down
        whole[p] = down
        part[p] = left if left > _NEARLY else 0.0
        if part[p] > 0.0:
            fractional += 1
            total += part[p]
            one, other = network.upper[p], network.upper_other[p]
            if one >= 0:
                part[one] += part[p]
            if other >= 0:
                part[other] += part[p]
    if fractional == 0:
        return 0
    for e in range(programs, edges - 1):  # sets within sets come first
        if network.upper[e] >= 0:
            part[network.upper[e]] += part[e]
    part[edges - 1] = total
    for e in range(programs, edges):
        left = part[e] - math.floor(part[e] + _NEARLY)
        part[e] = left if left > _NEARLY else 0.0
    return fractional


@inner_kernel
def _meet(state: np.uint64, network: SeatNetwork, space: RoundingSpace) -> None:
    """Write which fractional flows meet at each place."""
    part, degree, begin = space.part, space.degree, space.begin
    degree[:] = 0
    for e in range(len(part)):
        if part[e] > 0.0:
            degree[network.tail[e]] += 1
            degree[network.head[e]] += 1
    for node in range(len(degree)):
        begin[node + 1] = begin[node] + degree[node]
        if degree[node] > 0:
            space.choice[node] = fold(state, network.node_key[node]) & _LOW32
        degree[node] = 0
    for e in range(len(part)):
        if part[e] > 0.0:
            tail, head = network.tail[e], network.head[e]
            space.at_tail[e], space.at_head[e] = begin[tail] + degree[tail], begin[head] + degree[head]
            space.slots[space.at_tail[e]] = e
            space.slots[space.at_head[e]] = e
            degree[tail] += 1
            degree[head] += 1
    space.depth_of[:] = -1
    space.pushes[:] = 0


@inner_kernel
def _empty_from(start: int, state: np.uint64, network: SeatNetwork, space: RoundingSpace, whole: np.ndarray) -> None:
    """Walk along fractional flows from a place, and push around every cycle, until none is left there."""
    depth_of, path_edge, path_node = space.depth_of, space.path_edge, space.path_node
    depth, node = 0, start
    path_node[0], depth_of[start] = start, 0
    while True:
        came_by = path_edge[depth - 1] if depth > 0 else -1
        degree = space.degree[node]
        if degree == 0 or (degree == 1 and space.slots[space.begin[node]] == came_by):
            depth_of[node] = -1
            if depth == 0:
                return
            # Without rounding errors nobody comes here: a place with one fractional flow has two.
            space.part[came_by] = 1.0 if space.part[came_by] > 0.5 else 0.0
            _end(came_by, network, space, whole)
            depth -= 1
            node = path_node[depth]
            continue
        edge = _choose(node, degree, came_by, space)
        other = np.int64(network.head[edge] if network.tail[edge] == node else network.tail[edge])
        path_edge[depth] = edge
        if depth_of[other] < 0:
            depth += 1
            path_node[depth], depth_of[other] = other, depth
            node = other
            continue
        first = depth_of[other]
        _push(first, depth, state, network, space, whole)
        depth_of[other] = first
        depth, node = first, other


@inner_kernel
def _choose(node: int, degree: int, came_by: int, space: RoundingSpace) -> int:
    """Return a fractional flow at a place, by its own noise; another one than it was reached by."""
    choice, begin = space.choice[node], space.begin[node]
    space.choice[node] = (choice * _FACTOR + _STEP) & _LOW32
    i = np.int64((choice * np.uint64(degree)) >> _S32)
    if space.slots[begin + i] == came_by:
        i = i + 1 if i + 1 < degree else 0
    return np.int64(space.slots[begin + i])


@inner_kernel
def _push(
    first: int, last: int, state: np.uint64, network: SeatNetwork, space: RoundingSpace, whole: np.ndarray
) -> None:
    """Push around the cycle of the path from depth `first` to `last`, so that a flow becomes whole, and leave it."""
    part, path_edge, path_node, programs = space.part, space.path_edge, space.path_node, len(space.pushes)
    onward, back, key = 1.0, 1.0, np.int64(programs)
    for k in range(first, last + 1):
        edge = path_edge[k]
        filled = part[edge]
        with_it = network.tail[edge] == path_node[k]
        onward = min(onward, 1.0 - filled if with_it else filled)
        back = min(back, filled if with_it else 1.0 - filled)
        key = min(key, edge)
    space.pushes[key] += np.uint64(1)  # a cycle holds a program: but for one flow, they alone join the hierarchies
    u = uniform(fold(fold(state, network.program_key[key]), space.pushes[key]))
    pushed = onward if u * (onward + back) < back else -back
    for k in range(first, last + 1):
        edge, node = path_edge[k], path_node[k]
        now = part[edge] + (pushed if network.tail[edge] == node else -pushed)
        part[edge] = now
        space.depth_of[node] = -1
        if now < _NEARLY or now > 1.0 - _NEARLY:
            part[edge] = 0.0 if now < 0.5 else 1.0
            _end(edge, network, space, whole)


@inner_kernel
def _end(edge: int, network: SeatNetwork, space: RoundingSpace, whole: np.ndarray) -> None:
    """Take a flow that is whole now off both of its ends; a program whose flow was rounded up has a seat more."""
    if edge < len(space.pushes) and space.part[edge] == 1.0:
        whole[edge] += 1
    for end in range(2):
        node = network.tail[edge] if end == 0 else network.head[edge]
        at = space.at_tail[edge] if end == 0 else space.at_head[edge]
        space.degree[node] -= 1
        last = space.slots[space.begin[node] + space.degree[node]]
        space.slots[at] = last
        if network.tail[last] == node:
            space.at_tail[last] = at
        else:
            space.at_head[last] = at
