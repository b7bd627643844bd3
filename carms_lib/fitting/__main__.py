"""Fit the bundled cohorts to the published figures: ``python -m carms_lib.fitting``.

Belongs here: the command line. Does not belong here: the order of the stages (`stages`).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from carms_lib.fitting.distributions import write_cohort
from carms_lib.fitting.published import read_published
from carms_lib.fitting.stages import SEED, fit_stages, fitted_cohorts, tell

COHORTS = Path(__file__).resolve().parents[1] / "data" / "cohorts"


def main() -> None:
    """Fit, and write the cohorts 2016, 2017 and 2025."""
    parser = argparse.ArgumentParser(prog="python -m carms_lib.fitting", description="Fit the bundled cohorts.")
    parser.add_argument("--cohorts", type=Path, default=COHORTS, help="folder for 2016.toml, 2017.toml and 2025.toml")
    given = parser.parse_args()
    began = time.perf_counter()
    published = read_published()
    stages = fit_stages(published, np.random.default_rng(SEED), tell=tell)
    for cohort in fitted_cohorts(published, stages):
        tell(f"wrote {write_cohort(cohort, given.cohorts).name}")
    tell(f"done in {time.perf_counter() - began:,.0f} s")


if __name__ == "__main__":
    main()
