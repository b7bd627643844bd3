"""Contact details stop in the loaders: addresses, numbers and names; everything here is invented."""

from __future__ import annotations

import pytest
from carms_lib.loaders.contacts import people_named
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def texts(read_one, build):
    """Load a program whose review section has `body` and return everything of the release as one text."""

    def read(body, **program):
        release = read_one(build.Program("101", **program).with_section("review_process", body))
        section = release["section"].set_index("section_key")["text"]
        everything = "\n".join(str(value) for frame in release.tables.values() for value in frame.to_numpy().ravel())
        return section["review_process"], everything

    return read


def test_contact_blocks_never_leave(texts):
    _, everything = texts("Nothing here.")
    for detail in ("Quill", "Larkspur", "555-01", "Example Road", "K1A", "office@", "example.org/1", "Administrator"):
        assert detail not in everything, detail


@pytest.mark.parametrize(
    "address",
    [
        "ada.quill@example.org",
        "ada.quill+x@mail.example.ca",
        "ada.quill @example.org",
        "ada.quill (at) example.org",
        "ada.quill[at]example.org",
        "ada.quill(a commercial)example.org",
        "[ada@example.org](mailto:ada@example.org)",
        "<ada@example.org>",
        "[ **ada@example.org** ](mailto:ada@example.org?subject=Hello%20there)",
        "[ada@example.org\n](mailto:ada@example.org)",
        "family-\nmedicine@example.org",
        "ada@long-\nname.example.org",
        "https://safe.example.org/?data=05%7C01%7Cada%40example.org%7C1c16",
        "mailto:ada.example.org",
    ],
)
def test_an_address_becomes_a_placeholder(texts, address):
    text, everything = texts(f"Please write to {address} by May 1.")
    assert "[e-mail removed]" in text
    assert text.startswith("Please write to ")
    assert text.endswith(" by May 1.")
    assert "ada" not in everything.casefold().replace("canada", "")
    assert "@" not in everything


def test_the_words_of_a_mail_link_stay(texts):
    text, _ = texts("Contact [our office](mailto:office@example.org) today.")
    assert text == "Contact our office ([e-mail removed]) today."


@pytest.mark.parametrize(
    "text", ["Opens October 28 @ 8 AM ET.", "Follow @northernfm on both.", "Wednesdays @ 0900-1200"]
)
def test_an_at_sign_alone_is_no_address(texts, text):
    assert texts(text)[0] == text


@pytest.mark.parametrize(
    "number",
    [
        "(416) 555-0142",
        "416-555-0142",
        "416.555.0142",
        "416 555 0142",
        "416 555\u20110142",
        "4165550142",
        "+1 416 555 0142",
        "+14165550142",
        "1-800-555-0142",
        "(416) 555-0142 ext. 1610",
        "(416) 555-0142 x73932",
        "418-555-0142, poste 53315",
        "(416)\n555-0142",
        "tel:+1-416-555-0142",
        "poste 53315",
        "ext. 1610",
    ],
)
def test_a_telephone_number_becomes_a_placeholder(texts, number):
    text, _ = texts(f"Call us: {number} for more.")
    assert text == "Call us: [telephone removed] for more."


def test_seven_digits_are_a_number_where_something_says_so(texts):
    assert texts("Tel: 555-0142, room 864-3611.")[0] == "Tel: [telephone removed], room 864-3611."


@pytest.mark.parametrize(
    "text",
    [
        "1,821 seats in 2024-2025; 51 - 200; 500-1000 words.",
        "[help](https://help.example.org/articles/360049869752)",
        "https://x.example.org/?id=1480760230&e4ts=1724780415",
        "Meeting ID: 962 1944 4698",
        "le poste 2 et 3 postes; 900-1000 cases",
        "9am-12pm, January 29-31, 2025",
    ],
)
def test_other_numbers_stay(texts, text):
    assert texts(text)[0] == text


@pytest.mark.parametrize(
    "mention",
    [
        "Dr. Ada Quill",
        "Ada Quill",
        "ADA QUILL",
        "Dr. Ada M. Quill",
        "Ada\nQuill",
        "Dr. Quill",
        "Dre Quill",
        "Dr. A. Quill",
        "Quill, Ada",
        "Bo Larkspur",
        "Ms. Larkspur",
        "bo-larkspur",
    ],
)
def test_a_contact_of_the_page_is_not_named(texts, mention):
    text, everything = texts(f"Ask {mention} about it.")
    assert text == "Ask [name removed] about it."
    assert "quill" not in everything.casefold()
    assert "larkspur" not in everything.casefold()


