"""The reviewed reference data agrees with itself and with the vocabularies."""

from __future__ import annotations

import pytest
from carms_lib.schemas import Reference, codes, contracts, load_reference

REFERENCE = load_reference()


def test_it_is_read_once():
    assert load_reference() is REFERENCE


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("province", ["province"]),
        ("discipline", ["discipline"]),
        ("school", ["school"]),
        ("site", ["school", "site"]),
        ("stream", ["stream"]),
        ("spelling", ["field", "spelling"]),
        ("correction", ["release_id", "program_stream_id", "column"]),
    ],
)
def test_each_table_has_a_key_and_is_sorted_by_hand_or_alphabet(table, key):
    frame = getattr(REFERENCE, table)
    assert not frame.duplicated(key).any()
    assert frame[key].notna().all(axis=None)
    assert set(Reference.__dataclass_fields__) >= {table}


def test_codes_are_of_the_vocabularies():
    assert set(REFERENCE.province["province"]) == set(codes.PROVINCES)
    assert set(REFERENCE.province["jurisdiction_kind"]) == set(codes.JURISDICTION_KINDS)
    assert set(REFERENCE.school["school_province"]) <= set(codes.PROVINCES)
    assert set(REFERENCE.site["site_province"]) <= set(codes.PROVINCES)
    assert set(REFERENCE.stream["home_province"].dropna()) == {"NB", "NS"}
    assert set(REFERENCE.stream["eligibility"]) == set(codes.ELIGIBILITIES)


def test_eligibility_says_what_its_truth_values_say():
    stream = REFERENCE.stream
    admits = stream.set_index("eligibility")
    assert admits.loc[["ALL"], ["admits_cmg", "admits_img"]].all(axis=None)
    assert admits.loc[["CMG"], "admits_cmg"].all()
    assert not admits.loc[["CMG"], "admits_img"].any()
    assert admits.loc[["IMG"], "admits_img"].all()
    assert not admits.loc[["IMG"], ["admits_cmg", "admits_motp"]].any(axis=None)
    assert not admits.loc[["MOTP"], ["admits_cmg", "admits_img"]].any(axis=None)
    by_name = stream["stream"].str.contains("MOTP")
    assert (stream["admits_motp"] == by_name).all()
    assert (stream["return_of_service"] == stream["stream"].str.contains("RoS")).all()
    assert (stream["is_competitive"] == stream["stream"].str.contains("Competitive")).all()
    assert (stream["is_indigenous"] == stream["stream"].str.contains("Indigenous")).all()
    assert (stream["home_province"].notna() == stream["stream"].str.contains("Scotian|Brunswicker")).all()
    assert stream["eligibility_rule"].str.endswith(".").all()


def test_fourteen_streams_of_which_each_ends_with_its_class():
    stream = REFERENCE.stream
    assert len(stream) == 14
    said = stream["stream"].str.rpartition(" for ")[2].map({"All": "ALL", "MOTP/MMTP": "MOTP"}.get)
    said = said.fillna(stream["stream"].str.rpartition(" for ")[2])
    assert (said == stream["eligibility"]).all()


def test_a_site_outside_its_schools_province_has_a_reason_of_its_own():
    site = REFERENCE.site.merge(REFERENCE.school, on="school", validate="many_to_one")
    assert len(site) == len(REFERENCE.site)
    outside = site["site_province"] != site["school_province"]
    assert outside.sum() == 13
    plain = site["reason"] == "province of the school"
    assert (plain == ~outside).all()
    assert site.loc[outside, "reason"].str.endswith(".").all()


def test_every_spelling_leads_to_a_name_that_exists():
    canonical = {
        "stream": set(REFERENCE.stream["stream"]),
        "accreditation": set(codes.ACCREDITATIONS),
        "language": set(codes.LANGUAGES),
        "exam": set(codes.EXAMS),
        "iteration": set(codes.ITERATIONS),
        "match": {"R-1 Main Residency Match"},
    }
    assert set(REFERENCE.spelling["field"]) == set(canonical)
    for row in REFERENCE.spelling.itertuples():
        assert row.canonical in canonical[row.field], row.spelling


def test_a_correction_names_a_column_and_a_reason():
    columns = contracts()["raw"]["program_master"].columns
    assert set(REFERENCE.correction["column"]) <= set(columns)
    assert REFERENCE.correction["reason"].str.len().gt(40).all()
