"""JSON and the section table give what the Markdown pages give, but for what they lack."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from carms_lib.exceptions import CorruptSourceError, DroppedWarning, SchemaError
from carms_lib.loaders import load_release

BOTH = ("page", "section")


@pytest.fixture
def reference(small, tmp_path):
    return load_release(small.with_pages().write(tmp_path / "reference"))


@pytest.mark.parametrize("with_id", [True, False], ids=["new", "old"])
def test_json_gives_what_the_pages_give(small, tmp_path, reference, with_id):
    release = load_release(small.with_json(with_id=with_id).write(tmp_path / "x"))
    for table in BOTH:
        pd.testing.assert_frame_equal(release[table], reference[table])
    assert release.origin == "folder (JSON)"


def test_json_may_lie_in_an_archive(build, small, tmp_path, reference):
    name = "1503_markdown_program_descriptions_v2"
    packed = build.zipped({f"{name}.json": small.with_json().files[f"{name}.json"]})
    release = load_release(small.with_file(f"{name}.zip", packed).write(tmp_path / "x"))
    pd.testing.assert_frame_equal(release["page"], reference["page"])
    assert release.origin == "folder (JSON in an archive)"
    assert release.sources["file"].iloc[2] == f"{name}.zip"


def without_important_information(section):
    kept = section[section["section_key"] != "important_information"]
    return kept.drop(columns=["section_position", "heading"]).reset_index(drop=True)


def test_the_section_table_gives_what_the_pages_give_but_for_what_it_lacks(build, programs, tmp_path):
    programs = [program.with_section("important_information", "Not in the table.") for program in programs]
    programs[0] = programs[0].with_section("review_process", "Two\n\nparagraphs.")
    small = build.SmallRelease.of(*programs)
    reference = load_release(small.with_pages().write(tmp_path / "reference"))
    release = load_release(small.with_csv().write(tmp_path / "x"))
    assert release.origin == "folder (CSV)"
    pd.testing.assert_frame_equal(release["page"], reference["page"])
    pd.testing.assert_frame_equal(
        without_important_information(release["section"]), without_important_information(reference["section"])
    )
    assert "important_information" not in release["section"]["section_key"].tolist()
    assert release["section"]["heading"].isna().all()


def test_a_cell_may_repeat_its_heading_and_end_with_a_rule(build, programs, tmp_path):
    row = programs[1].csv_record(0)
    plain = row["general_instructions"]
    row["general_instructions"] = f"# Instruction generale\r\n\r\n{plain}\r\n\r\n* * *\r\n"
    row["program_name"] = f"# {row['program_name']}\r\n"
    row["summary_of_changes"] += "\n\nSource: https://pages.example.org/x\nID: 1503-102"
    small = build.SmallRelease.of(programs[1]).with_file("1503_x_section.csv", build.csv_bytes([row]))
    release = load_release(small.write(tmp_path))
    section = release["section"].set_index("section_key")
    assert section.loc["general_instructions", ["heading", "text"]].tolist() == ["Instruction generale", plain]
    assert "Source:" not in section.loc["summary_of_changes", "text"]
    assert release["page"]["title"].item() == "Université du Fleuve - Family Medicine - Rivière"


def test_the_contact_column_may_be_spelt_rightly(build, programs, tmp_path):
    row = {name.replace("program_contracts", "program_contacts"): v for name, v in programs[0].csv_record(0).items()}
    small = build.SmallRelease.of(programs[0]).with_file("1503_x_section.csv", build.csv_bytes([row]))
    section = load_release(small.write(tmp_path))["section"].set_index("section_key")
    assert pd.isna(section.loc["program_contacts", "text"])
    assert "Larkspur" not in section.to_string()


def test_markdown_comes_before_json_and_json_before_the_table(build, small, programs, tmp_path):
    everything = small.with_csv().with_json().with_json(with_id=False).with_page_archive().with_pages()
    order = [
        ("program_descriptions/", "folder (Markdown files)"),
        ("program_descriptions.zip", "folder (Markdown archive)"),
        ("1503_markdown_program_descriptions_v2.json", "folder (JSON)"),
        ("1503_markdown_program_descriptions.json", "folder (JSON)"),
        ("1503_program_descriptions_x_section.csv", "folder (CSV)"),
    ]
    for place, (name, origin) in enumerate(order):
        release = load_release(everything.write(tmp_path / str(place)))
        assert release.origin == origin
        source = release.sources["file"].iloc[2]
        assert source.startswith(name.rstrip("/"))
        for file in [file for file in everything.files if file.startswith(name)]:
            everything = everything.without(file)


def test_contacts_stop_in_every_form(small, programs, tmp_path):
    for name, release in {"json": small.with_json(), "csv": small.with_csv()}.items():
        frames = load_release(release.write(tmp_path / name)).tables.values()
        everything = "\n".join(frame.to_csv() for frame in frames)
        for detail in ("Quill", "Larkspur", "Saule", "Aulnaie", "555-01", "@", "Example Road"):
            assert detail not in everything, (name, detail)


# --- bad input -------------------------------------------------------------------------------------------------------

JSON = "1503_markdown_program_descriptions_v2.json"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"page_content": "# A', r"is no JSON \(line 1, column 19"),
        (b"", "is no JSON"),
        (b'{"page_content": "x"}', "holds a dict; expected a list"),
        (b"[1]", "entry 1 has no text 'page_content'"),
        (b'[{"page_content": "x"}, {"content": "x"}]', "entry 2 has no text 'page_content'"),
        (b'[{"page_content": null}]', "entry 1 has no text 'page_content'"),
        (b'[{"page_content": " <html><h1>A</h1>"}]', "entry 1 is HTML"),
        (b"[" * 100_000, "it is nested too deeply|is no JSON"),
        (b"[" + b"9" * 5_000 + b"]", "a number in it is too long"),
        (b'[{"page_content": "\\ud800"}]', "entry 1 holds half a character"),
        (b'[{"page_content": "x", "metadata": {"source": "\\udfff"}}]', "entry 1 holds half a character"),
        ("[{\"page_content\": \"é\"}]".encode("cp1252"), "are not UTF-8"),
    ],
)  # fmt: skip
def test_json_that_cannot_be_read(small, tmp_path, content, message):
    with pytest.raises(CorruptSourceError, match=message):
        load_release(small.with_file(JSON, content).write(tmp_path))


@pytest.mark.parametrize("record", [{}, {"id": "?"}, {"id": 5, "metadata": None}, {"metadata": {"source": 3}}])
def test_a_json_page_whose_id_cannot_be_told_is_kept(small, programs, tmp_path, record):
    records = [{"page_content": programs[0].markdown(footer=False), **record}]
    release = load_release(small.with_file(JSON, json.dumps(records).encode()).write(tmp_path))
    page = release["page"].iloc[0]
    assert page[["document_id", "program_stream_id", "source_url"]].isna().all()
    assert page["quota"] == "4"


def test_a_json_page_twice_is_two_rows(small, programs, tmp_path):
    records = [programs[0].json_record()] * 2
    release = load_release(small.with_file(JSON, json.dumps(records).encode()).write(tmp_path))
    assert release["page"]["document_id"].tolist() == ["1503-101"] * 2


def test_a_table_without_one_of_its_columns(build, small, programs, tmp_path):
    row = programs[0].csv_record(0)
    row["interview"] = row.pop("interviews")
    folder = small.with_file("1503_x_section.csv", build.csv_bytes([row])).write(tmp_path)
    with pytest.raises(SchemaError, match=r"lacks the column 'interviews' \(is 'interview' meant\?\)"):
        load_release(folder)


def test_further_columns_of_a_table_are_told_of(build, small, programs, tmp_path):
    rows = [{**program.csv_record(place), "color": "green"} for place, program in enumerate(programs)]
    folder = small.with_file("1503_x_section.csv", build.csv_bytes(rows)).write(tmp_path)
    with pytest.warns(DroppedWarning, match="1 columns are no sections of a page and are left out: color"):
        assert len(load_release(folder)["page"]) == 2


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ("empty", "there is nothing in it"),
        ("in a quoted cell", r"line \d+, cannot be read as CSV: unexpected end of data"),
        ("a cell too many in one row", r"row 2 \(it ends in line 181\) has 22 cells and the header has 21"),
        ("a cell too many in every row", "row 1 .* has 22 cells and the header has 21"),
        ("in the middle of a row", "row 2 .* has 4 cells and the header has 21"),
        ("a column twice", "column 'faq' is there 2 times"),
    ],
)
def test_a_table_that_cannot_be_read(build, small, programs, tmp_path, cut, message):
    """A cell more or less shifts what follows; a reader that pads or drops cells would lose it unseen."""
    head, row = build.csv_bytes([programs[0].csv_record(0)]).split(b"\r\n", 1)
    row = row.removesuffix(b"\r\n")
    content = {
        "empty": [],
        "in a quoted cell": [head, row[:-150]],
        "a cell too many in one row": [head, row, row + b",more"],
        "a cell too many in every row": [head, b"more," + row],
        "in the middle of a row": [head, row, b"1,1503-102,https://example.org,9"],
        "a column twice": [head + b",faq", row + b",again"],
    }[cut]
    folder = small.with_file("1503_x_section.csv", b"\r\n".join(content)).write(tmp_path)
    with pytest.raises((CorruptSourceError, SchemaError), match=message):
        load_release(folder)
