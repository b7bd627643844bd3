"""The page that tells how well the cohorts fit: docs/explanation/calibration.md.

Belongs here: tables in Markdown from the fits. Does not belong here: any number that is not computed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from carms_lib.data.calibrate.fit import LEFT_OUT, Fit
from carms_lib.pressure._bands import quantiles

__all__ = ["band", "calibration_page", "check_table", "identification", "markdown_table", "number", "signed"]

_LEVEL = 0.90


def markdown_table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table; every cell is text already."""
    head = f"| {' | '.join(map(str, frame.columns))} |"
    rule = f"| {' | '.join('---' for _ in frame.columns)} |"
    rows = [f"| {' | '.join(map(str, row))} |" for row in frame.itertuples(index=False)]
    return "\n".join([head, rule, *rows])


def number(value: float) -> str:
    """Return a number as a person would write it."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else (f"{value:.1f}" if abs(value) >= 2 else f"{value:.2f}")


def signed(value: float) -> str:
    """Return a difference with its sign."""
    text = number(abs(value))
    return text if not np.isfinite(value) or not text.strip("0.,") else f"{'+' if value > 0 else '−'}{text}"


def band(low: float, high: float) -> str:
    """Return both ends of a band as one cell that is not broken across lines."""
    return f"{number(low)} to {number(high)}".replace(" ", "\N{NO-BREAK SPACE}")


def check_table(target: pd.Series, before: pd.DataFrame | None, after: pd.DataFrame) -> pd.DataFrame:
    """Return published figures beside predictive means and 90 % bands, and whether the band holds the figure.

    Parameters
    ----------
    target : pandas.Series
        Published figures.
    before, after : pandas.DataFrame
        Simulated single matches, one a row, before and after the fit.
    """
    tails = [(1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0]
    rows = []
    for name, value in target.items():
        drawn = after[name]
        (low,), (high,) = quantiles(drawn.to_numpy(float)[:, None], tails)
        row = {"figure": name, "published": number(value)}
        if before is not None:
            row["before the fit"] = number(before[name].mean())
        row["after"] = number(drawn.mean())
        row["90 % band"] = band(float(low), float(high))
        row["inside"] = "yes" if low - 1e-9 <= value <= high + 1e-9 else "**no**"
        rows.append(row)
    return pd.DataFrame(rows)


def coverage(table: pd.DataFrame) -> str:
    """Say how many bands hold their figure."""
    inside = int((table["inside"] == "yes").sum())
    return f"{inside} of {len(table)} bands hold the published figure ({inside / len(table):.0%}; they aim at 90 %)."


def misfit(target: pd.Series, error: pd.Series, drawn: pd.DataFrame) -> float:
    """Return the root mean square of (simulated mean - published) / error."""
    gap = (drawn[list(target.index)].mean() - target) / error[list(target.index)]
    return float(np.sqrt((gap**2).mean()))


def identification(prior: pd.DataFrame, ensemble: pd.DataFrame) -> pd.DataFrame:
    """Return prior and posterior of every fitted input on its own scale, most learnt first."""
    after = ensemble[list(prior.index)]
    frame = pd.DataFrame(
        {
            "scale": prior["scale"],
            "prior": prior["mean"],
            "prior sd": prior["spread"],
            "posterior": after.mean(),
            "posterior sd": after.std(),
        }
    )
    frame["kept"] = (frame["posterior sd"] / frame["prior sd"]).clip(upper=1.0)
    return frame.sort_values("kept")


def calibration_page(
    fit_2016: Fit,
    fit_2017: Fit,
    fit_2025: Fit,
    checks: dict[str, pd.DataFrame],
    measures: dict[str, float],
    start_2025: pd.DataFrame,
) -> str:
    """Return the page.

    Parameters
    ----------
    checks : dict
        "2016", "2017 unseen", "2017", "2025": tables of `check_table`.
    measures : dict
        Root mean square misfits, and counts that the prose needs.
    start_2025 : pandas.DataFrame
        The ensemble before the headlines of 2025.
    """
    learnt = identification(fit_2016.prior, fit_2017.ensemble)
    well, little = (learnt["kept"] < 0.5).sum(), (learnt["kept"] > 0.8).sum()
    own = learnt.reset_index(names="input").assign(
        **{
            c: learnt[c].map("{:.2f}".format).to_numpy()
            for c in ("prior", "prior sd", "posterior", "posterior sd", "kept")
        }
    )
    last = fit_2025.ensemble[list(fit_2025.prior.index)]
    began = start_2025[list(fit_2025.prior.index)]
    moved = pd.DataFrame(
        {
            "before": began.mean(),
            "sd before": began.std(),
            "after": last.mean(),
            "sd after": last.std(),
        }
    )
    moved["kept"] = (moved["sd after"] / moved["sd before"]).clip(upper=1.0)
    moved = moved.sort_values("kept").head(20)
    moved = moved.reset_index(names="input").assign(
        **{c: moved[c].map("{:.2f}".format).to_numpy() for c in moved.columns}
    )
    corr = np.corrcoef(fit_2017.ensemble[list(fit_2016.prior.index)].to_numpy().T)
    np.fill_diagonal(corr, 0.0)
    at = np.dstack(np.unravel_index(np.argsort(-np.abs(np.triu(corr)), axis=None)[:6], corr.shape))[0]
    names = list(fit_2016.prior.index)
    tied = ", ".join(f"`{names[i]}` and `{names[j]}` ({corr[i, j]:+.2f})" for i, j in at)
    left_out = "\n".join(f"- **{name}**: {why}." for name, why in LEFT_OUT.items())
    return f"""# Calibration

