"""Slow plain-Python twins of the kernels for couples: the definitions, written to be read.

Belongs here: when programs take a couple, what blocks, every stable matching by trying them all, and Roth-Peranson and
Kojima-Pathak-Roth step by step. Tests compare each kernel with its twin. Does not belong here: anything that a user
calls.

A matching is a list of programs by applicant, -1 for none; a unit is a single's number, or the number of applicants
plus that of a couple.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carms_lib.matching import MatchingProblem

__all__ = ["PlainMarket", "admit", "blocking", "matchings", "pass_over", "stable_matchings", "would_take"]


@dataclass(frozen=True)
class PlainMarket:
    """A problem as lists of numbers.

    Parameters
    ----------
    lists : list of lists of int
        Programs of each single; empty for members of couples.
    orders : list of lists of int
        Applicants of each program.
    quotas : list of int
    couples : list of (int, int, list of (int, int))
        Both members and their pairs of programs, -1 for no match.
    """

    lists: list[list[int]]
    orders: list[list[int]]
    quotas: list[int]
    couples: list[tuple[int, int, list[tuple[int, int]]]]

    @classmethod
    def of(cls, problem: MatchingProblem) -> PlainMarket:
        """Return the lists of a problem."""
        couples, lists = problem.couples, problem.lists
        own = [
            problem.applicant_idx[problem.applicant_ptr[a] : problem.applicant_ptr[a + 1]].tolist()
            if problem.couple_of[a] < 0
            else []
            for a in range(problem.n_applicants)
        ]
        orders = [
            lists.program_idx[lists.program_ptr[p] : lists.program_ptr[p + 1]].tolist()
            for p in range(problem.n_programs)
        ]
        pairs: list[tuple[int, int, list[tuple[int, int]]]] = []
        if couples is not None:
            for k, (first, second) in enumerate(couples.members.tolist()):
                ranked = couples.pairs[couples.pair_ptr[k] : couples.pair_ptr[k + 1]].tolist()
                pairs.append((first, second, [(one, other) for one, other in ranked]))
        return cls(own, orders, problem.quotas.tolist(), pairs)

    @property
    def n(self) -> int:
        return len(self.lists)

    @property
    def units(self) -> list[int]:
        members = {member for first, second, _ in self.couples for member in (first, second)}
        return [a for a in range(self.n) if a not in members] + [self.n + k for k in range(len(self.couples))]

    def couple_of(self, applicant: int) -> int | None:
        return next((k for k, couple in enumerate(self.couples) if applicant in couple[:2]), None)

    def n_options(self, unit: int) -> int:
        return len(self.lists[unit]) if unit < self.n else len(self.couples[unit - self.n][2])

    def seats_of(self, unit: int, place: int) -> list[tuple[int, int]]:
        """Return who would sit where under an option, those with no match left out."""
        if unit < self.n:
            return [(unit, self.lists[unit][place])]
        first, second, pairs = self.couples[unit - self.n]
        return [(who, where) for who, where in zip((first, second), pairs[place], strict=True) if where >= 0]

    def place_of(self, unit: int, match: list[int]) -> int:
        """Return the place of what a unit has in its list; the list's length for nothing."""
        if unit < self.n:
            return self.lists[unit].index(match[unit]) if match[unit] >= 0 else len(self.lists[unit])
        first, second, pairs = self.couples[unit - self.n]
        now = (match[first], match[second])
        return pairs.index(now) if now != (-1, -1) else len(pairs)

    def chooses(self, program: int, applicants: set[int]) -> set[int]:
        """Return whom a program would hold of `applicants`: the best it ranks, up to its quota."""
        ranked = [a for a in self.orders[program] if a in applicants]
        return set(ranked[: self.quotas[program]])


def would_take(market: PlainMarket, match: list[int], rule: str, unit: int, place: int) -> bool:
    """Tell whether the programs of a unit's option would take it, as the matching stands.

    Each program is asked for those members who are not there yet. One member at a program: is it among the best the
    program can hold of those it holds and the member? Two at one program: under BIS the same question for both; under
    MM, is the better above the second-worst held and the other above the worst, an empty seat being worse than
    anybody?
    """
    moves = [(who, where) for who, where in market.seats_of(unit, place) if match[who] != where]
    together = market.seats_of(unit, place)
    for who, where in moves:
        if who not in market.orders[where]:
            return False
    if len(together) == 2 and together[0][1] == together[1][1]:
        program = together[0][1]
        held = {a for a in range(market.n) if match[a] == program}
        if rule == "BIS":
            both = {who for who, _ in together}
            return both <= market.chooses(program, held | both)
        return _dominates(market, program, held, {who for who, _ in together}, {who for who, _ in moves})
    for who, where in moves:
        held = {a for a in range(market.n) if match[a] == where}
        if who not in market.chooses(where, held | {who}):
            return False
    return True


