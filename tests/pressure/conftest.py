"""One study of the small market, for all that only reads it."""

from __future__ import annotations

import carms_lib as carms
import pytest


@pytest.fixture(scope="session")
def small_study(market: carms.Market) -> carms.Study:
    return carms.simulate(market, n_draws=200, rng=3)
