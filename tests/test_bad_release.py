"""Bad releases, from the file to gold: one clear error, or a row set aside with its reason; nothing is lost unseen.

Each case damages a sound release of 24 programs and goes the way of a user: `load_release(path)`, then `build`. What
one loader or one transform does with one bad value is tested beside it.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import carms_lib as carms
import pytest
from carms_lib.exceptions import (
    CarmsError,
    CorruptSourceError,
    DroppedWarning,
    QualityError,
    QualityWarning,
    SchemaError,
    SourceError,
    SourceNotFoundError,
    UnsafeSourceError,
)
from carms_lib.schemas import load_reference

MASTER, DISCIPLINE = "9901_program_master.xlsx", "9901_discipline.xlsx"
ZIP, ARCHIVE = "release.zip", "program_descriptions.zip"
TABLE = "9901_program_descriptions_x_section.csv"
JSON = "9901_markdown_program_descriptions_v2.json"
# What a message may tell its reader to do.
ADVICE = re.compile(
    r"[Gg]et (?:it|them|the file) again|Keep one|[Cc]orrect the source|names must be as published|Expected: "
)


def _builder() -> ModuleType:
    # pytest imports tests by path (importmode importlib), so that a helper of other tests is loaded by path too
    name = "carms_tests_loaders_builder"
    if name not in sys.modules:
        place = Path(__file__).parent / "loaders" / "builder.py"
        spec = importlib.util.spec_from_file_location(name, place)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


b = _builder()


def _programs():
    """Real schools and sites, invented pages; the last one is French."""
    known = load_reference().site[["school", "site"]]
    laval = known[known["school"] == "Université Laval"].iloc[:1]
    sites = [*known.iloc[:23].itertuples(index=False), *laval.itertuples(index=False)]
    programs = [b.Program(str(101 + n), school=s, site=t, release="9901") for n, (s, t) in enumerate(sites)]
    programs[-1] = replace(programs[-1], language="fr", stream="Groupe Régulier pour Tous")
    return tuple(programs)


PROGRAMS = _programs()
SOUND = b.SmallRelease.of(*PROGRAMS)
PAGE = "program_descriptions/9901-104.md"  # of the fourth program, at which most cases aim


def pages():
    return SOUND.with_pages()


def page(before: str, after: str):
    """The page of program 104 with a text replaced."""
    text = pages().files[PAGE].decode()
    assert before in text
    return pages().with_file(PAGE, text.replace(before, after).encode())


def program(**values):
    """Program 104, master row and page, with some values changed."""
    return b.SmallRelease.of(*PROGRAMS[:3], replace(PROGRAMS[3], **values), *PROGRAMS[4:]).with_pages()


def rows():
    return [each.master_row() for each in PROGRAMS]


def master(changed, **options):
    return pages().with_file(MASTER, b.workbook(changed, **options))


def renamed(row, before, after):
    return {after if name == before else name: value for name, value in row.items()}


def table(change: Callable[[list[list[str]]], list[list[str]]]):
    """The section table with its cells changed, header first."""
    whole = list(csv.reader(io.StringIO(SOUND.with_csv().files[TABLE].decode(), newline="")))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(change(whole))
    return SOUND.with_file(TABLE, text.getvalue().encode())


def parts(name: str, **changes: bytes):
    """A workbook with parts of it replaced or added; `sheet`, or a file name with _ for /."""
    with zipfile.ZipFile(io.BytesIO(SOUND.files[name])) as old:
        found = {part: old.read(part) for part in old.namelist()}
    new = {"xl/worksheets/sheet1.xml" if part == "sheet" else part.replace("_", "/"): c for part, c in changes.items()}
    return pages().with_file(name, b.zipped(found | new))


def bomb(name: str):
    with zipfile.ZipFile(io.BytesIO(SOUND.files[name])) as old:
        sheet = old.read("xl/worksheets/sheet1.xml")
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return parts(name, sheet=sheet.replace(b"<worksheet", laughs + b"<worksheet", 1))


def cut(name: str, share: float):
    content = pages().files[name]
    return pages().with_file(name, content[: int(len(content) * share)])


def damaged(content: bytes) -> bytes:
    """A file of which four bytes are others."""
    return content[:2000] + bytes(255 - byte for byte in content[2000:2004]) + content[2004:]


def packed(**more: bytes) -> bytes:
    return b.zipped(pages().files | more)


def account_for(release: carms.Release, layers: carms.Layers) -> None:
    """Every row that was read is in bronze, and from there kept or in quarantine with a reason."""
    for name, frame in release.tables.items():
        assert len(layers.bronze[name]) == len(frame)
    steps = layers.report.steps
    assert (steps["rows_read"] == steps["rows_kept"] + steps["rows_quarantined"]).all()
    seats = steps.dropna(subset=["seats_read"])
    assert (seats["seats_read"] == seats["seats_kept"] + seats["seats_quarantined"]).all()
    aside = layers.quarantine.groupby("table")["source_row"].nunique()
    silver = steps[steps["step"] == "silver"].set_index("table")["rows_quarantined"]
    assert aside.to_dict() == silver[silver > 0].to_dict()
    assert layers.quarantine["reason"].str.len().gt(0).all()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> carms.Layers:
    release = carms.load_release(pages().write(tmp_path_factory.mktemp("sound")))
    layers = carms.build(release)
    account_for(release, layers)
    return layers


def test_the_sound_release_is_built_without_a_word(sound):
    assert (len(sound.gold["program"]), int(sound.gold["program"]["quota"].sum())) == (24, 96)
    assert sound.quarantine.empty
    assert not sound.report.failures()


# --- files that cannot be used: one error --------------------------------------------------------------------------

FILES = {
    "no workbook": (pages().without(MASTER), SourceNotFoundError, f"has no {MASTER}"),
    "no pages": (SOUND, SourceNotFoundError, "has no pages of release 9901"),
    "a wrong folder": (replace(SOUND, files={"notes.txt": b"x"}), SourceNotFoundError, "Found: notes.txt"),
    "an empty folder": (replace(SOUND, files={}), SourceNotFoundError, "Found: nothing"),
    "a truncated archive of pages": (
        SOUND.with_file(ARCHIVE, SOUND.with_page_archive().files[ARCHIVE][:-300]),
        CorruptSourceError,
        r"program_descriptions\.zip .* cannot be read as an archive",
    ),
    "an archive of pages with a damaged entry": (
        SOUND.with_file(ARCHIVE, damaged(SOUND.with_page_archive().files[ARCHIVE])),
        CorruptSourceError,
        r"program_descriptions\.zip/program_descriptions/9901-\d+\.md cannot be read",
    ),
    "a page in Windows-1252": (
        pages().with_file(PAGE, "Médecine".encode("cp1252")),
        CorruptSourceError,
        r"1 of 24 page files are not UTF-8: program_descriptions/9901-104\.md \(byte 1\)",
    ),
    "a page in UTF-16 beside the others": (
        pages().with_file(PAGE, pages().files[PAGE].decode().encode("utf-16")),
        CorruptSourceError,
        "1 of 24 page files are not UTF-8",
    ),
    "JSON in Latin-1": (SOUND.with_file(JSON, '["é"]'.encode("latin-1")), CorruptSourceError, f"not UTF-8: {JSON}"),
    "JSON cut off": (SOUND.with_file(JSON, SOUND.with_json().files[JSON][:-90]), CorruptSourceError, "is no JSON"),
    "JSON with half a character": (
        SOUND.with_file(JSON, json.dumps([{"page_content": "\ud800"}]).encode()),
        CorruptSourceError,
        "entry 1 holds half a character",
    ),
    "JSON with an endless number": (
        SOUND.with_file(JSON, b"[" + b"9" * 5_000 + b"]"),
        CorruptSourceError,
        "a number in it is too long",
    ),
    "a table cut off in a row": (
        table(lambda cells: [*cells[:-1], cells[-1][:9]]),
        CorruptSourceError,
        "row 24 .* has 9 cells and the header has 21",
    ),
    "a table whose rows are shifted": (
        table(lambda cells: [cells[0], *[["", *row] for row in cells[1:]]]),
        CorruptSourceError,
        "row 1 .* has 22 cells and the header has 21",
    ),
}
for _book in (MASTER, DISCIPLINE):
    FILES |= {
        f"{_book} cut off": (cut(_book, 0.5), CorruptSourceError, _book),
        f"{_book} empty": (cut(_book, 0.0), CorruptSourceError, f"{_book} .0 bytes. is not an Excel workbook"),
        f"{_book} with half a sheet": (parts(_book, sheet=b"<worksheet><she"), CorruptSourceError, _book),
        f"{_book} with an XML bomb": (bomb(_book), UnsafeSourceError, f"{_book}: part .* declares .* entities"),
        f"{_book} that expands": (parts(_book, xl_big=bytes(20 << 20)), UnsafeSourceError, f"{_book}/xl/big expands"),
    }


def refused(error: type[CarmsError], message: str, way: Callable[[], object]) -> None:
    """The error is one of ours, of the kind that is due, names what is wrong, and says what to do."""
    with pytest.raises(CarmsError, match=message) as caught:
        way()
    assert type(caught.value) is error
    assert ADVICE.search(str(caught.value)), str(caught.value)


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_one_clear_error(tmp_path, case):
    release, error, message = FILES[case]
    refused(error, message, lambda: carms.load_release(release.write(tmp_path)))


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (packed()[:-300], CorruptSourceError, r"release\.zip .* cannot be read as an archive"),
        (b"", CorruptSourceError, r"release\.zip .0 bytes"),
        (packed(**{"../../evil.md": b"x"}), UnsafeSourceError, r"entry '\.\./\.\./evil\.md' climbs out of the folder"),
        (packed(**{"9901-999.md": bytes(20 << 20)}), UnsafeSourceError, r"9901-999\.md expands more than 200 times"),
        (b.zipped({}), SourceNotFoundError, "Found: nothing"),
    ],
    ids=["cut off", "empty", "climbs out", "expands without end", "nothing in it"],
)
def test_an_archive_that_cannot_be_used_is_one_clear_error(tmp_path, content, error, message):
    (tmp_path / ZIP).write_bytes(content)
    refused(error, message, lambda: carms.load_release(tmp_path / ZIP))
    assert [place.name for place in tmp_path.rglob("*")] == [ZIP]


@pytest.mark.parametrize("path", ["nowhere", "x" * 5_000, "a\0b", "~nobody-of-that-name"], ids=lambda path: path[:9])
def test_a_path_to_nothing_is_one_clear_error(path):
    refused(SourceNotFoundError, "^path=.* does not exist", lambda: carms.load_release(path))


def test_a_file_of_another_kind_is_one_clear_error(tmp_path):
    (tmp_path / "release.txt").write_text("x")
    refused(SourceError, "is neither a folder nor a zip or tar", lambda: carms.load_release(tmp_path / "release.txt"))


# --- columns: one error, or the same data --------------------------------------------------------------------------

COLUMNS = {
    "renamed in the master": (
        master([renamed(row, "school_name", "school") for row in rows()]),
        rf"{MASTER} lacks the column 'school_name' \(is 'school' meant\?\)",
    ),
    "missing in the master": (
        master([{name: value for name, value in row.items() if name != "program_site"} for row in rows()]),
        f"{MASTER} lacks the column 'program_site'",
    ),
    "more in the master": (
        master([{"seats": "9", **row} for row in rows()]),
        r"raw\.program_master breaks its contract .*\n  seats: is not part of the contract",
    ),
    "a cell beyond the header of the master": (
        master([{**row, "more": "9"} for row in rows()], header=[name or None for name in rows()[0]]),
        r"raw\.program_master breaks its contract .*\n  unnamed_12: is not part of the contract",
    ),
    "twice in the master": (
        master([{**row, "more": "x"} for row in rows()], header=[*[name or None for name in rows()[0]], "school_name"]),
        f"{MASTER}: column 'school_name' is there 2 times",
    ),
    "renamed in the disciplines": (
        pages().with_file(DISCIPLINE, b.workbook([{"discipline_id": "27", "disciplin": "Family Medicine"}])),
        rf"{DISCIPLINE} lacks the column 'discipline' \(is 'disciplin' meant\?\)",
    ),
    "missing in the table": (
        table(lambda cells: [row[:9] + row[10:] for row in cells]),
        f"{TABLE} lacks the column 'supporting_documentation_information'",
    ),
    "renamed in the table": (
        table(lambda cells: [["interview" if name == "interviews" else name for name in cells[0]], *cells[1:]]),
        rf"{TABLE} lacks the column 'interviews' \(is 'interview' meant\?\)",
    ),
    "twice in the table": (
        table(lambda cells: [[*row, row[-4]] for row in cells]),
        f"{TABLE}: column 'faq' is there 2 times",
    ),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns_that_differ_are_one_clear_error(tmp_path, case):
    release, message = COLUMNS[case]
    refused(SchemaError, message, lambda: carms.build(carms.load_release(release.write(tmp_path))))


def backwards(row):
    return dict(reversed(list(row.items())))


REORDERED = {
    "master": master([backwards(row) for row in rows()]),
    "disciplines": pages().with_file(
        DISCIPLINE, b.workbook([{"discipline": "Family Medicine", "discipline_id": "27"}])
    ),
    "without the row number": master([{name: value for name, value in row.items() if name} for row in rows()]),
}


@pytest.mark.parametrize("case", REORDERED)
def test_columns_in_another_order_give_the_same_gold(tmp_path, sound, case):
    layers = carms.build(carms.load_release(REORDERED[case].write(tmp_path)))
    for name, frame in sound.gold.items():
        assert frame.equals(layers.gold[name])


def test_columns_of_the_table_in_another_order_or_beside_others_give_the_same_gold(tmp_path):
    plain = carms.build(carms.load_release(SOUND.with_csv().write(tmp_path / "plain"))).gold["program"]
    other = table(lambda cells: [row[::-1] for row in cells])
    assert carms.build(carms.load_release(other.write(tmp_path / "other"))).gold["program"].equals(plain)
    more = table(lambda cells: [["salary", *cells[0]], *[["none", *row] for row in cells[1:]]])
    with pytest.warns(DroppedWarning, match="1 columns are no sections of a page and are left out: salary"):
        release = carms.load_release(more.write(tmp_path / "more"))
    assert carms.build(release).gold["program"].equals(plain)


# --- values: a row set aside, with its reason ----------------------------------------------------------------------

LONG = "9" * 5_000
VALUES = {
    "no quota": (program(quota=""), "page", "quota", "missing", None),
    "a quota of zero": (program(quota="0"), "page", "quota", "zero", "0"),
    "a quota below zero": (program(quota="-3"), "page", "quota", "negative", "-3"),
    "a quota in words": (program(quota="several"), "page", "quota", "not a whole number", "several"),
    "half a seat": (program(quota="4.5"), "page", "quota", "not a whole number", "4.5"),
    "an endless quota": (program(quota=LONG), "page", "quota", "too large to be a count", "9999"),
    "an unknown stream": (
        program(stream="Lunar Circle of the Moon"),
        "program_master",
        "program_stream",
        "unknown stream",
        "Lunar Circle of the Moon",
    ),
    "another stream on the page": (
        page("CMG Stream for CMG", "IMG Stream for IMG"),
        "page",
        "stream",
        "the master has 'CMG Stream for CMG'",
        "IMG Stream for IMG",
    ),
    "an unknown province": (page("Ontario", "Atlantis"), "page", "mailing_province", "unknown province", "Atlantis"),
    "an unknown school": (
        program(school="Northern University"),
        "program_master",
        "school_name",
        "unknown school",
        "Northern University",
    ),
    "an unknown band of applications": (
        program(applications_band="50 - 60"),
        "page",
        "applications_band",
        "unknown applications band; allowed: 0 - 50, 51 - 200",
        "50 - 60",
    ),
    "an unknown band of interviews": (
        program(interview_band="80 - 120"),
        "page",
        "interview_band",
        "unknown interview band; allowed: 0 - 25",
        "80 - 120",
    ),
    "a day that never was": (
        page("October 15, 2024", "February 30, 2024"),
        "page",
        "approval_date",
        "no such day",
        "February 30, 2024",
    ),
    "another year": (
        page("2025 R-1", "2026 R-1"),
        "page",
        "match_name",
        "is not the match that most pages name",
        "2026",
    ),
    "no master row": (master(rows()[:3] + rows()[4:]), "page", "program_stream_id", "has no row in the master", "104"),
    "no page": (pages().without(PAGE), "program_master", "program_stream_id", "has no page", "104"),
    "an empty page": (pages().with_file(PAGE, b""), "page", "quota", "missing", None),
    "a page of something else": (pages().with_file(PAGE, b"x" * 90_000), "page", "stream", "missing", None),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_that_cannot_be_read_sets_its_program_aside(tmp_path, sound, case):
    release, where, column, reason, value = VALUES[case]
    read = carms.load_release(release.write(tmp_path))
    with pytest.warns(QualityWarning, match=re.escape(reason)):
        layers = carms.build(read)
    account_for(read, layers)
    aside = layers.quarantine
    found = aside[(aside["table"] == where) & (aside["column"] == column)]
    assert found["key"].isin(["104", "9901-104"]).all()
    assert found["reason"].str.startswith(reason).all()
    assert found["value"].isna().all() if value is None else found["value"].str.startswith(value).all()
    assert len(found) == 1
    # only that program is gone, and nothing of it is left in part
    rest = sound.gold["program"].query("program_stream_id != '104'").reset_index(drop=True)
    assert layers.gold["program"].equals(rest)
    assert "104" not in set(layers.silver["section"]["program_stream_id"])


@pytest.mark.parametrize(
    ("release", "where", "reason", "left"),
    [
        (master([*rows(), rows()[3]]), "program_master", "repeats an earlier row", 24),
        (
            master([*rows(), {**rows()[3], "program_site": "Elsewhere"}]),
            "program_master",
            "several rows with this key contradict each other",
            23,
        ),
        (pages().with_file("again/9901-104.md", pages().files[PAGE]), "page", "repeats an earlier row", 24),
        (
            pages().with_file("again/9901-104.md", pages().files[PAGE].replace(b"Quota: 4", b"Quota: 5")),
            "page",
            "several rows with this key contradict each other",
            23,
        ),
    ],
    ids=["a row twice", "two rows that differ", "a page twice", "two pages that differ"],
)
def test_an_id_that_is_there_twice_counts_once_or_not_at_all(tmp_path, release, where, reason, left):
    read = carms.load_release(release.write(tmp_path))
    refused(QualityError, r"unique \w+ \(\w+\): 2 of 25 .*104", lambda: carms.build(read))  # 8 % of the rows
    with pytest.warns(QualityWarning, match=reason):
        layers = carms.build(read, max_set_aside=0.1)
    account_for(read, layers)
    aside = layers.quarantine
    keys = aside.loc[(aside["table"] == where) & (aside["reason"] == reason), "key"]
    assert keys.str.endswith("104").all()
    assert len(keys) >= 1
    assert len(layers.gold["program"]) == left


def test_a_discipline_that_is_there_twice_under_other_names(tmp_path):
    twice = [{"discipline_id": "27", "discipline": "Family Medicine"}, {"discipline_id": "27", "discipline": "Surgery"}]
    read = carms.load_release(pages().with_file(DISCIPLINE, b.workbook(twice)).write(tmp_path))
    refused(QualityError, r"unique discipline_id \(discipline\): 2 of 2 .*; 27", lambda: carms.build(read))


def test_a_section_that_nobody_knows_is_set_aside_alone(tmp_path, sound):
    read = carms.load_release(page("# Interviews", "# Salary").write(tmp_path))
    with pytest.warns(QualityWarning, match=r"known headings \(section\): 1 differences.*new: Salary \(1 pages\)"):
        layers = carms.build(read)
    account_for(read, layers)
    (row,) = layers.quarantine.to_dict("records")
    assert (row["table"], row["column"], row["value"]) == ("section", "section_key", "Salary")
    assert row["reason"].startswith("unknown section")
    assert len(layers.gold["program"]) == 24
    assert len(layers.silver["section"]) == len(sound.silver["section"]) - 1


def test_a_site_that_nobody_reviewed_is_told(tmp_path):
    read = carms.load_release(program(site="Atlantis").write(tmp_path))
    with pytest.warns(QualityWarning, match="site is reviewed.*Atlantis"):
        layers = carms.build(read)
    reason = layers.silver["site"].query("site == 'Atlantis'")["site_province_reason"].item()
    assert "not reviewed" in reason


@pytest.mark.parametrize("case", ["no rows in the master", "no rows in the table", "no entries in the JSON"])
def test_a_table_without_rows_is_no_release_of_nothing(tmp_path, case):
    release = {
        "no rows in the master": master([], header=[name or None for name in rows()[0]]),
        "no rows in the table": table(lambda cells: cells[:1]),
        "no entries in the JSON": SOUND.with_file(JSON, b"[]"),
    }[case]
    refused(QualityError, "24 of 24", lambda: carms.build(carms.load_release(release.write(tmp_path))))


FORMS = {
    "Markdown archive": b.SmallRelease.with_page_archive,
    "JSON": b.SmallRelease.with_json,
    "CSV": b.SmallRelease.with_csv,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_bad_quota_is_set_aside_whatever_the_form(tmp_path, form):
    bad = FORMS[form](b.SmallRelease.of(*PROGRAMS[:3], replace(PROGRAMS[3], quota="several"), *PROGRAMS[4:]))
    read = carms.load_release(bad.write(tmp_path))
    with pytest.warns(QualityWarning, match="not a whole number"):
        layers = carms.build(read)
    account_for(read, layers)
    assert layers.quarantine.query("column == 'quota'")["value"].tolist() == ["several"]
    assert len(layers.gold["program"]) == 23
