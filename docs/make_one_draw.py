"""Write docs/explanation/one-draw.md: one applicant through one draw of a small market, step by step.

``python docs/make_one_draw.py`` takes about a minute, most of it compiling. The page is committed, and a test compares
it with what this script makes: run it again when a step of the draw changes. `one_draw_walk` makes the draw.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import carms_lib as carms
import numpy as np
import pandas as pd
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT
from carms_lib.simulator.inputs.parameters import PARAMETERS
from markdown_tables import markdown_table, number
from one_draw_walk import ENTROPY, Walk, check, small_market, walk

PAGE = Path(__file__).resolve().parent / "explanation" / "one-draw.md"
#: A graduate who goes through every step: half of a couple, unmatched in the first iteration, matched in the second.
DRAW, APPLICANT = 51, 7


def shown(frame: pd.DataFrame) -> str:
    """Return a table whose numbers are as a person would write them."""
    return markdown_table(frame.map(lambda value: number(value) if isinstance(value, float) else str(value)))


def step(module: str, *functions: str) -> str:
    """Return links to the functions of a step."""
    return ", ".join(f"[`{module}.{name}`][carms_lib.simulator.draw.{module}.{name}]" for name in functions)


def place(values: np.ndarray, own: float) -> int:
    """Return the rank of one's own among values, 1 for the highest."""
    return int((values > own).sum()) + 1


INTRODUCTION = f"""# One draw

This page follows one applicant through one draw of a small market. `docs/make_one_draw.py` writes it: it calls the
steps one by one, prints what each has written, and checks that the outcome is that of
`carms.simulate(market, n_draws={DRAW + 1}, rng={ENTROPY})`. Draw {DRAW} is shown. The functions are on the page
[Steps of a draw](../reference/steps-of-a-draw.md)."""


