"""The years after 2017, of which only headlines are public: their programs, applicants and moments.

Belongs here: the market of 2023, 2024 and 2025, and the few moments that their press releases give. Does not belong
here: the years whose tables are public in full (`years`).

The release of 2025 gives the programs of 2025. Those of 2023 and 2024 are taken to be the same, with Family Medicine's
seats and all other seats scaled to the year's national totals; the totals of 2024 were not found, and lie halfway.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from carms_lib.fitting.ensemble import SINGLY, held, template
from carms_lib.fitting.moments import simulated_moments
from carms_lib.fitting.published import Published
from carms_lib.simulator import Cohort, Market
from carms_lib.simulator.draw.block import BlockInputs, BlockResult
from carms_lib.simulator.inputs.rounding import largest_remainder

__all__ = ["FACTS", "headline_cohort", "headline_error", "headline_market", "headline_moments", "headline_target"]

#: Current-year Canadian graduates, and seats in Family Medicine and elsewhere, with where they come from.
FACTS: dict[int, dict[str, Any]] = {
    2023: {
        "current": 2854.0,
        "family": 1629,
        "all": 3532,
        "source": "54 unmatched current-year graduates were 1.9 % of theirs; 3,532 positions (both CaRMS 2023), "
        "1,629 of them in Family Medicine (CFPC)",
    },
    2024: {
        "current": 2900.0,
        "family": 1725,
        "all": 3760,
        "source": "54 unmatched current-year graduates were 1.9 % of theirs (CaRMS 2025 release, on 2024); positions "
        "taken halfway between 2023 and 2025",
    },
    2025: {
        "current": 3030.0,
        "family": 1821,
        "all": 3991,
        "source": "49 unmatched current-year graduates were 1.6 % of theirs, so 2,970 to 3,160; 3,014 Canadian "
        "graduates matched, of them about 90 of earlier years as in 2017, and about 105 current ones did not; 3,873 "
        "matched and 118 vacant positions (CaRMS 2025), 1,821 in Family Medicine before the first iteration (CFPC)",
    },
}
_PROVINCES = ("AB", "BC", "MB", "NL", "NS", "ON", "QC", "SK")


def headline_cohort(base: Cohort, year: int) -> Cohort:
    """Return `base` with the year's class sizes.

    Parameters
    ----------
    base : Cohort
    year : int
        2023, 2024 or 2025.

    Returns
    -------
    Cohort
    """
    facts = FACTS[year]
    classes = base.classes.copy()
    classes.loc["cmg_current", ["size", "low", "high"]] = [
        facts["current"],
        round(facts["current"] * 0.975),
        round(facts["current"] * 1.025),
    ]
    key = f"H{year}"
    columns = {**base.columns, "classes.size": {"unit": "persons", "source": key, "fitted": False}}
    others = "; other classes are assumed near their 2017 size"
    return replace(
        base if year == base.year else base.without_margins(),
        name=str(year),
        year=year,
        classes=classes,
        columns=columns,
        sources={**base.sources, key: facts["source"] + others},
    )


def headline_market(base: Cohort, year: int) -> Market:
    """Return the market of 2023, 2024 or 2025.

    Parameters
    ----------
    base : Cohort
        As `later_base` returns it.
    year : int

    Returns
    -------
    Market
    """
    facts = FACTS[year]
    programs = template().copy()
    if year != 2025:
        family = programs["discipline"] == "Family Medicine"
        for rows, total in ((family, facts["family"]), (~family, facts["all"] - facts["family"])):
            quota = programs.loc[rows, "quota"].to_numpy(float)
            programs.loc[rows, "quota"] = largest_remainder(quota, total)
        programs = programs[programs["quota"] > 0]
    cohort = held(headline_cohort(base, year), SINGLY, "fits match everybody singly")
    return Market.from_gold(programs, cohort)


def headline_moments(market: Market, inputs: BlockInputs, result: BlockResult, entropy: int, block: int) -> pd.Series:
    """Return the moments of a simulated block that headlines can be held against.

    Parameters
    ----------
    market, inputs, result, entropy, block
        As for `simulated_moments`.

    Returns
    -------
    pandas.Series
        Those of `simulated_moments`, and totals that only headlines give.
    """
    all_of_them = simulated_moments(market, inputs, result, entropy, block)
    cls = market.applicants["applicant_class"].to_numpy(object)
    ours = cls == "cmg_current"
    current = (result.final[:, ours] == -1).sum() / len(result.final)
    all_of_them["FM left"] = sum(all_of_them[f"FM left {code}"] for code in _PROVINCES)
    all_of_them["current unmatched"] = current
    all_of_them["USMG matched"] = (result.final[:, cls == "usmg"] >= 0).sum() / len(result.final)
    all_of_them["matched"] = (result.final >= 0).sum() / len(result.final)
    return all_of_them


def headline_target(published: Published, year: int) -> pd.Series:
    """Return the moments that the headlines of a year give.

    Parameters
    ----------
    published : Published
    year : int
        2023, 2024 or 2025.

    Returns
    -------
    pandas.Series
        float64, indexed by the name of the moment; what was not published is absent.
    """
    out: dict[str, float] = {}
    for code, seats in published.by_province(year).items():
        if code in _PROVINCES:
            out[f"FM left {code}"] = float(seats)
    wanted = (
        ("left after", "all_streams", "positions_unfilled"),
        ("FM left after", "all_streams, Family Medicine", "positions_unfilled"),
        ("FM left after QC", "all_streams, Family Medicine, Quebec", "positions_unfilled"),
        ("CMG matched", "CMG", "matched"),
        ("IMG matched", "IMG", "matched"),
        ("USMG matched", "USMG", "matched"),
    )
    for name, population, measure in wanted:
        try:
            out[name] = published.number(year, population, measure, "final")
        except KeyError:
            continue
    if year == 2023:
        out["current unmatched"] = published.number(year, "CMG_current_year", "unmatched", "final")
    return pd.Series(out)


def headline_error(target: pd.Series) -> pd.Series:
    """Return the standard deviation by which the model may miss a headline.

    Parameters
    ----------
    target : pandas.Series
        As `headline_target` returns it.

    Returns
    -------
    pandas.Series
        With the index of `target`.
    """
    out = {}
    for name, value in target.items():
        wide = {"CMG matched": 25.0, "IMG matched": 0.04 * value, "USMG matched": 5.0, "current unmatched": 12.0}
        out[name] = wide.get(str(name), 3.0 + 0.1 * value)
    return pd.Series(out)
