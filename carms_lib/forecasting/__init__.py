"""EXPECT: figures of years that no fit has seen, and how such forecasts did.

Belongs here: cohorts of the coming years, projected along the published series; the back-test, which forecasts past
years beside the naive forecast and the simple proxy. Does not belong here: the fit (`carms_lib.fitting`), scenarios of
what ought to happen (`carms_lib.simulator`), the page of the back-test (``docs/make_backtest.py``).

| file | holds |
| --- | --- |
| `demand` | first choices that each discipline is expected to get, by grade of news |
| `disciplines` | figures by discipline: a level and its response to seats per first choice; the plain rival |
| `simulated` | past years as the simulator plays them |
| `rolling` | every past year forecast from what was public before it; pools, weights, bands, scores |
| `backtest` | the back-test that the memo shows |
| `projection` | cohorts of coming years |

Run ``python -m carms_lib.forecasting`` with CARMS_DATA_DIR set to a folder that holds ``published``: it writes the
cohorts 2026 and 2027.
"""

from __future__ import annotations

from carms_lib.forecasting.backtest import forecast_2017, forecast_provinces
from carms_lib.forecasting.projection import project, projected_cohort, series_of

__all__ = ["forecast_2017", "forecast_provinces", "project", "projected_cohort", "series_of"]