class Story:
    """The applicant's way through the draw; a method for the text of each step."""

    def __init__(self, market: carms.Market, walked: Walk, applicant: int) -> None:
        self.market, self.walked, self.a = market, walked, applicant
        self.name = market.programs["program_stream_id"].to_numpy(object)
        self.t = int(walked.tables.applicant_type[applicant])
        self.disciplines = market.programs["discipline"].unique()
        self.wish, self.rank = walked.wishes[applicant], walked.ranked[applicant]

    def steps(self) -> dict[str, str]:
        """Return the text of each step by its title."""
        market, walked, wish, rank = self.market, self.walked, self.wish, self.rank
        person, part, pairs = market.applicants.loc[self.a], self.participation(), walked.pairs[self.a].tolist()
        partner = self.partner()
        other, theirs, got = market.applicants.loc[partner], walked.first[partner], walked.final[self.a]
        held = next((i for i, pair in enumerate(pairs, 1) if pair == [-1, theirs]), 0)
        left = int((walked.quota - self.held()).sum())
        if not (held and walked.blocking == 0 and len(rank) < len(wish) and walked.first[self.a] < 0 <= got):
            message = f"applicant {self.a} of draw {DRAW} no longer goes through every step: choose another"
            raise SystemExit(message)
        return {
            "The market": f"""{market.n_programs} programs of three schools, and the applicants of the cohort 2025 with
classes a hundred times smaller.

{self.market_table()}

The applicant is number {self.a} of the market's table: a current-year graduate (`{person["applicant_class"]}`) of
{person["graduation_school"]}, from {person["home_province"]}, first language {person["first_language"]}. Everything
random below is a function of the entropy, the purpose, the draw or its block, the applicant and the program.""",
            "1. Settings": f"""{step("settings", "draw_settings", "shifted")}

The uncertain inputs are drawn once for a block of {DRAWS_PER_INPUT} draws; draw {DRAW} belongs to block
{DRAW // DRAWS_PER_INPUT}. Six of the {len(PARAMETERS)}:

{self.settings()}""",
            "2. Participation": f"""{step("participation", "who_takes_part")}

The class has {part["size"]} persons in this block, and {part["laid_out"]} places in the market's table. The applicant's
type (class, school, home province, languages) has {part["places"]}, of which {part["part"]} take part in this draw; the
applicant's is number {part["place"]}. In all, {part["everybody"]} applicants take part.""",
            "3. Disciplines": f"""{step("disciplines", "choose_disciplines")}

A first discipline is drawn by weight, and up to two more behind it. The weights are those of the applicant's type:

{self.shares()}""",
            "4. Wishes": f"""{step("wishes", "draw_breadths", "taste_weights", "write_wishes")}

Within a discipline, programs are wished for in the order in which they arrive in an exponential race
({step("exponential_race", "run_races")}): the higher the weight, the sooner. The applicant's lists are
{walked.space.breadth[self.a]:.2f} times as long as the median, if so many programs are open.

{self.wishes()}

The wish that counts as first choice before interviews is {self.name[wish[0]]}.""",
            "5. Files and interviews": f"""{step("interviews", "draw_merit", "read_files", "interview")}

A program gives each file a score: merit, first discipline, home and noise. It interviews the best share of its files,
within the band that it publishes, and never fewer than so many for each seat; adds what the interview tells it; and
ranks the best share of those. Programs that do not interview the applicant leave the list.

{self.files()}""",
            "6. Couples": f"""{step("couples", "choose_couples", "write_pairs")}

The applicant's partner is number {partner}, a graduate of {other["graduation_school"]}. Each has a list of their own
({len(rank)} and {len(walked.ranked[partner])} programs); together they list {len(pairs)} pairs, of which the first
five are

{self.pairs(5)}""",
            "7. First iteration": f"""{step("quotas", "draw_release", "draw_quota")}, {
                step("first_iteration", "first_iteration")
            }

Quotas drift to whole numbers, everybody is matched, couples included, and unfilled CMG seats revert where the
[rule of the province](../reference/rules.md) lets them. {left} seats are left.

{self.seats()}

The couple holds its pair number {held}: the applicant unmatched, the partner at {self.name[theirs]}. The matching is
stable: for each of the {held - 1} pairs that the couple would rather have, a program is full with applicants whom it
prefers, or does not rank its own.""",
            "8. Second iteration": f"""{step("second_iteration", "second_iteration")}

Unmatched applicants write new lists of the programs with seats left that are open to them. In the second iteration
partners apply apart.

{self.second()}

The applicant is matched to {self.name[got]}, in {market.programs["discipline"].iloc[got]}.""",
            "What is kept": f"""{step("block", "run_block")}

Of this draw a study keeps for the applicant four program numbers: the first wish ({self.name[wish[0]]}), the first
program of the rank-order list ({self.name[rank[0]]}), the match after the first iteration (none) and after both
({self.name[got]}); how many interviews there were and the rank of the first match on the list; and the seats of each
program. Lists are not kept: because every random number has its key, `replay`
makes them again.""",
        }

    def partner(self) -> int:
        """Return the number of the applicant's partner."""
        couple = self.walked.space.lists.couple_of
        return next(a for a in self.walked.pairs if couple[a] == couple[self.a] and a != self.a)

    def held(self) -> np.ndarray:
        """Return how many seats of each program are held after the first iteration."""
        first = self.walked.first
        return np.bincount(first[first >= 0], minlength=len(self.name))

    def market_table(self) -> str:
        """Return the programs of the market."""
        columns = ["program_stream_id", "discipline", "school", "eligibility", "language", "quota", "interview_band"]
        titles = ["program", "discipline", "school", "stream", "language", "seats", "interviews [% of files]"]
        return shown(self.market.programs[columns].set_axis(titles, axis=1))

    def settings(self) -> str:
        """Return some uncertain inputs, in the cohort and in this block."""
        names = ["home_school", "home_province", "applications_first", "merit", "interview_noise", "quota_drift"]
        stated = self.market.cohort.parameters
        rows = [
            (
                f"`{name}`",
                PARAMETERS[name],
                float(stated.loc[name, "value"]),
                self.walked.theta[list(PARAMETERS).index(name)],
            )
            for name in names
        ]
        return shown(pd.DataFrame(rows, columns=["input", "unit", "cohort", "this block"]))

    def participation(self) -> dict[str, Any]:
        """Return how many of the applicant's class and type take part."""
        tables = self.walked.tables
        number_of = int(tables.type_class[self.t])
        start, end = (int(place) for place in tables.type_start[self.t : self.t + 2])
        return {
            "size": number(float(self.walked.sizes[number_of])),
            "laid_out": int(tables.type_capacity[number_of]),
            "places": end - start,
            "part": int(self.walked.space.taking_part[self.t]),
            "place": self.a - start + 1,
            "everybody": int(self.walked.space.taking_part.sum()),
        }

    def shares(self) -> str:
        """Return how strongly the applicant's type is drawn to each discipline."""
        weights = [
            1.0 / waits[self.t].astype(float) for waits in (self.walked.space.wait_first, self.walked.space.wait_behind)
        ]
        chosen = [self.disciplines[k] for k in self.walked.space.disciplines[self.a] if k >= 0]
        order = {name: f"{turn}." for turn, name in enumerate(chosen, 1)}
        rows = [
            (name, f"{first / weights[0].sum():.0%}", f"{behind / weights[1].sum():.0%}", order.get(name, ""))
            for name, first, behind in zip(self.disciplines, *weights, strict=True)
        ]
        return shown(pd.DataFrame(rows, columns=["discipline", "weight first", "weight behind", "chosen"]))

    def wishes(self) -> str:
        """Return what the applicant could wish for in the chosen disciplines, and the order that came out."""
        wait, tables = self.walked.space.wait[self.t].astype(float), self.walked.tables
        rows = []
        for k in self.walked.space.disciplines[self.a]:
            inside = np.flatnonzero(tables.program_discipline == k) if k >= 0 else np.empty(0, dtype=int)
            bit = 1 << int(tables.type_class[self.t])
            open_to = [p for p in inside if tables.first_open[p] & bit and np.isfinite(wait[p])]
            total = sum(1.0 / wait[p] for p in open_to)
            rows += [
                (self.name[p], self.disciplines[k], f"{1.0 / wait[p] / total:.0%}",
                 f"{list(self.wish).index(p) + 1}." if p in self.wish else "")
                for p in open_to
            ]  # fmt: skip
        return shown(
            pd.DataFrame(rows, columns=["program", "discipline", "weight in its discipline", "place of the wish"])
        )

    def files(self) -> str:
        """Return how each program saw the applicant's file, and after the interview."""
        walked, rows = self.walked, []
        flat = np.concatenate(walked.wishes), np.concatenate(walked.files)
        ranks = np.concatenate(walked.ranked), np.concatenate(walked.scores)
        for turn, p in enumerate(self.wish):
            seen = walked.files[self.a][turn]
            among = flat[1][flat[0] == p]
            row = [self.name[p], f"{walked.space.share[p]:.0%}", f"{place(among, seen)} of {len(among)}"]
            if p in self.rank:
                own = walked.scores[self.a][list(self.rank).index(p)]
                held = ranks[1][ranks[0] == p]
                row += [f"yes, with {len(held) - 1} others"]
                row += [f"{place(held, own)} of {int(np.isfinite(held).sum())}" if np.isfinite(own) else "not ranked"]
            else:
                row += ["no", ""]
            rows.append(row)
        columns = ["program", "share of files", "place of the file", "interviewed", "place on the program's list"]
        return shown(pd.DataFrame(rows, columns=columns))

    def pairs(self, count: int) -> str:
        """Return the first pairs of the couple, the applicant's program first."""
        label = [*self.name, "no match"]
        rows = [(i, label[own], label[other]) for i, (own, other) in enumerate(self.walked.pairs[self.a][:count], 1)]
        return shown(pd.DataFrame(rows, columns=["pair", "the applicant", "the partner"]))

    def seats(self) -> str:
        """Return the seats of every program, and who holds them after the first iteration."""
        walked, n = self.walked, len(self.name)
        held, own = self.held(), list(self.rank)
        frame = pd.DataFrame(
            {
                "program": self.name,
                "stated": self.market.programs["quota"],
                "of this draw": walked.drawn_quota,
                "after reversions": walked.quota,
                "filled": held,
                "left": walked.quota - held,
                "on the applicant's list": [f"{own.index(p) + 1}." if p in own else "" for p in range(n)],
            }
        )
        return shown(frame)

    def second(self) -> str:
        """Return the applicant's second list, and the place on each program's."""
        walked, rows = self.walked, []
        flat = np.concatenate(walked.second_lists), np.concatenate(walked.second_scores)
        for p, own in zip(walked.second_lists[self.a], walked.second_scores[self.a], strict=True):
            among = flat[1][flat[0] == p]
            rank = f"{place(among, own)} of {int(np.isfinite(among).sum())}" if np.isfinite(own) else "not ranked"
            rows.append((self.name[p], len(among), rank, "matched" if walked.final[self.a] == p else ""))
        return shown(pd.DataFrame(rows, columns=["program", "applications", "place on the program's list", "outcome"]))


def page() -> str:
    """Return the page."""
    market = small_market()
    walked = walk(market, DRAW)
    check(market, walked, DRAW)
    story = Story(market, walked, APPLICANT)
    steps = [f"## {title}\n\n{text}" for title, text in story.steps().items()]
    return "\n\n".join([INTRODUCTION, *steps]) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
