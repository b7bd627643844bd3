"""Counts of a study: programs and applicants by group, and how many of them in every draw.

Belongs here: the loops over draws and applicants, and the counts of the views "pressure" and "outcomes". Does not
belong here: the groups (`_groups`), what a metric divides by what (`metrics`), and bands (`_bands`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from carms_lib.kernels.jit import kernel
from carms_lib.pressure._bands import Measure
from carms_lib.pressure._groups import Groups
from carms_lib.pressure.metric_views import COUNTS
from carms_lib.pressure.metrics import METRICS
from carms_lib.simulator import Outcomes, Study

__all__ = ["count_outcomes", "count_pressure", "measures_of"]


def count_pressure(
    study: Study, scenario: str, groups: Groups, choice_field: str, match_field: str
) -> dict[str, np.ndarray]:
    """Return the counts of the view "pressure", int32 of shape (D, groups); seats only where no class is asked for."""
    shape = (study.n_draws, groups.cells * groups.classes)
    choosing, outside, unmatched, unranked, heads = (np.zeros(shape, dtype=np.int32) for _ in range(5))
    of_cells = (study.n_draws, 0 if groups.by_applicant else groups.cells)
    seats, filled = (np.zeros(of_cells, dtype=np.int32) for _ in range(2))
    for rows, outcomes in study.chunks(scenario):
        match = getattr(outcomes, match_field)
        _count_first_choices(
            getattr(outcomes, choice_field),
            outcomes.ranked,
            match,
            groups.cell,
            groups.applicant_class,
            groups.cells,
            FirstChoices(choosing[rows], outside[rows], unmatched[rows], unranked[rows], heads[rows]),
        )
        if not groups.by_applicant:
            seats[rows] = _seats(outcomes, groups)
            _count_seats(match, groups.cell, filled[rows])
    counts = {
        "first_choices": choosing,
        "first_choices_lost": outside,
        "first_choices_unmatched": unmatched,
        "lost_before_ranking": unranked,
    }
    if groups.by_applicant:
        return counts
    ranked_and_lost = outside - unranked
    scarce = np.clip(heads - seats, 0, ranked_and_lost)
    return counts | {
        "seats": seats, "filled": filled, "lost_to_scarcity": scarce, "lost_to_competition": ranked_and_lost - scarce,
    }  # fmt: skip


class FirstChoices(NamedTuple):
    """Applicants by the cell of their first choice, int32 of shape (D, groups)."""

    choosing: np.ndarray  # whose first choice lies in the cell
    outside: np.ndarray  # of these, who end outside it, unmatched or elsewhere
    unmatched: np.ndarray  # of these, the unmatched
    unranked: np.ndarray  # of those outside, whose rank-order list is empty or headed by a program of another cell
    heads: np.ndarray  # of those choosing, whose rank-order list is headed by a program of the cell


def count_outcomes(study: Study, scenario: str, groups: Groups) -> dict[str, np.ndarray]:
    """Return the counts of the view "outcomes", int32.

    Of seats by cell, of applicants by class, for the country both; crossed, of who is matched where.
    """
    if groups.is_crossed:
        return _of_both(study, scenario, groups)
    of_seats = {} if groups.by_applicant else _of_seats(study, scenario, groups)
    return of_seats if groups.by_program else of_seats | _of_applicants(study, scenario, groups)


def _of_seats(study: Study, scenario: str, groups: Groups) -> dict[str, np.ndarray]:
    shape = (study.n_draws, groups.cells)
    seats, first, final, choices = (np.zeros(shape, dtype=np.int32) for _ in range(4))
    for rows, outcomes in study.chunks(scenario):
        seats[rows] = _seats(outcomes, groups)
        for match, counted in ((outcomes.first, first), (outcomes.final, final), (outcomes.wished, choices)):
            _count_seats(match, groups.cell, counted[rows])
    return {"seats": seats, "filled": final, "filled_first_iteration": first, "first_choices": choices}


def _of_applicants(study: Study, scenario: str, groups: Groups) -> dict[str, np.ndarray]:
    shape = (study.n_draws, groups.classes)
    taking_part, first, final, again = (np.zeros(shape, dtype=np.int32) for _ in range(4))
    for rows, outcomes in study.chunks(scenario):
        _count_applicants(outcomes.final, groups.applicant_class, taking_part[rows], final[rows])
        _count_applicants(outcomes.first, groups.applicant_class, again[rows], first[rows])
    return {"applicants": taking_part, "matched": final, "matched_first_iteration": first}


def _of_both(study: Study, scenario: str, groups: Groups) -> dict[str, np.ndarray]:
    shape = (study.n_draws, groups.classes, groups.cells)
    names = ("matched", "matched_first_iteration", "first_choices")
    counts = {name: np.zeros((shape[0], shape[1] * shape[2]), dtype=np.int32) for name in names}
    of_classes = {name: np.zeros(shape[:2], dtype=np.int32) for name in ("taking_part", "matched")}
    of_cells = np.zeros((shape[0], shape[2]), dtype=np.int32)
    for rows, outcomes in study.chunks(scenario):
        fields = (outcomes.final, outcomes.first, outcomes.wished)
        for name, field in zip(names, fields, strict=True):
            _count_groups(field, groups.cell, groups.applicant_class, groups.cells, counts[name][rows])
        _count_applicants(
            outcomes.final, groups.applicant_class, of_classes["taking_part"][rows], of_classes["matched"][rows]
        )
        _count_seats(outcomes.final, groups.cell, of_cells[rows])
    counts["matched_of_class"] = np.repeat(of_classes["matched"], shape[2], axis=1)
    counts["filled_of_cell"] = np.tile(of_cells, (1, shape[1]))
    return counts


def measures_of(
    view: str, names: Sequence[str], counts: Mapping[str, np.ndarray], *, fewest: float = 0.0
) -> list[Measure]:
    """Return metrics of a view from its counts.

    Parameters
    ----------
    view : str
        A key of `METRIC_VIEWS`.
    names : sequence of str
        Some of its metrics, in the order wanted; one whose counts are not all there is left out.
    counts : mapping of str to ndarray
        The counts of every draw and group.
    fewest : float, default 0
        Persons in an average draw below which a share of persons is suppressed.

    Returns
    -------
    list of Measure
    """
    measures = []
    for row in (METRICS[name] for name in names):
        denominator = row.denominator_in(view)
        if not {*row.terms, *filter(None, [denominator])} <= set(counts):
            continue
        top = counts[row.terms[0]]
        for less in row.terms[1:]:
            top = top - counts[less]
        scale = row.scale_in(view)
        if denominator is None:
            measures.append(Measure(row.name, top, scale=scale))
        else:
            least = fewest if row.is_share_of_persons else 0.0
            measures.append(Measure(row.name, top, counts[denominator], COUNTS[denominator].words, least, scale))
    return measures


def _seats(outcomes: Outcomes, groups: Groups) -> np.ndarray:
    """Return seats in every draw and cell, int64 of shape (D, cells)."""
    seats = np.zeros((len(outcomes.quota), groups.cells), dtype=np.int64)
    order = np.argsort(groups.cell, kind="stable")
    order = order[groups.cell[order] >= 0]
    starts = np.searchsorted(groups.cell[order], np.arange(groups.cells))
    np.add.reduceat(outcomes.quota[:, order], starts, axis=1, out=seats)
    return seats


@kernel
def _count_first_choices(
    choice: np.ndarray,
    ranked: np.ndarray,
    match: np.ndarray,
    cell: np.ndarray,
    applicant_class: np.ndarray,
    cells: int,
    out: FirstChoices,
) -> None:
    """Count applicants by the cell of their first choice.

    Parameters
    ----------
    choice, ranked, match : ndarray of shape (D, n), int
        First-choice program, first program of the rank-order list, and outcome; negative for none.
    cell : ndarray of shape (P,), int32
    applicant_class : ndarray of shape (n,), int32
    cells : int
    out : FirstChoices
        Added to.
    """
    for d in range(choice.shape[0]):
        for a in range(choice.shape[1]):
            wanted = choice[d, a]
            if wanted < 0 or cell[wanted] < 0 or applicant_class[a] < 0:
                continue
            g = applicant_class[a] * cells + cell[wanted]
            out.choosing[d, g] += 1
            head = ranked[d, a] >= 0 and cell[ranked[d, a]] == cell[wanted]
            out.heads[d, g] += head
            got = match[d, a]
            if got < 0:
                out.unmatched[d, g] += 1
            if got < 0 or cell[got] != cell[wanted]:
                out.outside[d, g] += 1
                out.unranked[d, g] += not head


@kernel
def _count_seats(match: np.ndarray, cell: np.ndarray, filled: np.ndarray) -> None:
    """Add up, in `filled` of shape (D, cells), the seats that are taken."""
    for d in range(match.shape[0]):
        for a in range(match.shape[1]):
            if match[d, a] >= 0 and cell[match[d, a]] >= 0:
                filled[d, cell[match[d, a]]] += 1


@kernel
def _count_groups(
    program: np.ndarray, cell: np.ndarray, applicant_class: np.ndarray, cells: int, counted: np.ndarray
) -> None:
    """Add up, in `counted` of shape (D, G), applicants by their class and the cell of a program of theirs."""
    for d in range(program.shape[0]):
        for a in range(program.shape[1]):
            p = program[d, a]
            if p >= 0 and cell[p] >= 0 and applicant_class[a] >= 0:
                counted[d, applicant_class[a] * cells + cell[p]] += 1


@kernel
def _count_applicants(
    match: np.ndarray, applicant_class: np.ndarray, taking_part: np.ndarray, matched: np.ndarray
) -> None:
    """Add up, in arrays of shape (D, classes), who takes part and who is matched."""
    for d in range(match.shape[0]):
        for a in range(match.shape[1]):
            if match[d, a] > -2 and applicant_class[a] >= 0:
                taking_part[d, applicant_class[a]] += 1
                if match[d, a] >= 0:
                    matched[d, applicant_class[a]] += 1