def _dominates(market: PlainMarket, program: int, held: set[int], both: set[int], moving: set[int]) -> bool:
    """Compare newcomers with whom they would replace, one by one: MM's question."""
    if market.quotas[program] < 2:
        return False
    nobody = len(market.orders[program])  # worse than anybody ranked
    ranks = sorted(market.orders[program].index(a) for a in held - both)
    places = market.quotas[program] - len(both - moving)
    ranks += [nobody] * (places - len(ranks))
    worst = ranks[-len(moving) :]
    return all(
        new < old for new, old in zip(sorted(market.orders[program].index(a) for a in moving), worst, strict=True)
    )


def blocking(market: PlainMarket, match: list[int], rule: str) -> list[tuple[int, int]]:
    """Return every option that its unit prefers to what it has and would get, as (unit, place)."""
    return [
        (unit, place)
        for unit in market.units
        for place in range(market.place_of(unit, match))
        if would_take(market, match, rule, unit, place)
    ]


def matchings(market: PlainMarket) -> Iterator[list[int]]:
    """Try every combination of options and yield those that are matchings."""
    ranked = [set(order) for order in market.orders]
    options = []
    for unit in market.units:
        seats: list[list[tuple[int, int]]] = [[]]
        for place in range(market.n_options(unit)):
            wanted = market.seats_of(unit, place)
            if all(who in ranked[where] for who, where in wanted):
                seats.append(wanted)
        options.append(seats)
    for chosen in product(*options):
        match = [-1] * market.n
        for seat in chosen:
            for who, where in seat:
                match[who] = where
        if all(match.count(program) <= quota for program, quota in enumerate(market.quotas)):
            yield match


def stable_matchings(market: PlainMarket, rule: str = "BIS") -> list[list[int]]:
    """Return every stable matching, by trying them all."""
    return [match for match in matchings(market) if not blocking(market, match, rule)]


@dataclass
class _Stacks:
    """Who waits and which programs have lost someone, in Roth and Peranson's procedure."""

    market: PlainMarket
    match: list[int]
    admitted: set[int]
    rule: str
    waiting: list[int]
    vacated: list[int]
    one_at_a_time: bool = False  # a program that has lost someone calls its best, and again until nobody comes
    mover: int | None = None  # the couple that applied last

    def wait(self, unit: int) -> None:
        if unit not in self.waiting:
            self.waiting.append(unit)

    def leave(self, applicant: int) -> None:
        if self.match[applicant] >= 0:
            if self.match[applicant] not in self.vacated:
                self.vacated.append(self.match[applicant])
            self.match[applicant] = -1

    def leave_all(self, unit: int) -> None:
        for applicant in (unit,) if unit < self.market.n else self.market.couples[unit - self.market.n][:2]:
            self.leave(applicant)

    def seat(self, unit: int, place: int) -> None:
        """Seat a unit that sits nowhere; whoever is displaced waits, and a partner withdraws."""
        market = self.market
        seats = market.seats_of(unit, place)
        lost: list[int] = []
        if len(seats) == 2 and seats[0][1] == seats[1][1]:
            lost = self._displaced(seats[0][1], 2)
        else:
            for _, program in seats:
                lost += self._displaced(program, 1)
        for who, program in seats:
            self.match[who] = program
        for applicant in lost:
            self.match[applicant] = -1
        for applicant in lost:
            couple = market.couple_of(applicant)
            if couple is None:
                self.wait(applicant)
            else:
                for partner in market.couples[couple][:2]:
                    self.leave(partner)
                self.wait(market.n + couple)

    def _displaced(self, program: int, newcomers: int) -> list[int]:
        """Return who must go for some newcomers, the worst first."""
        held = [a for a in self.market.orders[program] if self.match[a] == program]
        surplus = len(held) + newcomers - self.market.quotas[program]
        return held[::-1][: max(surplus, 0)]

    def step(self) -> None:
        market = self.market
        if self.waiting:
            unit = self.waiting.pop()
            if unit in self.admitted:
                self.mover = unit if unit >= market.n else self.mover
                self.leave_all(unit)
                place = next(
                    (k for k in range(market.n_options(unit)) if would_take(market, self.match, self.rule, unit, k)),
                    None,
                )
                if place is not None:
                    self.seat(unit, place)
            return
        program = self.vacated[-1]
        called = self._who_block(program)
        if self.one_at_a_time and called:
            self.wait(called[0])
            return
        self.vacated.pop()
        for unit in reversed(called):
            self.wait(unit)

    def _who_block(self, program: int) -> list[int]:
        """Return the admitted units that block with a program, in its order; a couple stands there for each member."""
        market = self.market
        found = []
        for applicant in market.orders[program]:
            couple = market.couple_of(applicant)
            unit = applicant if couple is None else market.n + couple
            if unit in self.admitted and any(
                (applicant, program) in market.seats_of(unit, place)
                and self.match[applicant] != program
                and would_take(market, self.match, self.rule, unit, place)
                for place in range(market.place_of(unit, self.match))
            ):
                found.append(unit)
        return found


