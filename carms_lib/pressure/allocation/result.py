"""The result of placing seats.

Belongs here: `Allocation`, its bands, scenarios, text, figure and files. Does not belong here: how seats are placed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carms_lib._views import open_view
from carms_lib.pressure._arguments import KIND_NOTES, check_count, check_name
from carms_lib.pressure._bands import Bands, Measure, formats_of, summarise
from carms_lib.pressure._counts import measures_of
from carms_lib.pressure.allocation.bound import SeatBound, find_seat_bound
from carms_lib.pressure.allocation.lottery import Lottery
from carms_lib.pressure.allocation.objectives import OBJECTIVES, Aim
from carms_lib.pressure.metrics import ALLOCATION_METRICS
from carms_lib.provenance import Provenance
from carms_lib.result_files import SavedResult, save_tables
from carms_lib.simulator import Market, Scenario
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BY_VALUE", "IN_PROPORTION", "Allocation"]

BY_VALUE, IN_PROPORTION = "by seat value", "in proportion"


@dataclass(frozen=True)
class Allocation:
    """Where k seats go; made by `allocate_seats`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per program that may get a seat: discipline, school, program_stream_id and, where the market has it,
        site; by_seat_value [seats]; in_proportion, the expected seats of the lottery (they sum to k); need, where the
        objective weighs seats; first_step, the step at which it got its first seat by value (1 = first), missing
        where it got none.
    steps : pandas.DataFrame
        One row per seat placed by value: step, program_stream_id, value [of the objective, on the draws that chose].
    k : int
    objective : str
    provenance : Provenance
    bound : SeatBound or None
        What no placement can exceed, where it was asked for.
    """

    frame: pd.DataFrame
    steps: pd.DataFrame
    k: int
    objective: str
    provenance: Provenance
    bound: SeatBound | None = None
    _: KW_ONLY
    _gains: Mapping[str, np.ndarray] = field(repr=False)  # placement -> float64[D, counts], against no seat
    _market: Market = field(repr=False)
    _aim: Aim = field(repr=False)
    _lottery: Lottery = field(repr=False)
    _among: Mapping[str, Any] = field(repr=False)

    @property
    def placed(self) -> np.ndarray:
        """Seats that each program of the market gets by value, int64 of shape (P,)."""
        seats = self.frame.set_index("program_stream_id")["by_seat_value"]
        return seats.reindex(self._market.programs["program_stream_id"]).fillna(0).to_numpy(np.int64)

    @property
    def scenarios(self) -> tuple[Scenario, Scenario]:
        """Both placements as scenarios, to be simulated through both iterations: by value, in proportion.

        In proportion is one lever, `add_seats` among the programs that may get seats. With limits it is one lever
        for each class of programs that lie in the same limits, whose seats are rounded once, within the limits.
        """
        lottery = self._lottery
        ids = self._market.programs["program_stream_id"].astype(str)
        by_value = Scenario(f"{self.k} seats {BY_VALUE}")
        for program, seats in self.frame.set_index("program_stream_id")["by_seat_value"].items():
            if seats:
                by_value = by_value.add_seats(int(seats), program_stream_id=str(program))
        shared = Scenario(f"{self.k} seats {IN_PROPORTION}")
        if not len(lottery.limits.lower):
            return by_value, shared.add_seats(self.k, **self._among)
        whole = lottery.limits.nearest(lottery.of_class)
        for number, seats in enumerate(() if whole is None else whole.tolist()):
            if seats:
                members = ids[lottery.limits.class_of == number].tolist()
                shared = shared.add_seats(int(seats), program_stream_id=members)
        return by_value, shared

    def bands(self, *, level: float = 0.90, kind: str = "outcome", against: str | None = None) -> Bands:
        """Return what the k seats do, with bands, on draws that did not choose them.

        Parameters
        ----------
        level, kind
            As in `pressure_bands`.
        against : {None, "in proportion"}
            None sets each placement against no seat; "in proportion" sets the placement by value against the other,
            paired draw by draw.

        Returns
        -------
        Bands
            Of those `ALLOCATION_METRICS` that apply: `filled_in_discipline` and `need_met` where the objective names
            a discipline or a need. The lottery of the seats in proportion is drawn anew in every draw, so that
            their estimate is its expectation and their band holds it.
        """
        if against is not None:
            against = check_name("against", against, [IN_PROPORTION])
        return summarise(
            self.measures(),
            pd.DataFrame(index=range(1)),
            level=level,
            kind=kind,
            draws_per_input=DRAWS_PER_INPUT,
            headline=self._aim.metric,
            provenance=self.provenance,
            against=against,
        )

    def measures(self) -> dict[str, list[Measure]]:
        """Return the metrics in every draw that judged, by placement."""
        counts = self._aim.counts
        return {
            name: measures_of("allocation", ALLOCATION_METRICS, {c: gains[:, [i]] for i, c in enumerate(counts)})
            for name, gains in self._gains.items()
        }

    def find_bound(self, *, n_draws: int | None = None, time_limit: float = 60.0) -> SeatBound:
        """Return what no placement of k seats within the limits can exceed, and the gap to the placement by value.

        Parameters
        ----------
        n_draws : int, optional
            Draws of the sample problem: the first of those that chose the seats. By default all of them, at most 20.
        time_limit : float, default 60
            Seconds. When they are over the bound is valid, but wider than it need be. The first round of a national
            market always finishes: about 2 s a draw on an idle processor.

        Returns
        -------
        SeatBound

        Raises
        ------
        ArgumentError
            n_draws is not a positive whole number or more than the draws that chose; time_limit is not positive.
        """
        settings = self.provenance.settings
        return find_seat_bound(
            self._market, self._aim, self._lottery.limits, self.placed,
            rng=self.provenance.entropy, n_chosen=settings["n_draws"], n_draws=n_draws, time_limit=time_limit,
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table of programs that may get seats."""
        return self.frame.copy()

    def summary(self, rows: int = 10) -> str:
        """Return one screen of text.

        Parameters
        ----------
        rows : int, default 10
            At most so many programs, those with most seats by value, and how many are left out.

        Returns
        -------
        str
        """
        got = self.frame[self.frame["by_seat_value"] > 0]
        shown = got.sort_values("by_seat_value", ascending=False, kind="stable").head(check_count("rows", rows))
        left = len(got) - len(shown)
        parts = [
            f"{self.k} seats for {self.objective} ({OBJECTIVES[self.objective].words})",
            shown.to_string(index=False, float_format=lambda x: f"{x:.3f}")
            + (f"\n… and {left} more programs" if left else ""),
            "",
            self.bands().summary(),
            "",
            "by seat value minus in proportion (expected over its lottery), paired:",
            self.bands(against=IN_PROPORTION).summary(),
        ]
        if self.bound is not None:
            parts += ["", self.bound.summary()]
        return "\n".join(parts)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what the seats do, by value beside in proportion; see `carms_lib.plotting.plot_allocation`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
        """
        levels = [self.bands(level=level).to_frame() for level in (0.50, 0.90)]
        axes: Axes = open_view("plot_allocation")(pd.concat(levels, ignore_index=True), k=self.k, ax=ax)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write programs, steps, bands and provenance, in the format that the suffix names.

        Parameters
        ----------
        path : str or Path
            Ends in .csv, .xlsx, .parquet or .json; see `carms_lib.result_files`.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            Another suffix, or a file that cannot be written.
        """
        bands, paired = self.bands().to_frame(), self.bands(against=IN_PROPORTION).to_frame()
        tables = {"seats": self.frame, "steps": self.steps, "bands": bands, "difference": paired}
        record: dict[str, Any] = {"objective": self.objective, "k": self.k, **self.provenance.to_dict()}
        notes = [
            f"The objective {self.objective} counts {OBJECTIVES[self.objective].words}.",
            "in_proportion is the expected number of seats of a lottery that is drawn anew in every draw.",
            "Bands are of draws that did not choose the seats, against no seat; first iteration.",
            KIND_NOTES["outcome"],
        ]
        if self.bound is not None:
            tables["bound"] = self.bound.to_frame()
            notes.append(self.bound.summary())
        formats: dict[str, Mapping[str, str | Sequence[str]]] = {
            "seats": {"in_proportion": "0.000"},
            "steps": {"value": "0.000"},
            "bands": formats_of(bands),
            "difference": formats_of(paired),
        }
        return save_tables(path, SavedResult(tables, record, notes, formats))

    def __repr__(self) -> str:
        return f"Allocation\n{self.summary(5)}"
