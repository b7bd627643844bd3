"""The record of a release, and the bundle."""

from __future__ import annotations

import dataclasses
import gzip

import pandas as pd
import pytest
from carms_lib.exceptions import CorruptSourceError, SchemaError, UnknownNameError
from carms_lib.loaders import (
    Release,
    _release_reader,
    load_release,
)  # private: a bundle of ours takes the shipped one's place
from carms_lib.provenance import sha256_bytes
from carms_lib.schemas import contracts

COLUMNS = {name: tuple(promise.columns) for name, promise in contracts()["raw"].items()}


@pytest.fixture
def release(small, tmp_path) -> Release:
    return load_release(small.with_pages().write(tmp_path / "x"))


def test_tables_are_named(release):
    assert list(release.tables) == ["discipline", "program_master", "page", "section"]
    assert release["page"] is release.tables["page"]
    assert {name: tuple(frame) for name, frame in release.tables.items()} == COLUMNS
    with pytest.raises(UnknownNameError, match=r"table='pages' is unknown\. Did you mean 'page'\?"):
        release["pages"]


def test_it_is_frozen(release):
    with pytest.raises(dataclasses.FrozenInstanceError):
        release.origin = "elsewhere"


def test_sources_hold_every_file_with_its_hash(small, release):
    sources = release.sources.set_index("role")
    assert list(sources.index) == ["discipline", "program_master", "pages"]
    for role in ("discipline", "program_master"):
        content = small.files[f"1503_{role}.xlsx"]
        assert sources.loc[role, ["file", "sha256", "n_bytes"]].tolist() == [
            f"1503_{role}.xlsx",
            sha256_bytes(content),
            len(content),
        ]
    assert sources.loc["pages", "file"] == "program_descriptions (2 files)"
    assert sources.loc["pages", "n_bytes"] == sum(len(program.page_bytes()) for program in small.programs)
    assert release.sources["n_bytes"].dtype == "int64"


def test_the_hash_of_many_files_changes_with_each(small, programs, release, tmp_path):
    changed = small.with_pages().with_file("program_descriptions/1503-102.md", programs[1].page_bytes() + b" ")
    other = load_release(changed.write(tmp_path / "y"))
    assert other.sources["sha256"].iloc[2] != release.sources["sha256"].iloc[2]
    again = load_release(small.with_pages("elsewhere/").write(tmp_path / "z"))
    assert again.sources["sha256"].iloc[2] == release.sources["sha256"].iloc[2]


def test_provenance_names_release_and_files(release):
    provenance = release.provenance
    assert provenance.release_id == "1503"
    assert provenance.sources == dict(zip(release.sources["file"], release.sources["sha256"], strict=True))
    assert provenance.versions["pandas"] == pd.__version__


def test_what_it_shows_of_itself(release, tmp_path):
    assert repr(release) == (
        "Release('1503', origin='folder (Markdown files)', "
        "rows={discipline: 1, program_master: 2, page: 2, section: 16})"
    )
    summary = release.summary()
    for line in (
        "release    1503",
        "origin     folder (Markdown files)",
        "2 rows x 11 columns",
        "1503_discipline.xlsx",
    ):
        assert line in summary
    assert str(tmp_path) not in summary + repr(release)


def test_reading_twice_gives_the_same(small, tmp_path):
    folder = small.with_pages().write(tmp_path)
    one, two = load_release(folder), load_release(folder)
    for name in one.tables:
        pd.testing.assert_frame_equal(one[name], two[name])
    pd.testing.assert_frame_equal(one.sources, two.sources)


# --- the bundle ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bundle(release, tmp_path, monkeypatch):
    """A bundle of the small release, as the bundle's script writes it: facts only."""
    folder = tmp_path / "data" / "release_1503"
    folder.mkdir(parents=True)
    facts = {
        "discipline": release["discipline"],
        "program_master": release["program_master"],
        "page": release["page"].drop(columns=["applications_note", "interview_note", "quota_note"]),
        "section": release["section"].drop(columns="text"),
        "sources": release.sources,
    }
    for name, frame in facts.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    monkeypatch.setattr(_release_reader, "_data", lambda: tmp_path / "data")
    return folder


def test_without_a_path_the_bundle_is_read(bundle, release):
    facts = load_release()
    assert facts.origin == "bundle"
    assert facts.release_id == "1503"
    assert tuple(facts["page"]) == COLUMNS["page"]
    assert tuple(facts["section"]) == COLUMNS["section"]
    assert tuple(facts["program_master"]) == COLUMNS["program_master"]
    pd.testing.assert_frame_equal(facts.sources, release.sources)
    pd.testing.assert_frame_equal(facts["section"].drop(columns="text"), release["section"].drop(columns="text"))
    assert facts["section"]["text"].isna().all()
    notes = ["applications_note", "interview_note", "quota_note"]
    assert facts["page"][notes].isna().all(axis=None)
    pd.testing.assert_frame_equal(facts["page"].drop(columns=notes), release["page"].drop(columns=notes))
    for frame in facts.tables.values():
        assert len(set(frame.dtypes)) == 1


def test_the_bundle_may_be_compressed(bundle, release):
    for file in list(bundle.glob("*.csv")):
        (bundle / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
        file.unlink()
    pd.testing.assert_frame_equal(load_release()["program_master"], release["program_master"])


def test_text_that_looks_like_a_missing_value_is_text(bundle):
    file = bundle / "discipline.csv"
    file.write_text('discipline_id,discipline\n1,NA\n2,"None, ""really"""\n3,\n', encoding="utf-8")
    frame = load_release()["discipline"]
    assert frame["discipline"].tolist()[:2] == ["NA", 'None, "really"']
    assert frame["discipline"].isna().tolist() == [False, False, True]


def test_an_unknown_release(bundle):
    with pytest.raises(UnknownNameError, match=r"release_id='1502' is unknown\. Did you mean '1503'\?"):
        load_release(release_id="1502")


def test_a_bundle_without_one_of_its_files(bundle):
    (bundle / "section.csv").unlink()
    with pytest.raises(CorruptSourceError, match=r"bundled section\.csv of release_1503 is not there"):
        load_release()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\x1f\x8b broken"])
def test_a_bundle_with_a_damaged_file(bundle, content):
    (bundle / "page.csv").unlink()
    (bundle / "page.csv.gz").write_bytes(content)
    with pytest.raises(CorruptSourceError, match=r"bundled page\.csv\.gz of release_1503 is damaged"):
        load_release()


def test_a_bundle_whose_record_of_files_is_not_whole(bundle):
    (bundle / "sources.csv").write_text("file,role\nx,pages\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"sources\.csv lacks the columns 'sha256', 'n_bytes'"):
        load_release()


def test_what_ships_with_the_library_is_read():
    release = load_release()
    assert release.release_id == "1503"
    assert {name: len(frame) for name, frame in release.tables.items()} == {
        "discipline": 37,
        "program_master": 815,
        "page": 815,
        "section": 9_824,
    }
    assert release["page"]["quota"].astype(int).sum() == 3_942
    notes = ["quota_note", "applications_note", "interview_note", "criteria_weights"]
    assert release["page"][notes].isna().all(axis=None)
    assert set(release["section"]["text"].dropna()) <= {"n/a"}  # whether a section says anything, and no prose
