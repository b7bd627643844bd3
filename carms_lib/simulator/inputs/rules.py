"""Rules of the match by province: who may apply where, and which unfilled seats revert.

Belongs here: what a cohort's table of provinces says of streams, residence and reversions, as arrays. Does not belong
here: the match that obeys them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carms_lib.simulator.inputs.cohort import Cohort

__all__ = ["openings", "residence_required", "reversion_targets"]


def openings(programs: pd.DataFrame, cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Who may apply where: a bit for each class of applicants, in the first and in the second iteration."""
    stream = cohort.classes["stream"].to_numpy(object)
    bits = 1 << np.arange(len(stream))
    canadian, international, serving = (int(bits[stream == name].sum()) for name in ("CMG", "IMG", "MOTP"))
    by_stream = {"CMG": canadian, "IMG": international, "ALL": canadian | international, "MOTP": serving}
    first = programs["eligibility"].map(by_stream).to_numpy(np.uint8)
    if "admits_motp" in programs.columns:
        first = np.where(programs["admits_motp"].to_numpy(bool), first | serving, first).astype(np.uint8)
    merges = cohort.provinces["streams_merge"].reindex(programs["school_province"]).to_numpy(bool)
    civil = ~(programs["eligibility"] == "MOTP").to_numpy(bool)
    second = np.where(merges & civil, first | canadian | international, first).astype(np.uint8)
    return first, second


def residence_required(programs: pd.DataFrame, province: np.ndarray, cohort: Cohort) -> np.ndarray:
    """Where a graduate from abroad needs to live: a rule of the province, or of a stream for its own people."""
    ruled = cohort.provinces["img_residents_only"].to_numpy(bool)[province]
    residence: np.ndarray = np.where(ruled, province, -1).astype(np.int32)
    if "home_province" in programs.columns:
        number = {code: i for i, code in enumerate(cohort.provinces.index)}
        own = programs["home_province"].map(number)
        residence = np.where(own.notna(), own.fillna(-1), residence).astype(np.int32)
    return residence


def reversion_targets(programs: pd.DataFrame, reverts: np.ndarray) -> np.ndarray:
    """The IMG program that takes a CMG program's unfilled seats: same school and discipline, largest quota."""
    target = np.full(len(programs), -1, dtype=np.int32)
    takers = programs[programs["eligibility"] == "IMG"]
    best = takers.sort_values(["quota", "program_stream_id"], ascending=[False, True]).drop_duplicates(
        ["school", "discipline"]
    )
    number = dict(zip(zip(best["school"], best["discipline"], strict=True), best.index.to_numpy(), strict=True))
    for i, (school, discipline, stream) in enumerate(
        zip(programs["school"], programs["discipline"], programs["eligibility"], strict=True)
    ):
        if reverts[i] and stream == "CMG":
            target[i] = number.get((school, discipline), -1)
    return target
