"""Reviewed reference data: what is known of schools, sites, streams, disciplines and spellings.

Belongs here: reading the CSV files of ``carms_lib/data/reference`` into one record. Does not belong here: the
knowledge itself; it stands in those files, each row with its reason, and is changed by review, not by code.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

from carms_lib.schemas._model import TEXT

__all__ = ["Reference", "load_reference"]

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Reference:
    """The reviewed tables that turn what is printed into what is meant.

    Parameters
    ----------
    province : DataFrame
        One row per province or territory: province, province_name, province_name_fr, jurisdiction_kind.
    discipline : DataFrame
        One row per discipline: discipline, discipline_fr (missing where no French page prints one).
    school : DataFrame
        One row per school: school, school_short, school_fr, school_province.
    site : DataFrame
        One row per school and site: school, site, site_province, reason; where the site is (community, site_class,
        coordinates, population, distance_km, distributed_campus) and the source of that.
    stream : DataFrame
        One row per stream: stream, eligibility, the rules as truth values, home_province, eligibility_rule.
    spelling : DataFrame
        One row per other spelling of a canonical value: field, spelling, canonical, note.
    correction : DataFrame
        One row per published value known to be wrong: release_id, program_stream_id, column, published,
        corrected, reason. It applies only while the published value stands as noted.
    """

    province: pd.DataFrame
    discipline: pd.DataFrame
    school: pd.DataFrame
    site: pd.DataFrame
    stream: pd.DataFrame
    spelling: pd.DataFrame
    correction: pd.DataFrame


@cache
def load_reference() -> Reference:
    """Return the reviewed reference data that ships with the library, read once.

    Returns
    -------
    Reference
    """
    folder = files("carms_lib").joinpath("data", "reference")
    tables = {}
    for name in Reference.__dataclass_fields__:
        text = folder.joinpath(f"{name}.csv").read_text(encoding="utf-8")
        tables[name] = pd.read_csv(io.StringIO(text), dtype=TEXT, keep_default_na=False, na_values=[""])
    stream = tables["stream"]
    for name in stream.columns:
        if stream[name].isin(list(_TRUTH)).all():
            stream[name] = stream[name].map(_TRUTH).astype(bool)
    return Reference(**tables)
