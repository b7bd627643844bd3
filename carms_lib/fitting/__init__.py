"""FIT: uncertain inputs of a cohort from published figures.

Belongs here: the published figures, past years' programs and applicants as their tables give them, priors, the moments
that a simulated match and the tables both have, the ensemble smoother, and the fitted cohorts. Does not belong here:
the model itself (`carms_lib.simulator`), forecasts of other years (`carms_lib.forecasting`), pages
(``docs/make_calibration.py``).

| file | holds |
| --- | --- |
| `published` | the published figures, read and looked up |
| `record` | figures of past matches with the date each was public by, and the only door for a forecast of a year |
| `markets` | programs of years without program descriptions |
| `cohorts` | cohorts of 2016 and 2017, as their tables give them |
| `headlines` | markets and moments of 2023 to 2025, of which headlines are public |
| `distributions` | which inputs are fitted, their prior; the fitted ensemble as the joint draws of a cohort |
| `moments` | quantities that a simulated match and the tables both give |
| `ensemble` | many settings of the inputs, simulated and moved towards the published moments |
| `fit` | the fits of one year |
| `stages` | 2016, then 2017, then 2025; published figures beside simulated ones; what the figures identify |

Run ``python -m carms_lib.fitting`` with CARMS_DATA_DIR set to a folder that holds ``published``: it writes the cohorts
2016, 2017 and 2025. The published tables are read, never copied: only fitted parameters and single figures with their
source leave this package.
"""

from __future__ import annotations

from carms_lib.fitting.distributions import prior_table, sample, used_sources, with_fit, write_cohort
from carms_lib.fitting.ensemble import held, market_of, run_ensemble, smooth, template
from carms_lib.fitting.fit import (
    LEFT_OUT,
    Fit,
    base_cohort,
    demand_spread,
    fit_headlines,
    fit_year,
    headline_prior,
    later_base,
)
from carms_lib.fitting.headlines import headline_market, headline_moments, headline_target
from carms_lib.fitting.moments import published_moments, simulated_moments, simulated_tables
from carms_lib.fitting.published import Published, read_published
from carms_lib.fitting.stages import (
    Stages,
    check_figures,
    check_stages,
    fit_stages,
    fitted_cohorts,
    identification,
    misfit,
)

__all__ = [
    "LEFT_OUT",
    "Fit",
    "Published",
    "Stages",
    "base_cohort",
    "check_figures",
    "check_stages",
    "demand_spread",
    "fit_headlines",
    "fit_stages",
    "fit_year",
    "fitted_cohorts",
    "headline_market",
    "headline_moments",
    "headline_prior",
    "headline_target",
    "held",
    "identification",
    "later_base",
    "market_of",
    "misfit",
    "prior_table",
    "published_moments",
    "read_published",
    "run_ensemble",
    "sample",
    "simulated_moments",
    "simulated_tables",
    "smooth",
    "template",
    "used_sources",
    "with_fit",
    "write_cohort",
]
