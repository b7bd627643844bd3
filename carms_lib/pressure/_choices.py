"""Choices obtained: how far down their own rank-order lists applicants match, and how many interviews they had.

Belongs here: the counts of the view "choices" and its bands. Does not belong here: groups (`_groups`), metrics
(`metrics`), bands (`_bands`), and what became of first choices wanted before interviews (`_pressure`).

All of it is of the first iteration: rank-order lists of the second are short, and no published table counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from carms_lib.exceptions import ArgumentError, StudyError
from carms_lib.kernels.jit import kernel
from carms_lib.pressure._arguments import check_fewest
from carms_lib.pressure._bands import Bands, Measure, summarise
from carms_lib.pressure._counts import measures_of
from carms_lib.pressure._groups import Groups, Where, group_all
from carms_lib.pressure._pressure import FEWEST, chosen_scenarios, wanted_metrics
from carms_lib.pressure.metrics import CHOICE_METRICS
from carms_lib.simulator import Study

__all__ = ["choice_bands"]


def choice_bands(
    study: Study,
    by: str | Sequence[str] | None = None,
    *,
    level: float = 0.90,
    kind: str = "outcome",
    metric: str | Sequence[str] | None = None,
    scenario: str | Sequence[str] | None = None,
    against: str | None = None,
    where: Where | None = None,
    fewest: float = FEWEST,
    simultaneous: bool = False,
) -> Bands:
    """Return how far down their rank-order lists applicants match in the first iteration, with bands.

    Parameters
    ----------
    study : Study
    by : str or sequence of str, optional
        Columns of the applicants make classes. Columns of the programs make cells: an applicant is of the cell of the
        first program of the rank-order list (of the program wanted most, without an interview), a resident of the cell
        matched to.
    level, kind, scenario, against, where, simultaneous
        As in `pressure_bands`.
    metric : str or sequence of str, optional
        Some of `CHOICE_METRICS`; by default all that the grouping allows. `first_choice_elsewhere` needs cells. Shares
        of applicants matched to their first, second, third or a lower choice, matched to none and without an interview
        add up to 1.
    fewest : float, default 5
        Shares of fewer persons than this in an average draw are suppressed; `Bands.sizes` says so.

    Returns
    -------
    Bands

    Raises
    ------
    UnknownNameError, ArgumentError
        As in `pressure_bands`.
    StudyError
        The study was saved by a version that did not keep places on lists.
    """
    measures, groups = measure_choices(
        study, by, metric=metric, scenario=scenario, against=against, where=where, fewest=check_fewest(fewest)
    )
    return summarise(
        measures,
        groups.keys,
        level=level,
        kind=kind,
        draws_per_input=study.draws_per_input,
        headline=next(iter(measures.values()))[0].metric,
        provenance=study.provenance.with_settings(fewest=fewest),
        against=against,
        simultaneous=simultaneous,
    )


def measure_choices(
    study: Study, by: str | Sequence[str] | None, *, metric: str | Sequence[str] | None,
    scenario: str | Sequence[str] | None, against: str | None, where: Where | None, fewest: float,
) -> tuple[dict[str, list[Measure]], Groups]:  # fmt: skip
    """Return the metrics of every draw, by scenario, and their groups."""
    wanted = wanted_metrics(metric, CHOICE_METRICS)
    measures = {}
    for name, groups in group_all(study, chosen_scenarios(study, scenario, against), by, where).items():
        measures[name] = measures_of("choices", wanted, count_choices(study, name, groups), fewest=fewest)
        there = {measure.metric for measure in measures[name]}
        lacking = [] if metric is None else [each for each in wanted if each not in there]
        if lacking:
            raise ArgumentError(
                f"metric={lacking!r} is of the cell that residents match to: group by columns of the programs too."
            )
    return measures, groups


def count_choices(study: Study, scenario: str, groups: Groups) -> dict[str, np.ndarray]:
    """Return the counts of the view "choices", int32 of shape (D, groups).

    An applicant is of the cell of the first program of the rank-order list; without an interview, of the program wanted
    most. Residents are of the cell that they match to, where cells are asked for.
    """
    shape = (study.n_draws, groups.cells * groups.classes)
    names = ("applicants", "first", "second", "third", "lower", "none", "not_interviewed", "interviews")
    of_cells = shape if groups.by_program else (study.n_draws, 0)
    found = {name: np.zeros(shape, dtype=np.int32) for name in names}
    needs_cell = groups.by_program or bool((groups.cell < 0).any())
    residents, came = (np.zeros(of_cells, dtype=np.int32) for _ in range(2))
    for rows, outcomes in study.chunks(scenario):
        if outcomes.place.shape[1] == 0 or not (outcomes.interviews > 0)[outcomes.ranked >= 0].all():
            raise StudyError(
                "study does not hold interviews and places on rank-order lists, as files of older versions do not. "
                "Simulate it again."
            )
        arrays = (outcomes.wished, outcomes.ranked, outcomes.first, outcomes.place, outcomes.interviews)
        _count_choices(
            *arrays, groups.cell, groups.applicant_class, groups.cells, needs_cell,
            Choices(**{name: found[name][rows] for name in names}),
        )  # fmt: skip
        if groups.by_program:
            _count_residents(
                outcomes.ranked, outcomes.first, groups.cell, groups.applicant_class, groups.cells,
                residents[rows], came[rows],
            )  # fmt: skip
    counts = {
        "applicants": found["applicants"],
        "matched_to_first_choice": found["first"],
        "matched_to_second_choice": found["second"],
        "matched_to_third_choice": found["third"],
        "matched_to_lower_choice": found["lower"],
        "matched_to_no_choice": found["none"],
        "not_interviewed": found["not_interviewed"],
        "interviews": found["interviews"],
        "matched_to_any_choice": found["first"] + found["second"] + found["third"] + found["lower"],
    }
    return counts | ({"residents": residents, "residents_from_elsewhere": came} if groups.by_program else {})


class Choices(NamedTuple):
    """Applicants by the cell of their first choice and by class, int32 of shape (D, groups)."""

    applicants: np.ndarray
    first: np.ndarray  # matched to the first program of the rank-order list, first iteration
    second: np.ndarray
    third: np.ndarray
    lower: np.ndarray  # to the fourth or a lower one
    none: np.ndarray  # interviewed, and unmatched
    not_interviewed: np.ndarray
    interviews: np.ndarray  # interviews held, of all of them


@kernel
def _count_choices(
    wished: np.ndarray,
    ranked: np.ndarray,
    first: np.ndarray,
    place: np.ndarray,
    interviews: np.ndarray,
    cell: np.ndarray,
    applicant_class: np.ndarray,
    cells: int,
    needs_cell: bool,
    out: Choices,
) -> None:
    """Count applicants by how far down their own list they match; arrays as in `Outcomes`."""
    for d in range(first.shape[0]):
        for a in range(first.shape[1]):
            head = ranked[d, a] if ranked[d, a] >= 0 else wished[d, a]
            if ranked[d, a] < -1 or applicant_class[a] < 0:
                continue
            if head < 0 and needs_cell:
                continue
            at = 0 if head < 0 else cell[head]
            if at < 0:
                continue
            g = applicant_class[a] * cells + at
            out.applicants[d, g] += 1
            out.interviews[d, g] += interviews[d, a]
            out.not_interviewed[d, g] += ranked[d, a] < 0
            rank = place[d, a]
            if ranked[d, a] >= 0 and first[d, a] < 0:
                out.none[d, g] += 1
            out.first[d, g] += rank == 1
            out.second[d, g] += rank == 2
            out.third[d, g] += rank == 3
            out.lower[d, g] += rank > 3


@kernel
def _count_residents(
    ranked: np.ndarray,
    first: np.ndarray,
    cell: np.ndarray,
    applicant_class: np.ndarray,
    cells: int,
    residents: np.ndarray,
    came: np.ndarray,
) -> None:
    """Count who matches to a cell in the first iteration, and those of them whose list is headed by another cell."""
    for d in range(first.shape[0]):
        for a in range(first.shape[1]):
            got = first[d, a]
            if got < 0 or cell[got] < 0 or applicant_class[a] < 0:
                continue
            g = applicant_class[a] * cells + cell[got]
            residents[d, g] += 1
            came[d, g] += cell[ranked[d, a]] != cell[got]
