"""Prior and posterior distribution of the uncertain inputs.

Belongs here: which inputs are fitted, on which scale, with which prior mean and spread and why; the fitted ensemble as
joint draws, ranges and sources, and the cohort's file that holds them. Does not belong here: the fit (`ensemble`).

Each input is normal on its own scale: as it is, its logarithm, or its log odds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib.fitting.published import SCHOOLS
from carms_lib.simulator import PARAMETERS, Cohort
from carms_lib.simulator.draw.block import BlockInputs
from carms_lib.simulator.draw.settings import Shift
from carms_lib.simulator.inputs.parameters import DRAWN

__all__ = [
    "DUMMIES",
    "Prior",
    "inputs_of",
    "natural",
    "prior_table",
    "sample",
    "used_sources",
    "with_fit",
    "write_cohort",
]

#: Inputs that nothing depends on; what a fit does to them is its own sampling error (Evensen 2009).
DUMMIES = 12


class Prior(NamedTuple):
    """One fitted input."""

    name: str
    scale: str  # "as is", "log" or "log odds"
    mean: float
    spread: float
    why: str


_CHOICE = "wide; Agarwal (2015) and the shares that stay at their school leave the sign in no doubt"
_PROGRAM = "wide around a first search"
_PRIORS = (
    Prior("home_school", "as is", 2.8, 0.7, _CHOICE),
    Prior("school_province", "as is", 1.9, 0.6, _CHOICE),
    Prior("home_province", "as is", 0.8, 0.5, _CHOICE),
    Prior("other_language", "as is", -1.0, 0.7, "wide"),
    Prior("quota_appeal", "as is", 0.6, 0.25, "between every program alike (0) and every seat alike (1)"),
    Prior("program_spread", "log", np.log(0.3), 0.6, "wide"),
    Prior("one_discipline", "as is", 0.0, 0.5, "the published share counts applications, not rankings"),
    Prior("third_discipline", "log odds", 0.0, 0.6, "wide"),
    Prior("applications_first", "log", np.log(10.0), 0.3, "tables 56: 18 applications to 1.9 disciplines"),
    Prior("applications_behind", "log", np.log(7.0), 0.4, "tables 56: 18 applications to 1.9 disciplines"),
    Prior("applications_spread", "log", np.log(0.6), 0.25, "wide"),
    Prior("merit", "log", np.log(0.9), 0.4, _PROGRAM),
    Prior("first_discipline", "log", np.log(1.2), 0.5, _PROGRAM),
    Prior("home_candidate", "log", np.log(1.8), 0.4, _PROGRAM),
    Prior("local_candidate", "log", np.log(0.5), 0.5, _PROGRAM),
    Prior("interview_noise", "log", np.log(0.6), 0.5, _PROGRAM),
    Prior("ranked_share", "log odds", 2.6, 0.8, "most of whom a program interviews, it ranks"),
    Prior(
        "ranked_share_abroad",
        "log odds",
        0.0,
        1.2,
        "wide: seats for graduates from abroad stay empty with many in line",
    ),
    Prior("interviews_per_seat", "log", np.log(3.0), 0.35, _PROGRAM),
    Prior("second_applications", "log", np.log(4.0), 0.5, _PROGRAM),
    Prior("second_ranked_share", "log odds", -1.1, 0.8, _PROGRAM),
    Prior("classes.merit.cmg_prior", "as is", -0.8, 0.5, "they were not matched before"),
    Prior("classes.merit.usmg", "as is", -1.0, 0.6, "wide"),
    Prior("classes.merit.img", "as is", -2.0, 0.7, "wide"),
    *(
        Prior(f"provinces.appeal.{code}", "as is", 0.0, 0.5, "wide; only differences matter")
        for code in ("AB", "BC", "MB", "NL", "NS", "ON", "SK")
    ),
    *(
        Prior(f"provinces.attachment.{code}", "as is", 0.0, 0.3, "provinces hold their own about equally")
        for code in ("AB", "BC", "MB", "NL", "NS", "ON", "SK")
    ),
    Prior("provinces.appeal.QC", "as is", -1.5, 0.8, "few come from elsewhere, whatever their language"),
    Prior("provinces.attachment.QC", "as is", 1.0, 0.7, "and few leave"),
    *(
        Prior(f"schools.attachment.{school}", "as is", 0.0, 0.5, "schools hold their own about equally")
        for school in SCHOOLS.values()
    ),
)


def prior_table() -> pd.DataFrame:
    """Return the priors, one row per fitted input, indexed by name."""
    return pd.DataFrame(_PRIORS).set_index("name")


def sample(prior: pd.DataFrame, members: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return `members` draws from a prior on the inputs' own scales, and as many of the dummies.

    Parameters
    ----------
    prior : pandas.DataFrame
        As `prior_table` returns it.
    members : int
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        One row per member; `DUMMIES` columns more than the prior has rows.
    """
    values = prior["mean"].to_numpy() + prior["spread"].to_numpy() * rng.standard_normal((members, len(prior)))
    dummies = rng.standard_normal((members, DUMMIES))
    names = [*prior.index, *(f"dummy {i}" for i in range(DUMMIES))]
    return pd.DataFrame(np.hstack([values, dummies]), columns=names)


def natural(values: pd.DataFrame, prior: pd.DataFrame) -> pd.DataFrame:
    """Return draws on the scale that the model takes, without dummies.

    Parameters
    ----------
    values : pandas.DataFrame
        Draws on the inputs' own scales, as `sample` returns them.
    prior : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
    """
    out = values[list(prior.index)].copy()
    for name, scale in prior["scale"].items():
        if scale == "log":
            out[name] = np.exp(out[name])
        elif scale == "log odds":
            out[name] = 1.0 / (1.0 + np.exp(-out[name]))
    return out


def inputs_of(cohort: Cohort, values: pd.Series) -> BlockInputs:
    """Return one setting as the engine takes it; what `values` does not name stays at the cohort's value.

    Parameters
    ----------
    cohort : Cohort
    values : pandas.Series
        One row of `natural`: input -> value on the scale that the model takes.

    Returns
    -------
    BlockInputs
    """
    theta = cohort.parameters["value"].to_numpy(dtype=float).copy()
    sizes = cohort.classes["size"].to_numpy(dtype=float)
    frames: dict[tuple[str, str], pd.DataFrame] = {
        ("classes", "merit"): cohort.classes,
        ("provinces", "appeal"): cohort.provinces,
        ("provinces", "attachment"): cohort.provinces,
        ("schools", "attachment"): cohort.schools,
        ("disciplines", "cmg_first"): cohort.disciplines,
    }
    moved = {cell: np.zeros(len(frames[cell])) for cell in DRAWN}
    for name, value in values.items():
        if name in PARAMETERS:
            theta[list(PARAMETERS).index(str(name))] = value
            continue
        table, column, item = str(name).split(".", 2)
        frame = frames[table, column]
        place = frame.index.get_loc(item)
        stated = float(frame[column].to_numpy(dtype=float)[place])
        moved[table, column][place] = np.log(value / stated) if table == "disciplines" else value - stated
    return BlockInputs(theta, sizes, Shift(*(moved[cell] for cell in DRAWN)))


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
