"""Questions about programs: filters against an oracle, pages by key, names that nothing carries."""

from __future__ import annotations

import pandas as pd
import pytest
from carms_lib import exceptions
from carms_lib.schemas import validate
from carms_lib.warehouse import open_warehouse
from sqlalchemy import event

N_PROGRAMS = 90


@pytest.fixture(scope="module")
def filled(shared, invented):
    """One warehouse of each engine that these tests only read."""
    shared.write(invented.invent(N_PROGRAMS))
    return shared


@pytest.fixture(scope="module")
def gold(invented):
    return invented.invent(N_PROGRAMS).gold["program"]


def expected(gold, **filters):
    for name, value in filters.items():
        column = "school_province" if name == "province" else name
        gold = gold.loc[gold[column].isin([value] if isinstance(value, str) else value)]
    return gold.reset_index(drop=True)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"province": "ON"},
        {"province": ["ON", "QC"]},
        {"province": "NU"},  # a province without a program is an answer, not an error
        {"discipline": "Psychiatry"},
        {"discipline": ["Psychiatry", "Family Medicine"]},
        {"school": "Queen's University"},
        {"stream": "IMG Stream for IMG"},
        {"eligibility": "IMG"},
        {"site_province": "ON"},
        {"site_class": ["several", "urban"], "province": "ON"},
        {"eligibility": ["CMG", "ALL"], "province": "ON"},
        {"province": "ON", "discipline": ["Psychiatry", "Pediatrics"], "eligibility": "CMG"},
    ],
    ids=str,
)
def test_filters_agree_with_pandas(filled, gold, filters):
    frame = filled.programs(**filters, limit=N_PROGRAMS).frame
    pd.testing.assert_frame_equal(frame, expected(gold, **filters))


@pytest.mark.parametrize("limit", [1, 7, 30, N_PROGRAMS - 1, N_PROGRAMS, N_PROGRAMS + 1])
def test_pages_follow_one_another_without_gap_or_repeat(filled, gold, limit):
    frames, after = [], None
    while True:
        page = filled.programs(limit=limit, after=after)
        frames.append(page.frame)
        assert len(page.frame) == limit or page.next_key is None
        if page.next_key is None:
            break
        after = page.next_key
        if limit == 1 and len(frames) == 5:  # enough of single rows
            gold = gold.head(5)
            break
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), gold)


def test_a_program_that_is_added_meanwhile_moves_no_other(empty, invented):
    empty.write(invented.invent(30))
    page = empty.programs(limit=10)
    empty.write(invented.invent(31, first_program=10_000))  # one more before all others
    follows = empty.programs(limit=10, after=page.next_key).frame
    assert follows["program_stream_id"].tolist() == [str(10_011 + place) for place in range(10)]


def test_frames_keep_gold_s_types_also_when_empty(filled):
    for page in (filled.programs(), filled.programs(province="NU")):
        validate(page.frame, "gold", "program")
    assert page.frame.empty
    assert page.next_key is None


def test_an_empty_warehouse_answers_with_an_empty_page(empty):
    page = empty.programs()
    assert page.frame.empty
    assert (page.next_key, page.release_id) == (None, "")
    validate(page.frame, "gold", "program")


@pytest.mark.parametrize(
    ("filters", "suggestion"),
    [
        ({"province": "Ontario"}, "Allowed: 'AB'"),
        ({"province": "on"}, "'ON'"),
        ({"discipline": "Psychiatri"}, "'Psychiatry'"),
        ({"school": "Queens University"}, "Queen's University"),
        ({"stream": "IMG Stream"}, "IMG"),
        ({"eligibility": "CMGs"}, "'CMG'"),
        ({"discipline": ["Psychiatry", "Pediatric"]}, "'Pediatrics'"),
        ({"release": "9002"}, "'9001'"),
    ],
    ids=str,
)
def test_a_name_that_nothing_carries_is_an_error_with_near_names(filled, filters, suggestion):
    with pytest.raises(exceptions.UnknownNameError) as caught:
        filled.programs(**filters)
    assert suggestion in str(caught.value)
    assert str(caught.value).startswith(next(iter(filters)))


@pytest.mark.parametrize(
    "arguments",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": 1_001},
        {"limit": 2.5},
        {"limit": True},
        {"limit": "50"},
        {"after": 10_003},
        {"text": "…"},
        {"text": ""},
        {"as_of": "yesterday"},
        {"as_of": 2030},
        {"as_of": "2030-01-01", "text": "rural"},
        {"discipline": []},
        {"discipline": 7},
        {"discipline": ["Psychiatry", None]},
    ],
    ids=str,
)
def test_arguments_that_are_not_allowed_are_named(filled, arguments):
    with pytest.raises(exceptions.ArgumentError) as caught:
        filled.programs(**arguments)
    assert "=" in str(caught.value) or "not both" in str(caught.value)


ATTACKS = (
    "' OR '1'='1",
    "Psychiatry'; DROP TABLE program; --",
    'x" OR 1=1 --',
    "%",
    "_",
    "\\",
    "Robert'); DELETE FROM program WHERE ('1'='1",
    "NEAR(a b)",
    "content:*",
    "a OR b NOT c^2 {",
    "\x00",
)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("argument", ["province", "discipline", "school", "stream", "eligibility", "release"])
def test_sql_in_a_filter_is_a_name_like_any_other(sqlite_filled, argument, attack):
    with pytest.raises(exceptions.UnknownNameError):
        sqlite_filled.programs(**{argument: attack})


@pytest.fixture(scope="module")
def sqlite_filled(invented):
    """One warehouse for all attacks; after the last it must be whole."""
    with open_warehouse("sqlite://") as warehouse:
        warehouse.upgrade()
        warehouse.write(invented.invent(N_PROGRAMS))
        yield warehouse
        assert len(warehouse.programs(limit=1000).frame) == N_PROGRAMS


def test_no_attack_changes_an_answer_or_the_database(filled, gold):
    for attack in ATTACKS:
        if "\x00" not in attack:  # PostgreSQL takes no such text at all
            assert filled.programs(after=attack, limit=5).frame["program_stream_id"].is_monotonic_increasing
        if any(letter.isalnum() for letter in attack):
            assert set(filled.programs(text=attack).frame["program_stream_id"]) <= set(gold["program_stream_id"])
            filled.search(attack)
    pd.testing.assert_frame_equal(filled.programs(limit=N_PROGRAMS).frame, gold)


def test_values_are_bound_and_never_part_of_the_statement(filled):
    statements = []
    event.listen(
        filled._engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, parameters, context, many: statements.append((statement, parameters)),
    )
    filled.programs(province="ON", discipline="Psychiatry", text="zanzibar", after="10007")
    last, parameters = statements[-1]
    for value in ("zanzibar", "10007", "9001"):
        assert value not in last
        assert value in str(parameters)


def test_a_page_is_written_as_csv(filled, gold, tmp_path):
    path = filled.programs(province="ON").write_csv(tmp_path / "ontario.csv")
    read = pd.read_csv(path, dtype={"program_stream_id": "str"})
    assert read["program_stream_id"].tolist() == expected(gold, province="ON")["program_stream_id"].tolist()
