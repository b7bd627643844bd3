"""Band frames of invented numbers, and Axes that no pyplot state knows of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Bands = Callable[..., pd.DataFrame]


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(8, 6), layout="constrained").add_subplot()


@pytest.fixture
def make_bands() -> Bands:
    def make(
        groups: dict[str, list[str]],
        estimates: list[float],
        *,
        half_widths: dict[float, float] | None = None,
        metric: str = "pressure",
        scenario: str = "baseline",
        kind: str = "outcome",
        n_draws: int = 1_000,
    ) -> pd.DataFrame:
        parts = []
        for level, half in (half_widths or {0.9: 0.1}).items():
            estimate = np.array(estimates)
            part = pd.DataFrame({"metric": metric, "scenario": scenario, **groups, "estimate": estimate})
            part["lower"], part["upper"] = estimate - half, estimate + half
            parts.append(part.assign(level=level, kind=kind, n_draws=n_draws))
        return pd.concat(parts, ignore_index=True)

    return make
