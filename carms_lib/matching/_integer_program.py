"""Exact search for a stable matching with couples, as an integer program.

Belongs here: the model and its solution with `scipy.optimize.milp`. Does not belong here: when it is tried
(`_couples_search`).

One binary variable says that unit `u` has option `k`. With `H(p, a)` the number of applicants whom program `p` holds
and ranks above `a`, and `q` its quota, nothing blocks if

- for a single `a` and its choice `p`: ``H(p, a) >= q (1 - has p or better)``;
- for a couple's pair `k` and each way in which its members may now sit: not (now so) or the programs refuse, where a
  refusal of one member by `p` is ``H(p, a) >= q``, and one of both by `p` is, under BIS, ``H(p, worse) >= q - 1``
  and, under MM, ``H(p, better) >= q - 1`` or ``H(p, worse) >= q``.

With `fewest` the same model has a binary variable more for each coalition that is let through, and their number is
made as small as possible.

References
----------
Manlove, D. F., McBride, I. and Trimble, J. (2017). "Almost-stable" matchings in the hospitals/residents problem with
couples. Constraints 22, 50-72.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carms_lib.matching._linked_lists import NOT_LISTED

if TYPE_CHECKING:
    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching.scored.lists import ScoredLists

__all__ = ["solve_exactly"]

_PROVEN_INFEASIBLE, _OPTIMAL = 2, 0


class _Model:
    """Rows of a sparse integer program, built one coefficient at a time."""

    def __init__(self, n_variables: int) -> None:
        self.n_variables = n_variables
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.lower: list[float] = []
        self.refusal: dict[tuple[int, int, float, int], int] = {}

    def new_variable(self) -> int:
        self.n_variables += 1
        return self.n_variables - 1

    def at_least(self, lower: float, terms: list[tuple[int, float]]) -> None:
        """Add ``sum(coefficient * variable) >= lower``."""
        row = len(self.lower)
        self.lower.append(lower)
        for variable, coefficient in terms:
            self.row.append(row)
            self.column.append(variable)
            self.value.append(coefficient)


def solve_exactly(
    lists: ScoredLists, quota: Int32s, rule: str, time_limit: float, *, fewest: bool = False
) -> tuple[str, Int32s | None]:
    """Search for a stable matching until one is found, none can exist, or time is up.

    Parameters
    ----------
    lists : ScoredLists
        Their scores are ranks counted downwards.
    quota : ndarray of int32, shape (n_programs,)
    rule : {"BIS", "MM"}
    time_limit : float
        Seconds.
    fewest : bool, default False
        Look for the matching with fewest blocking coalitions instead.

    Returns
    -------
    tuple of (str, ndarray of int32 or None)
        "stable", "none_exists" or "budget"; with `fewest`, "fewest" or "budget". Then the place that each unit has
        in its list (its length when unmatched), or None where nothing was found.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - half a second, and rarely needed
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - half a second, and rarely needed

    layout = _Layout(lists, quota)
    if layout.n_options == 0:
        return ("fewest" if fewest else "stable"), layout.length
    model = _Model(layout.n_options)
    _feasible(model, layout)
    slack = _stable(model, layout, rule, fewest=fewest)
    cost = np.zeros(model.n_variables)
    cost[slack] = 1.0
    matrix = coo_matrix((model.value, (model.row, model.column)), (len(model.lower), model.n_variables))
    result = milp(
        cost,
        integrality=np.ones(model.n_variables),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(matrix.tocsr(), model.lower, np.inf)] if model.lower else [],
        options={"time_limit": time_limit},
    )
    if result.status == _PROVEN_INFEASIBLE:
        return "none_exists", None
    if result.x is None:
        return "budget", None
    chosen = np.flatnonzero(result.x[: layout.n_options] > 0.5)
    place = layout.length.copy()
    place[layout.unit[chosen]] = layout.place[chosen]
    if fewest:
        return ("fewest" if result.status == _OPTIMAL else "budget"), place
    return "stable", place


class _Layout:
    """Which variable stands for which unit's option, and who would sit where under it."""

    def __init__(self, lists: ScoredLists, quota: Int32s) -> None:
        self.lists = lists
        n, n_couples = lists.ptr.size - 1, lists.members.shape[0]
        singles = np.flatnonzero(lists.couple_of < 0)
        self.length = np.zeros(n + n_couples, np.int32)
        self.length[singles] = (lists.ptr[1:] - lists.ptr[:-1])[singles]
        self.length[n:] = lists.pair_ptr[1:] - lists.pair_ptr[:-1]
        self.first = np.concatenate(([0], np.cumsum(self.length)))
        self.n_options = int(self.first[-1])
        self.unit = np.repeat(np.arange(n + n_couples), self.length)
        self.place = (np.arange(self.n_options) - self.first[self.unit]).astype(np.int32)
        self.seats = quota
        seat = [
            (program, NOT_LISTED if score == -np.inf else int(-score))
            for program, score in zip(lists.idx.tolist(), lists.score.tolist(), strict=True)
        ]
        seat.append((-1, -1))  # what an entry of -1 finds: no match
        self.seated: list[list[tuple[int, int]]] = [[] for _ in range(self.n_options)]  # (program, rank) of each
        for single in singles.tolist():
            for place in range(self.length[single]):
                self.seated[self.first[single] + place] = [seat[lists.ptr[single] + place]]
        for pair, entries in enumerate(lists.pairs.tolist()):
            self.seated[int(self.first[n]) + pair] = [seat[entry] for entry in entries]
        self.holders: list[list[tuple[int, int]]] = [[] for _ in range(quota.size)]  # (rank, variable)
        for variable, seats in enumerate(self.seated):
            for program, rank in seats:
                if program >= 0:
                    self.holders[program].append((rank, variable))

    def above(self, program: int, rank: int, without: int = -1) -> list[tuple[int, float]]:
        """Return the terms of ``H(program, rank)``, not counting who is ranked `without`."""
        return [(variable, 1.0) for held, variable in self.holders[program] if held < rank and held != without]


