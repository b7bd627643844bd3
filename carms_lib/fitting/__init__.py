"""Fit the bundled cohorts to the published figures, test the fit, and write what came of it.

Belongs here: the scripts that made `carms_lib/data/cohorts`. Nothing of the library imports them. Does not belong here:
the model itself (`carms_lib.simulator`).

Run ``python -m carms_lib.data.calibrate`` with CARMS_DATA_DIR set to a folder that holds ``published`` and
``release_1503``: it writes the cohorts and the page of the documentation that tells how well they fit.
``python -m carms_lib.data.calibrate.backtest`` writes the page of the back-test. The published tables themselves are
read, never copied: only fitted parameters and single figures with their source leave this package.
"""
