"""The back-test: forecasts of years that the fit has not seen. Run ``python -m carms_lib.data.calibrate.backtest``.

Belongs here: forecasts from earlier years' figures and the year's own quotas and class sizes, beside the naive
forecast (last year's figure) and the simple proxy, and the page docs/explanation/backtest.md. Does not belong here:
the fit of the cohorts that ship (`__main__`), which has seen every year there is.

Two tests. **2017 from 2016**: the model is fitted to the tables of 2016 alone; its forecast of 2017 takes from 2017
only quotas by school, discipline and stream, and how many applicants there are of each class from each school. What
graduates want first is that of 2016. **Family Medicine by province, 2024 from 2023, and 2025 from 2024**: what 2016
and 2017 say, let go by years of drift, is fitted to the headlines of the year before and forecasts the next one's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import carms_lib
import numpy as np
import pandas as pd
from carms_lib.data.calibrate.__main__ import tell
from carms_lib.data.calibrate.fit import (
    base_cohort,
    demand_spread,
    fit_headlines,
    fit_year,
    headline_prior,
    later_base,
)
from carms_lib.data.calibrate.headlines import headline_market, headline_moments, headline_target
from carms_lib.data.calibrate.moments import published_moments, simulated_moments, simulated_tables
from carms_lib.data.calibrate.published import Published, read_published
from carms_lib.data.calibrate.report import band, markdown_table, number, signed
from carms_lib.data.calibrate.years import market_of, run_ensemble
from carms_lib.pressure._bands import quantiles
from carms_lib.simulator import Market
from carms_lib.simulator._draw import BlockInputs, BlockResult
from scipy.stats import spearmanr

_LEVEL = 0.90
_FEWEST = 20  # first choices or seats for a discipline to be a row of its own
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


def main() -> None:
    """Run both tests and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    page = Path(carms_lib.__file__).parent.parent / "docs" / "explanation" / "backtest.md"
    parser.add_argument("--page", type=Path, default=page, help="where the page goes")
    given = parser.parse_args()
    published, rng = read_published(), np.random.default_rng(2016)
    tell("2017 from 2016")
    tables, fitted, prior = forecast_2017(published, rng)
    tell("Family Medicine by province")
    provinces = forecast_provinces(published, rng, fitted, prior)
    given.page.write_text(_page(tables, provinces), encoding="utf-8", newline="\n")
    tell(f"wrote {given.page.name}")


def forecast_2017(
    published: Published, rng: np.random.Generator
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame]:
    """Return forecasts of 2017 by discipline, by province and nationally, and the ensemble they came from."""
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
        names = [n for n in quota.index if quota[n] >= _FEWEST and f"{what}|{n}" in drawn.columns]
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
    published: Published, rng: np.random.Generator, fitted: pd.DataFrame, prior: pd.DataFrame
) -> dict[int, pd.DataFrame]:
    """Return forecasts of 2024 from 2023, and of 2025 from 2024.

    The fit of 2016 stands for the early years here; 2017 is left out so that both tests share one ensemble.
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


def verdict(frame: pd.DataFrame, *, relative: bool = False) -> str:
    """Say in a sentence how the forecast did beside the naive one.

    Parameters
    ----------
    relative : bool, default False
        Errors in percent of the published figure, for rows of different units.
    """
    scale = frame["published"].abs().clip(lower=1e-9) if relative else 1.0
    model = float(((frame["forecast"] - frame["published"]).abs() / scale).mean())
    naive = float(((frame["naive"] - frame["published"]).abs() / scale).mean())
    unit = " of the figure" if relative else ""
    if relative:
        shown = [f"{value:.1%}" for value in (model, naive)]
    else:
        shown = [f"{value:.3f}" if value < 1.0 else number(value) for value in (model, naive)]
    if shown[0] == shown[1] and model != naive:  # what is said of the two must be seen in them
        shown = [f"{value:.2%}" if relative else f"{value:.3f}" for value in (model, naive)]
    if model < 0.995 * naive:
        outcome = f"the model beats the naive forecast by {1.0 - model / naive:.0%}"
    elif model > 1.005 * naive:
        outcome = f"**the model does not beat the naive forecast**: its error is {model / naive - 1.0:.0%} larger"
    else:
        outcome = "the model and the naive forecast do equally well"
    inside = int(frame["inside"].sum())
    return (
        f"Mean absolute error {shown[0]}{unit} (model), {shown[1]}{unit} (last year's figure): {outcome}. "
        f"{inside} of {len(frame)} 90 % bands hold the published figure."
    )


def _shown(frame: pd.DataFrame) -> str:
    return markdown_table(
        pd.DataFrame(
            {
                "": frame["cell"],
                "forecast": frame["forecast"].map(number),
                "90 % band": [band(a, b) for a, b in zip(frame["low"], frame["high"], strict=True)],
                "published inside": frame["inside"].map({True: "yes", False: "**no**"}),
                "forecast − published": (frame["forecast"] - frame["published"]).map(signed),
                "last year − published": (frame["naive"] - frame["published"]).map(signed),
            }
        )
    )


def _page(tables: dict[str, pd.DataFrame], provinces: dict[int, pd.DataFrame]) -> str:
    rate = tables["first-choice match rate"]
    ranks = {
        name: float(spearmanr(rate[column], rate["published"]).statistic)
        for name, column in (("the model", "forecast"), ("last year's figure", "naive"), ("`supply_score`", "proxy"))
    }
    order = ", ".join(f"{name} {value:.2f}" for name, value in ranks.items())
    all_bands = pd.concat([*tables.values(), *provinces.values()])
    inside = float(all_bands["inside"].mean())
    parts = [
        f"""# Back-test

