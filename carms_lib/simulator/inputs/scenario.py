"""Scenarios: a name and a tuple of levers, as a value.

Belongs here: how a scenario is written, one method a lever, and its TOML form. Does not belong here: what a lever does
to a market, which is `levers`, and running anything.

Causality holds. Demand does not follow quota unless a lever says so: applicants apply, and programs interview, as
they would have with the quotas of the release. A closed program has no seats and receives no applications. A
scenario that changes nothing changes no number.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from carms_lib.exceptions import ArgumentError, ScenarioError, UnknownNameError
from carms_lib.simulator.inputs.levers import Lever
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.toml import dump_toml

__all__ = ["Lever", "Scenario"]


@dataclass(frozen=True)
class Scenario:
    """What a planner would change; immutable, each method returns a new scenario.

    Parameters
    ----------
    name : str
        How results call it; not empty and not "baseline".
    levers : tuple of Lever
        Applied in order.

    Examples
    --------
    >>> Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")
    Scenario('Ontario FM +10 %'): scale_quota 1.1 where province=ON, discipline=Family Medicine
    """

    name: str
    levers: tuple[Lever, ...] = ()

    def __post_init__(self) -> None:
        name: Any = self.name
        if not isinstance(name, str) or not name.strip():
            raise ArgumentError(f"name={self.name!r}: a scenario needs a name.")
        if self.name == "baseline":
            raise ArgumentError("name='baseline' is taken: the baseline is always in a study.")
        levers: Any = self.levers
        if isinstance(levers, (str, Mapping)) or not isinstance(levers, Iterable):
            raise ArgumentError(f"levers={levers!r} must be a sequence of Lever values.")
        strange = [lever for lever in levers if not isinstance(lever, Lever)]
        if strange:
            raise ArgumentError(f"levers must hold Lever values, got {type(strange[0]).__name__}.")
        object.__setattr__(self, "levers", tuple(levers))

    def __repr__(self) -> str:
        parts = []
        for lever in self.levers:
            amount = "" if lever.value is None else f" {lever.value}"
            where = ", ".join(f"{column}={'|'.join(values)}" for column, values in lever.where)
            parts.append(f"{lever.action}{amount}" + (f" where {where}" if where else ""))
        return f"Scenario({self.name!r}): " + ("; ".join(parts) or "changes nothing")

    def scale_quota(self, factor: float, **where: str | Iterable[str]) -> Scenario:
        """Multiply quotas.

        Parameters
        ----------
        factor : float
            1.10 for ten percent more. The total of the programs selected becomes the nearest whole number of seats;
            each has its exact part of it, which every draw rounds anew (see Notes). A factor below 0.5 or above 2
            warns, when the scenario is applied, with the number of seats that it adds or removes.
        **where : str or list of str
            Columns of the table of programs, such as ``province="ON", discipline="Family Medicine"``.

        Returns
        -------
        Scenario

        Notes
        -----
        In every draw each program gets the whole number below or above its exact number, its exact number on average;
        so does every total by discipline, province, stream x province, and their crossings. `add_seats` and
        `move_seats` are rounded in the same way.
        """
        return self._with("scale_quota", factor, where)

    def set_quota(self, seats: int, **where: str | Iterable[str]) -> Scenario:
        """Give every program selected this many seats.

        Parameters
        ----------
        seats : int
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        return self._with("set_quota", seats, where)

    def add_seats(self, seats: int, **where: str | Iterable[str]) -> Scenario:
        """Share `seats` more (or, if negative, fewer) seats among the programs selected, in proportion to quota.

        Whole seats are drawn, as `scale_quota` says.
        """
        return self._with("add_seats", seats, where)

    def close_programs(self, **where: str | Iterable[str]) -> Scenario:
        """Close the programs selected: no seats, no applications."""
        return self._with("close_programs", None, where)

    def scale_demand(self, factor: float, **where: str | Iterable[str]) -> Scenario:
        """Multiply the chance that a discipline is wanted first.

        Parameters
        ----------
        factor : float
        **where : str or list of str
            ``discipline=`` alone.

        Returns
        -------
        Scenario
        """
        return self._with("scale_demand", factor, where)

    def shift_preference(self, log_weight: float, **where: str | Iterable[str]) -> Scenario:
        """Draw applicants more, or less, to the programs selected.

        Parameters
        ----------
        log_weight : float
            Added to the log weight of the programs.
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        return self._with("shift_preference", log_weight, where)

    def scale_class(self, factor: float, *, applicant_class: str | Iterable[str]) -> Scenario:
        """Multiply the size of classes of applicants.

        Parameters
        ----------
        factor : float
        applicant_class : str or list of str
            Such as "img".

        Returns
        -------
        Scenario
        """
        return self._with("scale_class", factor, {"applicant_class": applicant_class})

    def second_iteration(self, enabled: bool) -> Scenario:
        """Hold the second iteration if `enabled`, or leave it out."""
        return self._with("second_iteration", enabled, {})

    def reversions(self, enabled: bool) -> Scenario:
        """Let unfilled seats revert where the cohort's provinces do if `enabled`, or nowhere."""
        return self._with("reversions", enabled, {})

    def set_rule(self, *, province: str | Iterable[str], rule: str, value: bool | str) -> Scenario:
        """Set a rule of the match in a province, whatever the cohort has there.

        Parameters
        ----------
        province : str or list of str
            Two-letter codes, such as "ON".
        rule : str
            "streams_merge", "reverts", "family_medicine_reverts", "img_residents_only" or "img_schooling"; the page
            on rules says what each means.
        value : bool
            Whether the rule holds; a rule of another kind says which values it takes.

        Returns
        -------
        Scenario

        Raises
        ------
        UnknownNameError
            There is no such rule; near names are offered.
        ArgumentError
            The rule does not take this value.

        Examples
        --------
        >>> Scenario("Alberta merges").set_rule(province="AB", rule="streams_merge", value=True)
        Scenario('Alberta merges'): set_rule True where province=AB, rule=streams_merge
        """
        return self._with("set_rule", value, {"province": province, "rule": rule})

    def add_program(self, program_stream_id: str, *, like: str, seats: int, **columns: str) -> Scenario:
        """Add a program that is like another one, but for what is said.

        Parameters
        ----------
        program_stream_id : str
            Of the new program; none that there is.
        like : str
            Id of the program that it is like.
        seats : int
        **columns : str
            Columns of the table of programs in which it differs, such as ``school_province="NS"``.

        Returns
        -------
        Scenario
        """
        return self._with("add_program", seats, {"program_stream_id": program_stream_id, "like": like, **columns})

    def move_seats(self, seats: int, *, from_stream: str, to_stream: str, **where: str | Iterable[str]) -> Scenario:
        """Move seats from the programs of one stream to those of another, in proportion to quota on both sides.

        Parameters
        ----------
        seats : int
        from_stream, to_stream : str
            "CMG", "IMG", "ALL" or "MOTP".
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        chosen = {"from_stream": from_stream, "to_stream": to_stream, **where}
        return self._with("move_seats", seats, chosen)

    def merge_streams(self, **where: str | Iterable[str]) -> Scenario:
        """Open the CMG and IMG programs selected to both kinds of graduates, in both iterations."""
        return self._with("merge_streams", None, where)

    def split_streams(self, img_share: float, **where: str | Iterable[str]) -> Scenario:
        """Split the programs selected that are open to all in two: one for Canadian graduates, one for the others.

        Parameters
        ----------
        img_share : float
            Share of the seats of all programs selected that goes to graduates from abroad, in [0, 1], to the nearest
            whole seat. Every draw rounds each program's part anew: both streams together have the seats of the program,
            and totals by discipline x stream are rounded too.
        **where : str or list of str
            Columns of the table of programs. The new programs' ids end in "/IMG".

        Returns
        -------
        Scenario
        """
        return self._with("split_streams", img_share, where)

    def set_language(self, language: str, **where: str | Iterable[str]) -> Scenario:
        """Change the language in which the programs selected work, and so who can apply.

        Parameters
        ----------
        language : {"en", "fr", "either"}
            "either" admits applicants of both languages.
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        return self._with("set_language", language, where)

    def scale_interviews(self, factor: float, **where: str | Iterable[str]) -> Scenario:
        """Multiply how many applicants the programs selected interview: the share, up to all, and the fewest.

        Parameters
        ----------
        factor : float
        **where : str or list of str
            Columns of the table of programs.

        Returns
        -------
        Scenario
        """
        return self._with("scale_interviews", factor, where)

    def change_mix(self, factor: float, *, graduation_school: str | Iterable[str]) -> Scenario:
        """Multiply the weight of schools among Canadian graduates; the size of the classes stays as it is.

        Parameters
        ----------
        factor : float
        graduation_school : str or list of str

        Returns
        -------
        Scenario
        """
        return self._with("change_mix", factor, {"graduation_school": graduation_school})

    def __add__(self, other: Scenario) -> Scenario:
        """Return the scenario of both, first the levers of this one, then those of the other."""
        if not isinstance(other, Scenario):
            return NotImplemented
        return Scenario(f"{self.name} + {other.name}", (*self.levers, *other.levers))

    def apply(self, market: Market) -> Market:
        """Return the market that the levers make.

        Parameters
        ----------
        market : Market

        Returns
        -------
        Market

        Raises
        ------
        UnknownNameError
            A column or value that the market does not have; near names are offered.
        ScenarioError
            A selection that matches nothing.
        """
        given: Any = market
        if not isinstance(given, Market):
            raise ArgumentError(
                f"market={type(given).__name__} must be a Market. Make one: Market.from_gold(gold, cohort)."
            )
        for lever in self.levers:
            market = lever.apply(market)
        return market

    def to_toml(self) -> str:
        """Return the scenario as TOML text."""
        lines = [dump_toml({"name": self.name}).rstrip()]
        lines += ["\n[[lever]]\n" + dump_toml(lever.to_dict()).rstrip() for lever in self.levers]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Scenario:
        """Read a scenario from the TOML `text` that `to_toml` writes.

        Raises
        ------
        ScenarioError
            The text is not TOML or lacks a name; a lever's value is missing, not of its kind or out of range.
        UnknownNameError
            There is no such action.
        """
        try:
            record = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"The text is not TOML: {error}.") from error
        if "name" not in record:
            raise ScenarioError('A scenario needs a line such as: name = "Ontario FM +10 %".')
        rows = record.get("lever", [])
        if not isinstance(rows, list):
            raise ScenarioError("Each lever is a table of its own: begin it with a line [[lever]].")
        return cls(str(record["name"]), tuple(_lever_of(row) for row in rows))

    def _with(self, action: str, value: Any, where: Mapping[str, Any]) -> Scenario:
        return Scenario(self.name, (*self.levers, Lever(action, value, tuple(where.items()))))


def _lever_of(row: Any) -> Lever:
    if not isinstance(row, dict):
        raise ScenarioError(f"lever={row!r} should be a table with an action.")
    try:
        return Lever.from_dict(row)
    except UnknownNameError:
        raise
    except ArgumentError as error:
        raise ScenarioError(f"lever {row.get('action')!r}: {error}") from error
