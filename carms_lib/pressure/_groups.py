"""Groups: which cell a program lies in, and which class an applicant belongs to.

Belongs here: turning column names into group numbers and into the key columns of a result. Does not belong here:
counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import StudyError
from carms_lib.pressure._arguments import check_names
from carms_lib.simulator import Outcomes

__all__ = ["Groups", "group", "number_rows"]


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
