"""The back-test: forecasts of years that the fit has not seen.

Belongs here: forecasts from earlier years' figures and the year's own quotas and class sizes, beside the naive
forecast (last year's figure) and the simple proxy. Does not belong here: the fit of the cohorts that ship
(`carms_lib.fitting`), which has seen every year there is, and the page (``docs/make_backtest.py``).

Two tests. **2017 from 2016**: the model is fitted to the tables of 2016 alone; its forecast of 2017 takes from 2017
only quotas by school, discipline and stream, and how many applicants there are of each class from each school. What
graduates want first is that of 2016. **Family Medicine by province, 2024 from 2023, and 2025 from 2024**: what 2016
and 2017 say, widened by years of drift, is fitted to the headlines of the year before and forecasts the next one's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from carms_lib.fitting.ensemble import market_of, run_ensemble
from carms_lib.fitting.fit import (
    base_cohort,
    demand_spread,
    fit_headlines,
    fit_year,
    headline_prior,
    later_base,
)
from carms_lib.fitting.headlines import headline_market, headline_moments, headline_target
from carms_lib.fitting.moments import published_moments, simulated_moments, simulated_tables
from carms_lib.fitting.published import Published
from carms_lib.pressure import quantiles
from carms_lib.simulator import Market
from carms_lib.simulator.draw.block import BlockInputs, BlockResult

__all__ = ["FEWEST", "forecast_2017", "forecast_provinces"]

_LEVEL = 0.90
#: First choices or seats for a discipline to be a row of its own.
FEWEST = 20
_NATIONAL = {
    "matched cmg_current": "share of current-year Canadian graduates matched, first iteration",
    "matched img": "share of international graduates matched, first iteration",
    "first discipline": "share of matched Canadian graduates in their first discipline",
    "first program": "share of matched Canadian graduates in their first program",
    "other left": "seats left outside Family Medicine and IMG streams, first iteration",
    "IMG left": "IMG-stream seats left, first iteration",
    "left after": "seats left after both iterations",
    "CMG matched": "Canadian graduates matched, both iterations",
    "IMG matched": "international graduates matched, both iterations",
}


def forecast_2017(
    published: Published, rng: np.random.Generator, *, tell: Callable[[str], None]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame]:
    """Return forecasts of 2017 by discipline, by province and nationally, and the ensemble they came from.

    Parameters
    ----------
    published : Published
    rng : numpy.random.Generator
    tell : callable
        Called with one line a step of the fit.

    Returns
    -------
    tables : dict of str to pandas.DataFrame
        Figures -> one row per cell: cell, published, forecast, low, high, naive (last year's figure), proxy where there
        is one, inside.
    ensemble, prior : pandas.DataFrame
        Of the fit of 2016.
    """
    base = base_cohort()
    fit = fit_year(published, 2016, base, rng, tell=tell)
    market = market_of(published, 2017, base, taste_year=2016)
    moves = demand_spread(published, 2016)
    cohort = market.cohort.with_parameter(
        "demand_spread", moves, source="what shares of first choices moved by until 2016"
    )
    market = Market.from_gold(market.programs, cohort)
    drawn = run_ensemble(market, fit.ensemble, fit.prior, draws=1, entropy=2017, moments=_everything)
    sources = {year: _published_everything(published, year) for year in (2016, 2017)}
    quota = published.by_discipline(2017, "CMG_stream", "quota_after_reversion")
    proxy = _proxy(market)
    tables = {}
    for what, title in (
        ("rate", "first-choice match rate"),
        ("unmatched", "first-choice applicants left unmatched"),
        ("vacant", "seats left"),
    ):
        names = [n for n in quota.index if quota[n] >= FEWEST and f"{what}|{n}" in drawn.columns]
        keys = [f"{what}|{name}" for name in names]
        tables[title] = _compare(
            names,
            sources[2017][keys],
            sources[2016][keys],
            drawn[keys],
            proxy.reindex(names) if what == "rate" else None,
        )
    codes = ["AB", "BC", "MB", "NL", "NS", "ON", "QC", "SK"]
    keys = [f"FM left {code}" for code in codes]
    tables["Family Medicine seats left, by province"] = _compare(
        codes, sources[2017][keys], sources[2016][keys], drawn[keys], None
    )
    keys = list(_NATIONAL)
    tables["national"] = _compare(list(_NATIONAL.values()), sources[2017][keys], sources[2016][keys], drawn[keys], None)
    return tables, fit.ensemble, fit.prior


def forecast_provinces(
    published: Published,
    rng: np.random.Generator,
    fitted: pd.DataFrame,
    prior: pd.DataFrame,
    *,
    tell: Callable[[str], None],
) -> dict[int, pd.DataFrame]:
    """Return forecasts of 2024 from 2023, and of 2025 from 2024.

    The fit of 2016 represents the early years; 2017 is left out so that both tests share one ensemble.

    Parameters
    ----------
    published : Published
    rng : numpy.random.Generator
    fitted, prior : pandas.DataFrame
        The ensemble and the prior that `forecast_2017` returned.
    tell : callable
        Called with one line a step of the fits.

    Returns
    -------
    dict of int to pandas.DataFrame
        Year -> one row per figure, with the columns of `forecast_2017`.
    """
    base = later_base(published, base_cohort())
    base = base.with_parameter("demand_spread", demand_spread(published, 2017), source="first choices until 2017")
    prior_later, ensemble = headline_prior(fitted, prior, rng)
    out = {}
    for year in (2024, 2025):
        before = fit_headlines(published, year - 1, base, prior_later, ensemble, rng, steps=2, tell=tell)
        ensemble = _one_year_on(before.ensemble, prior_later, rng)
        drawn = run_ensemble(
            headline_market(base, year), ensemble, prior_later, draws=1, entropy=year, moments=headline_moments
        )
        actual, last = headline_target(published, year), headline_target(published, year - 1)
        for target in (actual, last):
            target["FM left"] = sum(
                v for k, v in target.items() if str(k).startswith("FM left ") and "after" not in str(k)
            )
        keys = [key for key in actual.index if key in last.index and key in drawn.columns]
        names = [str(key).replace("FM left", "Family Medicine left").replace("after", "after both") for key in keys]
        out[year] = _compare(names, actual[keys], last[keys], drawn[keys], None)
    return out


def _one_year_on(ensemble: pd.DataFrame, prior: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Let inputs drift by one year: what eight years do, by the square root of an eighth."""
    names = list(prior.index)
    drift = 0.5 * prior["spread"].to_numpy() / np.sqrt(8.0)
    moved = ensemble.copy()
    moved[names] = moved[names] + drift * rng.standard_normal((len(moved), len(names)))
    return moved


def _everything(market: Market, inputs: BlockInputs, result: BlockResult, entropy: int, block: int) -> pd.Series:
    """Moments, and the three figures of every discipline."""
    out = simulated_moments(market, inputs, result, entropy, block)
    tables = simulated_tables(market, result)
    programs = market.programs
    canadian = (programs["eligibility"] != "IMG").to_numpy()
    left = pd.Series(tables["left_first"][canadian]).groupby(programs["discipline"].to_numpy()[canadian]).sum()
    more = {}
    for name in tables["names"]:
        wanted = tables["wanted"][name]
        more[f"rate|{name}"] = tables["own"][name] / wanted if wanted > 0 else np.nan
        more[f"unmatched|{name}"] = tables["unmatched"][name]
        more[f"vacant|{name}"] = left.get(name, 0.0)
    everything: pd.Series = pd.concat([out, pd.Series(more)])
    return everything


def _published_everything(published: Published, year: int) -> pd.Series:
    out = published_moments(published, year)
    wanted, own, none = (
        published.by_discipline(year, "CMG", measure)
        for measure in ("first_choice_applicants", "matched_as_discipline_choice_1", "first_choice_unmatched")
    )
    vacant = published.by_discipline(year, "CMG_stream", "quota_vacant")
    more = {}
    for name in wanted.index.union(vacant.index):
        many = float(wanted.get(name, np.nan))
        more[f"rate|{name}"] = float(own.get(name, 0.0)) / many if many > 0 else np.nan
        more[f"unmatched|{name}"] = float(none.get(name, 0.0))
        more[f"vacant|{name}"] = float(vacant.get(name, 0.0))
    everything: pd.Series = pd.concat([out, pd.Series(more)])
    return everything


def _proxy(market: Market) -> pd.Series:
    """The simple proxy: normalised number of programs and of seats, averaged; more supply, less pressure."""
    groups = market.programs.groupby("discipline")["quota"]
    parts = [groups.size(), groups.sum()]
    scaled = [(part - part.min()) / (part.max() - part.min()) for part in parts]
    score: pd.Series = (scaled[0] + scaled[1]) / 2.0
    return score


def _compare(
    names: list[str], actual: pd.Series, last: pd.Series, drawn: pd.DataFrame, proxy: pd.Series | None
) -> pd.DataFrame:
    low, high = quantiles(drawn.to_numpy(float), [(1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0])
    frame = pd.DataFrame(
        {
            "cell": names,
            "published": actual.to_numpy(dtype=float),
            "forecast": drawn.mean().to_numpy(),
            "low": low,
            "high": high,
            "naive": last.to_numpy(dtype=float),
        }
    )
    if proxy is not None:
        frame["proxy"] = proxy.to_numpy(dtype=float)
    frame["inside"] = (frame["published"] >= frame["low"] - 1e-9) & (frame["published"] <= frame["high"] + 1e-9)
    return frame.dropna(subset=["published", "naive"]).reset_index(drop=True)
