"""Scenarios against the baseline, on the draws that they have in common.

Belongs here: `Comparison`. Does not belong here: pairing the draws (`carms_lib.pressure`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from carms_lib._views import View, open_view
from carms_lib.provenance import Provenance
from carms_lib.simulator.study.outcomes import BASELINE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison"]


class ComparedStudy(Protocol):
    """What a comparison needs of its `Study`."""

    @property
    def n_draws(self) -> int:
        """Draws."""

    @property
    def provenance(self) -> Provenance:
        """What the study was made from."""


class Comparison:
    """One or more scenarios against the baseline, paired draw by draw on common random numbers.

    Parameters
    ----------
    study : Study
    scenario : str or tuple of str
    """

    def __init__(self, study: ComparedStudy, scenario: str | tuple[str, ...]) -> None:
        self.study = study
        self.scenario = scenario
        self.provenance = study.provenance

    def outcomes(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        simultaneous: bool = False,
    ) -> View:
        """Return scenario minus baseline for match outcomes of applicants and seats, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, where, simultaneous
            As in `carms_lib.pressure.outcome_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("outcomes")(
            self.study,
            by,
            level=level,
            kind=kind,
            metric=metric,
            scenario=self.scenario,
            against=BASELINE,
            where=where,
            simultaneous=simultaneous,
        )
        return bands

    def pressure(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        first_choice: str = "wished",
        iteration: str = "final",
        fewest: float = 5.0,
        where: Mapping[str, str | Sequence[str]] | None = None,
        simultaneous: bool = False,
    ) -> View:
        """Return scenario minus baseline for the pressure metrics, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, first_choice, iteration, fewest, where, simultaneous
            As in `carms_lib.pressure.pressure_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("pressure")(
            self.study, by, level=level, kind=kind, metric=metric, first_choice=first_choice, iteration=iteration,
            fewest=fewest, scenario=self.scenario, against=BASELINE, where=where, simultaneous=simultaneous,
        )  # fmt: skip
        return bands

    def choices_obtained(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        fewest: float = 5.0,
        where: Mapping[str, str | Sequence[str]] | None = None,
        simultaneous: bool = False,
    ) -> View:
        """Return scenario minus baseline for choices obtained and interviews held, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, fewest, where, simultaneous
            As in `carms_lib.pressure.choice_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("choices")(
            self.study, by, level=level, kind=kind, metric=metric, scenario=self.scenario, against=BASELINE,
            fewest=fewest, where=where, simultaneous=simultaneous,
        )  # fmt: skip
        return bands

    def to_frame(self) -> pd.DataFrame:
        """Return the national differences as a band frame."""
        return self.outcomes().to_frame()

    def summary(self) -> str:
        """Return one screen of text with the national differences."""
        return f"{self._named()} minus {BASELINE}\n\n{self.outcomes().summary()}"

    def _named(self) -> str:
        return self.scenario if isinstance(self.scenario, str) else ", ".join(self.scenario)

    def plot(self, *, ax: Axes | None = None, metric: str | None = None) -> Axes:
        """Draw the differences by discipline.

        Parameters
        ----------
        ax, metric
            As in `carms_lib.plotting.plot_bands`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return self.outcomes(by="discipline").plot(ax=ax, metric=metric)

    def save(self, path: str | Path) -> Path:
        """Write the national differences to `path`; see `Bands.save`."""
        return self.outcomes().save(path)

    def __repr__(self) -> str:
        return f"Comparison: {self.scenario!r} minus {BASELINE!r} on {self.study.n_draws:,} common draws"
