"""Bronze to silver: conformed dimensions and facts, and the rows that must stay behind.

Belongs here: the order of the work and the pairing of master rows with pages. Does not belong here: reading a
value (`values`), reading a table's columns (`_silver_tables`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from carms_lib.schemas import Reference, load_reference
from carms_lib.transforms import _silver_tables as shape
from carms_lib.transforms._layer import Layer, Screening, held, provenance_of, step_row, steps_frame
from carms_lib.transforms.values import Names

__all__ = ["to_silver"]


def to_silver(bronze: Mapping[str, pd.DataFrame], *, reference: Reference | None = None) -> Layer:
    """Read every value, conform every name, and part the rows that cannot be read.

    Parameters
    ----------
    bronze : mapping of str to DataFrame
        What `to_bronze` returned.
    reference : Reference, optional
        The reviewed reference data; by default that which ships with the library.

    Returns
    -------
    Layer
        Dimensions "release", "province", "discipline", "school", "stream", "site"; facts "program", "band",
        "section", "interview_date", "exam". Its `quarantine` has one row per reason for each row that was set
        aside; its `steps` count rows and seats read, kept and set aside per bronze table.

    Raises
    ------
    SchemaError
        If a table breaks its contract.
    ArgumentError, UnknownNameError
        If another layer is given, or a table is not there.

    Notes
    -----
    A program is a master row and its page; both pass or neither does. A row with one value that cannot be read is
    set aside whole, so that no program enters the match with a guessed attribute. Every row read is kept or in
    quarantine. The order of the rows read changes nothing.

    The three provinces are kept apart: of the school (reference), of the site (reference, reviewed site by site)
    and of the mailing address (the page).
    """
    provenance = provenance_of(bronze)
    bronze = held(bronze, "bronze")
    reference = reference or load_reference()
    names = Names.of(reference)
    discipline = Screening(bronze["discipline"], step="silver", table="discipline", key="discipline_id")
    master = Screening(
        _corrected(bronze["program_master"], reference.correction),
        step="silver",
        table="program_master",
        key="program_stream_id",
    )
    page = Screening(bronze["page"], step="silver", table="page", key="document_id")
    section = Screening(bronze["section"], step="silver", table="section", key="document_id")

    disciplines = shape.read_disciplines(discipline)
    programs = shape.read_master(master, disciplines, names)
    pages = shape.read_pages(page, names)
    _compare(master, programs, page, pages)
    _pair(master, page)
    sections = shape.read_sections(section, page)

    program = shape.program_table(programs[master.passing], pages[page.passing])
    site = shape.site_table(program, reference)
    school = shape.school_table(program, reference)
    stream = shape.stream_table(program, reference)
    tables = {
        "release": shape.release_table(pages[page.passing]),
        "province": shape.province_table(
            reference,
            school["school_province"],
            site["site_province"],
            program["mailing_province"],
            stream["home_province"],
        ),
        "discipline": shape.discipline_table(disciplines, reference),
        "school": school,
        "stream": stream,
        "site": site,
        "program": program,
        "band": shape.band_table(pages[page.passing]),
        "section": shape.section_table(sections[section.passing]),
        "interview_date": shape.listed_table(pages[page.passing], "interview_date"),
        "exam": shape.listed_table(pages[page.passing], "exam"),
    }
    screenings = (discipline, master, page, section)
    quarantine = pd.concat([screening.quarantine for screening in screenings], ignore_index=True)
    steps = _steps(screenings, pages["quota"])
    return Layer("silver", tables, quarantine=quarantine, steps=steps, provenance=provenance)


def _corrected(master: pd.DataFrame, correction: pd.DataFrame) -> pd.DataFrame:
    """Put right the published values that review found wrong, each only while it stands as it was noted."""
    master = master.copy()
    for release_id, program, column, published, corrected in correction.drop(columns="reason").to_numpy():
        of_program = (master["release_id"] == release_id) & (master["program_stream_id"] == program)
        master[column] = master[column].mask(of_program & (master[column] == published), corrected)
    return master


def _compare(master: Screening, programs: pd.DataFrame, page: Screening, pages: pd.DataFrame) -> None:
    """Set aside pages whose stream is not that of their master row."""
    known = programs.loc[master.passing, ["program_stream_id", "stream"]].set_index("program_stream_id")["stream"]
    theirs = pages["program_stream_id"].map(known)
    differs = theirs.notna() & pages["stream"].notna() & (theirs != pages["stream"])
    page.fail(differs, "stream", "the master has " + theirs.astype("string").map("{!r}".format))


def _pair(master: Screening, page: Screening) -> None:
    """Keep a master row and its page together: both pass or neither does."""
    key = "program_stream_id"
    both = set(master.kept[key]) & set(page.kept[key])
    for one, other, what in ((master, page, "page"), (page, master, "row in the master")):
        lonely = one.passing & ~one.frame[key].isin(both)
        known = one.frame[key].isin(other.frame[key])
        one.fail(lonely & ~known, key, f"has no {what}")
        one.fail(lonely & known, key, f"its {what} was set aside")


def _steps(screenings: tuple[Screening, ...], quota: pd.Series[int]) -> pd.DataFrame:
    rows = []
    for screening in screenings:
        seats = None
        if screening.table == "page":
            read, kept = int(quota.sum()), int(quota[screening.passing].sum())
            seats = (read, kept, read - kept)
        rows.append(
            step_row("silver", screening.table, len(screening.frame), len(screening.kept), screening.n_failed, seats)
        )
    return steps_frame(rows)
