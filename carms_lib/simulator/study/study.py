"""The study: outcomes of many draws, ready to be asked.

Belongs here: opening the views that answer, comparisons, and saving. Does not belong here: metrics and bands, which are
`carms_lib.pressure`; a study knows how to open that view and no more.

What is kept of a draw is four program numbers an applicant (wished for, ranked first, matched to in the first
iteration, matched to in the end), interviews held, and the rank of the first match. Any grouping of programs and any
class of applicants can be counted from them, at any level, without another simulation. They are kept by a
`DrawStore`, in a file when they are large, and views read them a few draws at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from carms_lib._views import RankView, SeatValueView, View, open_view
from carms_lib.argument_checks import check_path
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.scenario import Scenario
from carms_lib.simulator.study.comparison import Comparison
from carms_lib.simulator.study.outcomes import BASELINE, DrawnOutcomes
from carms_lib.simulator.study.study_file import read_study, write_study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Study"]


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
    input_moments : pandas.DataFrame or None
        How these inputs vary and go together over many more settings than the study has: mean, sd and correlations, a
        column for each input. None for a study made by hand.
    provenance : Provenance
    """

    def pressure(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        first_choice: str = "wished",
        iteration: str = "final",
        scenario: str | Sequence[str] | None = None,
        against: str | None = None,
        fewest: float = 5.0,
        where: Mapping[str, str | Sequence[str]] | None = None,
        simultaneous: bool = False,
    ) -> View:
        """Return the pressure metrics with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, first_choice, iteration, scenario, against, fewest, where, simultaneous
            As in `carms_lib.pressure.pressure_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("pressure")(
            self, by, level=level, kind=kind, metric=metric, first_choice=first_choice, iteration=iteration,
            scenario=scenario, against=against, fewest=fewest, where=where, simultaneous=simultaneous,
        )  # fmt: skip
        return bands

    def outcomes(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        scenario: str | Sequence[str] | None = None,
        against: str | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        simultaneous: bool = False,
    ) -> View:
        """Return match outcomes of applicants and seats, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, scenario, against, where, simultaneous
            As in `carms_lib.pressure.outcome_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("outcomes")(
            self,
            by,
            level=level,
            kind=kind,
            metric=metric,
            scenario=scenario,
            against=against,
            where=where,
            simultaneous=simultaneous,
        )
        return bands

    def choices_obtained(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        scenario: str | Sequence[str] | None = None,
        against: str | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        fewest: float = 5.0,
        simultaneous: bool = False,
    ) -> View:
        """Return how far down their rank-order lists applicants match, and interviews held, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, scenario, against, where, fewest, simultaneous
            As in `carms_lib.pressure.choice_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("choices")(
            self, by, level=level, kind=kind, metric=metric, scenario=scenario, against=against, where=where,
            fewest=fewest, simultaneous=simultaneous,
        )  # fmt: skip
        return bands

    def preferences(
        self,
        by: str | Sequence[str] = "discipline",
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        first_choice: str = "wished",
        scenario: str | Sequence[str] | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
    ) -> View:
        """Return the first choices of applicants, with bands.

        Parameters
        ----------
        by : str or sequence of str, default "discipline"
            Columns that make the groups.
        level, kind, metric, first_choice, scenario, where
            As in `carms_lib.pressure.preference_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("preferences")(
            self, by, level=level, kind=kind, metric=metric, first_choice=first_choice, scenario=scenario, where=where
        )
        return bands

    def ranks(
        self,
        by: str | Sequence[str],
        *,
        metric: str = "pressure",
        k: int | None = None,
        level: float = 0.90,
        kind: str = "outcome",
        scenario: str = BASELINE,
        first_choice: str = "wished",
        iteration: str = "final",
        fewest: float = 5.0,
        where: Mapping[str, str | Sequence[str]] | None = None,
    ) -> RankView:
        """Return the order of the groups by a metric, with intervals of the ranks.

        Parameters
        ----------
        by : str or sequence of str
            Columns that make the groups.
        metric, k, level, kind, scenario, first_choice, iteration, fewest, where
            As in `carms_lib.pressure.rank_groups`.

        Returns
        -------
        Ranks
        """
        ranks: RankView = open_view("ranks")(
            self, by, metric=metric, k=k, level=level, kind=kind, scenario=scenario, first_choice=first_choice,
            iteration=iteration, fewest=fewest, where=where,
        )  # fmt: skip
        return ranks

    def seat_value(
        self,
        market: Market,
        scenario: Scenario | None = None,
        *,
        n_draws: int | None = None,
        executor: Executor | None = None,
        progress: bool = False,
    ) -> SeatValueView:
        """Return the effect of one more seat in each program, on the draws of this study.

        Parameters
        ----------
        market : Market
            The baseline that was simulated: a study keeps outcomes and no lists, so that they are drawn anew.
        scenario, n_draws, executor, progress
            As in `carms_lib.pressure.seat_values_of`.

        Returns
        -------
        SeatValues
        """
        values: SeatValueView = open_view("seat_value")(
            self, market, scenario, n_draws=n_draws, executor=executor, progress=progress
        )
        return values

    def compare(self, scenario: str | Sequence[str] | None = None) -> Comparison:
        """Return the view of scenarios against the baseline, draw by draw.

        Parameters
        ----------
        scenario : str or sequence of str, optional
            Some of `scenarios` other than the baseline; by default all of them.

        Returns
        -------
        Comparison

        Raises
        ------
        UnknownNameError
            The study has no such scenario.
        ArgumentError
            It has no scenario but the baseline.
        """
        others = [name for name in self._rows if name != BASELINE]
        if not others:
            raise ArgumentError(
                "The study holds the baseline alone, so there is nothing to compare: simulate a scenario."
            )
        given: Any = others if scenario is None else [scenario] if isinstance(scenario, str) else scenario
        if not isinstance(given, (list, tuple)) or not given:
            raise UnknownNameError("scenario", scenario, others)
        for name in given:
            if not isinstance(name, str) or name not in others:
                raise UnknownNameError("scenario", name, others)
        return Comparison(self, given[0] if len(given) == 1 else tuple(given))

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

    def plot(self, *, ax: Axes | None = None, metric: str | None = None, scenario: str | None = None) -> Axes:
        """Draw the pressure of every discipline.

        Parameters
        ----------
        ax, metric, scenario
            As in `carms_lib.plotting.plot_bands`.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return self.pressure(by="discipline").plot(ax=ax, metric=metric, scenario=scenario)

    def __repr__(self) -> str:
        return f"Study: {self.n_draws:,} draws of {len(self.scenarios)} scenarios {list(self.scenarios)}"

    def save(self, path: str | Path) -> Path:
        """Write the study to one file, arrays and tables with their provenance; no pickle.

        Parameters
        ----------
        path : str or Path
            A file that does not exist yet; ends in .npz.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            The file exists, or has another suffix: tables of a study are saved from its views.
        """
        path = check_path("path", path, "study.npz")
        if path.suffix.lower() != ".npz":
            raise ArgumentError(
                f"path={str(path)!r} must end in .npz: a study is saved as arrays, to be loaded again. For a table, "
                "save a view of it, such as study.outcomes().save('outcomes.csv')."
            )
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
        stored = read_study(check_path("path", path, "study.npz"))
        return cls._on_store(
            stored.store,
            stored.rows,
            stored.n_draws,
            entropy=stored.entropy,
            inputs=stored.inputs,
            input_moments=stored.input_moments,
            provenance=stored.provenance,
        )
