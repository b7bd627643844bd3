"""What is read from a page: header, fields, sections; English and French, and the traps."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib.loaders.pages import read_pages, take_apart
from carms_lib.schemas import contract


def row(release):
    assert len(release["page"]) == 1
    return release["page"].iloc[0]


def test_an_english_page_is_read_field_by_field(read_one, build):
    page = row(read_one(build.Program("101", quota="4 click here")))
    assert page.to_dict() | {"body_quota": None} == page.to_dict() | {
        "document_id": "1503-101",
        "program_stream_id": "101",
        "source_url": "https://pages.example.org/phoenix/program/1503/101?programLanguage=en",
        "page_language": "en",
        "title": "Northern University - Family Medicine - Lakeside",
        "match_name": "2025 R-1 Main Residency Match - first iteration",
        "stream": "CMG Stream for CMG",
        "approval_date": "October 15, 2024",
        "quota": "4",
        "quota_note": "click here",
        "body_quota": None,
        "accreditation": "Accredited",
        "application_language": "English",
        "program_length": "2 years",
        "applications_band": "51 - 200",
        "interview_band": "26 - 50",
        "reference_letters": "3",
        "personal_letter_words": "500",
        "interview_dates": "January 20, 2025; January 21, 2025",
        "exams": "MCCQE Part I; NAC; Casper",
        "mailing_province": "Ontario",
    }
    assert page[["applications_note", "interview_note", "body_quota", "criteria_weights"]].isna().all()


def test_a_french_page_is_read_field_by_field(read_one, programs):
    page = row(read_one(programs[1]))
    read = page.drop(["source_url", "document_id", "program_stream_id"]).dropna().to_dict()
    assert read == {
        "page_language": "fr",
        "title": "Université du Fleuve - Family Medicine - Rivière",
        "match_name": "Jumelage principal R-1 de 2025 - premier tour",
        "stream": "Groupe Régulier pour Tous",
        "approval_date": "October 15, 2024",
        "quota": "7",
        "accreditation": "Agréé selon des arrangements conjoints entre les institutions",
        "application_language": "Français",
        "program_length": "5 années",
        "applications_band": "601 +",
        "interview_band": "76 - 100",
        "reference_letters": "2",
        "personal_letter_words": "1000",
        "interview_dates": "22 janvier 2025",
        "exams": "EACMC, partie I; CNE",
        "mailing_province": "Québec",
    }


def test_every_value_is_text_or_missing(read_one, programs):
    release = read_one(*programs)
    for frame in release.tables.values():
        assert set(frame.dtypes.astype(str)) == {str(pd.StringDtype(na_value=float("nan")))}
        assert not frame.isin(["", "nan", "None", "<NA>"]).any(axis=None)


def test_sections_are_keyed_alike_in_both_languages(read_one, programs):
    section = read_one(*programs)["section"]
    english, french = (section[section["document_id"] == f"1503-{n}"] for n in (101, 102))
    assert english["section_key"].tolist() == french["section_key"].tolist()
    assert english["section_position"].tolist() == [str(n) for n in range(1, len(english) + 1)]
    assert english["heading"].iloc[0] == "Program Contacts"
    assert french["heading"].iloc[0] == "Personnes à contacter"


@pytest.mark.parametrize(
    "heading",
    [
        "Documents / Information à l'appui",
        "Documents / Information \u00e0 l\u2018appui",
        "DOCUMENTS / Information a l\u2019appui",
    ],
)
def test_a_heading_is_known_whatever_its_apostrophe_case_and_accents(read_one, build, programs, tmp_path, heading):
    text = programs[1].markdown().replace("Documents / Information à l\u2019appui", heading)
    assert heading in text
    release = build.SmallRelease.of(programs[1]).with_file("p/1503-102.md", text.encode())
    from carms_lib.loaders import load_release

    section = load_release(release.write(tmp_path))["section"]
    assert "supporting_documentation_information" in section["section_key"].tolist()
    assert heading in section["heading"].tolist()


def test_headings_in_the_text_and_rules_in_the_text_do_not_split(read_one, build):
    body = "# Interviews\n\nOf old.\n\n# Our values\n\n* * *\n\n#Interviews\n\n* * *\n\n## Ours\n\n* * *\n\nEnd."
    plain = read_one(build.Program("101"))["section"]
    release = read_one(build.Program("101").with_section("review_process", body))
    section = release["section"].set_index("section_key")
    assert len(section) == len(plain)
    assert section.loc["review_process", "text"] == body


def test_a_heading_that_nobody_knows_begins_a_section_and_is_told(read_one, build):
    plain = read_one(build.Program("101"))
    text = "For all.\n\n* * *\n\n#  Salary\n\nName: Una Sedge\n\nPhone: 416-555-0199"
    release = read_one(build.Program("101").with_section("review_process", text))
    section = release["section"].set_index("section_key")
    assert len(section) == len(plain["section"]) + 1
    assert section.loc["review_process", "text"] == "For all."
    assert section.loc["Salary", "heading"] == "Salary"
    assert section.loc["Salary", "n_characters"] == str(len("Name: Una Sedge\n\nPhone: 416-555-0199"))
    assert pd.isna(section.loc["Salary", "text"])
    pd.testing.assert_frame_equal(release["page"], plain["page"])  # the facts are those that they were


def test_facts_below_an_unknown_heading_still_count(read_one, build):
    plain = read_one(build.Program("101", applications_band="601 +"))
    criteria = build.Program("101", applications_band="601 +").bodies()["selection_criteria"]
    above, below = criteria.split("## File review process")
    text = f"{above}* * *\n\n# Our values\n\n## File review process{below}"
    release = read_one(build.Program("101").with_section("selection_criteria", text))
    assert "Our values" in release["section"]["section_key"].tolist()
    pd.testing.assert_frame_equal(release["page"], plain["page"])
    assert release["page"]["applications_band"].tolist() == ["601 +"]


def test_contacts_under_another_heading_do_not_leave(read_one, build):
    """A contact section that was renamed is known no more: its text stays here, its people are removed elsewhere."""
    renamed = build.Program("101").markdown()
    assert renamed.count("# Program Contacts") == 1
    pages = read_one(build.Program("101"))
    changed = renamed.replace("# Program Contacts", "# Whom to ask: Bo Larkspur, office@example.org")
    page_rows, section_rows = read_pages([take_apart("1503-101", changed)])
    told = repr((page_rows, section_rows))
    assert "Larkspur" not in told
    assert "@" not in told
    assert len(section_rows) == len(pages["section"])
    assert section_rows[0][2] == "Whom to ask: [name removed], [e-mail removed]"


def test_contacts_in_the_header_do_not_leave(read_one, build):
    page = row(read_one(build.Program("101", quota="4 ask Ada Quill, a.quill@example.org")))
    assert page["quota"] == "4"
    assert page["quota_note"] == "ask [name removed], [e-mail removed]"


@pytest.mark.parametrize(
    ("address", "province"),
    [
        ("Lakeside, Nova Scotia, B3H 3A7", "Nova Scotia"),
        ("Lakeside, Atlantis, K1A 0B1", "Atlantis"),  # told as it is; silver sets the page aside
        ("Lakeside, ON, K1A 0B1", "ON"),
        ("Lakeside, K1A 0B1", None),
        ("12 Example Road, Lakeside, K1A 0B1", None),
        ("Lakeside, Ada Quill, K1A 0B1", "[name removed]"),
    ],
)
def test_what_stands_where_the_province_does(build, address, province):
    text = build.Program("101").markdown().replace("Lakeside, Ontario, K1A 0B1", address)
    (printed,), _ = read_pages([take_apart("1503-101", text)])
    assert printed[contract("raw", "page").columns.index("mailing_province")] == province


def test_the_length_of_a_section_is_that_of_its_body_before_scrubbing(read_one, build):
    body = "Write to office@example.org."
    section = read_one(build.Program("101").with_section("review_process", body))["section"]
    found = section.set_index("section_key").loc["review_process"]
    assert found["n_characters"] == str(len(body))
    assert found["text"] == "Write to [e-mail removed]."
    assert section.set_index("section_key").loc["program_contacts", "n_characters"] != "0"


def test_an_empty_section_is_there_and_empty(read_one, build):
    section = read_one(build.Program("101").with_section("review_process", ""))["section"]
    found = section.set_index("section_key").loc["review_process"]
    assert found["n_characters"] == "0"
    assert found["text"] == "" or pd.isna(found["text"])


def test_a_title_that_wraps_is_joined(read_one, build):
    page = row(read_one(build.Program("101", site="A Site Whose Name Is So\nLong That It Wraps")))
    assert page["title"] == "Northern University - Family Medicine - A Site Whose Name Is So Long That It Wraps"


def test_notes_beside_the_bands_go_to_their_own_columns(read_one, build):
    page = row(
        read_one(
            build.Program(
                "101",
                applications_note="All sites together receive\nabout 1300.  \n",
                interview_note="We invite a third.  \n\nNever more.\n",
            )
        )
    )
    assert page["applications_band"] == "51 - 200"
    assert page["applications_note"] == "All sites together receive about 1300."
    assert page["interview_band"] == "26 - 50"
    assert page["interview_note"] == "We invite a third. Never more."


QUOTED = """## File review process

