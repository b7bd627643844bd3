"""Write docs/explanation/random-markets.md: what theory says of random markets, beside what the match does.

``python docs/make_theory.py`` takes about a minute. The page is committed; run this again when the match changes.
"""

from __future__ import annotations

import warnings
from collections import Counter
from fractions import Fraction
from itertools import permutations, product
from pathlib import Path

import numpy as np
from carms_lib.exceptions import StabilityWarning
from carms_lib.matching import MatchingProblem, solve, stable_matchings

PAGE = Path(__file__).resolve().parent / "explanation" / "random-markets.md"
SEED = 2025
SIZES = {1000: 20, 100: 200}  # programs: markets drawn
GAPS = {1000: (-10, -1, 0, 1, 10), 100: (-10, -1, 0, 1, 10)}


def shown(values: list[float] | np.ndarray, digits: int = 2) -> str:
    """Return the mean and its standard error."""
    array = np.asarray(values, float)
    return f"{array.mean():.{digits}f} ± {array.std(ddof=1) / np.sqrt(array.size):.{digits}f}"


def table(head: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table, all but the first column to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def marriage(men: np.ndarray, women: np.ndarray) -> MatchingProblem:
    """Return a market with one seat a program and complete lists."""
    n, m = len(men), len(women)
    return MatchingProblem.from_arrays(
        np.arange(0, n * m + 1, m), men.ravel(), np.arange(0, n * m + 1, n), women.ravel(), np.ones(m, int)
    )


def shuffled(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return independent orders, one a row."""
    return rng.permuted(np.tile(np.arange(columns, dtype=np.int32), (rows, 1)), axis=1)


def unbalanced(rng: np.random.Generator) -> str:
    """Ranks on both sides as one side becomes longer."""
    rows: list[list[object]] = []
    for m, draws in SIZES.items():
        for gap in GAPS[m]:
            n = m + gap
            columns: dict[str, list[float]] = {
                name: [] for name in ("own", "theirs", "own_w", "theirs_w", "more", "asked")
            }
            for _ in range(draws):
                problem = marriage(shuffled(rng, n, m), shuffled(rng, m, n))
                best, worst = solve(problem), solve(problem, proposing="programs")
                matched = best.match >= 0
                columns["own"].append(float(best.position[matched].mean() + 1))
                columns["theirs"].append(float(best.held_ranks[matched].mean() + 1))
                columns["own_w"].append(float(worst.position[matched].mean() + 1))
                columns["theirs_w"].append(float(worst.held_ranks[matched].mean() + 1))
                columns["more"].append(100 * float((best.match != worst.match).mean()))
                columns["asked"].append(float(best.proposals or 0))
            rows.append([f"{n} x {m}", *(shown(columns[k]) for k in ("own", "theirs", "own_w", "theirs_w", "more")),
                         shown(columns["asked"], 0)])  # fmt: skip
    return table(
        ["applicants x programs", "applicants' rank", "programs' rank", "applicants' rank, programs proposing",
         "programs' rank, programs proposing", "applicants with several stable programs [%]", "proposals"],
        rows,
    )  # fmt: skip


def common_order(rng: np.random.Generator) -> str:
    """All programs in one order: serial dictatorship."""
    rows: list[list[object]] = []
    for n, draws in ((100, 200), (1000, 10)):
        order = np.tile(np.arange(n, dtype=np.int32), (n, 1))
        means = [float(solve(marriage(shuffled(rng, n, n), order)).position.mean() + 1) for _ in range(draws)]
        exact = (n + 1) / n * (sum(1 / k for k in range(1, n + 2)) - 1)
        rows.append([n, draws, f"{exact:.4f}", shown(means, 4)])
    return table(["n", "markets", "exact mean rank", "simulated"], rows)


def cutoffs(rng: np.random.Generator) -> str:
    """Large markets with independent scores, beside the cutoffs of Azevedo and Leshno."""
    rows: list[list[object]] = []
    for n_programs, length, share, n in ((10, 10, 0.8, 50_000), (20, 5, 0.8, 50_000), (50, 3, 0.5, 50_000),
                                         (200, 10, 0.9, 60_000)):  # fmt: skip
        cutoff = (1 - share) ** (1 / length)
        got, asked, first = [], [], []
        for _ in range(3):
            lists = np.argsort(rng.random((n, n_programs)), axis=1)[:, :length]
            score = rng.random(lists.size)
            problem = MatchingProblem.from_scores(
                dict(enumerate(lists.tolist())), score, dict.fromkeys(range(n_programs), round(share * n / n_programs))
            )
            found = solve(problem)
            matched = found.match >= 0
            held = score.reshape(n, length)[matched, found.position[matched]]
            lowest = [held[found.match[matched] == p].min() for p in range(n_programs)]
            got.append(float(np.mean(lowest)))
            asked.append((found.proposals or 0) / n)
            first.append(float((found.position[matched] == 0).sum() / n))
        rows.append([f"{n_programs}, {length}, {share}", f"{cutoff:.5f}", shown(got, 5), f"{share / (1 - cutoff):.3f}",
                     shown(asked, 3), f"{1 - cutoff:.4f}", shown(first, 4)])  # fmt: skip
    return table(
        ["programs, list, seats per applicant", "cutoff", "simulated", "proposals an applicant", "simulated",
         "first choice", "simulated"],
        rows,
    )  # fmt: skip


def how_many() -> str:
    """Return the expected number of stable matchings, every market of two and three counted."""
    rows: list[list[object]] = []
    for n, wanted in ((2, Fraction(9, 8)), (3, Fraction(5027, 3888))):
        orders = list(permutations(range(n)))
        total = 0
        for rest in product(orders, repeat=2 * n - 1):  # the first list may be fixed: names do not matter
            lists = np.array([orders[0], *rest], np.int32)
            total += len(stable_matchings(marriage(lists[:n], lists[n:])))
        counted = Fraction(total, len(orders) ** (2 * n - 1))
        rows.append([n, str(wanted), str(counted)])
    return table(["n", "theory", "counted"], rows)


def short_lists(rng: np.random.Generator, n: int, n_programs: int, length: int, n_couples: int) -> MatchingProblem:
    """Return a market with lists of one length, couples' pairs read side by side, seats 1.05 times applicants."""
    lists = np.argsort(rng.random((n, n_programs)), axis=1)[:, :length].astype(np.int32)
    quotas = np.full(n_programs, int(1.05 * n) // n_programs)
    quotas[: int(1.05 * n) % n_programs] += 1
    owner = np.repeat(np.arange(n), length)
    order = np.lexsort((rng.random(owner.size), lists.ravel()))
    ptr = np.concatenate(([0], np.cumsum(np.bincount(lists.ravel(), minlength=n_programs))))
    size = np.where(np.arange(n) < 2 * n_couples, 0, length)
    couples = (
        np.arange(2 * n_couples).reshape(-1, 2),
        np.arange(0, n_couples * length + 1, length),
        lists[: 2 * n_couples].reshape(n_couples, 2, length).transpose(0, 2, 1).reshape(-1, 2),
    )
    return MatchingProblem.from_arrays(
        np.concatenate(([0], np.cumsum(size))), lists[2 * n_couples :].ravel(), ptr, owner[order], quotas,
        couples=couples if n_couples else None, one_sided="keep",
    )  # fmt: skip


def which_side(rng: np.random.Generator) -> str:
    """How many get something else when programs propose, at national size."""
    changed = []
    for _ in range(10):
        problem = short_lists(rng, 5_400, 815, 15, 0)
        changed.append(1000 * float((solve(problem).match != solve(problem, proposing="programs").match).mean()))
    return shown(changed, 3)


def existence(rng: np.random.Generator) -> str:
    """How often couples leave no stable matching, and what the first order of the couples misses."""
    rows: list[list[object]] = []
    for n, n_programs, length, n_couples, markets in (
        (7, 4, 4, 2, 100), (20, 8, 5, 4, 100), (50, 15, 6, 5, 100), (100, 25, 8, 10, 50), (5_400, 815, 15, 40, 10),
        (5_400, 815, 15, 95, 10), (5_400, 815, 15, 190, 10),
    ):  # fmt: skip
        answer: Counter[str] = Counter()
        for _ in range(markets):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", StabilityWarning)
                found = solve(short_lists(rng, n, n_programs, length, n_couples))
            answer["first"] += found.attempts[0][1] > 0
            answer[found.status] += 1
        rows.append([f"{n:,}, {n_couples}", markets, answer["first"], answer["stable"], answer["none_exists"],
                     answer["unstable"] + answer["budget"]])  # fmt: skip
    return table(
        ["applicants, couples among them", "markets", "first order missed", "stable found", "proven that none exists",
         "not known"],
        rows,
    )  # fmt: skip


def main() -> None:
    """Simulate and write the page."""
    rng = np.random.default_rng(SEED)
    drawn = " and ".join(f"{draws:,} at {m:,}" for m, draws in SIZES.items())
    text = f"""# Random markets

What theory says of random markets, and what this match does in them. The page is written by `docs/make_theory.py`
(seed {SEED}); simulated figures are means with their standard errors.

## One side longer than the other

One seat a program, complete uniform lists; markets drawn: {drawn} programs. Ranks are over matched applicants,
1 = first choice. With equal sides it matters much who proposes; one applicant more or less settles nearly everything
in favour of the short side (Pittel 1989; Ashlagi, Kanoria and Leshno 2017).

{unbalanced(rng)}

In a balanced market the proposals are at most n H_n on average: 518.7 at 100 and 7,485.5 at 1,000.

## Which side proposes, in a market like ours

5,400 applicants, 815 programs, lists of 15, seats 1.05 times the applicants, 10 markets: of 1,000 applicants,
{which_side(rng)} get another program when programs propose. Roth and Peranson (1999) report fewer than 1 in 1,000.

## One common order

All programs rank applicants in one order: the mean rank is exactly ((n + 1) / n) (H(n + 1) - 1).

{common_order(rng)}

## Large markets

Equal programs, uniform lists, independent uniform scores, seats S for each applicant, lists of length k: in the limit a
program's lowest admitted score is (1 - S)^(1/k) (Azevedo and Leshno 2016), an applicant makes S / (1 - cutoff)
proposals, and a share 1 - cutoff gets its first choice. Three markets of 50,000 or 60,000 applicants each.

{cutoffs(rng)}

## How many stable matchings

The expected number with n on each side and uniform complete lists, every market counted:

{how_many()}

## Couples

Uniform lists, couples' lists read side by side, seats 1.05 times the applicants, rule BIS. Small and dense markets with
many couples often have no stable matching. At national size a stable matching is likely when couples are few (Kojima,
Pathak and Roth 2013; Ashlagi, Braverman and Hassidim 2014), but these markets are harder than a real one: a couple's
two programs have nothing to do with each other and few seats are spare. There the procedures may find none; the table
says how often. "Not known" is a market too large for the exact search, or one on which it ran out of time.

{existence(rng)}

## References

- Ashlagi, I., Braverman, M. and Hassidim, A. (2014). Stability in large matching markets with complementarities.
  Operations Research 62, 713-732.
- Ashlagi, I., Kanoria, Y. and Leshno, J. D. (2017). Unbalanced random matching markets: the stark effect of
  competition. Journal of Political Economy 125, 69-98.
- Azevedo, E. M. and Leshno, J. D. (2016). A supply and demand framework for two-sided matching markets. Journal of
  Political Economy 124, 1235-1268.
- Kojima, F., Pathak, P. A. and Roth, A. E. (2013). Matching with couples: stability and incentives in large markets.
  Quarterly Journal of Economics 128, 1585-1632.
- Pittel, B. (1989). The average number of stable matchings. SIAM Journal on Discrete Mathematics 2, 530-549.
- Roth, A. E. and Peranson, E. (1999). The redesign of the matching market for American physicians. American Economic
  Review 89, 748-780.
"""
    PAGE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
