"""Write docs/explanation/backtest.md: forecasts of past years beside what was published.

``python docs/make_backtest.py`` needs CARMS_DATA_DIR. ``python docs/make_backtest_summary.py`` then takes the figures
of the page for the memo and the notebook.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from carms_lib.fitting import read_published
from carms_lib.fitting.stages import SEED, tell
from carms_lib.forecasting import forecast_2017, forecast_provinces
from carms_lib.forecasting.backtest import FEWEST
from markdown_tables import band, markdown_table, number, signed
from scipy.stats import spearmanr

PAGE = Path(__file__).resolve().parent / "explanation" / "backtest.md"


def main() -> None:
    """Run both tests and write the page."""
    parser = argparse.ArgumentParser(description="Write the page of the back-test.")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    given = parser.parse_args()
    published, rng = read_published(), np.random.default_rng(SEED)
    tell("2017 from 2016")
    tables, fitted, prior = forecast_2017(published, rng, tell=tell)
    tell("Family Medicine by province")
    provinces = forecast_provinces(published, rng, fitted, prior, tell=tell)
    given.page.write_text(backtest_page(tables, provinces), encoding="utf-8", newline="\n")
    tell(f"wrote {given.page.name}")


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


def backtest_page(tables: dict[str, pd.DataFrame], provinces: dict[int, pd.DataFrame]) -> str:
    """Return the page: what `forecast_2017` and `forecast_provinces` returned, in words and tables."""
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

This page is written by `python docs/make_backtest.py`. A forecast here never sees the outcome of the
year it forecasts. It is shown beside the **naive forecast**, last year's figure, and, for the order of disciplines,
beside the simple proxy `supply_score`. A model that does not beat the naive forecast says so.

The published figures are those of the R-1 match reports of 2016 and 2017 (CaRMS), of the match results of the College
of Family Physicians of Canada, and of press releases. The reports may not be reproduced, so the tables below show how
far the forecasts were off, and not the reports' own tables.

Over all tables below, {int(all_bands["inside"].sum())} of {len(all_bands)} bands hold the published figure:
{inside:.0%}, where 90 % is the aim.

## 2017 from 2016

Fitted to the tables of 2016 alone. From 2017 the forecast takes quotas by school, discipline and stream, and the
number of applicants of each class from each school. What graduates want first is that of 2016, moving by as much as
it did in earlier years. First choices are those of rank-order lists. Disciplines with fewer than {FEWEST} seats
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

What the tables of 2016 say, widened by years of drift, fitted to the headlines of the year before. The market of
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
