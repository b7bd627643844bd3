"""Why an applicant or a program has this outcome: choice by choice, in words and as a table.

Belongs here: what happened at each choice, and the sentences that say so. Does not belong here: the predicate by
which programs judge (`scored.blocking`), and what blocks a matching as a whole (`_blocking_pairs`).

An applicant's explanation has a row for each choice above the match, and for the match itself; what stands below
was not needed. For a member of a couple a choice is a pair, and each of its two parts has a row. A program's has a
row for each applicant that it ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.matching._assignment import Assignment, name_column, whole_column
from carms_lib.matching._blocking_pairs import list_blocking
from carms_lib.matching._checks import check_choice, shown
from carms_lib.matching._linked_lists import NOT_LISTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from carms_lib.kernels.arrays import Int64s
    from carms_lib.matching._couple_lists import CoupleLists

__all__ = ["Explanation", "explain"]

_MOST_LINES = 20

_WORDS = {
    "no_match": "no match, which is always to be had",
    "stays": "{name} sits there in any case",
    "not_ranked": "it does not rank {name}",
    "no_positions": "it has no positions",
    "full": "it ranks {name} {rank}; its {quota}: {holders}, all ranked better",
    "not_both": "it ranks {name} {rank} and would not take both members; its {quota}: {holders}",
    "would_take": "it ranks {name} {rank} and would take {name}; its {quota}: {holders}",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    """The reasons of one outcome.

    Parameters
    ----------
    name : object
        Whose outcome it is.
    side : {"applicant", "program"}
    headline : str
        The outcome in one sentence.
    reasons : tuple of str
        A sentence for each choice that mattered.
    """

    name: Any
    side: str
    headline: str
    reasons: tuple[str, ...]
    _columns: dict[str, Any]

    def to_frame(self) -> pd.DataFrame:
        """Return the choices as a table.

        Returns
        -------
        DataFrame
            Of an applicant, one row per choice down to the match, of a couple one per choice and member:
            applicant_rank (place in the list, 1 = first), applicant, program (missing for "no match"), outcome,
            program_rank (of the applicant), quota, filled, last_rank (the worst rank that holds a seat there), holders
            (a tuple of names, best ranked first).

            ``outcome`` is "matched"; "full" (everybody there is ranked better); "not_ranked"; "no_positions";
            "blocks" (the program would rather have the applicant: the matching is not stable). Of one part of a
            couple's pair also "would_take" (but another program would not), "not_both" (one of them perhaps, the
            two not), "stays" (the member is there already) and "no_match".

            Of a program, one row per applicant that it ranks: program_rank, applicant, outcome, applicant_rank (place
            of this program in that list), elsewhere (where the applicant is), elsewhere_rank (the place of that).

            ``outcome`` is "matched"; "prefers" (the applicant has what it likes better); "not_listed"; "full" (ranked
            below everybody who holds a seat); "partner" (a couple could not have both parts of a pair that it likes
            better); "blocks".
        """
        import pandas as pd  # noqa: PLC0415 - arrays need no pandas

        return pd.DataFrame(self._columns)

    def summary(self) -> str:
        """Return the outcome in one sentence."""
        return self.headline

    def __str__(self) -> str:
        lines = self.reasons[:_MOST_LINES]
        more = len(self.reasons) - len(lines)
        rest = [f"  … and {more} more; see to_frame()"] if more else []
        return "\n".join([self.headline, *(f"  {line}" for line in lines), *rest])

    def __repr__(self) -> str:
        return str(self)


def explain(matching: Assignment, name: Any, side: str | None = None) -> Explanation:
    """Explain one outcome; see `Matching.explain`.

    Raises
    ------
    UnknownNameError
        There is no such applicant or program, or no such side.
    ArgumentError
        The name is on both sides and `side` does not say which is meant.
    """
    problem = matching.problem
    if side is not None:
        check_choice("side", side, ("applicant", "program"))
    known = [
        (which, number(name))
        for which, number, names in (
            ("applicant", problem.applicant_number, problem.applicants),
            ("program", problem.program_number, problem.programs),
        )
        if side in (None, which) and (side is not None or _is_in(names, number, name))
    ]
    if not known:
        raise UnknownNameError("name", name, [*problem.applicants, *problem.programs])
    if len(known) > 1:
        msg = f"name={name!r} is an applicant and a program. Say which: side='applicant' or side='program'."
        raise ArgumentError(msg)
    which, number = known[0]
    view = _View(matching)
    return _explain_applicant(view, number) if which == "applicant" else _explain_program(view, number)


def _is_in(names: Sequence[Any], number: Any, name: Any) -> bool:
    if isinstance(names, range):
        return isinstance(name, int | np.integer) and name in names
    try:
        number(name)
    except UnknownNameError:
        return False
    return True


class _View:
    """A matching with its programs' present holders at hand."""

    def __init__(self, matching: Assignment) -> None:
        self.matching = matching
        self.problem = matching.problem
        self.blocking = {(unit, place) for unit, place in list_blocking(matching).tolist()}
        seated = np.flatnonzero(matching.match >= 0)
        order = np.lexsort((matching.held_ranks[seated], matching.match[seated]))
        self.seated = seated[order]
        self.first_seat = np.searchsorted(matching.match[self.seated], np.arange(self.problem.n_programs + 1))

    def holders(self, program: int) -> Int64s:
        """Return who holds seats, best ranked first."""
        return self.seated[self.first_seat[program] : self.first_seat[program + 1]]

    def would_take(self, program: int, rank: int) -> bool:
        """Tell whether a program has a free seat for one whom it ranks so, or holds someone worse."""
        who = self.holders(program)
        if who.size < self.problem.lists.seats[program]:
            return True
        return who.size > 0 and rank < int(self.matching.held_ranks[who[-1]])

    def blocks(self, couple: int, place: int) -> bool:
        """Tell whether a couple blocks the matching with a pair of its list."""
        return (self.problem.n_applicants + couple, place) in self.blocking

    def couples(self) -> CoupleLists:
        """Return the couples; asked for only of a member."""
        assert self.problem.couples is not None
        return self.problem.couples

    def applicant(self, number: int) -> str:
        return str(self.problem.applicants[number])

    def program(self, number: int) -> str:
        return "no match" if number < 0 else str(self.problem.programs[number])

    def held_by(self, program: int) -> str:
        """Return the holders as words, each with the program's rank."""
        who = self.holders(program)
        ranks = self.matching.held_ranks
        words = [f"{self.applicant(int(a))} ({ranks[a] + 1})" for a in who]
        free = int(self.problem.quotas[program]) - who.size
        if free:
            words.insert(0, f"{free} free")
        return shown(words)

    def positions(self, program: int) -> str:
        quota = int(self.problem.quotas[program])
        return "1 position" if quota == 1 else f"{quota} positions"


