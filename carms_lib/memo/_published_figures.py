"""The published outcome of a year beside the simulated one.

Belongs here: reading the bundled figures, each with its source, and asking the study for the same numbers. Does not
belong here: words about the gap.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from carms_lib.simulator import Study

__all__ = ["beside_published", "published_backtest", "published_forecasts", "published_outcome"]

_ORDERS = ("model_order", "naive_order", "proxy_order")
_KEYS = ("discipline", "province", "applicant_class")


def published_outcome(year: int) -> pd.DataFrame | None:
    """Return the published figures of the match of a year, or None where none are bundled.

    Parameters
    ----------
    year : int
        Of the match, such as 2025.

    Returns
    -------
    pandas.DataFrame or None
        One row per figure: label, metric, discipline, province, applicant_class (empty where it is of all), value
        [persons or seats], source, note.
    """
    table = resources.files("carms_lib") / "data" / "published" / f"{year}.csv"
    if not table.is_file():
        return None
    with table.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, keep_default_na=False, dtype={"value": "int64"})


def beside_published(study: Study, published: pd.DataFrame, level: float = 0.90) -> pd.DataFrame:
    """Return the published figures with the baseline's bands of kind "outcome" beside them.

    Parameters
    ----------
    study : Study
    published : pandas.DataFrame
        As `published_outcome` returns it.
    level : float, default 0.90
        Level of the bands, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per published figure: its columns, estimate, lower, upper, n_draws, and inside (the published value
        lies in the band). A figure of a group that the study does not have is left out.
    """
    rows = []
    for figure in published.to_dict("records"):
        keys = [key for key in _KEYS if figure[key]]
        bands = study.outcomes(by=keys or None, metric=figure["metric"], level=level, scenario="baseline").to_frame()
        for key in keys:
            bands = bands.loc[bands[key] == figure[key]]
        if not bands.empty:
            rows.append({**figure, **bands.iloc[0][["estimate", "lower", "upper", "n_draws"]].to_dict()})
    frame = pd.DataFrame(rows, columns=[*published.columns, "estimate", "lower", "upper", "n_draws"])
    return frame.assign(inside=frame["value"].between(frame["lower"], frame["upper"]))


def published_backtest() -> pd.DataFrame | None:
    """Return how forecasts of past years did, or None where no back-test is bundled.

    Returns
    -------
    pandas.DataFrame or None
        One row per group of figures. Columns forecast, figures, inside, of, model_error, naive_error, unit,
        model_order, naive_order, proxy_order (missing where the page has none): see
        ``docs/make_backtest_summary.py``, which wrote them.
    """
    return _bundled("backtest.csv")


def published_forecasts() -> pd.DataFrame | None:
    """Return every forecast of the back-test, or None where no back-test is bundled.

    Returns
    -------
    pandas.DataFrame or None
        One row per forecast. Columns forecast, figures, cell, estimate, lower, upper, inside, error, naive_error
        (forecast, and last year's figure, minus the published one), all as rounded on the page of the back-test.
    """
    frame = _bundled("backtest_forecasts.csv")
    return None if frame is None else frame.astype({"inside": bool})


def _bundled(name: str) -> pd.DataFrame | None:
    table = resources.files("carms_lib") / "data" / "published" / name
    if not table.is_file():
        return None
    with table.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, keep_default_na=False, na_values=dict.fromkeys(_ORDERS, ""))
