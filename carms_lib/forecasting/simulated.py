"""Past years as the simulator plays them: their seats, their demand, and nothing of their outcome.

Belongs here: the market of a year whose tables by school are not public, and the simulated figures by discipline. Does
not belong here: what weight they get in a forecast (`rolling`), or fitting (`carms_lib.fitting`).

Seats by school are known of 2016; those of other years are its pattern, scaled discipline by discipline to the year's
quotas. Uncertain inputs are those that the fit begins with, so that nothing was learnt from any outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from carms_lib.fitting.cohorts import cohort_of
from carms_lib.fitting.ensemble import SETTLED, SINGLY, held, template
from carms_lib.fitting.fit import base_cohort
from carms_lib.fitting.markets import programs_of, seats_of
from carms_lib.fitting.published import Published
from carms_lib.simulator import Cohort, Market, simulate
from carms_lib.simulator.inputs.rounding import largest_remainder

__all__ = ["PATTERN_YEAR", "SimulatedYears"]

#: The match whose seats by school are the pattern of all others.
PATTERN_YEAR = 2016
_DRAWS, _ENTROPY = 150, 2016
_CANADIAN = ("cmg_current", "cmg_prior", "usmg")


@dataclass
class SimulatedYears:
    """Simulated figures of years by discipline; a year that was asked for once is not simulated again.

    Parameters
    ----------
    programs : pandas.DataFrame
        The pattern: programs of one year, with the columns that a market needs.
    cohort : Cohort
        Of that year, as before any fit.
    n_draws : int, default 150
        Matches a year.
    """

    programs: pd.DataFrame
    cohort: Cohort
    n_draws: int = _DRAWS
    _known: dict[bytes, pd.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, published: Published, n_draws: int = _DRAWS) -> SimulatedYears:
        """Return those of the published tables.

        Parameters
        ----------
        published : Published
        n_draws : int, default 150

        Returns
        -------
        SimulatedYears
        """
        programs = programs_of(seats_of(published, PATTERN_YEAR), template())
        cohort = cohort_of(published, PATTERN_YEAR, base_cohort())
        return cls(programs, held(cohort, SETTLED | SINGLY, "the year's quotas and first choices are given"), n_draws)

    def figures(self, year: int, quota: pd.Series, choices: pd.Series) -> pd.DataFrame:
        """Return the simulated figures of one year.

        Parameters
        ----------
        year : int
            Of the match; rules are those of that year.
        quota : pandas.Series
            Seats by discipline that Canadian graduates may fill.
        choices : pandas.Series
            First choices by discipline [persons]; where it is missing, as many per seat as in all disciplines.

        Returns
        -------
        pandas.DataFrame
            One row per discipline: first_choice_rate [share], first_choice_unmatched [persons],
            unfilled_first_iteration [seats].
        """
        quota = quota.dropna()
        shared = choices.reindex(quota.index)
        per_seat = float(shared.sum() / quota[shared.notna()].sum())
        shared = shared.fillna(quota * per_seat)
        key = b"%d" % year + b"".join(repr(list(each.items())).encode() for each in (quota, shared))
        if key not in self._known:
            self._known[key] = self._simulate(self._market(year, quota, shared))
        return self._known[key]

    def _market(self, year: int, quota: pd.Series, choices: pd.Series) -> Market:
        seats = self.programs["quota"].to_numpy().copy()
        pattern = self.programs["quota"].to_numpy(float)
        canadian = (self.programs["eligibility"] != "IMG").to_numpy()
        for name in self.programs["discipline"].unique():
            at = np.flatnonzero((self.programs["discipline"] == name).to_numpy() & canadian)
            if len(at):
                seats[at] = largest_remainder(pattern[at], round(float(quota.get(name, 0.0))))
        programs = self.programs.assign(quota=seats)
        wanted = choices.reindex(self.cohort.disciplines.index).fillna(0.0)
        classes = self.cohort.classes.copy()
        now = float(classes.loc[list(_CANADIAN), "size"].sum())
        classes.loc[list(_CANADIAN), ["size", "low", "high"]] *= float(wanted.sum()) / now
        cohort = replace(
            self.cohort.with_year(year),
            disciplines=self.cohort.disciplines.assign(cmg_first=wanted / wanted.sum()),
            classes=classes,
        )
        return Market.from_gold(programs[programs["quota"] > 0], cohort)

    def _simulate(self, market: Market) -> pd.DataFrame:
        outcomes = simulate(market, n_draws=self.n_draws, rng=_ENTROPY, progress=False).outcomes_of()
        discipline, names = pd.factorize(market.programs["discipline"].to_numpy(object))
        here = np.isin(market.applicants["applicant_class"].to_numpy(object), _CANADIAN)
        ranked, first = outcomes.ranked[:, here], outcomes.first[:, here]
        chose = ranked >= 0
        wanted = discipline[ranked[chose]]
        went = np.where(first[chose] >= 0, discipline[np.maximum(first[chose], 0)], -1)
        many = len(names)
        heads, own, none = (
            np.bincount(each, minlength=many) / self.n_draws
            for each in (wanted, wanted[went == wanted], wanted[went < 0])
        )
        filled = np.bincount(outcomes.first[outcomes.first >= 0].astype(np.int64), minlength=len(discipline))
        left = outcomes.quota.mean(axis=0) - filled / self.n_draws
        open_to = (market.programs["eligibility"] != "IMG").to_numpy()
        with np.errstate(invalid="ignore"):
            rate = own / heads
        return pd.DataFrame(
            {
                "first_choice_rate": rate,
                "first_choice_unmatched": none,
                "unfilled_first_iteration": np.bincount(discipline[open_to], weights=left[open_to], minlength=many),
            },
            index=pd.Index(names, name="discipline"),
        )