@dataclass(slots=True)
class _Row:
    """One choice, or one part of a couple's."""

    place: int
    applicant: int
    program: int
    outcome: str
    rank: int


def _explain_applicant(view: _View, applicant: int) -> Explanation:
    couple = int(view.problem.couple_of[applicant])
    rows = _single_rows(view, applicant) if couple < 0 else _couple_rows(view, couple)
    return Explanation(
        view.problem.applicants[applicant],
        "applicant",
        _applicant_headline(view, applicant, couple),
        tuple(_choice_words(view, rows, couple >= 0)),
        _applicant_columns(view, rows),
    )


def _single_rows(view: _View, applicant: int) -> list[_Row]:
    lists = view.problem.lists
    start, end = int(lists.applicant_ptr[applicant]), int(lists.applicant_ptr[applicant + 1])
    rows = []
    for place in range(min(int(view.matching.position[applicant]) + 1, end - start)):
        packed = int(lists.entries[start + place])
        program, rank = packed >> lists.shift, packed & lists.unranked
        rank = NOT_LISTED if rank == lists.unranked else rank
        outcome = _verdict(view, program, rank)
        if place == view.matching.position[applicant]:
            outcome = "matched"
        elif outcome == "would_take":
            outcome = "blocks"
        rows.append(_Row(place, applicant, program, outcome, rank))
    return rows


