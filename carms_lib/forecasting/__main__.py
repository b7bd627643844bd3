"""Project the bundled cohort of 2025 to the coming years: ``python -m carms_lib.forecasting``.

Belongs here: the command line. Does not belong here: the projection (`projection`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from carms_lib.fitting import read_published, template, write_cohort
from carms_lib.fitting.stages import tell
from carms_lib.forecasting.projection import projected_cohort
from carms_lib.simulator import load_cohort

COHORTS = Path(__file__).resolve().parents[1] / "data" / "cohorts"
YEARS = (2026, 2027)


def main() -> None:
    """Write the cohorts 2026 and 2027."""
    parser = argparse.ArgumentParser(prog="python -m carms_lib.forecasting", description="Project the cohort of 2025.")
    parser.add_argument("--cohorts", type=Path, default=COHORTS, help="folder for 2026.toml and 2027.toml")
    given = parser.parse_args()
    published, latest, seats = read_published(), load_cohort("2025"), float(template()["quota"].sum())
    for year in YEARS:
        cohort = projected_cohort(published, latest, year, seats_now=seats)
        tell(f"wrote {write_cohort(cohort, given.cohorts).name}")


if __name__ == "__main__":
    main()
