"""The outcomes of many draws, in memory or in a file, read a few draws at a time.

Belongs here: what is kept of a draw, and handing it out. Does not belong here: what it means, which is asked of a
`study.Study`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.simulator.draw.block import COUPLE_COUNTS, DRAWS_PER_INPUT
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.scenario import Scenario
from carms_lib.simulator.study.draw_store import OUTCOME_FIELDS, DrawStore

__all__ = ["BASELINE", "DrawnOutcomes", "Outcomes"]

#: The name of the market without any scenario; it is in every study.
BASELINE = "baseline"
_CHUNK = 16 * 2**20  # bytes of outcomes that a view brings into memory at a time


class Outcomes(NamedTuple):
    """What every draw came to in one scenario; D draws, n applicants, P programs.

    Programs are places in `programs`; -1 is unmatched (or an empty list), -2 an applicant who did not take part.

    Attributes
    ----------
    programs : pandas.DataFrame
        One row per program.
    applicants : pandas.DataFrame
        One row per applicant laid out.
    wished : ndarray of shape (D, n), int16 or int32
        The program wanted most, before interviews.
    ranked : ndarray of shape (D, n), int16 or int32
        The first program of the rank-order list, after interviews.
    first : ndarray of shape (D, n), int16 or int32
        The program matched to in the first iteration.
    final : ndarray of shape (D, n), int16 or int32
        The program matched to after both iterations.
    quota : ndarray of shape (D, P), int32
        Seats, after drift and reversions.
    couples : ndarray of shape (D, 5), int32
        Couples of the first iteration: how many, both matched, one matched, orders of admission tried, coalitions
        that block what came out.
    interviews : ndarray of shape (D, n), int16
        Programs that interviewed the applicant: the length of the rank-order list.
    place : ndarray of shape (D, n), int16
        Of `first` on the applicant's rank-order list, 1 for the top; 0 for no match in the first iteration.
    """

    programs: pd.DataFrame
    applicants: pd.DataFrame
    wished: np.ndarray
    ranked: np.ndarray
    first: np.ndarray
    final: np.ndarray
    quota: np.ndarray
    couples: np.ndarray = np.zeros((0, len(COUPLE_COUNTS)), dtype=np.int32)
    interviews: np.ndarray = np.zeros((0, 0), dtype=np.int16)
    place: np.ndarray = np.zeros((0, 0), dtype=np.int16)


class DrawnOutcomes:
    """Draws of the match for the baseline and for scenarios, without the views of a study; see `study.Study`."""

    def __init__(
        self,
        outcomes: Mapping[str, Outcomes],
        *,
        entropy: int,
        inputs: pd.DataFrame,
        provenance: Provenance,
        input_moments: pd.DataFrame | None = None,
    ) -> None:
        self._rows = {name: (each.programs, each.applicants) for name, each in outcomes.items()}
        self._held = {
            name: {field: getattr(each, field) for field in OUTCOME_FIELDS} for name, each in outcomes.items()
        }
        self._store: DrawStore | None = None
        self.entropy = entropy
        self.inputs = inputs
        self.input_moments = input_moments
        self.provenance = provenance
        self.n_draws = len(outcomes[BASELINE].wished)
        self.draws_per_input = DRAWS_PER_INPUT

    @classmethod
    def from_store(
        cls,
        store: DrawStore,
        markets: Mapping[str, Market],
        *,
        n_draws: int,
        entropy: int,
        inputs: pd.DataFrame,
        input_moments: pd.DataFrame,
        scenarios: Sequence[Scenario],
    ) -> Self:
        """Return the study whose draws lie in a store.

        Parameters
        ----------
        store : DrawStore
        markets : mapping of str to Market
            Scenario -> its market, the baseline among them.
        n_draws : int
        entropy : int
        inputs : pandas.DataFrame
            One row per setting: every uncertain input, as `inputs_of_settings` returns them.
        input_moments : pandas.DataFrame
            How they vary and go together, as the function of that name returns it.
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
        rows = {name: (market.programs, market.applicants) for name, market in markets.items()}
        return cls._on_store(
            store, rows, n_draws, entropy=entropy, inputs=inputs, input_moments=input_moments, provenance=provenance
        )

    @classmethod
    def _on_store(
        cls,
        store: DrawStore,
        rows: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
        n_draws: int,
        *,
        entropy: int,
        inputs: pd.DataFrame,
        input_moments: pd.DataFrame | None,
        provenance: Provenance,
    ) -> Self:
        study = cls.__new__(cls)
        study._rows, study._held, study._store = dict(rows), {}, store
        study.entropy, study.inputs, study.provenance = entropy, inputs, provenance
        study.input_moments = input_moments
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
        for argument, value in {"start": start, "stop": stop}.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer))):
                raise ArgumentError(f"{argument}={value!r} must be the number of a draw, a whole number, or None.")
        start, stop, _ = slice(start, stop).indices(self.n_draws)
        stop = max(start, stop)
        if self._store is None:
            held = self._held[scenario]
            arrays = {field: held[field][start:stop] for field in OUTCOME_FIELDS}
        else:
            arrays = {field: self._store.read(scenario, field, start, stop) for field in OUTCOME_FIELDS}
        programs, applicants = self._rows[scenario]
        return Outcomes(programs=programs, applicants=applicants, **arrays)

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
        rows = []
        for name in self.scenarios:
            counts = self._couple_counts(name)
            count, both, one, orders, blocking = counts.astype(np.float64).T
            unstable = blocking > 0
            pairs = max(count.sum(), 1.0)
            rows.append(
                {
                    "scenario": name,
                    "couples": count.mean(),
                    "both_matched": both.sum() / pairs,
                    "one_matched": one.sum() / pairs,
                    "draws_reordered": (orders > 1).mean(),
                    "draws_unstable": unstable.mean(),
                    "blocking_coalitions": blocking[unstable].mean() if unstable.any() else np.nan,
                }
            )
        return pd.DataFrame(rows)

    def _couple_counts(self, scenario: str) -> np.ndarray:
        if self._store is not None:
            return self._store.read(scenario, "couples", 0, self.n_draws)
        held = self.outcomes_of(scenario).couples
        return held if len(held) else np.zeros((self.n_draws, len(COUPLE_COUNTS)), dtype=np.int32)
