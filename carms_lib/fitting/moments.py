"""Moments: what a simulated match and the published tables both say.

Belongs here: the same named quantities from a simulated block of draws and from the tables, and how far a number may
be off before it says anything. Does not belong here: which parameters are moved to meet them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carms_lib.fitting.markets import PROVINCE
from carms_lib.fitting.published import Published
from carms_lib.kernels.jit import kernel
from carms_lib.simulator import Market
from carms_lib.simulator.draw.block import BlockInputs, BlockResult
from carms_lib.simulator.draw.rank_lists import begin_block, write_wish_lists
from carms_lib.simulator.draw.settings import shifted
from carms_lib.simulator.draw.workspace import Space, new_space
from carms_lib.simulator.inputs.tables import Tables

__all__ = ["GROUPS", "discrepancy", "published_moments", "simulated_moments", "simulated_tables"]

#: Groups of disciplines whose rates are stable enough to be targets.
GROUPS = {
    "Family Medicine": ["Family Medicine"],
    "Internal Medicine": ["Internal Medicine"],
    "Pediatrics": ["Pediatrics"],
    "Psychiatry": ["Psychiatry"],
    "Anesthesiology": ["Anesthesiology"],
    "Emergency Medicine": ["Emergency Medicine"],
    "General Surgery": ["General Surgery"],
    "Obstetrics": ["Obstetrics and Gynecology"],
    "Radiology": ["Diagnostic Radiology"],
    "Skin, plastic, eye": ["Dermatology", "Plastic Surgery", "Ophthalmology"],
    "Other surgery": [
        "Cardiac Surgery",
        "Neurosurgery",
        "Orthopedic Surgery",
        "Otolaryngology - Head and Neck Surgery",
        "Urology",
        "Vascular Surgery",
    ],
}
_CANADIAN = ("cmg_current", "cmg_prior")
_PROVINCES = ("AB", "BC", "MB", "NL", "NS", "ON", "QC", "SK")


def simulated_tables(market: Market, result: BlockResult) -> dict[str, Any]:
    """Return counts of a block of draws, averaged over its draws: what the published tables count.

    Parameters
    ----------
    market : Market
    result : BlockResult
        Of one block of draws.

    Returns
    -------
    dict
        Counts by class, seats left by program after each iteration, mobility between schools, and first choices by
        discipline: wanted, matched to it, unmatched.
    """
    programs, applicants = market.programs, market.applicants
    names = list(dict.fromkeys(programs["discipline"]))
    schools = list(market.cohort.schools.index)
    discipline = market.tables.program_discipline
    at_school = market.tables.program_school
    cls = applicants["applicant_class"].to_numpy(object)
    home = pd.Index(schools).get_indexer(pd.Index(applicants["graduation_school"].to_numpy(object)))
    draws = len(result.wished)
    out: dict[str, Any] = {"names": names, "schools": schools}
    counted: dict[str, dict[str, float]] = {}
    canadian = np.isin(cls, _CANADIAN)
    entered = result.wished >= 0
    for name in market.cohort.classes.index:
        of = cls == name
        counted[str(name)] = {
            "participants": entered[:, of].sum() / draws,
            "matched": (result.first[:, of] >= 0).sum() / draws,
            "final": (result.final[:, of] >= 0).sum() / draws,
        }
    out["classes"] = counted
    seats = result.quota.mean(axis=0)
    for label, match in (("first", result.first), ("final", result.final)):
        held = np.bincount(match[match >= 0].astype(np.int64), minlength=len(programs)) / draws
        out[f"left_{label}"] = seats - held
    first, ranked = result.first[:, canadian], result.ranked[:, canadian]
    school = np.broadcast_to(home[canadian], first.shape)
    matched = first >= 0
    out["to_first_program"] = float((matched & (first == ranked)).sum() / max(matched.sum(), 1))
    pairs = school[matched] * len(schools) + at_school[first[matched]]
    moves = np.bincount(pairs[at_school[first[matched]] >= 0], minlength=len(schools) ** 2)
    out["mobility"] = pd.DataFrame(moves.reshape(len(schools), -1) / draws, index=schools, columns=schools)
    chose = ranked >= 0
    wanted = discipline[ranked[chose]]
    went = np.where(first[chose] >= 0, discipline[np.maximum(first[chose], 0)], -1)
    k = len(names)
    out["wanted"] = pd.Series(np.bincount(wanted, minlength=k) / draws, index=names)
    out["own"] = pd.Series(np.bincount(wanted[went == wanted], minlength=k) / draws, index=names)
    out["unmatched"] = pd.Series(np.bincount(wanted[went < 0], minlength=k) / draws, index=names)
    wished = result.wished[:, canadian]
    out["wished"] = pd.Series(np.bincount(discipline[wished[wished >= 0]], minlength=k) / draws, index=names)
    return out


def simulated_moments(market: Market, inputs: BlockInputs, result: BlockResult, entropy: int, block: int) -> pd.Series:
    """Return every moment of a block of draws.

    Parameters
    ----------
    market : Market
    inputs : BlockInputs
        The setting that the block was simulated with.
    result : BlockResult
    entropy, block : int
        Of the block; its wish lists are generated again to count their lengths.

    Returns
    -------
    pandas.Series
        float64, indexed by the name of the moment.
    """
    tables = simulated_tables(market, result)
    programs = market.programs
    province = programs["school_province"].to_numpy(object)
    family = (programs["discipline"] == "Family Medicine").to_numpy()
    img = (programs["eligibility"] == "IMG").to_numpy()
    of = tables["classes"]
    out = _from_counts(
        classes=of,
        mobility=tables["mobility"],
        wanted=tables["wanted"],
        own=tables["own"],
        unmatched=tables["unmatched"],
    )
    out["first program"] = tables["to_first_program"]
    left, after = tables["left_first"], tables["left_final"]
    for code in _PROVINCES:
        out[f"FM left {code}"] = float(left[family & (province == code)].sum())
    out["other left"] = float(left[~family & ~img].sum())
    out["IMG left"] = float(left[img].sum())
    out["filled second"] = float(left.sum() - after.sum())
    out["left after"] = float(after.sum())
    out["FM left after QC"] = float(after[family & (province == "QC")].sum())
    out["FM left after"] = float(after[family].sum())
    canadian = [of[name] for name in _CANADIAN]
    out["CMG matched second"] = sum(c["final"] - c["matched"] for c in canadian)
    out["IMG matched second"] = of["img"]["final"] - of["img"]["matched"]
    out["IMG matched"] = of["img"]["final"]
    out["CMG matched"] = sum(c["final"] for c in canadian)
    out |= _list_lengths(market, inputs, entropy, block)
    return pd.Series(out)


def published_moments(published: Published, year: int) -> pd.Series:
    """Return every moment that the tables of 2016 or 2017 give.

    Parameters
    ----------
    published : Published
    year : int

    Returns
    -------
    pandas.Series
        float64, with the index of `simulated_moments`.
    """
    classes: dict[str, dict[str, float]] = {}
    for name, population in (
        ("cmg_current", "CMG_current_year"),
        ("cmg_prior", "CMG_prior_year"),
        ("usmg", "USMG"),
        ("img", "IMG"),
    ):
        frame = published.geography
        rows = frame[
            (frame["year"] == year)
            & (frame["population"] == population)
            & frame["note"].str.contains("Table 2:", na=False)
            & (frame["place"] != "TOTAL")
        ]
        classes[name] = {m: float(rows.loc[rows["measure"] == m, "value"].sum()) for m in ("participants", "matched")}
    wanted = published.by_discipline(year, "CMG", "first_choice_applicants")
    out = _from_counts(
        classes=classes,
        mobility=published.mobility(year),
        wanted=wanted,
        own=published.by_discipline(year, "CMG", "matched_as_discipline_choice_1"),
        unmatched=published.by_discipline(year, "CMG", "first_choice_unmatched"),
    )
    choice = published.by_school(year, "15", "CMG", "program_matched_to_choice_1").sum()
    out["first program"] = choice / published.mobility(year).to_numpy().sum()
    left = published.school_by_discipline(year, "48", "all_streams", "positions_unfilled")
    after = published.school_by_discipline(year, "55", "all_streams", "positions_unfilled", "second")
    at = pd.Series(PROVINCE)
    for code in _PROVINCES:
        out[f"FM left {code}"] = float(left.loc[at.index[at == code], "Family Medicine"].sum())
    img_left = published.by_discipline(year, "IMG_stream_dedicated", "quota_vacant").sum()
    family_img = published.by_discipline(year, "IMG_stream_dedicated", "quota_vacant").get("Family Medicine", 0.0)
    out["other left"] = float(left.to_numpy().sum() - left["Family Medicine"].sum() - (img_left - family_img))
    out["IMG left"] = float(img_left)
    second = {m: published.number(year, "all_streams", f"positions_{m}", "second") for m in ("filled", "unfilled")}
    out["filled second"], out["left after"] = second["filled"], second["unfilled"]
    quebec = at.index[at == "QC"]
    out["FM left after QC"] = float(after.reindex(quebec)["Family Medicine"].sum())
    out["FM left after"] = float(after["Family Medicine"].sum())
    out["CMG matched second"] = published.number(year, "CMG", "matched", "second")
    out["IMG matched second"] = published.number(year, "IMG", "matched", "second")
    out["IMG matched"] = published.number(year, "IMG", "matched", "final")
    out["CMG matched"] = published.number(year, "CMG", "matched", "final")
    for group in ("CMG", "IMG"):
        for what in ("programs", "disciplines"):
            measure = f"avg_{what}_applied_per_applicant"
            out[f"{group} {what}"] = published.number(year, group, measure)
    return pd.Series(out)


def discrepancy(moments: pd.Series) -> pd.Series:
    """Return how far the model may miss a moment for reasons of its own, as a standard deviation.

    Parameters
    ----------
    moments : pandas.Series
        As `published_moments` returns them.

    Returns
    -------
    pandas.Series
        With the index of `moments`.

    Notes
    -----
    No model of this size is right to the last person, and a fit that believed so would be too sure of its parameters
    (Kennedy and O'Hagan 2001). Shares may be off by 0.02, rates of one school or discipline by 0.04 around a half and
    by less near 0 and 1, counts of seats by a tenth and three, lengths of lists by a twentieth, and how many match in
    all by half a hundredth.
    """
    out = {}
    for name, value in moments.items():
        text = str(name)
        if text.endswith(("programs", "disciplines")):
            out[name] = 0.05 * value
        elif text.startswith(("stay", "near", "came", "own", "alternate")):
            out[name] = max(0.08 * np.sqrt(value * (1.0 - value)), 0.01)
        elif text == "matched cmg_current":
            out[name] = 0.01
        elif value <= 1.0 and not text.startswith(("FM left", "other", "IMG left", "left", "filled")):
            out[name] = 0.02
        elif text in {"IMG matched", "CMG matched"}:
            out[name] = 0.005 * value
        else:
            out[name] = 3.0 + 0.1 * value
    return pd.Series(out)


def _from_counts(
    classes: dict[str, dict[str, float]],
    mobility: pd.DataFrame,
    wanted: pd.Series,
    own: pd.Series,
    unmatched: pd.Series,
) -> dict[str, float]:
    out: dict[str, float] = {}
    for name in ("cmg_current", "cmg_prior", "usmg", "img"):
        out[f"matched {name}"] = classes[name]["matched"] / max(classes[name]["participants"], 1.0)
    province = pd.Series(PROVINCE)
    moves = mobility.reindex(index=province.index, columns=province.index).fillna(0.0)
    table = moves.to_numpy()
    total = np.maximum(table.sum(axis=1), 1.0)
    for i, school in enumerate(province.index):
        out[f"stay {school}"] = table[i, i] / total[i]
    code = province.to_numpy(object)
    same = code[:, None] == code[None, :]
    for name in ("AB", "ON", "QC"):
        at = code == name
        out[f"near {name}"] = (table * same)[at].sum() / max(table[at].sum(), 1.0)
    for name in _PROVINCES:
        at = code == name
        out[f"came {name}"] = table[~at][:, at].sum() / max(table[:, at].sum(), 1.0)
    for group, members in GROUPS.items():
        many = max(float(wanted.reindex(members).sum()), 1.0)
        mine, none = float(own.reindex(members).sum()), float(unmatched.reindex(members).sum())
        out[f"own {group}"] = mine / many
        out[f"alternate {group}"] = max(many - mine - none, 0.0) / many
    matched = max(float(wanted.sum() - unmatched.sum()), 1.0)
    out["first discipline"] = float(own.sum()) / matched
    return out


@kernel
def _write_wishes(
    entropy: np.uint64, block: int, theta: np.ndarray, sizes: np.ndarray, tables: Tables, space: Space
) -> None:
    """Write the wish lists of draw 0."""
    begin_block(entropy, block, theta, tables, space)
    write_wish_lists(entropy, 0, theta, sizes, tables, space)


def _list_lengths(market: Market, inputs: BlockInputs, entropy: int, block: int) -> dict[str, float]:
    """Mean numbers of programs and disciplines on the wish lists of one draw."""
    tables = shifted(market, inputs.shift)
    n, space = market.n_applicants, new_space(tables)
    key, theta = np.uint64(entropy), np.ascontiguousarray(inputs.theta, dtype=np.float64)
    with np.errstate(over="ignore"):
        _write_wishes(key, block, theta, np.ascontiguousarray(inputs.sizes, dtype=np.float64), tables, space)
    ptr, program = space.lists.ptr, space.lists.idx
    length = np.diff(ptr)
    of = tables.program_discipline[program[: ptr[-1]]]
    start = np.r_[True, of[1:] != of[:-1]]
    start[ptr[:-1][length > 0]] = True
    disciplines = np.bincount(np.repeat(np.arange(n), length), weights=start, minlength=n)
    cls = market.applicants["applicant_class"].to_numpy(object)
    out = {}
    for group, members in (("CMG", np.isin(cls, _CANADIAN)), ("IMG", cls == "img")):
        who = members & (length > 0)
        out[f"{group} programs"] = float(length[who].mean()) if who.any() else 0.0
        out[f"{group} disciplines"] = float(disciplines[who].mean()) if who.any() else 0.0
    return out