@pytest.mark.parametrize(
    ("contact", "mention"),
    [
        ("Élodie Saule-Béland", "Elodie Saule Beland"),
        ("Élodie Saule-Béland", "Élodie Saule-B éland"),
        ("Mme Marie-Ève D\u2019Aulnaie, MD, FRCPC", "Marie Eve D'Aulnaie"),
        ("Dr. Josephine (Jo) Reed", "Jo Reed"),
        ("Dr. Josephine (She/Her) Reed", "Josephine Reed"),
        ("Ann Reed / Lou Sedge", "Lou Sedge"),
        ("Dr. Reed c/o Lou Sedge", "Dr. Reed"),
        ("Dre Ann Reed et Dr Lou Sedge", "Dr Lou Sedge"),
        ("Josephine Reed", "J. Reed"),
    ],
)
def test_a_contact_is_found_however_the_name_is_printed(texts, contact, mention):
    text, _ = texts(f"Ask {mention} about it.", contact=contact)
    assert text == "Ask [name removed] about it."


def test_two_names_under_one_title_both_go(texts):
    text, _ = texts("Thank Drs. Quill and Sedge (Sedge).", director="Dr. Ada Quill  \nDr. Lou Sedge")
    assert text == "Thank [name removed][name removed] ([name removed])."


def test_notes_are_scrubbed_too(read_one, build):
    page = read_one(build.Program("101", applications_note="Dr. Ada Quill, 416-555-0142.\n"))["page"]
    assert page["applications_note"].item() == "[name removed], [telephone removed]."


def test_a_contact_of_one_page_is_not_named_on_another(read_one, build):
    first = build.Program("101", director="Dr. Ada Quill")
    second = build.Program("102", director="Dr. Lou Sedge", contact="Program Office")
    second = second.with_section("review_process", "Ada Quill and Dr. Quill of the other site.")
    section = read_one(first, second)["section"]
    text = section.loc[section["document_id"].eq("1503-102"), ["section_key", "text"]].set_index("section_key")["text"]
    assert text["review_process"] == "[name removed] and Dr. Quill of the other site."


def test_whoever_is_named_beside_an_address_is_a_contact(texts):
    chiefs = "Fern Mosswood (fmosswood@example.org) or [Ivy Nettle](mailto:in@example.org)"
    text, _ = texts(f"Ask {chiefs}. Fern Mosswood answers.")
    removed = "[name removed] ([e-mail removed])"
    assert text == f"Ask {removed} or {removed}. [name removed] answers."


def test_a_first_name_before_a_removed_address_goes(texts):
    text, _ = texts("Ask Bo at bo@example.org; Bo knows. A bow is none.")
    assert text == "Ask [name removed] at [e-mail removed]; Bo knows. A bow is none."


@pytest.mark.parametrize(
    "office", ["Équipe Admission", "Program Administrator", "TBD", "Lead Residents", "Agente de gestion"]
)
def test_an_office_is_nobody(texts, office):
    assert people_named(office) == ()
    assert texts(f"Ask the {office} team.", contact=office)[0] == f"Ask the {office} team."


@pytest.mark.parametrize("text", ["Quillwood Hospital", "the Larkspurs in bloom", "An Ada lecture", "Boreal forest"])
def test_words_that_only_contain_a_name_stay(texts, text):
    assert texts(text)[0] == text


@pytest.mark.parametrize(
    ("printed", "people"),
    [
        ("Dr. Ada Quill", [("Ada", "Quill")]),
        ("Dr.Ada Quill", [("Ada", "Quill")]),
        ("Dr(e) Ada Quill  \nDr(e) Lou Sedge", [("Ada", "Quill"), ("Lou", "Sedge")]),
        ("Ada Quill MD MHSc FRCPC", [("Ada", "Quill")]),
        ("Ada Quill, M.D.", [("Ada", "Quill")]),
        ("Ada O\u2019Reed-Quill", [("Ada", "O\u2019Reed", "Quill")]),
        ("Ada", []),
        ("", []),
        ("Dr. A. Quill", [("A", "Quill")]),
    ],
)
def test_names_are_taken_apart(printed, people):
    assert [person.parts for person in people_named(printed)] == people


letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


@given(local=letters, host=letters, before=letters, after=letters)
def test_no_address_survives(local, host, before, after):
    from carms_lib.loaders.contacts import Scrubber

    scrub = Scrubber([])
    for form in (
        f"{local}@{host}.example.org",
        f"[{before}](mailto:{local}@{host}.example.org)",
        f"{local} (at) {host}.ca",
    ):
        assert "@" not in (scrubbed := scrub(f"{before} {form} {after}"))
        assert "[e-mail removed]" in scrubbed
        assert scrubbed.endswith(after)
        assert scrub(scrubbed) == scrubbed


def test_a_hostile_text_takes_no_time():
    from carms_lib.loaders.contacts import Scrubber

    scrub = Scrubber(people_named("Dr. Ada Quill"))
    for hostile in ("a" * 300_000 + "@", "(" * 100_000 + "@", "1 " * 150_000, "A-\n" * 100_000 + "@", "Ada " * 100_000):
        scrub(hostile)
