"""Full text, on what each engine brings: both languages, ranked, without contact details."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.schemas import TEXT

KEY = "program_stream_id"
TEXTS = {
    ("10001", "review_process"): "Rural rotations. Rural clinics, rural hospitals: everything here is rural.",
    ("10002", "review_process"): "One rotation of four weeks may be rural; the others are in the city's hospitals.",
    ("10003", "selection_criteria"): "Elective in palliative care. Write to a.person@example.org or call 416-555-0123.",
    ("10004", "review_process"): "Le comité étudie chaque dossier. Le cœur de l’enseignement est l’hôpital de jour.",
    ("10004", "selection_criteria"): "Stages en région éloignée; médecine rurale.",
    ("10005", "review_process"): "The committee reads every file; applicants are interviewed.",
}
COLUMNS = [KEY, "discipline", "school", "site", "stream", "section_key", "language", "score", "snippet"]


def with_texts(layers, texts):
    """Put texts in the place of those that were invented; sections without one have none, as in the bundle."""
    section = layers.bronze["section"].copy()
    key = section["document_id"].str.rpartition("-")[2]
    section["text"] = pd.Series([texts.get(pair) for pair in zip(key, section["section_key"], strict=True)], dtype=TEXT)
    return type(layers)({**layers.bronze, "section": section}, layers.silver)


@pytest.fixture(scope="module")
def told(shared, invented):
    """Eighteen programs, six texts; program 10004 has a French page."""
    shared.write(with_texts(invented.invent(18), TEXTS))
    return shared


def found(frame):
    return list(zip(frame[KEY], frame["section_key"], strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("palliative", {("10003", "selection_criteria")}),
        ("PALLIATIVE", {("10003", "selection_criteria")}),
        ("palliative rural", set()),  # both words, in one text
        ("rotation hospital", {("10001", "review_process"), ("10002", "review_process")}),  # by their stems
        ('"rural clinics"', {("10001", "review_process")}),
        ('"hospitals rural"', set()),
        ("hopital", {("10004", "review_process")}),
        ("HÔPITAL", {("10004", "review_process")}),
        ("coeur", {("10004", "review_process")}),
        ("cœur", {("10004", "review_process")}),
        ("region eloignee", {("10004", "selection_criteria")}),
        ("zanzibar", set()),
    ],
)
def test_words_are_found_whatever_their_case_accents_and_endings(told, text, expected):
    frame = told.search(text)
    assert {pair for pair in found(frame) if pair[1] != "facts"} == expected
    assert frame.columns.tolist() == COLUMNS


def test_facts_are_found_in_both_languages(told):
    for text in ("psychiatry ontario", "psychiatrie ontario"):
        frame = told.search(text)
        assert set(frame["section_key"]) <= {"facts"}
    in_english, in_french = told.search("british columbia"), told.search("colombie-britannique")
    assert found(in_english) == found(in_french) != []
    assert set(in_english["language"]) == {"either"}


def test_the_best_come_first_with_a_score_that_falls(told):
    frame = told.search("rural")
    english = [key for key, section in found(frame) if section == "review_process"]
    assert english == ["10001", "10002"]
    assert frame["score"].is_monotonic_decreasing
    assert len(told.search("rural", limit=1)) == 1
    pd.testing.assert_frame_equal(told.search("rural", limit=1), frame.head(1))


def test_one_language_only(told):
    assert {key for key, _ in found(told.search("rural", language="en"))} == {"10001", "10002"}
    french = told.search("rurale", language="fr")
    assert [pair for pair in found(french) if pair[1] != "facts"] == [("10004", "selection_criteria")]
    assert found(told.search("committee", language="fr")) == []
    with pytest.raises(exceptions.UnknownNameError, match="language='french'"):
        told.search("rural", language="french")


def test_a_snippet_shows_the_word_on_one_line(told):
    (snippet,) = told.search("weeks")["snippet"]
    assert "four weeks" in snippet
    assert len(snippet) <= 162
    assert "\n" not in snippet
    (snippet,) = told.search("eloignee")["snippet"]
    assert "région éloignée" in snippet


def test_no_contact_detail_is_kept_or_found(told):
    (snippet,) = told.search("palliative")["snippet"]
    assert snippet.count("[contact]") == 2
    for text in ("example.org", "416-555-0123", "a.person"):
        assert told.search(text).empty


def test_programs_can_be_filtered_by_their_texts(told):
    assert told.programs(text="palliative").frame[KEY].tolist() == ["10003"]
    assert told.programs(text="rural hospital").frame[KEY].tolist() == ["10001", "10002"]
    page = told.programs(text="rural", limit=1)
    assert page.frame[KEY].tolist() == ["10001"]
    assert told.programs(text="rural", after=page.next_key).frame[KEY].iloc[0] == "10002"
    assert told.programs(text="zanzibar").frame.empty


@pytest.mark.parametrize("text", ["", "  ", "…", '""', "&|!():*", None, 7])
def test_a_search_without_a_word_is_refused(told, text):
    with pytest.raises(exceptions.ArgumentError, match="text="):
        told.search(text)


@pytest.mark.parametrize(
    "text", ['rural" OR "x', "rural*", "rural AND NOT", "rural & !clinics", "NEAR(rural)", "content:rural", "rural:A"]
)
def test_operators_of_the_engines_are_only_words(told, text):
    """None of these raises, and none finds more than its plain words would."""
    plain = told.search("rural")
    assert set(found(told.search(text))) <= set(found(plain))


def test_limit_is_capped(told):
    for limit in (0, 1_001, True, "5"):
        with pytest.raises(exceptions.ArgumentError, match="limit="):
            told.search("rural", limit=limit)


def test_a_release_without_texts_is_searched_by_its_facts_only(empty, invented):
    layers = invented.invent(9)
    empty.write(layers)
    assert set(empty.search("university")["section_key"]) == {"facts"}
    # the published pages come later: nothing changes but that there is more to find
    report = empty.write(with_texts(layers, TEXTS))
    assert report.n_unchanged == 9
    assert found(empty.search("palliative")) == [("10003", "selection_criteria")]
    # and the bundle again: what is kept stays
    empty.write(layers)
    assert found(empty.search("palliative")) == [("10003", "selection_criteria")]


def test_a_text_follows_the_version_that_is_valid(empty, invented):
    layers = invented.invent(9)
    empty.write(with_texts(layers, TEXTS))
    corrected = {**TEXTS, ("10003", "selection_criteria"): "Elective in geriatrics."}
    empty.write(with_texts(layers, corrected))
    assert found(empty.search("palliative")) == []
    assert found(empty.search("geriatrics")) == [("10003", "selection_criteria")]
    empty.write(with_texts(invented.drop(layers, "10003"), corrected))
    assert found(empty.search("geriatrics")) == []
    empty.write(with_texts(invented.edit(layers, "program", {KEY: "10003"}, quota=99), corrected))
    assert found(empty.search("geriatrics")) == [("10003", "selection_criteria")]


def test_each_release_is_searched_by_itself(empty, invented):
    empty.write(with_texts(invented.invent(9), TEXTS))
    empty.write(invented.invent(9, release_id="9002", cycle=2032))
    assert empty.search("palliative").empty
    assert len(empty.search("palliative", release="9001")) == 1
    with pytest.raises(exceptions.UnknownNameError, match="release='9003'"):
        empty.search("palliative", release="9003")


def test_a_warehouse_without_a_release_finds_nothing(empty):
    frame = empty.search("rural")
    assert frame.empty
    assert frame.columns.tolist() == COLUMNS


@pytest.mark.release
def test_published_pages_are_searched_in_both_languages(empty, thirty_bronze, bundled_layers):
    read = thirty_bronze
    assert read["section"]["text"].notna().sum() > 300
    layers = SimpleNamespace(bronze={**bundled_layers.bronze, "section": read["section"]}, silver=bundled_layers.silver)
    empty.write(layers)
    english, french = empty.search("research", language="en"), empty.search("recherche", language="fr")
    for frame, language in ((english, "en"), (french, "fr")):
        assert language in set(frame["language"]) <= {language, "either"}
        assert frame["score"].is_monotonic_decreasing
        assert "@" not in "".join(frame["snippet"])
    assert empty.search('"a phrase that no page holds at all"').empty


@pytest.fixture(scope="session")
def thirty_bronze(release_dir, tmp_path_factory):
    """Bronze of the published workbooks with thirty of the pages, English and French."""
    import carms_lib as carms

    folder = tmp_path_factory.mktemp("published") / "1503"
    (folder / "program_descriptions").mkdir(parents=True)
    for workbook in release_dir.glob("*.xlsx"):
        shutil.copy(workbook, folder)
    with zipfile.ZipFile(release_dir / "program_descriptions.zip") as archive:
        pages = sorted(name for name in archive.namelist() if name.endswith(".md"))
        for name in pages[::27][:30]:
            (folder / "program_descriptions" / Path(name).name).write_bytes(archive.read(name))
    return carms.to_bronze(carms.load_release(folder))
