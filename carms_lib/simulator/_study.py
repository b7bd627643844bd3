"""The study: what many draws of the match came to, ready to be asked.

Belongs here: handing out the outcomes of draws, and opening the views that answer. Does not
belong here: metrics and bands, which are `carms_lib.pressure`; a study knows how to open that view and no more.

What is kept of a draw is four program numbers an applicant: wished for, ranked first, matched to in the first
iteration, matched to in the end. Any grouping of programs and any class of applicants can be counted from them, at
any level, without another simulation. They lie in a spool (`_spool`), which is a file when it is large, and views read
them a few draws at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carms_lib._views import RankView, SeatValueView, View, open_view
from carms_lib.exceptions import UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.simulator._comparison import BASELINE, Comparison
from carms_lib.simulator._draw import COUPLE_COUNTS, DRAWS_PER_INPUT
from carms_lib.simulator._market import Market
from carms_lib.simulator._outcomes import Outcomes, summarise_couples
from carms_lib.simulator._parameters import PARAMETERS
from carms_lib.simulator._scenario import Scenario
from carms_lib.simulator._spool import FIELDS, Spool
from carms_lib.simulator._study_file import read_study, write_study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Study"]

_CHUNK = 16 * 2**20  # bytes of outcomes that a view brings into memory at a time


class Study:
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

    def __init__(
        self,
        outcomes: Mapping[str, Outcomes],
        *,
        entropy: int,
        inputs: pd.DataFrame,
        provenance: Provenance,
    ) -> None:
        self._rows = {name: (each.programs, each.applicants) for name, each in outcomes.items()}
        self._held = {name: tuple(each[2:]) for name, each in outcomes.items()}
        self._spool: Spool | None = None
        self.entropy = entropy
        self.inputs = inputs
        self.provenance = provenance
        self.n_draws = len(outcomes[BASELINE].wished)
        self.draws_per_input = DRAWS_PER_INPUT

    @classmethod
    def from_spool(
        cls,
        spool: Spool,
        markets: Mapping[str, Market],
        *,
        n_draws: int,
        entropy: int,
        theta: np.ndarray,
        scenarios: Sequence[Scenario],
    ) -> Study:
        """Return the study whose draws lie in a spool.

        Parameters
        ----------
        spool : Spool
        markets : mapping of str to Market
            Scenario -> its market, the baseline among them.
        n_draws : int
        entropy : int
        theta : ndarray of shape (settings, len(PARAMETERS)), float64
            The uncertain inputs of each setting.
        scenarios : sequence of Scenario
            For the provenance.

        Returns
        -------
        Study
        """
        provenance = markets[BASELINE].provenance.with_settings(
            entropy=entropy,
            n_draws=n_draws,
            draws_per_input=DRAWS_PER_INPUT,
            scenarios=[repr(scenario) for scenario in scenarios],
        )
        inputs = pd.DataFrame(theta, columns=list(PARAMETERS))
        inputs.index.name = "setting"
        rows = {name: (market.programs, market.applicants) for name, market in markets.items()}
        return cls._on_spool(spool, rows, n_draws, entropy=entropy, inputs=inputs, provenance=provenance)

    @classmethod
    def _on_spool(
        cls,
        spool: Spool,
        rows: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
        n_draws: int,
        *,
        entropy: int,
        inputs: pd.DataFrame,
        provenance: Provenance,
    ) -> Study:
        study = cls.__new__(cls)
        study._rows, study._held, study._spool = dict(rows), {}, spool
        study.entropy, study.inputs, study.provenance = entropy, inputs, provenance
        study.n_draws, study.draws_per_input = n_draws, DRAWS_PER_INPUT
        return study

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, the baseline first."""
        return tuple(self._rows)

    def outcomes_of(self, scenario: str = BASELINE, start: int = 0, stop: int | None = None) -> Outcomes:
        """Return what draws came to in one scenario.

        Parameters
        ----------
        scenario : str
        start, stop : int, optional
            From which draw, and up to which, that one not included; by default all of them, which brings all of them
            into memory. `chunks` goes through them a few at a time.

        Returns
        -------
        Outcomes

        Raises
        ------
        UnknownNameError
            The study has no such scenario.
        """
        given: Any = scenario
        if not isinstance(given, str) or given not in self._rows:
            raise UnknownNameError("scenario", scenario, self._rows)
        start, stop, _ = slice(start, stop).indices(self.n_draws)
        stop = max(start, stop)
        if self._spool is None:
            return Outcomes(*self._rows[scenario], *(array[start:stop] for array in self._held[scenario]))
        arrays = (self._spool.read(scenario, field, start, stop) for field in FIELDS)
        return Outcomes(*self._rows[scenario], *arrays)

    def chunks(self, scenario: str = BASELINE) -> Iterator[tuple[slice, Outcomes]]:
        """Go through the draws of one scenario, a few at a time.

        Parameters
        ----------
        scenario : str

        Yields
        ------
        rows : slice
            Which draws.
        outcomes : Outcomes
            What they came to.

        Raises
        ------
        UnknownNameError
            The study has no such scenario.
        """
        none = self.outcomes_of(scenario, 0, 0)
        of_draw = sum(array.shape[1] * array.itemsize for array in none[2:])
        step = max(_CHUNK // of_draw // DRAWS_PER_INPUT, 1) * DRAWS_PER_INPUT
        for start in range(0, self.n_draws, step):
            stop = min(start + step, self.n_draws)
            yield slice(start, stop), self.outcomes_of(scenario, start, stop)

    def couples(self) -> pd.DataFrame:
        """Return how couples fared in the first iteration, and how often no stable matching was found.

        Returns
        -------
        pandas.DataFrame
            One row per scenario: scenario; couples [couples per draw]; both_matched, one_matched [share of couples];
            draws_reordered [share of draws in which the first order of couples gave no stable matching];
            draws_unstable [share of draws in which none of the orders tried did]; blocking_coalitions [per such draw,
            missing where there is none].

        Notes
        -----
        With couples a stable matching need not exist. A draw without one keeps the matching that the fewest
        coalitions block, and is counted here.
        """
        return summarise_couples({name: self._couple_counts(name) for name in self.scenarios})

    def _couple_counts(self, scenario: str) -> np.ndarray:
        if self._spool is not None:
            return self._spool.read(scenario, "couples", 0, self.n_draws)
        held = self.outcomes_of(scenario).couples
        return held if len(held) else np.zeros((self.n_draws, len(COUPLE_COUNTS)), dtype=np.int32)

    def pressure(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        first_choice: str = "wished",
        iteration: str = "final",
        scenario: str | None = None,
        against: str | None = None,
        fewest: float = 5.0,
    ) -> View:
        """Return the pressure metrics with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, first_choice, iteration, scenario, against, fewest
            As in `carms_lib.pressure.pressure_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("pressure")(
            self, by, level=level, kind=kind, metric=metric, first_choice=first_choice, iteration=iteration,
            scenario=scenario, against=against, fewest=fewest,
        )  # fmt: skip
        return bands

    def outcomes(
        self,
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        scenario: str | None = None,
        against: str | None = None,
    ) -> View:
        """Return match outcomes of applicants and seats, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns that make the groups.
        level, kind, metric, scenario, against
            As in `carms_lib.pressure.outcome_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("outcomes")(
            self, by, level=level, kind=kind, metric=metric, scenario=scenario, against=against
        )
        return bands

    def preferences(
        self,
        by: str | Sequence[str] = "discipline",
        *,
        level: float = 0.90,
        kind: str = "outcome",
        metric: str | Sequence[str] | None = None,
        first_choice: str = "wished",
        scenario: str | None = None,
    ) -> View:
        """Return the first choices of applicants, with bands.

        Parameters
        ----------
        by : str or sequence of str, default "discipline"
            Columns that make the groups.
        level, kind, metric, first_choice, scenario
            As in `carms_lib.pressure.preference_bands`.

        Returns
        -------
        Bands
        """
        bands: View = open_view("preferences")(
            self, by, level=level, kind=kind, metric=metric, first_choice=first_choice, scenario=scenario
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
    ) -> RankView:
        """Return the order of the groups by a metric, with intervals of the ranks.

        Parameters
        ----------
        by : str or sequence of str
            Columns that make the groups.
        metric, k, level, kind, scenario, first_choice, iteration, fewest
            As in `carms_lib.pressure.rank_groups`.

        Returns
        -------
        Ranks
        """
        ranks: RankView = open_view("ranks")(
            self, by, metric=metric, k=k, level=level, kind=kind, scenario=scenario, first_choice=first_choice,
            iteration=iteration, fewest=fewest,
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
        return cls._on_spool(
            stored.spool,
            stored.rows,
            stored.n_draws,
            entropy=stored.entropy,
            inputs=stored.inputs,
            provenance=stored.provenance,
        )
