"""Counts of a study: programs and applicants by group, and how many of them in every draw.

Belongs here: the groups that column names make, the loops over draws and applicants, and the counts of the views
"pressure" and "outcomes". Does not belong here: what a metric divides by what (`metrics`), and bands (`_bands`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import StudyError
from carms_lib.kernels.jit import kernel
from carms_lib.pressure._arguments import check_names
from carms_lib.pressure._bands import Measure
from carms_lib.pressure.metrics import COUNTS, METRICS
from carms_lib.simulator import Outcomes, Study

__all__ = ["Groups", "count_outcomes", "count_pressure", "group", "measures_of", "number_rows"]


class Groups(NamedTuple):
    """Cells of programs crossed with classes of applicants.

    Group number = class number * number of cells + cell number.
    """

    keys: pd.DataFrame  # one row per group, one column per name asked for, in the order asked for
    cell: np.ndarray  # int32[P]: the cell of each program
    applicant_class: np.ndarray  # int32[n]: the class of each applicant
    cells: int
    classes: int
    by_program: bool
    by_applicant: bool


def group(outcomes: Outcomes, by: str | Sequence[str] | None) -> Groups:
    """Number the groups that `by` asks for.

    Parameters
    ----------
    outcomes : Outcomes
    by : str, sequence of str or None
        Columns of the programs (such as "province", "discipline") or of the applicants ("applicant_class",
        "graduation_school", "home_province", "first_language"). None is one group: the country.

    Returns
    -------
    Groups

    Raises
    ------
    UnknownNameError
        A column that neither table has.
    ArgumentError
        A column named twice, or neither a name nor a list of names.
    """
    names = check_names("by", by, [*outcomes.programs.columns, *outcomes.applicants.columns])
    of_programs = [name for name in names if name in outcomes.programs.columns]
    of_applicants = [name for name in names if name in outcomes.applicants.columns]
    if outcomes.programs.empty:
        raise StudyError("The study has no programs to group.")
    cell, cell_keys = number_rows(outcomes.programs, of_programs)
    applicant_class, class_keys = number_rows(outcomes.applicants, of_applicants)
    keys = class_keys.merge(cell_keys, how="cross")[names] if names else pd.DataFrame(index=range(1))
    return Groups(keys, cell, applicant_class, len(cell_keys), len(class_keys), bool(of_programs), bool(of_applicants))


def number_rows(table: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Number the distinct values of some columns: int32 of each row, and the key columns of each number."""
    if not names:
        return np.zeros(len(table), dtype=np.int32), pd.DataFrame(index=range(1))
    grouped = table.groupby(names, sort=True, dropna=False)
    number = grouped.ngroup().to_numpy(np.int32)
    keys = table.assign(_number=number).drop_duplicates("_number").sort_values("_number")[names]
    return number, keys.reset_index(drop=True)


def count_pressure(
    study: Study, scenario: str, groups: Groups, choice_field: str, match_field: str
) -> dict[str, np.ndarray]:
    """Return the counts of the view "pressure", int32 of shape (D, groups); seats only where no class is asked for."""
    shape = (study.n_draws, groups.cells * groups.classes)
    choosing, outside, unmatched = (np.zeros(shape, dtype=np.int32) for _ in range(3))
    of_cells = (study.n_draws, 0 if groups.by_applicant else groups.cells)
    seats, filled = (np.zeros(of_cells, dtype=np.int32) for _ in range(2))
    for rows, outcomes in study.chunks(scenario):
        match = getattr(outcomes, match_field)
        _count_first_choices(
            getattr(outcomes, choice_field),
            match,
            groups.cell,
            groups.applicant_class,
            groups.cells,
            choosing[rows],
            outside[rows],
            unmatched[rows],
        )
        if not groups.by_applicant:
            seats[rows] = _seats(outcomes, groups)
            _count_seats(match, groups.cell, filled[rows])
    counts = {"first_choices": choosing, "first_choices_lost": outside, "first_choices_unmatched": unmatched}
    return counts if groups.by_applicant else counts | {"seats": seats, "filled": filled}


def count_outcomes(study: Study, scenario: str, groups: Groups) -> dict[str, np.ndarray]:
    """Return the counts of the view "outcomes", int32: of seats by cell, of applicants by class; for a country both."""
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
    starts = np.searchsorted(groups.cell[order], np.arange(groups.cells))
    np.add.reduceat(outcomes.quota[:, order], starts, axis=1, out=seats)
    return seats


@kernel
def _count_first_choices(
    choice: np.ndarray,
    match: np.ndarray,
    cell: np.ndarray,
    applicant_class: np.ndarray,
    cells: int,
    choosing: np.ndarray,
    outside: np.ndarray,
    unmatched: np.ndarray,
) -> None:
    """Count applicants by the cell of their first choice.

    Parameters
    ----------
    choice, match : ndarray of shape (D, n), int
        First-choice program and outcome; negative for none.
    cell : ndarray of shape (P,), int32
    applicant_class : ndarray of shape (n,), int32
    cells : int
    choosing, outside, unmatched : ndarray of shape (D, G), int32
        Written: applicants whose first choice lies in the cell; of these, those who end outside it (unmatched
        included); of these, the unmatched.
    """
    for d in range(choice.shape[0]):
        for a in range(choice.shape[1]):
            wanted = choice[d, a]
            if wanted < 0:
                continue
            g = applicant_class[a] * cells + cell[wanted]
            choosing[d, g] += 1
            got = match[d, a]
            if got < 0:
                unmatched[d, g] += 1
                outside[d, g] += 1
            elif cell[got] != cell[wanted]:
                outside[d, g] += 1


@kernel
def _count_seats(match: np.ndarray, cell: np.ndarray, filled: np.ndarray) -> None:
    """Add up, in `filled` of shape (D, cells), the seats that are taken."""
    for d in range(match.shape[0]):
        for a in range(match.shape[1]):
            if match[d, a] >= 0:
                filled[d, cell[match[d, a]]] += 1


@kernel
def _count_applicants(
    match: np.ndarray, applicant_class: np.ndarray, taking_part: np.ndarray, matched: np.ndarray
) -> None:
    """Add up, in arrays of shape (D, classes), who takes part and who is matched."""
    for d in range(match.shape[0]):
        for a in range(match.shape[1]):
            if match[d, a] > -2:
                taking_part[d, applicant_class[a]] += 1
                if match[d, a] >= 0:
                    matched[d, applicant_class[a]] += 1