This page is written by `python -m carms_lib.data.calibrate`. The script reads the published figures, fits the
cohort's uncertain inputs to them, writes the cohorts that the library ships, and reports here what it found, gaps
included.

## How

The market of a past year is built from its published quotas by school, discipline and stream, spread over sites as
in the release of 2025. Its applicants come from the same year's tables: how many of each class from which school,
and which discipline they want first. What is left unknown is how strongly people are drawn to home, what programs
look for, how far they go down their lists: {len(fit_2016.prior)} inputs with wide priors. An **ensemble smoother**
moves {len(fit_2016.ensemble)} settings of all inputs together, in a few steps, towards {len(fit_2016.target)}
published moments, each with its own error: chance in a single match, and what a model of this size may miss. What
comes out is not one best setting but draws of all inputs jointly; they ship with the cohort and a study takes whole
rows of them. The scheme, its inflation by dummy inputs and its references are in the docstring of
`carms_lib.data.calibrate.smoother`.

In three stages: **2016** alone, checked on **2017**, which that fit has not seen; then 2017 as well; then, from
what those years say of 2025 once eight years of drift are allowed for, the headlines of **2025**.

## Stage 1: 2016, and the test of 2017

The root mean square misfit over all moments, in units of their errors, fell from {measures["before 2016"]:.2f}
before the fit to {measures["after 2016"]:.2f} after it. On 2017, with 2017's quotas, applicants and first choices
but nothing of its outcome, it was {measures["unseen 2017"]:.2f}. {coverage(checks["2017 unseen"])}

{markdown_table(checks["2017 unseen"])}

For comparison, 2016 itself, which the fit has seen: {coverage(checks["2016"])}

<details markdown="1">
<summary>2016, all moments</summary>

{markdown_table(checks["2016"])}

</details>

"own" is the share of Canadian graduates with a first choice in the group who matched to that discipline,
"alternate" the share who matched to another. "stay" is the share of a school's matched graduates who stay there,
"near" the share of the province's graduates who stay in the province, "came" the share of matched Canadian
graduates in a province who come from another. "left" are seats after the first iteration, "left after" those after
the second.

## Stage 2: both years, and what the figures pin down

With 2017 added the misfit on it is {measures["after 2017"]:.2f}. An input of which the figures say nothing keeps
all of its prior spread (kept = 1). Of {len(learnt)} inputs, {well} keep less than half of theirs and {little} keep
more than four fifths: those the figures do not identify, and a study's `input` bands are as wide as the prior
there. Inputs that the figures can only see together stay tied in the joint draws; the closest ties: {tied}.

{markdown_table(own)}

## Stage 3: 2025

Before the headlines of 2025, with release 1503 and the inputs of 2016-2017 let go by eight years of drift, the
misfit was {measures["before 2025"]:.2f}; after them it is {measures["after 2025"]:.2f}. **The table is no test of
the model**: it shows how well it could be made to fit. {coverage(checks["2025"])}

{markdown_table(checks["2025"])}

Seats in the match: {measures["seats 2025"]:,.0f} on average in these draws, 3,991 published.

The twenty inputs of which 2025 says most:

{markdown_table(moved)}

## Left out

{left_out}
- **Reversions in 2016-2017**: quotas are taken after them. They are an input of 2025 alone.
- **Applications and interviews by program**: the bands of the release are taken as they stand, for 2016-2017 too.
- **Couples**: their share is taken from 2015 and not fitted, and the fits match everybody singly.
- **First choices after 2017**: only Family Medicine's share is public (30.7 % in 2022); the rest keeps its shape of
  2017.
- **International graduates who took part after 2017**: not public; assumed near 2017.
"""
