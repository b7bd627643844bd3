"""One memo, written once with few draws, that all tests read."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import carms_lib as carms
import pytest
from carms_lib.exceptions import TooFewDrawsWarning
from carms_lib.memo import MemoPaths

DRAWS = 30


@pytest.fixture(scope="session")
def write_few() -> Callable[..., MemoPaths]:
    """Write a memo with so few draws that the library warns of it, as it must."""

    def write(out, **options) -> MemoPaths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TooFewDrawsWarning)
            return carms.write_memo(out, **{"n_draws": DRAWS, "progress": False, **options})

    return write


@pytest.fixture(scope="session")
def memo(write_few, tmp_path_factory) -> MemoPaths:
    return write_few(tmp_path_factory.mktemp("memo") / "memo")


@pytest.fixture(scope="session")
def study(national: carms.Market) -> carms.Study:
    """The study that the memo rests on, made apart from it."""
    more = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    return carms.simulate(national, more, n_draws=DRAWS, rng=2025)
