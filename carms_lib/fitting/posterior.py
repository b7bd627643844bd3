"""The posterior as a cohort: a fitted ensemble becomes joint draws that ship with a cohort's file.

Belongs here: joint draws, ranges and sources of fitted numbers, and the file itself. Does not belong here: the fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carms_lib.fitting.priors import natural
from carms_lib.simulator import PARAMETERS, Cohort

__all__ = ["used_sources", "with_fit", "write_cohort"]

_DIGITS = 4  # significant: far finer than anything that was learnt


def with_fit(
    cohort: Cohort, ensemble: pd.DataFrame, prior: pd.DataFrame, key: str, source: str, *, name: str, description: str
) -> Cohort:
    """Return `cohort` with an ensemble as its joint draws.

    A fitted input's value is the median of the draws, and its range their smallest and largest. An input that was not
    fitted keeps the range it had.

    Parameters
    ----------
    cohort : Cohort
    ensemble, prior : pandas.DataFrame
        A fit's ensemble on the inputs' own scales, and the prior that names them.
    key, source : str
        Under which key the cohort lists the source of fitted numbers, and its text.
    name, description : str
        Of the new cohort.

    Returns
    -------
    Cohort
    """
    draws = natural(ensemble, prior).apply(_significant)
    draws = draws[[column for column in draws.columns if _known(cohort, str(column))]]
    parameters, tables = cohort.parameters.copy(), dict[str, Any]()
    sources = {**cohort.sources, key: source}
    columns = {**cohort.columns, "draws": {"unit": "as the inputs", "source": key, "fitted": True}}
    for column in draws.columns:
        values = draws[column]
        if column in PARAMETERS:
            row: dict[str, Any] = {
                "value": float(values.median()),
                "low": float(values.min()),
                "high": float(values.max()),
                "source": key,
                "fitted": True,
            }
            for field, value in row.items():
                held = list(parameters[field])
                held[list(parameters.index).index(str(column))] = value
                parameters[field] = held
            continue
        table, quantity, item = str(column).split(".", 2)
        frame = tables.setdefault(table, getattr(cohort, table).copy())
        frame.loc[item, quantity] = float(_significant(pd.Series([values.median()])).iloc[0])
        columns[f"{table}.{quantity}"] = {**columns[f"{table}.{quantity}"], "source": key, "fitted": True}
    return replace(
        cohort,
        name=name,
        description=description,
        parameters=parameters,
        draws=draws.reset_index(drop=True),
        sources=used_sources(sources, parameters, columns),
        columns=columns,
        **tables,
    )


def _known(cohort: Cohort, column: str) -> bool:
    if column in PARAMETERS:
        return True
    table, _, item = column.split(".", 2)
    return item in getattr(cohort, table).index


def _significant(values: pd.Series) -> pd.Series:
    """Round to `_DIGITS` significant digits."""
    numbers = values.to_numpy(dtype=float)
    safe = np.where(numbers == 0, 1.0, np.abs(numbers))
    scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(safe)))
    return pd.Series([float(f"{value:.{_DIGITS}g}") for value in np.round(numbers * scale) / scale], index=values.index)


def used_sources(
    sources: Mapping[str, str], parameters: pd.DataFrame, columns: Mapping[str, Mapping[str, object]]
) -> dict[str, str]:
    """Return the sources that some number names.

    Parameters
    ----------
    sources : mapping of str to str
        Key -> text.
    parameters : pandas.DataFrame
        Its column ``source`` names keys.
    columns : mapping
        Column of a table -> what is known of it, with its ``source``.

    Returns
    -------
    dict of str to str
    """
    named = {*parameters["source"], *(str(about["source"]) for about in columns.values())}
    return {key: text for key, text in sources.items() if key in named}


def write_cohort(cohort: Cohort, folder: Path) -> Path:
    """Write ``<name>.toml`` into `folder`, sources in the order of their keys, and return its path.

    Parameters
    ----------
    cohort : Cohort
    folder : Path

    Returns
    -------
    Path
    """
    path = folder / f"{cohort.name}.toml"
    replace(cohort, sources=dict(sorted(cohort.sources.items()))).write(path)
    return path
