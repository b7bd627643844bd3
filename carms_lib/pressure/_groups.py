"""Groups of programs and applicants: what `by` tells apart and `where` keeps.

Belongs here: resolving column names, numbering groups, leaving rows out. Does not belong here: counting (`_counts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, StudyError
from carms_lib.pressure._arguments import check_names
from carms_lib.simulator import Outcomes, Study
from carms_lib.simulator.inputs.program_table import unknown_value

__all__ = ["Groups", "Where", "group", "group_all", "is_applicants", "number_rows"]


class Groups(NamedTuple):
    """Cells of programs crossed with classes of applicants.

    Group number = class number * number of cells + cell number.
    """

    keys: pd.DataFrame  # one row per group, one column per name asked for, in the order asked for
    cell: np.ndarray  # int32[P]: the cell of each program, -1 for one that is left out
    applicant_class: np.ndarray  # int32[n]: the class of each applicant, -1 for one that is left out
    cells: int
    classes: int
    by_program: bool  # whether programs are told apart or left out
    by_applicant: bool  # the same of applicants

    @property
    def is_crossed(self) -> bool:
        """Whether both programs and applicants are told apart or left out."""
        return self.by_program and self.by_applicant


#: Columns and the values that are kept of them.
Where = Mapping[str, str | Sequence[str]]


def group(outcomes: Outcomes, by: str | Sequence[str] | None, where: Where | None = None) -> Groups:
    """Number the groups that `by` asks for, among the programs and applicants that `where` keeps.

    Parameters
    ----------
    outcomes : Outcomes
    by : str, sequence of str or None
        Columns of the programs (such as "province", "discipline") or of the applicants ("applicant_class",
        "graduation_school", "home_province", "first_language"). None is one group: the country. A name that both
        tables have, such as "home_province", is the applicants'.
    where : mapping of str to str or sequence of str, optional
        Columns of either table and the values that are kept, such as ``{"province": "ON"}``.

    Returns
    -------
    Groups

    Raises
    ------
    UnknownNameError
        A column that neither table has, or a value that its column does not have.
    ArgumentError
        A column named twice, neither a name nor a list of names, a `where` that is no mapping, or one that keeps
        nothing.
    """
    programs, applicants = outcomes.programs, outcomes.applicants
    if programs.empty:
        raise StudyError("The study has no programs to group.")
    known = list(dict.fromkeys([*applicants.columns, *programs.columns]))
    names = check_names("by", by, known)
    if where is not None and not isinstance(where, Mapping):
        raise ArgumentError(f"where={where!r} must map columns to values, such as where={{'province': 'ON'}}.")
    kept = dict(where or {})
    check_names("where", list(kept), known)
    of_applicants, of_programs = (
        [name for name in names if is_applicants(name, applicants) is side] for side in _SIDES
    )
    chosen_applicants = _keep(applicants, {name: kept[name] for name in kept if is_applicants(name, applicants)})
    chosen_programs = _keep(programs, {name: kept[name] for name in kept if not is_applicants(name, applicants)})
    cell, cell_keys = number_rows(programs, of_programs, chosen_programs)
    applicant_class, class_keys = number_rows(applicants, of_applicants, chosen_applicants)
    keys = class_keys.merge(cell_keys, how="cross")[names] if names else pd.DataFrame(index=range(1))
    return Groups(
        keys, cell, applicant_class, len(cell_keys), len(class_keys),
        bool(of_programs) or not chosen_programs.all(), bool(of_applicants) or not chosen_applicants.all(),
    )  # fmt: skip


def group_all(
    study: Study, scenarios: Sequence[str], by: str | Sequence[str] | None, where: Where | None = None
) -> dict[str, Groups]:
    """Return the groups of several scenarios: those of the first, so that each group holds the same rows in all.

    A lever may change a column, such as "quota"; programs then stay in the group of the first scenario.

    Raises
    ------
    ArgumentError
        Scenarios have different rows, and other groups for it.
    """
    first = group(study.outcomes_of(scenarios[0], 0, 0), by, where)
    found = {}
    for name in scenarios:
        outcomes = study.outcomes_of(name, 0, 0)
        is_same = (len(outcomes.programs), len(outcomes.applicants)) == (len(first.cell), len(first.applicant_class))
        found[name] = first if is_same else group(outcomes, by, where)
        if not found[name].keys.equals(first.keys):
            raise ArgumentError(
                f"by={by!r}: {name!r} has other groups than {scenarios[0]!r}. Ask each with scenario={name!r} alone."
            )
    return found


_SIDES = (True, False)


def is_applicants(name: str, applicants: pd.DataFrame) -> bool:
    """Say whether a column is asked of the applicants: where both tables have it, it is theirs."""
    return name in applicants.columns


def _keep(table: pd.DataFrame, where: Where) -> np.ndarray:
    """Return which rows have the values asked for, bool of shape (rows,)."""
    kept = np.ones(len(table), dtype=bool)
    for column, values in where.items():
        texts = table[column].astype(str)
        wanted = check_names("where", values)
        for value in wanted:
            if not (texts == value).any():
                raise unknown_value(table, column, value, argument="where")
        kept &= texts.isin(wanted).to_numpy()
    if not kept.any():
        raise ArgumentError(f"where={dict(where)!r} keeps nothing: no row has these values together.")
    return kept


def number_rows(
    table: pd.DataFrame, names: list[str], kept: np.ndarray | None = None
) -> tuple[np.ndarray, pd.DataFrame]:
    """Number the distinct values of some columns.

    Parameters
    ----------
    table : pandas.DataFrame
    names : list of str
    kept : ndarray of shape (rows,), bool, optional
        Which rows take part; all of them by default.

    Returns
    -------
    number : ndarray of shape (rows,), int32
        -1 for a row that does not take part.
    keys : pandas.DataFrame
        One row per number.
    """
    rows = table if kept is None else table[kept]
    number = np.full(len(table), -1, dtype=np.int32)
    at = np.arange(len(table)) if kept is None else np.flatnonzero(kept)
    if not names:
        number[at] = 0
        return number, pd.DataFrame(index=range(1))
    of_rows = rows.groupby(names, sort=True, dropna=False).ngroup().to_numpy(np.int32)
    number[at] = of_rows
    keys = rows.assign(_number=of_rows).drop_duplicates("_number").sort_values("_number")[names]
    return number, keys.reset_index(drop=True)
