"""The bundled facts: small, free of prose and persons, and the same facts as the published files."""

from __future__ import annotations

import csv
import io
import re
from importlib.resources import files
from importlib.util import find_spec
from types import ModuleType

import pandas as pd
import pytest
from carms_lib.schemas import CONTACT, contracts
from carms_lib.transforms import Layers

FOLDER = files("carms_lib").joinpath("data", "release_1503")
FACTS = ("discipline.csv", "program_master.csv", "page.csv", "section.csv", "sources.csv")
REVIEWED = ("expected.csv", "README.md")


def content(name: str) -> bytes:
    return FOLDER.joinpath(name).read_bytes()


@pytest.fixture(scope="module")
def make_release_bundle(docs_script) -> ModuleType:
    return docs_script("make_release_bundle")


@pytest.fixture(scope="session")
def layers(bundled_layers: Layers) -> Layers:
    return bundled_layers


# --- the files -------------------------------------------------------------------------------------------


def test_the_folder_holds_these_files_and_no_other():
    assert sorted(place.name for place in FOLDER.iterdir()) == sorted(FACTS + REVIEWED)


@pytest.mark.parametrize("name", FACTS + REVIEWED)
def test_each_file_is_small_plain_and_without_a_person(name):
    assert len(content(name)) < 2**20
    assert b"\r" not in content(name)
    text = content(name).decode("utf-8")
    assert text.endswith("\n")
    found = CONTACT.search(re.sub(r"[0-9a-f]{64}", "", text))
    assert found is None


@pytest.mark.parametrize("name", FACTS)
def test_each_table_has_columns_of_its_raw_contract_only(name, make_release_bundle):
    table = name.removesuffix(".csv")
    header = next(csv.reader(io.StringIO(content(name).decode("utf-8"))))
    if table == "sources":
        assert header == ["file", "role", "sha256", "n_bytes"]
    else:
        left_out = make_release_bundle.LEFT_OUT.get(table, [])
        assert header == [name for name in contracts()["raw"][table].columns if name not in left_out]


def test_no_prose_is_carried():
    section = pd.read_csv(FOLDER.joinpath("section.csv"), dtype="str", keep_default_na=False)
    assert set(section["text"]) == {"", "n/a"}
    page = pd.read_csv(FOLDER.joinpath("page.csv"), dtype="str", keep_default_na=False)
    assert not {name for name in page.columns if name.endswith("_note")}
    listed = page.drop(columns=["interview_dates", "exams"])
    assert listed.map(len).max(axis=None) < 120  # names and numbers; the longest is a title
    assert page["interview_dates"].str.fullmatch(r"(?:[\w, ]{9,20}(?:; )?)*").all()


def test_the_card_tells_the_rows():
    card = content("README.md").decode("utf-8")
    for name in (*FACTS, "expected.csv"):
        (told,) = re.findall(rf"\| `{name}` \|.*\| ([\d,]+) \|", card)
        rows = list(csv.reader(io.StringIO(content(name).decode("utf-8"))))
        assert len(rows) - 1 == int(told.replace(",", "")), name


# --- what is built of it ---------------------------------------------------------------------------------


def test_the_bundle_builds_without_a_warning(layers):
    assert layers.quarantine.empty
    assert not layers.report.failures()
    assert len(layers.gold["program"]) == 815


@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_no_contact_detail_is_in_any_built_table(layers, layer):
    for name, frame in layers[layer].items():
        assert CONTACT.search(frame.to_csv(index=False)) is None, name


def test_lineage_leads_to_the_published_files(layers):
    page = layers.bronze["page"]
    assert set(page["source_file"]) == {"program_descriptions.zip"}
    assert page["source_sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert set(layers.bronze["program_master"]["source_file"]) == {"1503_program_master.xlsx"}


def test_dummy_sections_are_present_and_not_filled(layers):
    section = layers.silver["section"]
    silent = section[~section["is_filled"]].groupby("section_key").size()
    assert silent["return_of_service"] == 34
    assert silent["summary_of_changes"] == 564
    assert silent.sum() < 620


# --- the same as the published files ---------------------------------------------------------------------


def as_bytes(frame: pd.DataFrame) -> dict[str, bytes]:
    forms = {"csv": frame.to_csv(index=False, lineterminator="\n").encode("utf-8")}
    if find_spec("pyarrow"):
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        forms["parquet"] = buffer.getvalue()
    return forms


@pytest.mark.release
def test_the_published_files_give_the_same_gold_byte_for_byte(layers, published_layers):
    for table, frame in published_layers.gold.items():
        pd.testing.assert_frame_equal(frame, layers.gold[table], check_exact=True)
        assert as_bytes(frame) == as_bytes(layers.gold[table])


@pytest.mark.release
def test_the_published_files_give_the_same_silver_and_lineage(layers, published_layers):
    for table, frame in published_layers.silver.items():
        pd.testing.assert_frame_equal(frame, layers.silver[table], check_exact=True)
    lineage = ["release_id", "source_file", "source_row", "source_sha256"]
    for table, frame in published_layers.bronze.items():
        pd.testing.assert_frame_equal(frame[lineage], layers.bronze[table][lineage])


@pytest.mark.release
def test_the_script_reproduces_the_bundle_byte_for_byte(published, make_release_bundle):
    made = make_release_bundle.bundle_files(published)
    assert sorted(made) == sorted(FACTS)
    for name, written in made.items():
        assert written == content(name), f"{name}: run python docs/make_release_bundle.py"


@pytest.mark.release
def test_the_script_writes_the_bundle_where_it_is_told(
    published, release_dir, tmp_path, monkeypatch, make_release_bundle
):
    monkeypatch.setattr(make_release_bundle, "load_release", lambda path: published)
    make_release_bundle.main([str(release_dir), "--out", str(tmp_path)])
    for name in FACTS:
        assert tmp_path.joinpath("release_1503", name).read_bytes() == content(name)
