"""The fit from end to end. Run ``python -m carms_lib.data.calibrate``.

Belongs here: the order of the stages, and which files they leave. Does not belong here: any stage itself.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import carms_lib
import numpy as np
import pandas as pd
from carms_lib.data.calibrate.cohorts import cohort_of
from carms_lib.data.calibrate.fit import (
    base_cohort,
    demand_spread,
    fit_headlines,
    fit_year,
    headline_prior,
    later_base,
)
from carms_lib.data.calibrate.headlines import headline_cohort, headline_moments, headline_target
from carms_lib.data.calibrate.moments import published_moments
from carms_lib.data.calibrate.priors import prior_table, sample
from carms_lib.data.calibrate.project import projected_cohort
from carms_lib.data.calibrate.published import read_published
from carms_lib.data.calibrate.report import calibration_page, check_table, misfit
from carms_lib.data.calibrate.write import with_fit
from carms_lib.data.calibrate.years import held, run_ensemble, template
from carms_lib.simulator import Cohort

_ROOT = Path(carms_lib.__file__).parent
_TABLES = (
    "CaRMS R-1 {years} tables 2, 15 to 17, 30, 32, 42, 48, 55 and 56, as stored at github.com/jimprince/analysis, "
    "CaRMS/data, by an ensemble smoother (carms_lib.data.calibrate); the draws carry how far they pin it down"
)


def tell(line: object) -> None:
    """Say how far the work has come."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Fit, write the cohorts and the page of the documentation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=Path, default=_ROOT / "data" / "cohorts", help="where the cohorts go")
    parser.add_argument(
        "--page",
        type=Path,
        default=_ROOT.parent / "docs" / "explanation" / "calibration.md",
        help="where the page goes",
    )
    given = parser.parse_args()
    began = time.perf_counter()
    published, base, rng = read_published(), base_cohort(), np.random.default_rng(2016)
    moves = round(demand_spread(published, 2017), 3)
    tell(f"first choices move by {moves} a year beyond chance")

    tell("2016")
    fit_2016 = fit_year(published, 2016, base, rng, tell=tell)
    prior = fit_2016.prior
    tell("2017")
    fit_2017 = fit_year(published, 2017, base, rng, start=fit_2016.ensemble, steps=2, tell=tell)
    later = _moving(later_base(published, base), moves)
    prior_2025, start_2025 = headline_prior(fit_2017.ensemble, prior, rng)
    tell("2025")
    fit_2025 = fit_headlines(published, 2025, later, prior_2025, start_2025, rng, tell=tell)

    tell("checks")
    before = run_ensemble(fit_2016.market, sample(prior_table(), 60, rng), prior, draws=1, entropy=1)
    after = run_ensemble(fit_2016.market, fit_2016.ensemble, prior, draws=1, entropy=2)
    unseen = run_ensemble(fit_2017.market, fit_2016.ensemble, prior, draws=1, entropy=3)
    seen = run_ensemble(fit_2017.market, fit_2017.ensemble, prior, draws=1, entropy=4)
    early, late = (
        run_ensemble(fit_2025.market, ensemble, prior_2025, draws=1, entropy=5, moments=headline_moments)
        for ensemble in (start_2025, fit_2025.ensemble)
    )
    target_2017 = published_moments(published, 2017)
    target_2025 = _with_totals(headline_target(published, 2025), published.number(2025, "all", "matched", "final"))
    checks = {
        "2016": check_table(published_moments(published, 2016), before, after),
        "2017 unseen": check_table(target_2017, None, unseen),
        "2017": check_table(target_2017, unseen, seen),
        "2025": check_table(target_2025, early, late),
    }
    measures = {
        "before 2016": misfit(fit_2016.target, fit_2016.error, before),
        "after 2016": misfit(fit_2016.target, fit_2016.error, after),
        "unseen 2017": misfit(fit_2017.target, fit_2016.error, unseen),
        "after 2017": misfit(fit_2017.target, fit_2016.error, seen),
        "before 2025": misfit(fit_2025.target, fit_2025.error, early),
        "after 2025": misfit(fit_2025.target, fit_2025.error, late),
        "seats 2025": float(late["matched"].mean() + late["left after"].mean()),
    }
    tell(measures)

    fitted = _TABLES.format(years="2016 and 2017")
    for year in (2016, 2017):
        cohort = held(
            cohort_of(published, year, base),
            {"quota_drift": 0.0, "reversion_share": 0.0},
            f"CaRMS R-1 {year}: quotas after reversions are known",
        )
        _write(
            with_fit(
                _moving(cohort, moves),
                fit_2017.ensemble,
                prior,
                "FIT",
                f"Fitted to {fitted}",
                name=str(year),
                description=f"Applicants of the {year} R-1 match, from its published tables, with the inputs that the "
                "tables of 2016 and 2017 leave possible. Disciplines are named as they were then.",
            ),
            given.cohorts,
        )
    latest = with_fit(
        headline_cohort(later, 2025),
        fit_2025.ensemble,
        prior_2025,
        "FIT",
        f"Fitted to {fitted}; then, with eight years of drift allowed, to the headlines of 2025: Family Medicine seats "
        "left by province after the first iteration (CFPC), seats left after both, applicants matched by class (CaRMS)",
        name="2025",
        description="Applicants of the 2025 R-1 match: the inputs that the tables of 2016 and 2017 leave possible, let "
        "go by eight years of drift and then fitted to the headlines of 2025.",
    )
    _write(latest, given.cohorts)
    seats = float(template()["quota"].sum())
    for year in (2026, 2027):
        _write(projected_cohort(published, latest, year, seats_now=seats), given.cohorts)
    given.page.write_text(
        calibration_page(fit_2016, fit_2017, fit_2025, checks, measures, start_2025), encoding="utf-8", newline="\n"
    )
    tell(f"done in {time.perf_counter() - began:,.0f} s")


def _moving(cohort: Cohort, moves: float) -> Cohort:
    """Let first choices move as much as they did from year to year."""
    source = "CaRMS first choices by discipline 2009 to 2017: change of log shares in a year, less chance"
    return cohort.with_parameter("demand_spread", moves, round(0.5 * moves, 3), round(1.5 * moves, 3), source=source)


def _with_totals(target: pd.Series, matched: float) -> pd.Series:
    """Add the sums of 2025 that the fit does not use as targets of their own."""
    provinces = [name for name in target.index if str(name).startswith("FM left ") and "after" not in str(name)]
    more: pd.Series = pd.concat([target, pd.Series({"FM left": float(target[provinces].sum()), "matched": matched})])
    return more


def _write(cohort: Cohort, folder: Path) -> None:
    path = folder / f"{cohort.name}.toml"
    replace(cohort, sources=dict(sorted(cohort.sources.items()))).write(path)
    tell(f"wrote {path.name}, {path.stat().st_size / 1024:,.0f} kB")


if __name__ == "__main__":
    main()
