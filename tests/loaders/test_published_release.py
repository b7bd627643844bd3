"""Release 1503 as published: every count that is known of it, and no contact detail.

The numbers were measured on the published files with other code than the library's.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import unicodedata
import zipfile

import pandas as pd
import pytest
from carms_lib.loaders import load_release
from carms_lib.loaders.json_and_csv import pages_from_json
from carms_lib.loaders.pages import take_apart
from carms_lib.loaders.sections import split_page

pytestmark = pytest.mark.release


@pytest.fixture(scope="module")
def pages(release_dir) -> dict[str, str]:
    """document_id -> the page as published, read without the library."""
    with zipfile.ZipFile(release_dir / "program_descriptions.zip") as archive:
        return {
            name.rpartition("/")[2][:-3]: archive.read(name).decode("utf-8").replace("\r\n", "\n")
            for name in sorted(archive.namelist())
        }


def counts(series: pd.Series) -> dict[str, int]:
    return series.value_counts().to_dict()


def test_tables_and_keys(published):
    assert {name: len(frame) for name, frame in published.tables.items()} == {
        "discipline": 37,
        "program_master": 815,
        "page": 815,
        "section": 9_824,
    }
    page, master = published["page"], published["program_master"]
    assert page["document_id"].is_unique
    assert set(page["program_stream_id"]) == set(master["program_stream_id"])
    assert page["document_id"].eq("1503-" + page["program_stream_id"]).all()
    assert master.notna().all(axis=None)
    assert master["school_id"].nunique() == 398
    assert master["school_name"].nunique() == 18
    assert master["program_site"].nunique() == 199
    assert master["program_stream"].nunique() == 14
    assert page["source_url"].str.contains(r"/1503/\d{5}\?").all()


def test_languages(published):
    page = published["page"]
    assert counts(page["page_language"]) == {"en": 696, "fr": 119}
    assert counts(page["application_language"]) == {
        "English": 666,
        "Français": 115,
        "Either English or French": 30,
        "Soit en anglais, soit en français": 4,
    }
    assert counts(page["match_name"]) == {
        "2025 R-1 Main Residency Match - first iteration": 696,
        "Jumelage principal R-1 de 2025 - premier tour": 119,
    }


def test_quotas(published):
    page = published["page"]
    quota = page["quota"].astype(int)
    assert (quota.sum(), quota.min(), quota.max(), quota.median()) == (3_942, 1, 127, 2)
    inventory = page.assign(quota=quota, note=page["quota_note"].fillna("")).groupby(["page_language", "note"])["quota"]
    assert inventory.agg(["size", "sum"]).apply(tuple, axis=1).to_dict() == {
        ("en", ""): (645, 2_899),
        ("en", "click here"): (51, 214),
        ("fr", ""): (115, 808),
        ("fr", "cliquez ici"): (4, 21),
    }
    joined = page.merge(published["program_master"], on="program_stream_id")
    family = joined["discipline_name"].eq("Family Medicine")
    assert (family.sum(), joined.loc[family, "quota"].astype(int).sum()) == (265, 1_821)


STREAMS = {
    "CMG Stream for CMG": (412, 2_092),
    "Regular Stream including MOTP/MMTP for All": (49, 541),
    "IMG Stream for IMG": (185, 459),
    "Regular Stream for All": (89, 443),
    "CMG Stream including MOTP/MMTP for CMG": (39, 340),
    "Competitive RoS Stream for All": (13, 20),
    "MOTP-MMTP for MOTP/MMTP": (5, 13),
    "Competitive Stream for All": (8, 10),
    "Nova Scotian IMG Stream for IMG": (5, 10),
    "RGP Stream for CMG": (3, 5),
    "Regular RoS Stream for All": (4, 4),
    "CMG RoS Stream for CMG": (1, 2),
    "Indigenous stream for CMG": (1, 2),
    "New Brunswicker IMG Stream for IMG": (1, 1),
}


def test_seats_by_stream(published):
    joined = published["program_master"].merge(published["page"], on="program_stream_id")
    seats = joined.assign(quota=joined["quota"].astype(int)).groupby("program_stream")["quota"].agg(["size", "sum"])
    assert seats.apply(tuple, axis=1).to_dict() == STREAMS


def test_bands(published):
    page = published["page"]
    table = pd.crosstab(page["applications_band"], page["interview_band"])
    rows = ["0 - 50", "51 - 200", "201 - 400", "401 - 600", "601 +"]
    columns = ["0 - 25", "26 - 50", "51 - 75", "76 - 100"]
    assert table.loc[rows, columns].to_numpy().tolist() == [
        [21, 33, 64, 91],
        [57, 110, 85, 27],
        [14, 9, 23, 42],
        [9, 9, 11, 58],
        [64, 20, 15, 53],
    ]
    assert table.to_numpy().sum() == 815


def test_the_two_pages_that_quote_their_own_labels(published):
    page = published["page"].set_index("document_id")
    assert page.loc["1503-26260", ["applications_band", "interview_band"]].tolist() == ["601 +", "0 - 25"]
    assert page.loc["1503-26368", ["applications_band", "interview_band"]].tolist() == ["0 - 50", "0 - 25"]


HEADINGS = {
    "program_contacts": (696, 119),
    "important_information": (649, 89),
    "return_of_service": (318, 35),
    "general_instructions": (696, 119),
    "supporting_documentation_information": (696, 119),
    "review_process": (674, 119),
    "interviews": (695, 119),
    "selection_criteria": (696, 119),
    "program_highlights": (651, 78),
    "program_curriculum": (695, 118),
    "training_sites": (694, 119),
    "additional_information": (553, 68),
    "faq": (253, 73),
    "summary_of_changes": (492, 72),
}


def test_sections_by_heading(published):
    language = published["page"].set_index("document_id")["page_language"]
    section = published["section"]
    table = pd.crosstab(section["section_key"], section["document_id"].map(language))
    assert {
        key: tuple(row) for key, row in zip(table.index, table[["en", "fr"]].to_numpy().tolist(), strict=True)
    } == HEADINGS
    assert not section.duplicated(["document_id", "section_key"]).any()
    assert section["section_position"].astype(int).eq(section.groupby("document_id").cumcount() + 1).all()


def test_the_publishers_own_count_of_sections(published):
    """Title and header block count there, Important Information does not."""
    section = published["section"]
    other = section["section_key"].ne("important_information").sum()
    assert len(section) - other == 738
    assert other + 2 * len(published["page"]) == 10_716


def test_lengths_are_of_the_body_as_published(published, pages):
    section = published["section"]
    assert section["n_characters"].astype(int).sum() < sum(map(len, pages.values()))
    kept = section[~section["text"].fillna("[").str.contains(r"\[")]
    assert kept["n_characters"].astype(int).eq(kept["text"].str.len()).all()
    assert kept["text"].str.len().sum() > 5_000_000
    for body in kept["text"].sample(200, random_state=1503):
        assert any(body in page for page in pages.values())


def test_what_else_parses(published):
    found = published["page"].notna().sum()
    assert found.drop(["quota_note", "applications_note", "interview_note"]).to_dict() == {
        **dict.fromkeys(("document_id", "program_stream_id", "source_url", "page_language", "title"), 815),
        **dict.fromkeys(("match_name", "stream", "approval_date", "quota", "accreditation"), 815),
        **dict.fromkeys(("application_language", "applications_band", "interview_band"), 815),
        "program_length": 813,
        "reference_letters": 759,
        "personal_letter_words": 809,
        "interview_dates": 741,
        "exams": 568,
        "body_quota": 27,
        "criteria_weights": 94,
        "mailing_province": 806,
    }


def test_exams(published):
    exams = counts(published["page"]["exams"].dropna().str.split("; ").explode())
    assert exams["MCCQE Part I"] + exams["EACMC, partie I"] == 381
    assert exams["NAC"] + exams["CNE"] == 347
    assert exams["FMProC"] + exams["CProMF"] == 272
    assert exams["Casper"] == 98


def test_program_lengths_and_letters(published):
    page = published["page"]
    assert set(page["program_length"].dropna()) == {f"{n} years" for n in range(2, 8)} | {
        f"{n} années" for n in range(2, 7)
    }
    assert set(page["reference_letters"].dropna()) == {"1", "2", "3", "4", "1; 2"}
    dates = page["interview_dates"].dropna().str.split("; ").explode()
    assert dates.str.fullmatch(r"(?:January|February) \d{1,2}, 2025|\d{1,2} (?:janvier|février) 2025").all()
    assert page["approval_date"].str.fullmatch(r"[A-Z][a-z]+ \d{1,2}, 202[45]").all()


def test_a_quota_in_the_body_that_contradicts_the_header_is_beside_it(published):
    page = published["page"].set_index("document_id")
    stated = page.loc[page["body_quota"].notna(), ["quota", "body_quota"]]
    differs = stated[stated["quota"] != stated["body_quota"]]
    assert differs.to_dict("index") == {"1503-26365": {"quota": "15", "body_quota": "14"}}


def test_weights_add_to_a_hundred(published):
    for weights in published["page"]["criteria_weights"].dropna():
        numbers = [float(number.replace(",", ".")) for number in re.findall(r"(\d+(?:,\d+)?) ?%", weights)]
        assert sum(numbers) == pytest.approx(100)


def test_the_row_that_the_master_splits_wrongly_is_as_published(published):
    master = published["program_master"].set_index("program_stream_id").loc["27076"]
    assert master["program_site"] == "Indigenous communities - CMG"
    page = published["page"].set_index("program_stream_id").loc["27076"]
    assert page["stream"] == "CMG - Indigenous stream for CMG"
    assert page["title"].endswith(" - Indigenous communities")


# --- contact details -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts(published) -> dict[str, str]:
    """document_id -> everything that the release says of a page, addresses of pages aside."""
    page = published["page"].drop(columns="source_url").set_index("document_id").fillna("").agg("\n".join, axis=1)
    section = published["section"].fillna({"text": ""}).groupby("document_id")["text"].agg("\n".join)
    return {document_id: f"{page[document_id]}\n{section[document_id]}" for document_id in page.index}


def test_no_e_mail_address(texts, pages):
    address = re.compile(r"[\w.+'-]+\s?(?:@|%40|\(at\)|\[at\])\s?[\w-]+\.[\w-]+|mailto:", re.IGNORECASE)
    assert sum(bool(address.search(page)) for page in pages.values()) > 790
    assert [match[0] for text in texts.values() for match in address.finditer(text)] == []


def test_no_telephone_number(texts, pages):
    dash = r"[\s.\u2010-\u2013-]"
    number = re.compile(rf"(?<![\w/=+.-])(?:\+?1{dash}?)?\(?\d{{3}}\)?{dash}{{0,2}}\d{{3}}{dash}\d{{4}}(?!\d)")
    extension = re.compile(r"\b(?:ext\.?|poste|extension) ?\d{3,6}\b", re.IGNORECASE)
    assert sum(bool(number.search(page)) for page in pages.values()) > 600
    found = [match[0] for text in texts.values() for what in (number, extension) for match in what.finditer(text)]
    assert found == []


@functools.cache
def plain(text: str) -> str:
    text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(re.sub(r"[\u2010-\u2013-]", " ", text.replace("\u2019", "'")).casefold().split())


TITLES = re.compile(r"^(?:(?:dr\(e\)|dre?|docteur|ms|mrs|mr|mme|madame|monsieur|pre?)\.? )+")
# What stands where a name should, and is none.
NOBODY = re.compile(
    r"\b(?:tb[ad]|gta|barrie|administrators?|coordinator|residents?|team|equipe|agente?|program|programs|director"
    r"|medicine|process|contact)\b"
)


def listed(page: str) -> set[str]:
    """The names in the contact blocks of a page, in plain letters and without titles."""
    preamble, sections = split_page(page)
    contacts = next(section.body for section in sections if section.key == "program_contacts")
    printed = re.findall(r"^(?:Name|Nom)\s*:\s*(.+)$", contacts, re.MULTILINE)
    director = re.search(
        r"^(?:Program Director|Directeur de programme)\s+(.*?)\n\s*\n", preamble, re.DOTALL | re.MULTILINE
    )
    printed += director[1].split("\n") if director else []
    names = {
        TITLES.sub("", plain(re.split(r",|;| MD\b| M\.D| BA$", re.sub(r"\(.*?\)", "", name))[0])) for name in printed
    }
    return {name for name in names if " " in name and not NOBODY.search(name)}


def test_no_name_from_the_contact_blocks(texts, pages):
    names = {document_id: listed(page) for document_id, page in pages.items()}
    assert sum(map(len, names.values())) > 2_000
    left = [
        document_id
        for document_id, text in texts.items()
        for name in names[document_id]
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain(text))
    ]
    assert left == []


def test_no_name_of_a_contact_on_any_other_page(texts, pages):
    everybody = {name for page in pages.values() for name in listed(page)}
    word_pairs = {
        " ".join(pair)
        for text in texts.values()
        for words in [re.findall(r"[\w.']+", plain(text))]
        for pair in itertools.pairwise(words)
    }
    assert everybody & word_pairs == set()


def test_the_contact_section_has_its_length_and_no_text(published):
    contacts = published["section"].query("section_key == 'program_contacts'")
    assert len(contacts) == 815
    assert contacts["text"].isna().all()
    assert contacts["n_characters"].astype(int).gt(0).sum() == 814


def test_what_was_removed_is_visible(published):
    text = "\n".join(published["section"]["text"].dropna())
    for placeholder, at_least in (("[e-mail removed]", 1_000), ("[telephone removed]", 400), ("[name removed]", 600)):
        assert text.count(placeholder) > at_least


# --- other forms -----------------------------------------------------------------------------------------------------


def test_json_gives_the_same_pages(pages):
    records, expected = [], []
    for document_id, page in pages.items():
        content, _, footer = page.rpartition("\nSource:")
        source = footer.split()[0]
        records.append({"id": document_id.replace("-", "|"), "page_content": content, "metadata": {"source": source}})
        expected.append(take_apart(document_id, page))
    assert pages_from_json("new.json", json.dumps(records)) == expected
    for record in records:
        del record["id"]
    assert pages_from_json("old.json", json.dumps(records)) == expected


def test_the_bundle_holds_the_same_facts(published):
    bundle = load_release()
    for name in ("discipline", "program_master"):
        pd.testing.assert_frame_equal(bundle[name], published[name])
    for name, key in (("page", ["document_id"]), ("section", ["document_id", "section_position"])):
        facts, read = (frame.set_index(key, drop=False).sort_index() for frame in (bundle[name], published[name]))
        facts = facts.drop(columns="text", errors="ignore").dropna(axis="columns", how="all")
        assert len(facts.columns) >= 4
        pd.testing.assert_frame_equal(facts, read[facts.columns])