def _couple_rows(view: _View, couple: int) -> list[_Row]:
    couples, problem = view.couples(), view.problem
    members = [int(member) for member in couples.members[couple]]
    now = [int(view.matching.match[member]) for member in members]
    start, end = int(couples.pair_ptr[couple]), int(couples.pair_ptr[couple + 1])
    here = int(view.matching.position[members[0]])
    rows = []
    for option in range(start, min(start + here + 1, end)):
        place = option - start
        pair = [int(program) for program in couples.pairs[option]]
        ranks = [int(rank) for rank in problem.pair_ranks[option]]
        for member, program, rank, seat in zip(members, pair, ranks, now, strict=True):
            if place == here:
                outcome = "matched" if program >= 0 else "no_match"
            elif program < 0:
                outcome = "no_match"
            elif program == seat:
                outcome = "stays"
            elif view.blocks(couple, place):
                outcome = "blocks"
            else:
                outcome = _verdict(view, program, rank)
                if outcome == "would_take" and pair[0] == pair[1]:
                    outcome = "not_both"
            rows.append(_Row(place, member, program, outcome, rank))
    return rows


def _verdict(view: _View, program: int, rank: int) -> str:
    """Return what a program says to one applicant, as the matching stands."""
    if rank == NOT_LISTED:
        return "not_ranked"
    if view.problem.quotas[program] == 0:
        return "no_positions"
    return "would_take" if view.would_take(program, rank) else "full"


def _applicant_headline(view: _View, applicant: int, couple: int) -> str:
    matching = view.matching
    name, program, place = view.applicant(applicant), int(matching.match[applicant]), int(matching.position[applicant])
    if couple < 0:
        length, unit, partner = int(view.problem.lists.lengths[applicant]), "choice", ""
    else:
        couples = view.couples()
        length, unit = int(couples.pair_ptr[couple + 1] - couples.pair_ptr[couple]), "pair"
        other = next(int(member) for member in couples.members[couple] if member != applicant)
        partner = f", with {view.applicant(other)} {_where(view, int(matching.match[other]))}"
    if length == 0:
        return f"{name} is unmatched{partner}: there is nothing in the list."
    if place == length:
        none = f"the only {unit}" if length == 1 else f"none of {length} {unit}s"
        return f"{name} is unmatched{partner}: {none} could {'not ' * (length == 1)}be had."
    rank = "" if program < 0 else f"; the program ranks {name} {int(matching.held_ranks[applicant]) + 1}"
    best = " There is no better one." if place == 0 else ""
    return f"{name} is {_where(view, program)}{partner}: {unit} {place + 1} of {length}{rank}.{best}"


def _where(view: _View, program: int) -> str:
    return "unmatched" if program < 0 else f"at {view.program(program)}"


def _choice_words(view: _View, rows: list[_Row], is_couple: bool) -> list[str]:
    """Return a sentence for each choice above the match."""
    words: dict[int, list[str]] = {}
    head: dict[int, list[str]] = {}
    for row in rows:
        if row.outcome == "matched":
            continue
        words.setdefault(row.place, []).append(_part_words(view, row, is_couple))
        head.setdefault(row.place, []).append(view.program(row.program))
    here = {row.place for row in rows if row.outcome == "matched"}
    return [
        f"{'pair' if is_couple else 'choice'} {place + 1}, {' and '.join(head[place])}: {'; '.join(words[place])}."
        for place in sorted(words)
        if place not in here
    ]


def _part_words(view: _View, row: _Row, is_couple: bool) -> str:
    blocks = row.outcome == "blocks"
    text = _WORDS["would_take" if blocks else row.outcome].format(
        name=view.applicant(row.applicant),
        rank=row.rank + 1,
        quota="" if row.program < 0 else view.positions(row.program),
        holders="" if row.program < 0 else view.held_by(row.program),
    )
    if is_couple and row.program >= 0 and row.outcome != "stays":
        text = f"at {view.program(row.program)}, {text}"
    return f"{text} (this blocks the matching)" if blocks else text


