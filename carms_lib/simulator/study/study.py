"""The study: outcomes of many draws, ready to be asked.

Belongs here: opening the views that answer, comparisons, and saving. Does not belong here: metrics and bands, which are
`carms_lib.pressure`; a study knows how to open that view and no more.

What is kept of a draw is four program numbers an applicant: wished for, ranked first, matched to in the first
iteration, matched to in the end. Any grouping of programs and any class of applicants can be counted from them, at
any level, without another simulation. They are kept by a `DrawStore`, in a file when they are large, and views read
them a few draws at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from carms_lib._views import View, open_view
from carms_lib.exceptions import UnknownNameError
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.study.outcomes import BASELINE, DrawnOutcomes
from carms_lib.simulator.study.study_file import read_study, write_study

__all__ = ["Comparison", "Study"]


class Study(DrawnOutcomes):
    """Draws of the match for the baseline and for scenarios, on common random numbers.

    Made by `simulate` or `Study.load`.

    Attributes
    ----------
    n_draws : int
    draws_per_input : int
        Draws that share one setting of the uncertain inputs.
    entropy : int
        Give it as `rng` to run the same draws again.
    inputs : pandas.DataFrame
        One row per setting of the uncertain inputs, one column per parameter of the cohort.
    provenance : Provenance
    """

    def pressure(self, by: str | Sequence[str] | None = None, **options: Any) -> View:
        """Return the pressure metrics with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        **options
            What `carms_lib.pressure.pressure_bands` takes: level, kind, metric and so on.

        Returns
        -------
        Bands
        """
        bands: View = open_view("pressure")(self, by, **options)
        return bands

    def outcomes(self, by: str | Sequence[str] | None = None, **options: Any) -> View:
        """Return what came of applicants and seats with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        **options
            What `carms_lib.pressure.outcome_bands` takes: level, kind, metric and so on.

        Returns
        -------
        Bands
        """
        bands: View = open_view("outcomes")(self, by, **options)
        return bands

    def preferences(self, by: str | Sequence[str] = "discipline", **options: Any) -> View:
        """Return what applicants want first, with bands.

        Parameters
        ----------
        by : str or sequence of str, default "discipline"
            Columns that make the groups.
        **options
            What `carms_lib.pressure.preference_bands` takes: level, kind, metric and so on.

        Returns
        -------
        Bands
        """
        bands: View = open_view("preferences")(self, by, **options)
        return bands

    def ranks(self, by: str | Sequence[str], **options: Any) -> Any:
        """Return the order of the groups by a metric, with intervals of the ranks.

        Parameters
        ----------
        by : str or sequence of str
            Columns that make the groups.
        **options
            What `carms_lib.pressure.rank_groups` takes: metric, k, level, kind and so on.

        Returns
        -------
        Ranks
        """
        return open_view("ranks")(self, by, **options)

    def seat_value(self, market: Market, **options: Any) -> Any:
        """Return what one more seat in each program would do, on the draws of this study.

        Parameters
        ----------
        market : Market
            The baseline that was simulated: a study keeps outcomes and no lists, so that they are made anew.
        **options
            What `carms_lib.pressure.seat_values` takes beside rng: scenario, n_draws and so on.

        Returns
        -------
        SeatValues
        """
        return open_view("seat_value")(self, market, **options)

    def compare(self, scenario: str) -> Comparison:
        """Return the view of a scenario against the baseline, draw by draw.

        Parameters
        ----------
        scenario : str
            One of `scenarios` other than the baseline.

        Returns
        -------
        Comparison
        """
        others = [name for name in self._rows if name != BASELINE]
        given: Any = scenario
        if not isinstance(given, str) or given not in others:
            raise UnknownNameError("scenario", scenario, others)
        return Comparison(self, scenario)

    def to_frame(self) -> pd.DataFrame:
        """Return the national outcome of every scenario as a band frame."""
        return self.outcomes().to_frame()

    def summary(self) -> str:
        """Return one screen of text: what was run, and the national outcome."""
        names = ", ".join(self.scenarios)
        head = f"{self.n_draws:,} draws of {names}; entropy {self.entropy}"
        unstable = self.couples()
        unstable = unstable[unstable["draws_unstable"] > 0]
        told = [
            f"\n{scenario}: couples left {share:.2%} of the draws without a stable matching that was found, with "
            f"{blocking:.1f} blocking coalitions each"
            for scenario, share, blocking in unstable[["scenario", "draws_unstable", "blocking_coalitions"]].itertuples(
                index=False
            )
        ]
        return f"{head}{''.join(told)}\n\n{self.outcomes().summary()}"

    def plot(self, **options: Any) -> Any:
        """Draw the pressure of every discipline; see `Bands.plot`."""
        return self.pressure(by="discipline").plot(**options)

    def __repr__(self) -> str:
        return f"Study: {self.n_draws:,} draws of {len(self.scenarios)} scenarios {list(self.scenarios)}"

    def save(self, path: str | Path) -> Path:
        """Write the study to one file, arrays and tables with their provenance; no pickle.

        Parameters
        ----------
        path : str or Path
            A file that does not exist yet.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            The file exists.
        """
        path = Path(path)
        write_study(self, path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """Read what `save` wrote to `path`.

        Raises
        ------
        StudyError
            The file is no study, or of a format that this version does not read.
        """
        stored = read_study(Path(path))
        return cls._on_store(
            stored.store,
            stored.rows,
            stored.n_draws,
            entropy=stored.entropy,
            inputs=stored.inputs,
            provenance=stored.provenance,
        )


class Comparison:
    """A scenario against the baseline, paired draw by draw on common random numbers.

    Parameters
    ----------
    study : Study
    scenario : str
    """

    def __init__(self, study: Study, scenario: str) -> None:
        self.study = study
        self.scenario = scenario
        self.provenance = study.provenance

    def outcomes(self, by: str | Sequence[str] | None = None, **options: Any) -> View:
        """Return scenario minus baseline for what came of applicants and seats, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        **options
            What `carms_lib.pressure.outcome_bands` takes: level, kind, metric and so on.

        Returns
        -------
        Bands
        """
        bands: View = open_view("outcomes")(self.study, by, against=BASELINE, scenario=self.scenario, **options)
        return bands

    def pressure(self, by: str | Sequence[str] | None = None, **options: Any) -> View:
        """Return scenario minus baseline for the pressure metrics, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        **options
            What `carms_lib.pressure.pressure_bands` takes: level, kind, metric and so on.

        Returns
        -------
        Bands
        """
        bands: View = open_view("pressure")(self.study, by, against=BASELINE, scenario=self.scenario, **options)
        return bands

    def to_frame(self) -> pd.DataFrame:
        """Return the national differences as a band frame."""
        return self.outcomes().to_frame()

    def summary(self) -> str:
        """Return one screen of text with the national differences."""
        return f"{self.scenario} minus {BASELINE}\n\n{self.outcomes().summary()}"

    def plot(self, **options: Any) -> Any:
        """Draw the differences by discipline."""
        return self.outcomes(by="discipline").plot(**options)

    def save(self, path: str | Path) -> Path:
        """Write the national differences to `path`; see `Bands.save`."""
        return self.outcomes().save(path)

    def __repr__(self) -> str:
        return f"Comparison: {self.scenario!r} minus {BASELINE!r} on {self.study.n_draws:,} common draws"
