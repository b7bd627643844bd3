"""Cohorts of the coming years: the projection of a series, and the files that ship."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from carms_lib.forecasting import __main__ as command
from carms_lib.forecasting import project


def test_a_series_that_grows_evenly_is_carried_on_evenly() -> None:
    years = [2010, 2011, 2013, 2014, 2016, 2019, 2020]
    series = pd.Series([1000.0 * 1.02 ** (year - 2010) for year in years], index=years)
    middle, low, high = project(series, 2022)
    assert middle == pytest.approx(1000.0 * 1.02**12, rel=1e-3)
    assert low <= middle <= high
    rough = series * np.array([1.0, 1.03, 0.97, 1.04, 0.98, 1.02, 0.99])
    near, far = project(rough, 2021), project(rough, 2024)
    assert far[2] / far[1] > near[2] / near[1] > 1.02


@pytest.mark.release
def test_the_command_writes_the_bundled_cohorts_byte_for_byte(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data_dir.is_dir()
    monkeypatch.setattr(sys, "argv", ["forecasting", "--cohorts", str(tmp_path)])
    command.main()
    bundled = resources.files("carms_lib") / "data" / "cohorts"
    for year in command.YEARS:
        assert (tmp_path / f"{year}.toml").read_bytes() == (bundled / f"{year}.toml").read_bytes()
