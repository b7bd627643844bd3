"""What a solved match is and what it can be asked.

Belongs here: the result as a value, its tables, and the way to those questions that fill modules of their own
(`_blocking_pairs`, `_explanation`). Does not belong here: solving.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carms_lib.matching._assignment import Assignment, name_column, whole_column
from carms_lib.provenance import Provenance

if TYPE_CHECKING:
    import os

    import pandas as pd
    from matplotlib.axes import Axes

    from carms_lib.kernels.arrays import Int32s
    from carms_lib.matching._explanation import Explanation
    from carms_lib.matching._problem import MatchingProblem

__all__ = ["Matching"]


class Matching(Assignment):
    """A matching and how it came about.

    Attributes
    ----------
    problem : MatchingProblem
    match : ndarray of int32, shape (n_applicants,)
        Number of each applicant's program, 0-based; -1 when unmatched.
    position : ndarray of int32, shape (n_applicants,)
        0-based place in the applicant's list (in the couple's list of pairs); its length when unmatched.
    status : {"stable", "unstable", "none_exists", "budget"}
        "stable"; "unstable": no stable matching was found; "none_exists": it is proven that there is none;
        "budget": the exact search ran out of time. See `blocking_pairs` where it is not "stable".
    rung : str
        What gave the answer: "deferred_acceptance", or a rung of the couples' ladder.
    rule : {"BIS", "MM"}
        When a program takes a couple.
    proposing : {"applicants", "programs", "neither"}
    proposals : int or None
        Proposals made; None where there are couples.
    attempts : tuple of (str, int)
        Each rung tried and the number of blocking coalitions that it left; -1 where it found no matching.
    """

    def __init__(
        self,
        problem: MatchingProblem,
        match: Int32s,
        position: Int32s,
        *,
        proposing: str,
        rule: str = "BIS",
        status: str = "stable",
        rung: str = "deferred_acceptance",
        proposals: int | None = None,
        attempts: tuple[tuple[str, int], ...] = (),
    ) -> None:
        super().__init__(problem, match, position, rule=rule)
        self.proposing = proposing
        self.status = status
        self.rung = rung
        self.proposals = proposals
        self.attempts = attempts

    @cached_property
    def provenance(self) -> Provenance:
        """Versions and settings that this result was made with."""
        return Provenance(settings={"proposing": self.proposing, "rule": self.rule, "rung": self.rung})

    @cached_property
    def is_stable(self) -> bool:
        """Whether nobody blocks, found by looking and not by trusting the algorithm."""
        from carms_lib.matching._blocking_pairs import count_blocking  # noqa: PLC0415 - compiled kernels load late

        return count_blocking(self) == 0

    def to_frame(self) -> pd.DataFrame:
        """Return one row per applicant.

        Returns
        -------
        DataFrame
            applicant; program, missing when unmatched; applicant_rank, the place of the program in the
            applicant's list (of the pair in the couple's list), 1 = first; program_rank, the applicant's place in
            the program's list, 1 = first.
        """
        import pandas as pd  # noqa: PLC0415 - arrays need no pandas

        matched = self.match >= 0
        return pd.DataFrame(
            {
                "applicant": name_column(self.problem.applicants, np.arange(self.match.size)),
                "program": name_column(self.problem.programs, self.match),
                "applicant_rank": whole_column(self.position + 1, matched),
                "program_rank": whole_column(self.held_ranks + 1, matched),
            }
        )

    def seats(self) -> pd.DataFrame:
        """Return one row per program: program, quota, filled, unfilled [positions]."""
        import pandas as pd  # noqa: PLC0415 - arrays need no pandas

        return pd.DataFrame(
            {
                "program": name_column(self.problem.programs, np.arange(self.problem.n_programs)),
                "quota": self.problem.quotas.astype(np.int64),
                "filled": self.filled.astype(np.int64),
                "unfilled": self.problem.quotas.astype(np.int64) - self.filled,
            }
        )

    def blocking_pairs(self) -> pd.DataFrame:
        """Return one row per blocking pair or coalition; no rows if the matching is stable.

        Returns
        -------
        DataFrame
            applicant, partner (missing for a single), program and partner_program (what they would rather have),
            applicant_rank (its place in the list, 1 = first), program_rank and partner_program_rank (the programs'
            ranks of them), displaces and partner_displaces (whom the programs would let go; missing where a seat
            is free).
        """
        from carms_lib.matching._blocking_pairs import blocking_frame  # noqa: PLC0415 - compiled kernels load late

        return blocking_frame(self)

    def rank_profile(self) -> pd.DataFrame:
        """Return one row per rank of the applicants' lists, and a last one for the unmatched.

        Returns
        -------
        DataFrame
            applicant_rank (missing for the unmatched), applicants, share (of all), cumulative (share with this rank
            or a better one; missing for the unmatched).
        """
        import pandas as pd  # noqa: PLC0415 - arrays need no pandas

        matched = self.match >= 0
        count = np.bincount(self.position[matched]).astype(np.int64)
        share = count / max(self.match.size, 1)
        none = self.match.size - int(count.sum())
        return pd.DataFrame(
            {
                "applicant_rank": whole_column(
                    np.append(np.arange(count.size) + 1, 0), np.arange(count.size + 1) < count.size
                ),
                "applicants": np.append(count, none),
                "share": np.append(share, none / max(self.match.size, 1)),
                "cumulative": np.append(np.cumsum(share), np.nan),
            }
        )

    def explain(self, name: Any, *, side: str | None = None) -> Explanation:
        """Say why an applicant or a program has this outcome, choice by choice.

        Parameters
        ----------
        name : object
            Name of an applicant or a program.
        side : {"applicant", "program"}, optional
            Which it is; needed only where both sides have that name.

        Returns
        -------
        Explanation
            Prints as words; `to_frame` gives the same as a table.
        """
        from carms_lib.matching._explanation import explain  # noqa: PLC0415 - on demand

        return explain(self, name, side)

    def summary(self) -> str:
        """Return a few lines of text: who is matched, how well, and whether the result is stable."""
        filled, quota = int(self.filled.sum()), int(self.problem.quotas.sum(dtype=np.int64))
        first = int(((self.match >= 0) & (self.position == 0)).sum())
        lines = [
            f"applicants  {self.n_matched} of {self.match.size} matched, {first} to a first choice",
            f"positions   {filled} of {quota} filled",
            f"status      {self.status} (by {self.rung.replace('_', ' ')}, {self.proposing} proposing)",
        ]
        if self.problem.n_couples:
            members = self.problem.couple_of >= 0
            both = int((self.match[members] >= 0).sum())
            lines.insert(1, f"couples     {self.problem.n_couples}, {both} of their members matched; rule {self.rule}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rank profile: how many applicants got their first, second, … choice, and how many none.

        Drawn into `ax`, or into a new figure; returns the Axes.
        """
        from matplotlib import pyplot as plt  # noqa: PLC0415 - drawing is optional

        if ax is None:
            ax = plt.subplots()[1]
        profile = self.rank_profile()
        names = [str(rank) for rank in profile["applicant_rank"].iloc[:-1]]
        ax.bar([*names, "none"], profile["applicants"].to_numpy())
        ax.set_xlabel("place of the match in the applicant's list")
        ax.set_ylabel("applicants")
        return ax

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the matching as CSV to `path`, and beside it, ending in ``.json``, its status and provenance."""
        place = Path(path)
        self.to_frame().to_csv(place, index=False, lineterminator="\n")
        about = {
            "status": self.status,
            "rung": self.rung,
            "attempts": [list(attempt) for attempt in self.attempts],
            "provenance": self.provenance.to_dict(),
        }
        text = json.dumps(about, indent=2, ensure_ascii=False)
        place.with_suffix(".json").write_text(text + "\n", encoding="utf-8")

    def __repr__(self) -> str:
        return f"Matching({self.n_matched} of {self.match.size} applicants matched, {self.status})"
