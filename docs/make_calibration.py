"""Write docs/explanation/calibration.md: how well the bundled cohorts fit the published figures.

``python docs/make_calibration.py`` fits as ``python -m carms_lib.fitting`` does, with CARMS_DATA_DIR set; with
``--cohorts DIR`` it writes the fitted cohorts as well, so that one run gives both.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from carms_lib.fitting import LEFT_OUT, check_stages, fit_stages, fitted_cohorts, read_published, write_cohort
from carms_lib.fitting.stages import SEED, Stages, identification, tell
from markdown_tables import band, markdown_table, number

PAGE = Path(__file__).resolve().parent / "explanation" / "calibration.md"


def main() -> None:
    """Fit, check the fit, and write the page."""
    parser = argparse.ArgumentParser(description="Write the page of the calibration.")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    parser.add_argument("--cohorts", type=Path, help="folder for the fitted cohorts; none are written without it")
    given = parser.parse_args()
    published, rng = read_published(), np.random.default_rng(SEED)
    stages = fit_stages(published, rng, tell=tell)
    if given.cohorts:
        for cohort in fitted_cohorts(published, stages):
            tell(f"wrote {write_cohort(cohort, given.cohorts).name}")
    tell("checks")
    checks, measures = check_stages(published, stages, rng)
    given.page.write_text(calibration_page(stages, checks, measures), encoding="utf-8", newline="\n")
    tell(f"wrote {given.page.name}")


def check_table(check: pd.DataFrame) -> str:
    """Return a table of `carms_lib.fitting.check_figures` in Markdown."""
    before = {"before the fit": check["before"].map(number)} if "before" in check else {}
    return markdown_table(
        pd.DataFrame(
            {
                "figure": check["figure"],
                "published": check["published"].map(number),
                **before,
                "after": check["after"].map(number),
                "90 % band": [band(low, high) for low, high in zip(check["low"], check["high"], strict=True)],
                "inside": check["inside"].map({True: "yes", False: "**no**"}),
            }
        )
    )


def coverage(check: pd.DataFrame) -> str:
    """Say how many bands hold their figure."""
    inside = int(check["inside"].sum())
    return f"{inside} of {len(check)} bands hold the published figure ({inside / len(check):.0%}; they aim at 90 %)."


def calibration_page(
    stages: Stages,
    checks: dict[str, pd.DataFrame],
    measures: dict[str, float],
) -> str:
    """Return the page.

    Parameters
    ----------
    stages : Stages
    checks, measures : dict
        As `carms_lib.fitting.check_stages` returns them.
    """
    fit_2016, fit_2017, fit_2025, start_2025 = stages[:4]
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

This page is written by `python docs/make_calibration.py`. The script reads the published figures, fits the
cohort's uncertain inputs to them as `python -m carms_lib.fitting` does, which writes the cohorts that the library
ships, and reports here what it found, gaps included.

## How

The market of a past year is built from its published quotas by school, discipline and stream, spread over sites as
in the release of 2025. Its applicants come from the same year's tables: how many of each class from which school,
and which discipline they want first. What is left unknown is how strongly people are drawn to home, what programs
look for, how far they go down their lists: {len(fit_2016.prior)} inputs with wide priors. An **ensemble smoother**
moves {len(fit_2016.ensemble)} settings of all inputs together, in a few steps, towards {len(fit_2016.target)}
published moments, each with its own error: chance in a single match, and what a model of this size may miss. The
result is not one best setting but draws of all inputs jointly; they ship with the cohort and a study takes whole
rows of them. The scheme, its inflation by dummy inputs and its references are in the docstring of
`carms_lib.fitting.ensemble`.

In three stages: **2016** alone, checked on **2017**, which that fit has not seen; then 2017 as well; then, from
what those years say of 2025 once eight years of drift are allowed for, the headlines of **2025**.

## Stage 1: 2016, and the test of 2017

The root mean square misfit over all moments, in units of their errors, fell from {measures["before 2016"]:.2f}
before the fit to {measures["after 2016"]:.2f} after it. On 2017, with 2017's quotas, applicants and first choices
but nothing of its outcome, it was {measures["unseen 2017"]:.2f}. {coverage(checks["2017 unseen"])}

{check_table(checks["2017 unseen"])}

For comparison, 2016 itself, which the fit has seen: {coverage(checks["2016"])}

<details markdown="1">
<summary>2016, all moments</summary>

{check_table(checks["2016"])}

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

Before the headlines of 2025, with release 1503 and the inputs of 2016-2017 widened by eight years of drift, the
misfit was {measures["before 2025"]:.2f}; after them it is {measures["after 2025"]:.2f}. **The table does not
test the model**: it shows how well it could be made to fit. {coverage(checks["2025"])}

{check_table(checks["2025"])}

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


if __name__ == "__main__":
    main()