def _feasible(model: _Model, layout: _Layout) -> None:
    """Each unit has one option at most, quotas hold, and nobody sits where it is not ranked."""
    for unit in range(layout.length.size):
        options = range(layout.first[unit], layout.first[unit + 1])
        if options:
            model.at_least(-1, [(option, -1.0) for option in options])
    for program, holders in enumerate(layout.holders):
        if holders:
            model.at_least(-float(layout.seats[program]), [(variable, -1.0) for _, variable in holders])
    for variable, seats in enumerate(layout.seated):
        if any(program >= 0 and rank == NOT_LISTED for program, rank in seats):
            model.at_least(0, [(variable, -1.0)])


def _stable(model: _Model, layout: _Layout, rule: str, *, fewest: bool) -> list[int]:
    """Add what keeps every coalition from blocking; return the variables that let one through."""
    n = layout.lists.ptr.size - 1
    slack: list[int] = []
    for variable in range(layout.n_options):
        unit = int(layout.unit[variable])
        if any(program >= 0 and rank == NOT_LISTED for program, rank in layout.seated[variable]):
            continue
        let = []
        if fewest:
            slack.append(model.new_variable())
            let = [(slack[-1], 1.0)]
        if unit < n:
            program, rank = layout.seated[variable][0]
            quota = float(layout.seats[program])
            better = range(layout.first[unit], variable + 1)
            terms = [*layout.above(program, rank), *((option, quota) for option in better)]
            model.at_least(quota, [*terms, *((let_one, quota) for let_one, _ in let)])
        else:
            _couple_stays(model, layout, rule, variable, let)
    return slack


def _couple_stays(model: _Model, layout: _Layout, rule: str, variable: int, let: list[tuple[int, float]]) -> None:
    """Keep a couple from blocking with the pair of `variable`, however its members sit now.

    The ways are told apart by which member sits already where the pair would take it. Sitting nowhere is the way
    of having none of the couple's options.
    """
    unit = int(layout.unit[variable])
    wanted = layout.seated[variable]
    better = range(layout.first[unit], variable + 1)
    worse = range(variable + 1, layout.first[unit + 1])
    stays: dict[tuple[bool, bool], list[int]] = {}
    for option in worse:
        now = layout.seated[option]
        stays.setdefault((now[0][0] == wanted[0][0], now[1][0] == wanted[1][0]), []).append(option)
    refusals: dict[tuple[bool, bool], list[tuple[int, float]]] = {}
    nowhere = (wanted[0][0] < 0, wanted[1][0] < 0)
    for way in sorted({*stays, nowhere}):
        refusals[way] = [(refusal, 1.0) for refusal in _refusals(model, layout, rule, wanted, way)]
        if way in stays:
            # at most one of these options is had, and if one is, some program must refuse
            model.at_least(0, [*((option, -1.0) for option in stays[way]), *refusals[way], *let])
    everything = [(option, 1.0) for option in [*better, *worse]]
    model.at_least(1, [*everything, *refusals[nowhere], *let])


def _refusals(
    model: _Model, layout: _Layout, rule: str, wanted: list[tuple[int, int]], stays: tuple[bool, bool]
) -> list[int]:
    """Return variables of which each may be 1 only if some program refuses its part of the pair."""
    (first, first_rank), (second, second_rank) = wanted
    if first == second and first >= 0:
        quota = float(layout.seats[first])
        if quota < 2:  # it refuses in any case
            always = model.new_variable()
            return [always]
        lower, higher = min(first_rank, second_rank), max(first_rank, second_rank)
        if any(stays):
            rank = higher if rule == "BIS" else (second_rank if stays[0] else first_rank)
            own = first_rank if stays[0] else second_rank
            return [_refusal(model, layout, first, rank, quota - 1, without=own)]
        if rule == "BIS":
            return [_refusal(model, layout, first, higher, quota - 1)]
        return [
            _refusal(model, layout, first, lower, quota - 1),
            _refusal(model, layout, first, higher, quota),
        ]
    return [
        _refusal(model, layout, program, rank, float(layout.seats[program]))
        for (program, rank), stay in zip(wanted, stays, strict=True)
        if program >= 0 and not stay
    ]


def _refusal(model: _Model, layout: _Layout, program: int, rank: int, needed: float, without: int = -1) -> int:
    """Return a variable that may be 1 only if `program` holds `needed` applicants ranked above `rank`.

    `without` is the rank of somebody who does not count.
    """
    key = (program, rank, needed, without)
    if key not in model.refusal:
        model.refusal[key] = variable = model.new_variable()
        model.at_least(0, [*layout.above(program, rank, without), (variable, -needed)])
    return model.refusal[key]