Review team composition : Review team composition :
All files are jointly screened.
Average number of applications received by our program in the last five years
:
601 +
Average percentage of applicants offered interviews :
0 - 25 %

Average number of applications received by our program in the last five years
: 0 - 50
Average number of applications received by our program in the last five years
is approximately 25-30/year.

Average percentage of applicants offered interviews : 76 - 100 %
Average percentage of applicants offered interviews is >90%

Evaluation criteria :
"""


def test_a_label_quoted_in_a_note_is_not_read(read_one, build):
    page = row(read_one(build.Program("101").with_section("selection_criteria", QUOTED)))
    assert (page["applications_band"], page["interview_band"]) == ("0 - 50", "76 - 100")
    assert page["applications_note"].endswith("is approximately 25-30/year.")
    assert page["interview_note"] == "Average percentage of applicants offered interviews is >90%"


def test_a_band_nobody_knows_is_kept_as_printed(read_one, build):
    page = row(read_one(build.Program("101", applications_band="a few", interview_band="nearly all")))
    assert (page["applications_band"], page["interview_band"]) == ("a few", "nearly all")


@pytest.mark.parametrize("quota", ["0", "-3", "several", "2-4"])
def test_a_strange_quota_is_kept_as_printed(read_one, build, quota):
    assert row(read_one(build.Program("101", quota=quota)))["quota"] == quota


def test_a_missing_quota_is_missing(read_one, build):
    assert pd.isna(row(read_one(build.Program("101", quota="")))["quota"])


def test_a_page_without_anything_known_is_a_row_of_missing_values(build, tmp_path):
    from carms_lib.loaders import load_release

    small = build.SmallRelease.of(build.Program("101")).with_file("p/1503-101.md", b"not a page")
    release = load_release(small.write(tmp_path))
    page = row(release)
    assert page["document_id"] == "1503-101"
    assert page.drop(["document_id", "program_stream_id"]).isna().all()
    assert release["section"].empty


def test_reference_letters_and_dates_quoted_in_prose_do_not_count(read_one, build):
    documents = (
        "Reference documents\n\nRequired\n\nLetter of reference  Number requested: 3\n\n**Required**\n\n"
        "Letter of reference. Number requested: **2**\n\n"
        "Applicant support form  Number requested: 1"
    )
    interviews = "Rural Interview Dates:  \n\n  * January 1, 2020\n\nDates: Tuesday, February 4, 2025"
    program = build.Program("101").with_section("supporting_documentation_information", documents)
    page = row(read_one(program.with_section("interviews", interviews)))
    assert page["reference_letters"] == "3; 1"
    assert pd.isna(page["interview_dates"])
    assert page[["exams", "personal_letter_words"]].isna().all()


def test_exams_named_in_prose_do_not_count(read_one, build):
    documents = "Examinations\n\nRequired\n\nNAC\n\nThe MCCQE Part I is welcome.\n\nReference documents\n\nCasper\n\n"
    page = row(read_one(build.Program("101").with_section("supporting_documentation_information", documents)))
    assert page["exams"] == "NAC"


def test_the_word_limit_is_read_where_the_form_asks_for_it(read_one, build):
    general = (
        "Program application language: English\n\nPersonal Letter\n\nWord count\n\nMinimum : 200\n\nMaximum : 800\n\n"
    )
    page = row(read_one(build.Program("101").with_section("general_instructions", general)))
    assert page["personal_letter_words"] == "500"


@pytest.mark.parametrize(
    ("stream", "body", "stated"),
    [
        ("CMG Stream for CMG", "**2025 Quota: 14 CMG, 1 Competitive**", "14"),
        ("Competitive Stream for All", "2025 Quota:  14 CMG, 1 Competitive", "1"),
        ("CMG Stream for CMG", "2024 Quota: 14 CMG, 1 Competitive", None),
        ("IMG Stream for IMG", "The program has 5 CMG positions and 2 IMG positions starting July 1, 2025.", "2"),
        ("CMG Stream for CMG", "There are **two (2)** residency\npositions available for the 2025 match.", "2"),
        ("CMG Stream for CMG", "We will be taking THREE residents in 2025. Call us.", "3"),
        ("Groupe Régulier pour Tous", "En 2025, 8 nouvelles places de résidence seront offertes.", "8"),
        ("IMG Stream for IMG", "There are two positions for the 2025 match.", None),
        ("CMG Stream for CMG", "In 2025 there will be two positions at each site.", None),
        ("CMG Stream for CMG", "We usually have two positions, also in 2025.", None),
        ("CMG Stream for CMG", "We accept two residents per year.", None),
        ("CMG Stream for CMG", "In 2025 there are 2 or 3 positions, or 4 seats.", None),
    ],
)
def test_a_quota_in_the_body_is_read_only_where_it_is_plain(read_one, build, stream, body, stated):
    program = build.Program("101", stream=stream).with_section("review_process", body)
    if "Groupe" in stream:
        program = build.Program("101", stream=stream, language="fr").with_section("review_process", body)
    found = row(read_one(program))["body_quota"]
    assert found == stated if stated else pd.isna(found)


@pytest.mark.parametrize(
    ("body", "weights"),
    [
        ("  * Dossier 50% \n    * Lettre\n  * Entrevue: 40%\n  * Fin: 10%", "Dossier 50%; Entrevue: 40%; Fin: 10%"),
        ("By their file (65%), interview (30%), and talk\n(5%).", "By their file (65%); interview (30%); talk (5%)"),
        ("  * Dossier : 15% pour A et 85% pour B", "Dossier : 15% pour A; 85% pour B"),
        ("**Dossier : 50 %**\n\n**Entrevue : 50 %**", "Dossier : 50 %; Entrevue : 50 %"),
        ("The file (50 % of all) and a talk (50 % of all).", "The file (50 % of all); a talk (50 % of all)"),
        ("  * A 12,5 %\n  * B 87,5 %", "A 12,5 %; B 87,5 %"),
        ("We are 100% sure.", None),
        ("Of 35-50% one half comes from here; then 50% and 50% and 10%.", None),
        ("A 60%, B 30%.", None),
    ],
)
def test_weights_are_read_where_they_add_to_a_hundred(read_one, build, body, weights):
    found = row(read_one(build.Program("101").with_section("selection_criteria", body)))["criteria_weights"]
    assert found == weights if weights else pd.isna(found)


def test_line_ends_of_any_kind_give_the_same_page(build, tmp_path):
    from carms_lib.loaders import load_release

    program = build.Program("101", applications_note="A note.\n")
    text = program.markdown()
    frames = []
    for name, end in (("dos", "\r\n"), ("unix", "\n"), ("mac", "\r")):
        small = build.SmallRelease.of(program).with_file("p/1503-101.md", text.replace("\n", end).encode())
        frames.append(load_release(small.write(tmp_path / name)))
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0]["page"], other["page"])
        pd.testing.assert_frame_equal(frames[0]["section"], other["section"])


def test_the_language_of_a_page_is_that_of_most_headings_and_english_where_as_many_are_french(build):
    text = build.Program("101").markdown()
    headings = [pair for pair in build.HEADINGS.values() if f"# {pair[0]}\n" in text]
    for english, _ in headings[4:]:
        text = text.replace(f"# {english}\n", f"# Our {english}\n")  # known in neither language
    languages = []
    for english, french in headings[:4]:
        text = text.replace(f"# {english}\n", f"# {french}\n")
        (printed,), _ = read_pages([take_apart("1503-101", text)])
        languages.append(printed[contract("raw", "page").columns.index("page_language")])
    assert languages == ["en", "en", "fr", "fr"]  # one, two, three and four of four headings are French
