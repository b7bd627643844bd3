"""The sentences of the page of the back-test."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def verdict(docs_script):
    return docs_script("make_backtest").verdict


def test_a_forecast_that_does_not_beat_last_year_says_so(verdict):
    frame = pd.DataFrame(
        {"cell": ["a", "b"], "published": [10.0, 20.0], "forecast": [14.0, 15.0], "naive": [11.0, 19.0]}
    ).assign(inside=[True, False])
    assert "does not beat" in verdict(frame)
    assert "1 of 2 90 % bands" in verdict(frame)
    assert "beats the naive forecast by" in verdict(frame.assign(forecast=[10.0, 20.5]))


def test_errors_that_differ_are_shown_so_that_they_do(verdict):
    frame = pd.DataFrame(
        {"published": [100.0, 200.0], "forecast": [106.16, 206.16], "naive": [106.24, 206.24], "inside": [True, True]}
    )
    assert "6.160 (model), 6.240 (last year's figure): the model beats the naive forecast by 1%" in verdict(frame)
