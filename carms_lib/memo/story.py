"""What a memo says, in words made from findings.

Belongs here: every sentence. Does not belong here: a number that is typed rather than computed, or how a page looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from carms_lib.memo.blocks import Answer, Block, Figure, Heading, Items, Paragraph, Preformatted, TableBlock
from carms_lib.memo.findings import CAUSES, INNER, LARGE, OUTER, Findings, ScenarioChange, published_backtest
from carms_lib.memo.numbers import NO_BREAK, Row, change, count, lowest_and_highest, rows_of, share, tenths, with_band
from carms_lib.simulator import INPUT_GROUPS

if TYPE_CHECKING:
    import pandas as pd

    from carms_lib.provenance import Provenance
    from carms_lib.simulator import Cohort

__all__ = ["TITLE", "group_in_words", "inputs_in_words", "past_forecasts", "subtitle", "tell"]

TITLE = "Where is the pressure, and what would more seats do?"


def subtitle(findings: Findings) -> str:
    """Return the line under the title: for whom, and of which match."""
    return (
        f"Decision memo for planners of residency positions · {findings.cycle} R-1 main residency match, first "
        f"iteration, release {findings.release_id}"
    )


def tell(findings: Findings, cohort: Cohort, provenance: Provenance, warnings: list[str]) -> list[Block]:
    """Return the memo as blocks.

    Parameters
    ----------
    findings : Findings
    cohort : Cohort
        Whose assumptions are counted.
    provenance : Provenance
        Printed at the end.
    warnings : list of str
        What the library warned of on the way; said among what is not known.

    Returns
    -------
    list of Block
    """
    return [
        *_question(findings),
        *_pressure(findings),
        *_comparison(findings, cohort),  # how far to trust it stands before what it advises
        *past_forecasts(published_backtest()),
        *_scenarios(findings),
        *_seats(findings),
        *_limits(findings, cohort, warnings),
        *_method(findings, cohort, provenance),
        Heading("Provenance"),
        Preformatted(provenance.summary()),
    ]


def _question(findings: Findings) -> Iterator[Block]:
    yield Heading("The question")
    asked = " and ".join(f"“{item.scenario}”" for item in findings.changes)
    yield Paragraph(
        f"The release lists {count(findings.programs)} programs with {count(findings.seats)} seats. Given these "
        "seats, where are applicants most likely to lose their first choice"
        + (f", and what would {asked} change for the country?" if asked else "?")
    )
    yield Heading("The answer")
    effects = (_effect(item) for item in findings.changes[:1])
    yield Answer((_country(findings), _most_pressed(findings), *effects, *_record(published_backtest())))
    yield Paragraph(
        f"In brackets: the {share(OUTER)} band of what may happen next time, with chance and uncertain assumptions "
        "both in it.",
        quiet=True,
    )


def _country(findings: Findings) -> str:
    national = findings.national
    filled, unfilled = national["filled"], national["unfilled"]
    seats = round(filled["estimate"]) + round(unfilled["estimate"])  # the sum of what is beside it
    return (
        f"Of {count(seats)} seats, {with_band(filled)} are filled after both iterations and {with_band(unfilled)} stay "
        f"empty; after the first iteration alone, {with_band(national['unfilled_first_iteration'])} are."
    )


def _most_pressed(findings: Findings) -> str:
    most, least = findings.most_pressed, findings.least_pressed
    return (
        f"Among the {len(findings.large)} disciplines with {LARGE} seats or more, pressure on {findings.canadian} is "
        f"highest in **{most.row['discipline']}**, where {with_band(most.row, share)} of those whose first choice lies "
        f"there end elsewhere, and lowest in **{least.row['discipline']}**, where {with_band(least.row, share)} do. In "
        f"the next match they take these places with a probability of {share(most.probability)} and "
        f"{share(least.probability)}."
    )


def _effect(item: ScenarioChange) -> str:
    return (
        f"“{item.scenario}” changes the number of seats by {with_band(item.seats, change)}, of applicants matched "
        f"by {with_band(item.matched, change)}, and of seats left empty by {with_band(item.unfilled, change)}, both "
        "after two iterations."
    )


def _record(backtest: pd.DataFrame | None) -> Iterator[str]:
    """Say how forecasts of past years did; nothing where no back-test is bundled."""
    if backtest is None:
        return
    inside, of, nearer = _held(rows_of(backtest))
    yield (
        f"Forecasts of past years held {count(inside)} of {count(of)} published figures in their {share(OUTER)} band; "
        f"for {count(len(backtest) - len(nearer))} of {count(len(backtest))} groups of figures, last year’s figure was "
        "nearer."
    )


def _held(rows: list[Row]) -> tuple[int, int, list[Row]]:
    """Return how many bands held, of how many, and the groups of figures where the model was nearer."""
    inside, of = (sum(row[name] for row in rows) for name in ("inside", "of"))
    return inside, of, [row for row in rows if row["model_error"] < row["naive_error"]]


def _pressure(findings: Findings) -> Iterator[Block]:
    yield Heading("Where the pressure is")
    yield Paragraph(
        "**Pressure** is the probability that an applicant whose first choice lies in a cell ends outside it: "
        "matched to another cell, or not at all. First choice means what an applicant wants before interviews. "
        "Canadian and international graduates compete for different seats in most provinces, so their pressure is "
        "shown apart."
    )
    lowest, highest = lowest_and_highest(findings.provinces)
    yield Figure(
        "pressure-by-province",
        f"Pressure on {findings.canadian} by province of training. A cell is a whole province here, so moving between "
        "disciplines within a province does not count.",
        f"Tile map of pressure by province of training. Highest: {_spoken(highest, _place(findings))}; lowest: "
        f"{_spoken(lowest, _place(findings))}.",
    )
    if len(findings.trained):
        yield Figure(
            "seats-by-community",
            "Seats by community of training; its legend gives the classes of communities.",
            "Map of Canada with a mark for each community where residents train, its area the seats.",
        )
    lowest, highest = lowest_and_highest(findings.disciplines.loc[findings.disciplines["level"] == OUTER])
    yield Figure(
        "pressure-by-discipline",
        f"Pressure on {findings.canadian} by discipline: estimate, {share(INNER)} and {share(OUTER)} band. "
        f"{_selection(findings)}",
        f"Forest plot of pressure by discipline. Highest: {_spoken(highest, 'discipline')}; lowest: "
        f"{_spoken(lowest, 'discipline')}.",
    )
    if len(findings.abroad):
        lowest, highest = lowest_and_highest(findings.abroad.loc[findings.abroad["level"] == OUTER])
        yield Figure(
            "pressure-international",
            f"Pressure on {findings.international} by discipline: estimate, {share(INNER)} and {share(OUTER)} band. "
            "Which province they want first is an assumption of the cohort.",
            f"Forest plot of pressure on {findings.international} by discipline. Highest: "
            f"{_spoken(highest, 'discipline')}; lowest: {_spoken(lowest, 'discipline')}.",
        )
    yield from _reasons(findings)
    yield Figure(
        "pressure-heat-map",
        f"Pressure on {findings.canadian} by discipline and province of the school. "
        f"{_selection(findings)} The bar in a cell is its "
        f"{share(OUTER)} band: where it spans most of the cell, the number is too uncertain to plan with.",
        f"Heat map of pressure for {len(findings.large)} disciplines in "
        f"{findings.heat['province'].nunique()} provinces, with a band in each cell.",
        wide=True,
    )


_STREAMS = {"CMG": "Canadian graduates", "IMG": "international graduates", "ALL": "both", "MOTP": "military training"}


def _reasons(findings: Findings) -> Iterator[Block]:
    """Say why first choices are lost, by the stream of the seat."""
    rows = {(row["eligibility"], row["metric"]): row for row in rows_of(findings.causes)}
    streams = [name for name in _STREAMS if (name, "pressure") in rows]
    if not streams:
        return
    yield Paragraph(
        "**Why first choices are lost.** Pressure has three parts that add up to it. **Funnel**: no interview, or not "
        "ranked, so that another program heads the rank-order list. **Scarcity**: more applicants head their list with "
        "the cell than it has seats. **Competition**: all others, whose seats go to somebody else."
    )
    yield TableBlock(
        ("Seats open to", "Pressure", "Funnel", "Scarcity", "Competition"),
        tuple((_STREAMS[stream], *(with_band(rows[stream, metric], share) for metric in CAUSES)) for stream in streams),
    )


def _place(findings: Findings) -> str:
    """Return the group key of the map."""
    return "site_province" if "site_province" in findings.provinces else "province"


def _selection(findings: Findings) -> str:
    return (
        f"Shown are the {len(findings.large)} disciplines with {LARGE} seats or more; the others hold "
        f"{count(findings.small_seats)} of {count(findings.seats)} seats."
    )


def _spoken(row: Row, key: str) -> str:
    return f"{row[key]}, {share(row['estimate'])} ({share(row['lower'])} to {share(row['upper'])})"


def _scenarios(findings: Findings) -> Iterator[Block]:
    if not findings.changes:
        return
    yield Heading("What more seats would do")
    yield Paragraph(
        "Baseline and scenario are simulated on the same draws: the same applicants with the same wishes and the "
        "same luck. The differences below are taken draw by draw, so they are far more certain than two separate "
        "forecasts."
    )
    yield TableBlock(
        ("Option, after both iterations", "Seats", "Matched applicants", "Empty seats"),
        tuple(
            (item.scenario, *(with_band(row, change) for row in (item.seats, item.matched, item.unfilled)))
            for item in findings.changes
        ),
    )
    moved = [item for item in findings.changes if item.seat_value is not None and item.newly_matched is not None]
    if moved:
        yield TableBlock(
            ("One more seat there, first iteration", "Applicants better off", "Of them, newly matched"),
            tuple(
                (item.scenario, *(with_band(row, tenths) for row in (item.seat_value, item.newly_matched) if row))
                for item in moved
            ),
        )
        yield Paragraph(
            "What one more seat does for the whole country where the option changes seats, followed through the first "
            "iteration as explained below. The second iteration is not in it, so that it does not add up to the table "
            "above.",
            quiet=True,
        )
    for number, item in enumerate(findings.changes, start=1):
        lowest, highest = lowest_and_highest(findings.shifts.query("scenario == @item.scenario and level == @OUTER"))
        yield Figure(
            f"scenario-{number}",
            f"Seats filled under “{item.scenario}”, against the baseline, by province of the school. Seats that are "
            "added in one place draw applicants from others.",
            f"Changes in seats filled. Largest increase: {highest['province']}, "
            f"{change(highest['estimate'])}; largest decrease: {lowest['province']}, "
            f"{change(lowest['estimate'])}.",
        )


def _seats(findings: Findings) -> Iterator[Block]:
    value, matched, taken = (findings.seat[name] for name in ("seat_value", "newly_matched", "seat_taken"))
    outer = findings.disciplines.loc[findings.disciplines["level"] == OUTER]
    pressure = {row["discipline"]: row for row in rows_of(outer)}
    yield Heading("Where one more seat does most")
    yield Paragraph(
        "A new seat is worth more than the person who takes it: whoever moves into it leaves another seat, which "
        "somebody else moves into, until the chain ends. The **value** of a seat is how many applicants in the whole "
        "country get a place that they want more. It is followed exactly, seat by seat, through the first iteration."
    )
    yield TableBlock(
        (
            "One more seat in",
            "Applicants better off",
            "Of them, newly matched",
            "The seat is taken",
            "Seats today",
            f"Pressure on {findings.canadian}",
        ),
        (
            (
                "**anywhere, in proportion to today’s seats**",
                with_band(value, tenths),
                with_band(matched, tenths),
                share(taken["estimate"]),
                count(findings.seats),
                "",
            ),
            *(
                (
                    row["discipline"],
                    with_band(row, tenths),
                    with_band(row["newly_matched"], tenths),
                    share(row["seat_taken"]["estimate"]),
                    count(row["seats"]),
                    with_band(pressure[row["discipline"]], share),
                )
                for row in findings.seat_places
            ),
        ),
    )
    yield Paragraph(
        f"Shown are the {len(findings.seat_places)} of {len(findings.large)} larger disciplines with the highest "
        f"estimates, over {count(value['n_draws'])} draws. {_order(findings)} Taken: the chance that the seat moves "
        "anybody up in the first iteration.",
        quiet=True,
    )


def _order(findings: Findings) -> str:
    lowest_top = min(row["upper"] for row in findings.seat_places)
    highest_bottom = max(row["lower"] for row in findings.seat_places)
    if highest_bottom < lowest_top:
        return "Their bands all overlap: the order among them is not settled."
    return "Not all of their bands overlap: between those that do, the order is not settled."


def _comparison(findings: Findings, cohort: Cohort) -> Iterator[Block]:
    if findings.comparison is None:
        return
    figures = rows_of(findings.comparison)
    inside = sum(figure["inside"] for figure in figures)
    worst = max(figures, key=lambda figure: abs(figure["estimate"] - figure["value"]))
    yield Heading(f"Beside the published outcome of {findings.cycle}")
    yield Paragraph(
        f"Of {len(figures)} published figures, {inside} lie inside the simulated {share(OUTER)} band and "
        f"{len(figures) - inside} outside it. The widest gap: “{worst['label'].removeprefix('… ')}”, published "
        f"{count(worst['value'])}, simulated {with_band(worst)}. {_fitted(cohort)} uncertain inputs were set with "
        "published outcomes in view, so agreement here shows that the model can be brought near them, not that it "
        "would have foretold them."
    )
    yield TableBlock(
        ("Figure", "Published", f"Simulated ({share(OUTER)} band)", "Gap", "In the band"),
        tuple(
            (
                figure["label"] + (" †" if figure["note"] else ""),
                count(figure["value"]),
                with_band(figure),
                change(figure["estimate"] - figure["value"]),
                "yes" if figure["inside"] else "**no**",
            )
            for figure in figures
        ),
    )
    notes = [f"† {figure['label'].removeprefix('… ')}: {figure['note']}." for figure in figures if figure["note"]]
    sources = ", ".join(sorted({figure["source"].split("/")[2].removeprefix("www.") for figure in figures}))
    yield Paragraph(" ".join([*notes, f"Published by {sources}."]), quiet=True)


def past_forecasts(backtest: pd.DataFrame | None) -> Iterator[Block]:
    """Return the section on forecasts of past years; nothing where no back-test is bundled."""
    if backtest is None:
        return
    rows = rows_of(backtest)
    inside, of, better = _held(rows)
    others = ", and not for the others" if len(better) < len(rows) else ""
    yield Heading("How its forecasts of past years did")
    yield Paragraph(
        f"Fitted to earlier years only, the model forecast figures that it had not seen. {count(inside)} of "
        f"{count(of)} bands ({share(inside / of)}) held what was published later; {share(OUTER)} is the aim. Its "
        "error was smaller than that of simply repeating last year’s figure for "
        f"{count(len(better))} of {count(len(rows))} groups of figures{others}.{_worst(rows)}"
    )
    yield TableBlock(
        ("Forecast", "In the band", "Error of the model", "Of last year’s figure", "Better"),
        tuple(
            (
                f"{row['figures']}, {row['forecast']}",
                f"{row['inside']} of {row['of']}",
                *(f"{row[error]}{row['unit'] and NO_BREAK + row['unit']}" for error in ("model_error", "naive_error")),
                "yes" if row in better else "**no**",
            )
            for row in rows
        ),
    )
    yield Paragraph(
        "Error: the mean distance between forecast and published figure, in seats, applicants or shares.", quiet=True
    )


def _worst(rows: list[Row]) -> str:
    """Say what it did worst at; nothing where it was at least as good everywhere."""
    worst = max(rows, key=lambda row: row["model_error"] / row["naive_error"])
    if worst["model_error"] <= worst["naive_error"]:
        return ""
    years = str(worst["forecast"]).partition(" ")[0]
    return (
        f" It did worst at “{worst['figures']}” of {years}, with an error "
        f"**{tenths(worst['model_error'] / worst['naive_error'])} times** as large."
    )


def _fitted(cohort: Cohort) -> int:
    return int(cohort.parameters["fitted"].astype(bool).sum())


def _limits(findings: Findings, cohort: Cohort, warnings: list[str]) -> Iterator[Block]:
    total, fitted = len(cohort.parameters), _fitted(cohort)
    national, error, assumed = (kind["unfilled"] for kind in (findings.national, findings.error, findings.assumed))
    yield Heading("What we do not know")
    unknown = {
        "Who applies, and what they want": "The release holds no applicant and no rank-order list; both are modelled. "
        f"{total} inputs are uncertain and drawn from ranges; {total - fitted} of them are taken from publications or "
        f"assumed, {fitted} were set so that the model comes near published outcomes.",
        "Which assumption matters": f"The assumptions alone move the number of empty seats: {with_band(assumed)}, with "
        f"chance held aside. {inputs_in_words(findings)}",
        "How many seats there will be": "Quotas are approximate until rank-order lists close: the release has "
        f"{count(findings.seats)}, the model draws {with_band(findings.national['seats'])}.",
        "Whoever decides late": "Couples are matched together in the first iteration, and one by one in the second. "
        "Places that are given after the second iteration are not modelled.",
        "What chance will do": f"In one year, {count(national['lower'])} to {count(national['upper'])} seats may stay "
        f"empty. Their average is pinned down to {with_band(error)}; more draws would sharpen the average, not the "
        "year.",
        "Any one person’s chance": "The memo describes programs and classes of applicants. It forecasts nobody’s "
        "result.",
    }
    said = [f"**{what}.** {why}" for what, why in unknown.items()]
    said += [f"**A warning of the library.** {text}" for text in warnings]
    yield Items(tuple(said))


def inputs_in_words(findings: Findings) -> str:
    """Return the sentence on the inputs that go with the spread."""
    if not findings.goes_with:
        return "There are too few draws to say which of them it goes with."
    words = "; ".join(f"{group_in_words(row['input'])}, {with_band(row, share)}" for row in findings.goes_with)
    if len(findings.goes_with) == 1:
        return f"The largest share of that spread goes with {words}. Better figures for it would narrow it most."
    return f"The largest share goes with one of these groups, which the draws cannot tell apart: {words}."


def group_in_words(name: str) -> str:
    """Return what a group of inputs holds, in words."""
    return INPUT_GROUPS[name].meaning


def _method(findings: Findings, cohort: Cohort, provenance: Provenance) -> Iterator[Block]:
    classes = cohort.classes
    people = ", ".join(f"{count(size)} {name}" for name, size in zip(classes["name"], classes["size"], strict=True))
    yield Heading("Method")
    yield Paragraph(
        f"**Data.** The published pages of release {findings.release_id} become tables in three steps, with checks "
        f"between them; {count(findings.quarantined)} rows were quarantined with a reason. The tables and the "
        "bands behind this memo are in the file carms.db beside it."
    )
    yield Paragraph(
        f"**Applicants.** The cohort “{cohort.name}” lays out {people}. Each draws a first discipline and programs "
        "within it, weighs home, language and size, and writes a list; some rank other disciplines behind the first."
    )
    yield Paragraph(
        "**Programs.** Each sees merit, fit and nearness with noise, interviews the share of its applicants that its "
        "page states, and ranks only those it interviewed. Who may apply where follows the published streams."
    )
    yield Paragraph(
        "**Match.** Applicants propose; the result is stable: no applicant and program would both rather have each "
        "other. Couples list pairs of programs and are matched together; where no stable result exists, the one that "
        "the fewest would undo is kept. A second iteration offers what is left to those left."
    )
    yield Paragraph(
        f"**Draws.** All this is repeated {count(provenance.settings['n_draws'])} times; "
        f"{count(provenance.settings['draws_per_input'])} draws share one setting of the uncertain inputs. Every "
        "random number is a function of the entropy below, so the same release, versions and entropy give this memo "
        "again, to the byte."
    )
