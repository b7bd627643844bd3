"""Seat value: what one more seat would do to the whole country.

Belongs here: `seat_values`, its metrics by any grouping, who gains. Does not belong here: the chains (`seat_chains`,
`carms_lib.matching`), and choosing where several seats should go (`_allocation`).

In every draw one seat is added to each program in turn, and what it sets off is followed to its end in the match of
the first iteration, with the lists that applicants and programs wrote and the seats of the draw after reversions. The
outcome is that of matching everybody again with the seat.

The metrics are `SEAT_METRICS`; `describe_metrics` defines them.

A seat *in a cell* is a seat at one of its programs, each with the probability of its share of the cell's seats.

Single applicants are followed along chains, over the seats that couples do not hold (`seat_chains`). Their end is
stable with couples too unless a couple is concerned: a program that takes somebody, or is left with a seat, ranks a
member of a couple higher, and that member lists it above the place held now. For such a seat the whole first iteration
is solved afresh, couples admitted in the order of the draw, and the difference tells who moved (`rematch`). With
couples there can be several stable matchings, or none. Where none is found, with or without the seat, couples hold
their seats and the chain stands; the summary counts these. Where no couple is concerned, solving afresh can end in
another stable matching than the chain does; docs/performance.md says how often.

References
----------
Blum, Roth and Rothblum (1997), *Vacancy chains and equilibration in senior-level labor markets*, JET 76.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from carms_lib._views import open_view
from carms_lib.exceptions import ArgumentError, StudyError
from carms_lib.pressure._arguments import check_names
from carms_lib.pressure._bands import Bands, Measure, summarise
from carms_lib.pressure._counts import measures_of
from carms_lib.pressure._groups import number_rows
from carms_lib.pressure._pressure import wanted_metrics
from carms_lib.pressure.metrics import METRICS, SEAT_METRICS, metrics_of
from carms_lib.provenance import Provenance
from carms_lib.simulator import BASELINE, Market, Scenario, Study
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT
from carms_lib.simulator.seats.added_seat import follow_draw
from carms_lib.simulator.seats.seat_chains import count_gains
from carms_lib.simulator.study.replay import BlockPlan, plan_blocks, replay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SeatValues", "seat_values", "seat_values_of"]


class _Followed(NamedTuple):
    """What one block of draws gave; D draws, P programs."""

    length: np.ndarray  # int16[D, P]; this and the next four as in `FollowedDraw`
    newly: np.ndarray  # int16[D, P]
    worse: np.ndarray  # int16[D, P]
    concerned: np.ndarray  # bool[D, P]
    mover_ptr: np.ndarray  # int32[D, P + 1]
    unsettled: np.ndarray  # int64[D]
    movers: list[np.ndarray]  # of each draw, int16 or int32


_BY_PROGRAM = ("length", "newly", "worse", "concerned", "mover_ptr")


@dataclass(frozen=True)
class SeatValues:
    """What one more seat in each program would do, in every draw.

    Made by `seat_values`. Another grouping or level costs no new draws.

    Parameters
    ----------
    programs : pandas.DataFrame
        One row per program.
    applicants : pandas.DataFrame
        One row per applicant laid out.
    scenario : str
    provenance : Provenance
    """

    programs: pd.DataFrame
    applicants: pd.DataFrame
    scenario: str
    provenance: Provenance
    _followed: _Followed = field(repr=False)

    @property
    def n_draws(self) -> int:
        """Draws."""
        return len(self._followed.length)

    def bands(
        self,
        by: str | Sequence[str] | None = None,
        *,
        metric: str | Sequence[str] | None = None,
        level: float = 0.90,
        kind: str = "outcome",
    ) -> Bands:
        """Return the metrics of one more seat, with bands.

        Parameters
        ----------
        by : str or sequence of str, optional
            Columns of the programs, such as "discipline" or "program_stream_id": where the seat is put. None puts it
            anywhere in the country, in proportion to the seats there are.
        metric : str or sequence of str, optional
            Some of `SEAT_METRICS`; by default all of them.
        level, kind
            As in `pressure_bands`.

        Returns
        -------
        Bands
            A cell without seats has no estimate: `Bands.sizes` says so.

        Raises
        ------
        UnknownNameError, ArgumentError
            As in `pressure_bands`.
        """
        measures, keys = self.measures(by, metric)
        return self._summarise(measures, keys, level, kind)

    def measures(
        self, by: str | Sequence[str] | None = None, metric: str | Sequence[str] | None = None
    ) -> tuple[list[Measure], pd.DataFrame]:
        """Return the metrics in every draw, before any band, and the keys of their cells.

        Parameters
        ----------
        by, metric
            As in `bands`.

        Returns
        -------
        measures : list of Measure
        keys : pandas.DataFrame
            One row per cell.
        """
        names = wanted_metrics(metric, SEAT_METRICS)
        cell, keys = number_rows(self.programs, check_names("by", by, self.programs.columns))
        weight = self._seats()
        placed = np.zeros((len(weight), len(keys)))
        placed[np.arange(len(weight)), cell] = weight
        counts = {"seats": np.broadcast_to(placed.sum(axis=0), (self.n_draws, len(keys)))}
        for name in {count for metric in names for count in METRICS[metric].counts} - set(counts):
            counts[name] = self._of_programs(name) @ placed
        return measures_of("seat_values", names, counts), keys

    def gains(
        self,
        to: str | Sequence[str] = "applicant_class",
        by: str | Sequence[str] | None = None,
        *,
        level: float = 0.90,
        kind: str = "outcome",
    ) -> Bands:
        """Return who is better off by one more seat, with bands.

        Parameters
        ----------
        to : str or sequence of str, default "applicant_class"
            Columns of the applicants, such as "applicant_class" or "home_province": who gains.
        by : str or sequence of str, optional
            Columns of the programs: where the seat is put.
        level, kind
            As in `pressure_bands`.

        Returns
        -------
        Bands
            Metric better_off [applicants per seat]; over all groups of applicants it adds up to `seat_value`.
        """
        whose = check_names("to", to, self.applicants.columns)
        if not whose:
            raise ArgumentError(f"to={to!r} names nobody: give columns of the applicants, such as 'applicant_class'.")
        where = check_names("by", by, self.programs.columns)
        cell, cell_keys = number_rows(self.programs, where)
        group, group_keys = number_rows(self.applicants, whose)
        weight = self._seats()
        of_cells = np.bincount(cell, weight, minlength=len(cell_keys))
        gains = np.zeros((self.n_draws, len(group_keys) * len(cell_keys)))
        for draw in range(self.n_draws):
            count_gains(
                self._followed.mover_ptr[draw], self._followed.movers[draw], weight, cell, group,
                len(group_keys), gains[draw],
            )  # fmt: skip
        keys = group_keys.merge(cell_keys, how="cross")[[*whose, *where]]
        counts = {"better_off": gains, "seats": np.broadcast_to(np.tile(of_cells, len(group_keys)), gains.shape)}
        return self._summarise(measures_of("gains", metrics_of("gains"), counts), keys, level, kind)

    def to_frame(self) -> pd.DataFrame:
        """Return the seat value of every program, by discipline, school and id, as a band frame."""
        return self.bands(self._program_keys(), metric="seat_value").to_frame()

    def summary(self, rows: int = 10) -> str:
        """Return one screen of text, `rows` disciplines long: where one more seat does most, and what was held."""
        country = self.bands().to_frame().set_index("metric")["estimate"]
        unsettled = self._followed.unsettled.sum() / max(int(self._followed.concerned.sum()), 1)
        text = (
            f"One more seat, {self.n_draws:,} draws of {self.scenario}, first iteration; in proportion to seats:\n"
            f"  {country['seat_value']:.2f} applicants better off, {country['newly_matched']:.2f} newly matched, "
            f"chain of {country['chain_length']:.2f}, taken with probability {country['seat_taken']:.2f}\n"
            f"  a couple might move for {country['couple_concerned']:.1%} of the seats, which are matched afresh with "
            f"couples, but for {unsettled:.1%} of them without a stable matching; {country['worse_off']:.3f} worse off"
        )
        best = self.bands("discipline", metric="seat_value").summary(rows)
        return f"{text}\n\n{best}"

    def plot(self, by: str | Sequence[str] = "discipline", *, ax: Axes | None = None, n_rows: int | None = 40) -> Axes:
        """Draw the ladder of seat values; see `carms_lib.plotting.plot_seat_values`.

        Parameters
        ----------
        by : str or sequence of str, default "discipline"
            Columns of the programs: one rung a cell.
        ax : Axes, optional
            Where to draw; None makes a new figure.
        n_rows : int, optional
            Draw only the best; None draws all.

        Returns
        -------
        matplotlib.axes.Axes
        """
        levels = [self.bands(by, level=level).to_frame() for level in (0.50, 0.90)]
        bands = pd.concat(levels, ignore_index=True)
        axes: Axes = open_view("plot_seat_values")(bands, ax=ax, n_rows=n_rows)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write every metric of every program as CSV to `path`, its provenance beside it; see `Bands.save`."""
        return self.bands(self._program_keys()).save(path)

    def __repr__(self) -> str:
        return f"SeatValues\n{self.summary(5)}"

    def _program_keys(self) -> list[str]:
        return [name for name in ("discipline", "school", "site") if name in self.programs] + ["program_stream_id"]

    def _seats(self) -> np.ndarray:
        return self.programs["quota"].to_numpy(np.float64)

    def _of_programs(self, count: str) -> np.ndarray:
        """Return a count for a seat in each program, float64 of shape (D, P)."""
        found = self._followed
        if count == "better_off":
            return np.diff(found.mover_ptr, axis=1).astype(np.float64)
        by_name = {
            "newly_matched": found.newly, "chain_length": found.length, "seat_taken": found.length > 0,
            "worse_off": found.worse, "couple_concerned": found.concerned,
        }  # fmt: skip
        return by_name[count].astype(np.float64)

    def _summarise(self, measures: list[Measure], keys: pd.DataFrame, level: float, kind: str) -> Bands:
        return summarise(
            {self.scenario: measures},
            keys,
            level=level,
            kind=kind,
            draws_per_input=DRAWS_PER_INPUT,
            headline=measures[0].metric,
            provenance=self.provenance,
        )