This page is written by `python -m carms_lib.data.calibrate.backtest`. A forecast here never sees the outcome of the
year it forecasts. It stands beside the **naive forecast**, last year's figure, and, for the order of disciplines,
beside the simple proxy `supply_score`. A model that does not beat the naive forecast says so.

The published figures are those of the R-1 match reports of 2016 and 2017 (CaRMS), of the match results of the College
of Family Physicians of Canada, and of press releases. The reports may not be reproduced, so the tables below show how
far the forecasts were off, and not the reports' own tables.

Over all tables below, {int(all_bands["inside"].sum())} of {len(all_bands)} bands hold the published figure:
{inside:.0%}, where 90 % is the aim.

## 2017 from 2016

Fitted to the tables of 2016 alone. From 2017 the forecast takes quotas by school, discipline and stream, and the
number of applicants of each class from each school. What graduates want first is that of 2016, moving by as much as
it did in earlier years. First choices are those of rank-order lists. Disciplines with fewer than {_FEWEST} seats
are left out.
"""
    ]
    for title, frame in tables.items():
        parts.append(f"### {title[0].upper()}{title[1:]}\n\n{verdict(frame, relative=title == 'national')}\n")
        if "proxy" in frame:
            parts.append(
                f"The order of disciplines by match rate, Spearman's correlation with what was published: {order}. "
                "The proxy knows supply and not demand.\n"
            )
        parts.append(_shown(frame) + "\n")
    parts.append(
        """## Family Medicine by province, 2024 and 2025

What the tables of 2016 say, let go by years of drift, fitted to the headlines of the year before. The market of
2025 is release 1503; those of 2023 and 2024 are the same programs scaled to the year's national seats, and the
seats of 2024 were not found and lie halfway between 2023 and 2025. So the forecast of 2024 does not know that
year's quotas by province. Provinces are those of the school; the Maritime provinces are one. Sources that differ by
a seat or two were not mixed.
"""
    )
    for year, frame in provinces.items():
        parts.append(f"### {year} from {year - 1}\n")
        seats = frame["cell"].str.contains("left")
        parts.append(verdict(frame[seats].reset_index(drop=True)) + "\n")
        parts.append(_shown(frame) + "\n")
    parts.append(
        """## What was not tested

Years before 2016 have no tables by school, and 2018 to 2022 no Family Medicine vacancies by province that were
read, so there is no back-test for them. Two years of full tables are few: these pages say how far the model was
off, not how far it will be.
"""
    )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
