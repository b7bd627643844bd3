"""Where the next k seats should go: placement by seat value.

Belongs here: `allocate_seats` and its result. Does not belong here: the chains (`carms_lib.matching`) and what one
seat does (`_seat_values`).

Seats are placed one after another, each where it does most for the objective on average over the draws, given those
placed before (greedy). The chains of the seats already placed are kept in every draw, so that each step costs one
chain a program. What the placement is worth is then judged on *other* draws, beside the same number of seats in
proportion to the seats there are, both against no seat, all on common draws: on the draws that chose them the chosen
seats would look better than they are.

The rules are those of `_seat_values`: first iteration, lists as written; but couples hold their seats throughout,
because many seats at once would let them move from draw to draw by chance as much as by the seats.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib._views import open_view
from carms_lib.exceptions import ArgumentError
from carms_lib.matching.scored.vacancy_chains import Chain, add_seat, index_scored, keep, new_chain
from carms_lib.pressure._arguments import check_count, check_name, check_names
from carms_lib.pressure._bands import Bands, summarise
from carms_lib.pressure._counts import measures_of
from carms_lib.pressure.metric_views import METRIC_VIEWS
from carms_lib.pressure.metrics import ALLOCATION_METRICS
from carms_lib.provenance import Provenance
from carms_lib.simulator import Market, Scenario
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT
from carms_lib.simulator.inputs.rounding import largest_remainder
from carms_lib.simulator.seats.seat_chains import follow_every_seat
from carms_lib.simulator.seats.singles import match_singles
from carms_lib.simulator.seats.standing import SinglesMatch, new_chain_ends
from carms_lib.simulator.study.replay import BlockPlan, plan_blocks, replay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OBJECTIVES", "Allocation", "allocate_seats"]

#: What a placement is to serve, and in which unit it is counted.
OBJECTIVES = {
    "fewest_unmatched_cmg": "graduates of Canadian schools newly matched",
    "most_filled_family_medicine": "Family Medicine seats filled",
    "most_better_off": "applicants who end at a program that they like better",
}
_FAMILY_MEDICINE = "Family Medicine"
_GREEDY, _PROPORTIONAL = "by seat value", "in proportion"
#: The metric by which a placement for an objective is read first.
_HEADLINE_OF = {
    "fewest_unmatched_cmg": "newly_matched_cmg",
    "most_filled_family_medicine": "filled_family_medicine",
    "most_better_off": "better_off",
}
_COUNTS = METRIC_VIEWS["allocation"].counts


@dataclass(frozen=True)
class Allocation:
    """Where k seats go; made by `allocate_seats`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per program that gets a seat either way: discipline, school, program_stream_id and, where the market
        has it, site; by_seat_value and in_proportion [seats]; first_step, the step at which it got its first seat by
        value (1 = first), missing where it got none.
    steps : pandas.DataFrame
        One row per seat placed by value: step, program_stream_id, value [of the objective, on the draws that chose].
    k : int
    objective : str
    provenance : Provenance
    """

    frame: pd.DataFrame
    steps: pd.DataFrame
    k: int
    objective: str
    provenance: Provenance
    _gains: Mapping[str, np.ndarray] = field(repr=False)  # placement -> float64[D, counts], against no seat

    @property
    def scenarios(self) -> tuple[Scenario, Scenario]:
        """Both placements as scenarios, to be simulated through both iterations: by value, in proportion."""
        made = []
        for name, column in ((_GREEDY, "by_seat_value"), (_PROPORTIONAL, "in_proportion")):
            scenario = Scenario(f"{self.k} seats {name}")
            for program, seats in self.frame.set_index("program_stream_id")[column].items():
                if seats:
                    scenario = scenario.add_seats(int(seats), program_stream_id=str(program))
            made.append(scenario)
        return made[0], made[1]

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
            Of the `ALLOCATION_METRICS`.
        """
        if against is not None:
            against = check_name("against", against, [_PROPORTIONAL])
        measures = {
            name: measures_of("allocation", ALLOCATION_METRICS, {c: gains[:, [i]] for i, c in enumerate(_COUNTS)})
            for name, gains in self._gains.items()
        }
        return summarise(
            measures,
            pd.DataFrame(index=range(1)),
            level=level,
            kind=kind,
            draws_per_input=DRAWS_PER_INPUT,
            headline=_HEADLINE_OF[self.objective],
            provenance=self.provenance,
            against=against,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table of programs that get seats."""
        return self.frame.copy()

    def summary(self, rows: int = 10) -> str:
        """Return one screen of text: the largest placements, at most `rows`, and what they are worth."""
        shown = self.frame.sort_values("by_seat_value", ascending=False, kind="stable").head(rows)
        parts = [
            f"{self.k} seats for {self.objective} ({OBJECTIVES[self.objective]})",
            shown.to_string(index=False),
            "",
            self.bands().summary(),
            "",
            "by seat value minus in proportion, paired:",
            self.bands(against=_PROPORTIONAL).summary(),
        ]
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
        """Write the table as CSV to `path`, and steps, bands and provenance as JSON beside it."""
        path = Path(path)
        self.frame.to_csv(path, index=False, lineterminator="\n")
        record = {
            "objective": self.objective,
            "k": self.k,
            "steps": self.steps.to_dict("records"),
            "bands": self.bands().to_frame().to_dict("records"),
            **self.provenance.to_dict(),
        }
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
        path.with_name(path.name + ".provenance.json").write_text(text, encoding="utf-8", newline="\n")
        return path

    def __repr__(self) -> str:
        return f"Allocation\n{self.summary(5)}"


class _Draw(NamedTuple):
    singles: SinglesMatch
    chain: Chain


def allocate_seats(
    market: Market,
    k: int,
    *,
    objective: str = "fewest_unmatched_cmg",
    among: Mapping[str, str | Sequence[str]] | None = None,
    n_draws: int = 100,
    n_check: int = 500,
    rng: Any = None,
) -> Allocation:
    """Place k more seats where they do most for an objective, beside placing them in proportion.

    Parameters
    ----------
    market : Market
    k : int
        Seats to place, at least 1.
    objective : {"fewest_unmatched_cmg", "most_filled_family_medicine", "most_better_off"}
    among : mapping of str to str or sequence of str, optional
        Only programs with these values, such as ``{"province": "ON"}``. Programs without a seat are closed and get
        none.
    n_draws : int, default 100
        Draws that choose the places.
    n_check : int, default 500
        Other draws that judge them.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator or None
        As in `simulate`.

    Returns
    -------
    Allocation

    Raises
    ------
    UnknownNameError
        An unknown objective, column or value.
    ArgumentError
        k, n_draws or n_check is not a positive whole number, k is more than the seats there are, or no program with a
        seat is selected.

    Notes
    -----
    Equal values go to the seat that leaves more applicants better off, then to the first program in the market's
    table. Memory grows with n_draws: about one megabyte a national draw.
    """
    k, n_draws, n_check = check_count("k", k), check_count("n_draws", n_draws), check_count("n_check", n_check)
    objective = check_name("objective", objective, OBJECTIVES)
    entropy, choosing = plan_blocks(market, n_draws, rng)
    if k > market.seats:
        raise ArgumentError(
            f"k={k} is more than the {market.seats} seats that there are, and seats are placed one by one. For so "
            "many, simulate a scenario with scale_quota."
        )
    eligible = _select(market, {} if among is None else among)
    # The draws that judge are keyed by another entropy, which is a function of the first.
    judge = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))
    _, judging = plan_blocks(market, n_check, judge)
    worth = _worth(market, objective)
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        draws = [draw for block in pool.map(lambda plan: _prepare(market, plan), choosing) for draw in block]
        chosen, steps = [], []
        for step in range(1, k + 1):
            gains = sum(pool.map(lambda part: _gain(part, worth), [draws[i::workers] for i in range(workers)]))
            of_objective, of_all = np.asarray(gains) / len(draws)
            best = max(np.flatnonzero(eligible).tolist(), key=lambda p: (of_objective[p], of_all[p], -p))
            chosen.append(best)
            steps.append({"step": step, "program": best, "value": float(of_objective[best])})
            list(pool.map(_place, draws, [best] * len(draws)))
        placed = {
            _GREEDY: np.bincount(chosen, minlength=market.n_programs),
            _PROPORTIONAL: _in_proportion(market, eligible, k),
        }
        parts = list(pool.map(lambda plan: _judge(market, plan, placed), judging))
    gains_of = {name: np.concatenate([part[name] for part in parts]) for name in placed}
    ids = market.programs["program_stream_id"]
    frame = market.programs[[c for c in ("discipline", "school", "site", "program_stream_id") if c in market.programs]]
    frame = frame.assign(by_seat_value=placed[_GREEDY], in_proportion=placed[_PROPORTIONAL])
    first = {p: step["step"] for step, p in reversed(list(zip(steps, chosen, strict=True)))}
    frame["first_step"] = pd.array([first.get(p) for p in range(len(frame))], dtype="Int64")
    told = pd.DataFrame(steps)
    told.insert(1, "program_stream_id", ids.iloc[told.pop("program")].to_numpy())
    frame = frame[(frame["by_seat_value"] > 0) | (frame["in_proportion"] > 0)].reset_index(drop=True)
    provenance = market.provenance.with_settings(
        entropy=entropy, k=k, objective=objective, among=dict(among or {}), n_draws=n_draws, n_check=n_check
    )
    return Allocation(frame, told, k, objective, provenance, gains_of)


def _select(market: Market, among: Mapping[str, str | Sequence[str]]) -> np.ndarray:
    """Return which programs may get a seat, bool of shape (P,)."""
    programs = market.programs
    eligible = (programs["quota"] > 0).to_numpy(bool)
    if not isinstance(among, Mapping):
        raise ArgumentError(f"among={among!r} must map columns to values, such as {{'province': 'ON'}}.")
    for column, values in among.items():
        check_name("among", column, programs.columns)
        wanted = check_names(column, values, sorted(set(programs[column].astype(str))))
        eligible = eligible & programs[column].astype(str).isin(wanted).to_numpy()
    if not eligible.any():
        raise ArgumentError(f"among={dict(among)!r} selects no program that has a seat.")
    return eligible


def _in_proportion(market: Market, eligible: np.ndarray, k: int) -> np.ndarray:
    """Return k seats shared out by largest remainder, int64 of shape (P,)."""
    quota = np.where(eligible, market.programs["quota"].to_numpy(float), 0.0)
    return largest_remainder(quota, k)


class _Worth(NamedTuple):
    """What a seat's chain counts for an objective."""

    of_newly: np.ndarray  # float64[n]: for each applicant newly matched
    of_filled: np.ndarray  # float64[P]: for a seat filled there, and against it for one left empty
    of_better: float  # for each applicant better off


def _canadian(market: Market) -> np.ndarray:
    """Return which applicants are graduates of Canadian schools in the CMG stream, bool of shape (n,)."""
    classes = market.cohort.classes
    names = classes.index[(classes["graduates_of"] == "schools") & (classes["stream"] == "CMG")]
    canadian: np.ndarray = market.applicants["applicant_class"].isin(names).to_numpy()
    return canadian


def _family_medicine(market: Market) -> np.ndarray:
    return (market.programs["discipline"] == _FAMILY_MEDICINE).to_numpy(bool)


def _worth(market: Market, objective: str) -> _Worth:
    nobody, nowhere = np.zeros(market.n_applicants), np.zeros(market.n_programs)
    if objective == "fewest_unmatched_cmg":
        return _Worth(_canadian(market).astype(float), nowhere, 0.0)
    if objective == "most_filled_family_medicine":
        return _Worth(nobody, _family_medicine(market).astype(float), 0.0)
    return _Worth(nobody, nowhere, 1.0)


def _prepare(market: Market, plan: BlockPlan) -> list[_Draw]:
    found = []
    for drawn in replay(market, plan):
        singles = match_singles(drawn)
        chain = new_chain(len(singles.match), market.n_programs, int(singles.position.sum()))
        index_scored(singles.ptr, singles.program, singles.score, singles.position, chain)
        found.append(_Draw(singles, chain))
    return found


def _place(draw: _Draw, program: int) -> None:
    """Add a seat and leave everybody where its chain puts them."""
    one = draw.singles
    add_seat(one.ptr, one.program, one.match, one.position, program, draw.chain)
    keep(one.ptr, one.program, one.position, draw.chain)


def _gain(draws: Sequence[_Draw], worth: _Worth) -> np.ndarray:
    """Return, over the draws, what one more seat in each program does: objective and better off, float64 (2, P)."""
    programs = len(worth.of_filled)
    found = new_chain_ends(programs)
    newly, ends = found.newly, found.ends
    total = np.zeros((2, programs))
    for draw in draws:
        follow_every_seat(draw.singles, draw.chain, found)
        better = np.diff(found.mover_ptr)
        total[0] += np.where(newly >= 0, worth.of_newly[newly], 0.0) + worth.of_better * better
        total[0] += worth.of_filled - np.where(ends >= 0, worth.of_filled[ends], 0.0)
        total[1] += better
    return total


def _judge(market: Market, plan: BlockPlan, placed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what each placement does against no seat, float64 of shape (draws, counts)."""
    canadian, family = _canadian(market), _family_medicine(market)
    found: dict[str, list[list[float]]] = {name: [] for name in placed}
    for drawn in replay(market, plan):
        before = match_singles(drawn)
        for name, extra in placed.items():
            after = match_singles(drawn, extra)
            new = int(((after.match >= 0) & (before.match < 0) & canadian).sum())
            lost = int(((after.match < 0) & (before.match >= 0) & canadian).sum())
            better = int((after.position < before.position).sum())
            counts = {
                "newly_matched_cmg": new - lost,
                "filled_family_medicine": _filled(after, family) - _filled(before, family),
                "better_off": better,
            }
            found[name].append([counts[count] for count in _COUNTS])
    return {name: np.array(rows, dtype=np.float64) for name, rows in found.items()}


def _filled(one: SinglesMatch, programs: np.ndarray) -> int:
    """Return the seats that singles fill in some programs."""
    return int(programs[one.match[one.match >= 0]].sum())