def admit(
    market: PlainMarket,
    match: list[int],
    admitted: set[int],
    order: list[int],
    rule: str,
    budget: int,
    to_the_end: bool = True,
    rounds: int | None = None,
) -> tuple[list[int], int]:
    """Roth and Peranson's procedure: admit units one after another and work off both stacks.

    Where steps go beyond the budget, the unit admitted last is sent away, and other couples after it. With `rounds`,
    the procedure is that of a match by score: the couple that applied last is sent away, those sent away are admitted
    again so many times, and a program that has lost someone calls one unit at a time.

    Returns
    -------
    tuple of (list of int, int)
        The matching, and how many units stayed away; -1 where the procedure stopped at the first of them.
    """
    stacks = _Stacks(market, list(match), set(admitted), rule, [], [], one_at_a_time=rounds is not None)
    for unit in order * ((rounds or 0) + 1):
        if unit in stacks.admitted:
            continue
        stacks.admitted.add(unit)
        stacks.wait(unit)
        stacks.mover, steps, allowed = None, 0, budget
        while stacks.waiting or stacks.vacated:
            steps += 1
            if steps <= allowed:
                stacks.step()
                continue
            if not to_the_end:
                return stacks.match, -1
            couples = [other for other in order if other >= market.n and other in stacks.admitted]
            if unit in stacks.admitted:
                couples.append(unit)
            if rounds is not None:
                couples = [] if stacks.mover is None else [stacks.mover]
                stacks.mover = None
            if couples:
                stacks.admitted.remove(couples[-1])
                stacks.leave_all(couples[-1])
            elif rounds is None:
                allowed = 2**62
            steps = 0
    return stacks.match, len(set(order) - stacks.admitted)


def pass_over(
    market: PlainMarket, match: list[int], order: list[int], rule: str, passes: int
) -> tuple[list[int], bool]:
    """Kojima, Pathak and Roth's procedure: passes over everybody until one changes nothing.

    Returns
    -------
    tuple of (list of int, bool)
        The matching, and whether the last pass changed nothing.
    """
    stacks = _Stacks(market, list(match), set(order), rule, [], [])
    last: dict[int, int] = {}

    def move(unit: int, places: range) -> bool:
        for place in places:
            if would_take(market, stacks.match, rule, unit, place):
                before = {u: market.place_of(u, stacks.match) for u in order}
                stacks.leave_all(unit)
                stacks.seat(unit, place)
                for displaced in stacks.waiting:
                    last[displaced] = before[displaced]
                queue.extend(stacks.waiting)
                stacks.waiting.clear()
                return True
        return False

    for _ in range(passes):
        moved = False
        for unit in order:
            queue: list[int] = []
            moved = move(unit, range(market.place_of(unit, stacks.match))) or moved
            while queue:
                displaced = queue.pop(0)
                move(displaced, range(last[displaced] + 1, market.n_options(displaced)))
        if not moved:
            return stacks.match, True
    return stacks.match, False
