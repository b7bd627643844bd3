"""The study: what many draws of the match came to, ready to be asked.

Belongs here: keeping the outcomes of draws, saving and loading them, and opening the views that answer. Does not
belong here: metrics and bands, which are `carms_lib.pressure`; a study knows how to open that view and no more.

What is kept of a draw is four program numbers an applicant: wished for, ranked first, matched to in the first
iteration, matched to in the end. Any grouping of programs and any class of applicants can be counted from them, at
any level, without another simulation.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib._views import View, open_view
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.provenance import Provenance
from carms_lib.simulator._cohort import PARAMETERS
from carms_lib.simulator._draw import COUPLE_COUNTS, DRAWS_PER_INPUT, BlockResult
from carms_lib.simulator._market import Market
from carms_lib.simulator._scenario import Scenario

__all__ = ["BASELINE", "Comparison", "Outcomes", "Study"]

#: The name of the market without any scenario; it is in every study.
BASELINE = "baseline"
_FORMAT = 1


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
    """

    programs: pd.DataFrame
    applicants: pd.DataFrame
    wished: np.ndarray
    ranked: np.ndarray
    first: np.ndarray
    final: np.ndarray
    quota: np.ndarray
    couples: np.ndarray = np.zeros((0, len(COUPLE_COUNTS)), dtype=np.int32)


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
        self._outcomes = dict(outcomes)
        self.entropy = entropy
        self.inputs = inputs
        self.provenance = provenance
        self.n_draws = len(self._outcomes[BASELINE].wished)
        self.draws_per_input = DRAWS_PER_INPUT

    @classmethod
    def empty(
        cls,
        markets: Mapping[str, Market],
        *,
        n_draws: int,
        entropy: int,
        theta: np.ndarray,
        scenarios: Sequence[Scenario],
    ) -> Study:
        """Return a study with room for its draws; `put` fills it.

        Parameters
        ----------
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
        outcomes = {}
        for name, market in markets.items():
            kind = np.int16 if market.n_programs < 2**15 else np.int32
            shape = (n_draws, market.n_applicants)
            outcomes[name] = Outcomes(
                market.programs,
                market.applicants,
                wished=np.empty(shape, dtype=kind),
                ranked=np.empty(shape, dtype=kind),
                first=np.empty(shape, dtype=kind),
                final=np.empty(shape, dtype=kind),
                quota=np.empty((n_draws, market.n_programs), dtype=np.int32),
                couples=np.empty((n_draws, len(COUPLE_COUNTS)), dtype=np.int32),
            )
        provenance = markets[BASELINE].provenance.with_settings(
            entropy=entropy,
            n_draws=n_draws,
            draws_per_input=DRAWS_PER_INPUT,
            scenarios=[repr(scenario) for scenario in scenarios],
        )
        inputs = pd.DataFrame(theta, columns=list(PARAMETERS))
        inputs.index.name = "setting"
        return cls(outcomes, entropy=entropy, inputs=inputs, provenance=provenance)

    def put(self, scenario: str, draws: np.ndarray, result: BlockResult) -> None:
        """Store the outcome of some draws of a scenario.

        Parameters
        ----------
        scenario : str
        draws : ndarray of int64
            Which draws.
        result : BlockResult
            Their outcome, in that order.
        """
        outcomes = self._outcomes[scenario]
        for kept, new in zip(outcomes[2:], result, strict=True):
            kept[draws] = new

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, the baseline first."""
        return tuple(self._outcomes)

    def outcomes_of(self, scenario: str = BASELINE) -> Outcomes:
        """Return what every draw came to in one `scenario`.

        Raises
        ------
        UnknownNameError
            The study has no such scenario.
        """
        if scenario not in self._outcomes:
            raise UnknownNameError("scenario", scenario, self._outcomes)
        return self._outcomes[scenario]

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
            counts = self.outcomes_of(name).couples
            if not len(counts):  # a study made by hand, without couples
                counts = np.zeros((self.n_draws, len(COUPLE_COUNTS)))
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
        if scenario == BASELINE or scenario not in self._outcomes:
            raise UnknownNameError("scenario", scenario, [name for name in self._outcomes if name != BASELINE])
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
        if path.exists():
            raise ArgumentError(f"path={str(path)!r} exists already: choose another name or remove it first.")
        arrays: dict[str, np.ndarray] = {"inputs": self.inputs.to_numpy()}
        tables: dict[str, str] = {}
        for number, outcomes in enumerate(self._outcomes.values()):
            for field, array in zip(Outcomes._fields[2:], outcomes[2:], strict=True):
                arrays[f"{number}/{field}"] = array
            for field, table in (("programs", outcomes.programs), ("applicants", outcomes.applicants)):
                tables[f"{number}/{field}"] = table.to_json(orient="table", index=False, date_format="iso")
        head = {
            "format": _FORMAT,
            "scenarios": list(self._outcomes),
            "entropy": self.entropy,
            "inputs": list(self.inputs.columns),
            "provenance": self.provenance.to_dict(),
            "tables": tables,
        }
        arrays["head"] = np.frombuffer(json.dumps(head, ensure_ascii=False, default=str).encode(), dtype=np.uint8)
        with path.open("xb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """Read what `save` wrote to `path`.

        Raises
        ------
        StudyError
            The file is no study, or of a format that this version does not read.
        """
        path = Path(path)
        try:
            with np.load(path, allow_pickle=False) as stored:
                head = json.loads(stored["head"].tobytes())
                if head["format"] != _FORMAT:
                    raise StudyError(f"path={str(path)!r} has format {head['format']}; this version reads {_FORMAT}.")
                outcomes = {
                    name: Outcomes(
                        programs=_read_table(head["tables"][f"{i}/programs"]),
                        applicants=_read_table(head["tables"][f"{i}/applicants"]),
                        **{field: stored[f"{i}/{field}"] for field in Outcomes._fields[2:]},
                    )
                    for i, name in enumerate(head["scenarios"])
                }
                inputs = pd.DataFrame(stored["inputs"], columns=head["inputs"])
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, StudyError):
                raise
            raise StudyError(f"path={str(path)!r} is not a saved study: {error}.") from error
        inputs.index.name = "setting"
        return cls(
            outcomes,
            entropy=head["entropy"],
            inputs=inputs,
            provenance=Provenance.from_dict(head["provenance"]),
        )


def _read_table(text: str) -> pd.DataFrame:
    record = json.loads(text)
    kinds = {"integer": "int64", "number": "float64", "boolean": "bool"}
    frame = pd.DataFrame(record["data"], columns=[field["name"] for field in record["schema"]["fields"]])
    for field in record["schema"]["fields"]:
        if field["type"] in kinds and not frame[field["name"]].isna().any():
            frame[field["name"]] = frame[field["name"]].astype(kinds[field["type"]])
    return frame


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