def _applicant_columns(view: _View, rows: list[_Row]) -> dict[str, Any]:
    problem = view.problem
    program = np.array([row.program for row in rows], np.int64)
    rank = np.array([row.rank for row in rows], np.int64)
    somewhere = program >= 0
    held = [view.holders(p) if p >= 0 else np.zeros(0, np.int64) for p in program]
    filled = np.array([who.size for who in held], np.int64)
    last = np.array([int(view.matching.held_ranks[who].max(initial=-1)) for who in held], np.int64)
    return {
        "applicant_rank": whole_column(np.array([row.place + 1 for row in rows], np.int64), np.ones(len(rows), bool)),
        "applicant": name_column(problem.applicants, np.array([row.applicant for row in rows], np.int64)),
        "program": name_column(problem.programs, program),
        "outcome": [row.outcome for row in rows],
        "program_rank": whole_column(rank + 1, somewhere & (rank != NOT_LISTED)),
        "quota": whole_column(problem.quotas[program] if problem.n_programs else program, somewhere),
        "filled": whole_column(filled, somewhere),
        "last_rank": whole_column(last + 1, somewhere & (filled > 0)),
        "holders": [tuple(problem.applicants[int(a)] for a in who) for who in held],
    }


def _explain_program(view: _View, program: int) -> Explanation:
    problem, matching, lists = view.problem, view.matching, view.problem.lists
    ranked = slice(int(lists.program_ptr[program]), int(lists.program_ptr[program + 1]))
    applicants = lists.program_idx[ranked].astype(np.int64)
    place = lists.program_pos[ranked].astype(np.int64)
    here = matching.match[applicants] == program
    place[here] = matching.position[applicants[here]]  # of a couple, the pair that it has
    outcomes = [_applicant_verdict(view, program, rank, int(a)) for rank, a in enumerate(applicants)]
    columns = {
        "program_rank": np.arange(1, applicants.size + 1),
        "applicant": name_column(problem.applicants, applicants),
        "outcome": outcomes,
        "applicant_rank": whole_column(place + 1, place != NOT_LISTED),
        "elsewhere": name_column(problem.programs, np.where(here, -1, matching.match[applicants])),
        "elsewhere_rank": whole_column(matching.position[applicants] + 1, ~here & (matching.match[applicants] >= 0)),
    }
    who = view.holders(program)
    reasons = []
    for rank, (applicant, outcome) in enumerate(zip(applicants.tolist(), outcomes, strict=True)):
        if outcome in ("matched", "full"):
            continue
        name = view.applicant(applicant)
        choice = f"{view.program(program)} is choice {place[rank] + 1} of {name}"
        sits = _where(view, int(matching.match[applicant]))
        own = f"choice {int(matching.position[applicant]) + 1}"
        text = {
            "not_listed": f"{name} does not list {view.program(program)}",
            "prefers": f"{name} is {sits}, {own}; {choice}",
            "partner": f"{name} is {sits}; {choice}, and the partner's part of that pair could not be had",
            "blocks": f"{name} is {sits} and would rather come; {choice} (this blocks the matching)",
        }[outcome]
        reasons.append(f"rank {rank + 1}: {text}.")
    filled = f"{who.size} filled: {view.held_by(program)}" if who.size else "none filled"
    refused = outcomes.count("full")
    below = f" Would come, but ranked below the last: {refused}." if refused else ""
    headline = f"{view.program(program)} has {view.positions(program)}, {filled}. It ranks {applicants.size}.{below}"
    return Explanation(problem.programs[program], "program", headline, tuple(reasons), columns)


def _applicant_verdict(view: _View, program: int, rank: int, applicant: int) -> str:
    """Return what an applicant whom a program ranks says to it, or it to the applicant."""
    problem, matching = view.problem, view.matching
    lists = problem.lists
    if matching.match[applicant] == program:
        return "matched"
    couple = int(problem.couple_of[applicant])
    position = int(matching.position[applicant])
    if couple < 0:
        place = int(lists.program_pos[lists.program_ptr[program] + rank])
        if place == NOT_LISTED:
            return "not_listed"
        if place > position:
            return "prefers"
        return "blocks" if view.would_take(program, rank) else "full"
    couples = view.couples()
    side = couples.members[couple].tolist().index(applicant)
    named = np.flatnonzero(couples.pairs[couples.pair_ptr[couple] : couples.pair_ptr[couple + 1], side] == program)
    if not named.size:
        return "not_listed"
    better = named[named < position].tolist()
    if not better:
        return "prefers"
    if any(view.blocks(couple, place) for place in better):
        return "blocks"
    return "partner" if view.would_take(program, rank) else "full"