def seat_values(
    market: Market,
    scenario: Scenario | None = None,
    *,
    n_draws: int = 1_000,
    rng: Any = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> SeatValues:
    """Return what one more seat in each program would do, in every draw.

    Parameters
    ----------
    market : Market
    scenario : Scenario, optional
        Put the seat into this scenario instead of the baseline.
    n_draws : int, default 1000
        Draws [national matches].
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        As in `simulate`; the entropy of a study gives that study's draws.
    executor : concurrent.futures.Executor, optional
        Where blocks of draws run. By default, threads, one for each core.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    SeatValues

    Raises
    ------
    ArgumentError
        market is not a Market, scenario not a Scenario, n_draws not a positive whole number, or rng of no known kind.
    UnknownNameError, ScenarioError
        The scenario does not fit the market.

    Notes
    -----
    What is kept of a draw is who gains by each seat: a few numbers a program, no lists.
    """
    if scenario is not None and not isinstance(scenario, Scenario):
        raise ArgumentError(f"scenario={scenario!r} must be a Scenario. Give the scenario itself, not its name.")
    if scenario is not None and isinstance(market, Market):
        market = scenario.apply(market)
    entropy, plans = plan_blocks(market, n_draws, rng)
    tasks = [(market, plan) for plan in plans]
    own = ThreadPoolExecutor(os.cpu_count() or 1) if executor is None else None
    pool = executor if own is None else own
    bar = tqdm(total=n_draws, desc="seats", unit="draw", disable=not progress)
    blocks: list[_Followed] = []
    try:
        for block in pool.map(_follow_block, tasks):  # type: ignore[union-attr]
            blocks.append(block)
            bar.update(len(block.length))
    finally:
        bar.close()
        if own is not None:
            own.shutdown(cancel_futures=True)
    provenance = market.provenance.with_settings(
        entropy=entropy, n_draws=n_draws, draws_per_input=DRAWS_PER_INPUT, scenario=repr(scenario or BASELINE)
    )
    name = BASELINE if scenario is None else scenario.name
    return SeatValues(market.programs, market.applicants, name, provenance, _join(blocks))


def seat_values_of(
    study: Study,
    market: Market,
    scenario: Scenario | None = None,
    *,
    n_draws: int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> SeatValues:
    """Return `seat_values` on the draws of a study.

    Parameters
    ----------
    study : Study
    market : Market
        The baseline that was simulated.
    scenario : Scenario, optional
        Put the seat into this scenario instead.
    n_draws : int, optional
        By default all draws of the study; a smaller number takes the first ones.
    executor, progress
        As in `seat_values`.

    Returns
    -------
    SeatValues

    Raises
    ------
    StudyError
        The market is not the one that was simulated.
    """
    entropy, plans = plan_blocks(market, min(study.n_draws, DRAWS_PER_INPUT), study.entropy)
    kept = study.outcomes_of(BASELINE, 0, len(plans[0].draws))
    same = list(kept.programs["program_stream_id"]) == list(market.programs["program_stream_id"])
    same = same and kept.first.shape[1] == market.n_applicants
    if not same or any((np.maximum(kept.first[one.draw], -1) != one.match).any() for one in replay(market, plans[0])):
        raise StudyError(
            "market gives other draws than this study's baseline. Give the market that was simulated, with the same "
            "cohort, programs and quotas."
        )
    n_draws = study.n_draws if n_draws is None else n_draws
    return seat_values(market, scenario, n_draws=n_draws, rng=entropy, executor=executor, progress=progress)


def _follow_block(task: tuple[Market, BlockPlan]) -> _Followed:
    market, plan = task
    draws = [follow_draw(drawn) for drawn in replay(market, plan)]
    kind = np.int16 if market.n_applicants < 2**15 else np.int32
    stacked: dict[str, Any] = {name: np.stack([getattr(one, name) for one in draws]) for name in _BY_PROGRAM}
    unsettled = np.array([one.unsettled for one in draws])
    return _Followed(**stacked, unsettled=unsettled, movers=[one.movers.astype(kind) for one in draws])


def _join(blocks: Sequence[_Followed]) -> _Followed:
    names = (*_BY_PROGRAM, "unsettled")
    joined: dict[str, Any] = {name: np.concatenate([getattr(block, name) for block in blocks]) for name in names}
    return _Followed(**joined, movers=[of_draw for block in blocks for of_draw in block.movers])
