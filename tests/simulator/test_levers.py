"""The registry of levers: every row is checked, touches what it says, and is a method of a scenario."""

from __future__ import annotations

import inspect

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.exceptions import ArgumentError, CarmsError, UnknownNameError
from carms_lib.simulator.inputs.levers import LEVERS, Lever
from carms_lib.simulator.inputs.market import reverting
from carms_lib.simulator.inputs.tables import AXES, NOT_IN_LISTS, Tables
from carms_lib.simulator.study.simulation import share_lists

# One working example of each row, on the small market.
EXAMPLES = {
    "scale_quota": Lever("scale_quota", 1.5, {"province": "ON"}),
    "set_quota": Lever("set_quota", 3, {"discipline": "Psychiatry"}),
    "add_seats": Lever("add_seats", -2, {"discipline": "Family Medicine"}),
    "close_programs": Lever("close_programs", None, {"program_stream_id": "11"}),
    "scale_demand": Lever("scale_demand", 2.0, {"discipline": "Psychiatry"}),
    "shift_preference": Lever("shift_preference", -0.5, {"province": "QC"}),
    "scale_class": Lever("scale_class", 1.4, {"applicant_class": "img"}),
    "second_iteration": Lever("second_iteration", False),
    "reversions": Lever("reversions", False),
    "set_rule": Lever("set_rule", True, {"province": "ON", "rule": "img_residents_only"}),
    "add_program": Lever("add_program", 2, {"program_stream_id": "19", "like": "11", "school_province": "MB"}),
    "move_seats": Lever("move_seats", 1, {"from_stream": "CMG", "to_stream": "IMG", "school": "University of Toronto"}),
    "merge_streams": Lever("merge_streams", None, {"school": "University of Toronto"}),
    "split_streams": Lever("split_streams", 0.5, {"province": "QC"}),
    "set_language": Lever("set_language", "either", {"province": "QC"}),
    "scale_interviews": Lever("scale_interviews", 1.5, {"discipline": "Psychiatry"}),
    "change_mix": Lever("change_mix", 0.5, {"graduation_school": "McGill University"}),
}
ATTRIBUTES = ("second_iteration", "size_factor", "cohort")


def changed(before: carms.Market, after: carms.Market) -> set[str]:
    """Arrays and attributes of a market that a lever has given other values."""
    arrays = {
        name
        for name in Tables._fields
        if not np.array_equal(getattr(before.tables, name), getattr(after.tables, name), equal_nan=False)
    }
    return arrays | {name for name in ATTRIBUTES if getattr(before, name) is not getattr(after, name)}


def test_there_is_an_example_of_every_lever() -> None:
    assert set(EXAMPLES) == set(LEVERS)


@pytest.mark.parametrize("action", LEVERS)
def test_a_lever_touches_what_its_row_says_and_no_more(action: str, market: carms.Market) -> None:
    after = EXAMPLES[action].apply(market)
    touched = changed(market, after)
    assert touched
    assert touched <= LEVERS[action].touches
    assert share_lists(market, after) is not LEVERS[action].draws_new_lists


@pytest.mark.parametrize("action", LEVERS)
def test_every_array_of_programs_is_as_long_as_the_table(action: str, market: carms.Market) -> None:
    """An array that a lever forgets to carry over would be read beyond its end by a kernel."""
    after = EXAMPLES[action].apply(market)
    sizes = {
        "program": after.n_programs,
        "applicant": len(after.applicants),
        "class": len(after.cohort.classes),
        "school": len(after.cohort.schools),
        "province": len(after.cohort.provinces),
        "discipline": after.programs["discipline"].nunique(),
        "type": len(after.tables.type_class),
    }
    for name, axis in AXES.items():
        more = name in {"discipline_start", "type_start"}  # where each begins, and where the last ends
        assert getattr(after.tables, name).shape[-1] == sizes[axis] + more, name


def test_a_program_that_opens_to_all_is_no_longer_ranked_as_one_for_graduates_from_abroad(market: carms.Market) -> None:
    at = list(market.programs["program_stream_id"]).index("11")
    assert market.tables.only_abroad[at]
    assert not EXAMPLES["merge_streams"].apply(market).tables.only_abroad[at]
    twin = EXAMPLES["add_program"].apply(market)
    assert twin.tables.only_abroad[list(twin.programs["program_stream_id"]).index("19")]


def test_every_array_has_an_axis_and_the_lists_depend_on_all_others() -> None:
    assert set(AXES) == set(Tables._fields)
    assert set(Tables._fields) >= NOT_IN_LISTS


@pytest.mark.parametrize("action", LEVERS)
def test_every_lever_is_a_typed_method_of_a_scenario(action: str) -> None:
    method = inspect.signature(getattr(carms.Scenario, action), eval_str=False)
    assert method.return_annotation == "Scenario"
    assert all(
        each.annotation is not inspect.Parameter.empty for name, each in method.parameters.items() if name != "self"
    )
    kind = LEVERS[action]
    assert not kind.argument or kind.argument in method.parameters


@pytest.mark.parametrize("action", LEVERS)
@pytest.mark.parametrize("value", [None, True, "no", float("nan"), -1.5, [1], {}])
def test_a_value_is_right_or_refused(action: str, value: object) -> None:
    """What is taken comes back in its own type: nothing is bent into a number or a truth value."""
    example = EXAMPLES[action]
    try:
        lever = Lever(action, value, example.where)  # type: ignore[arg-type]
    except CarmsError as error:
        assert LEVERS[action].argument in str(error)  # noqa: PT017 - either outcome is right for some levers
        return
    assert type(lever.value) is type(value)
    assert lever.value is value
    assert (action, value) in {(name, None) for name in ("close_programs", "merge_streams")} | {
        (name, True) for name in ("second_iteration", "reversions", "set_rule")
    } | {("shift_preference", -1.5)}


def test_a_lever_without_its_value_is_refused_before_any_market_sees_it() -> None:
    with pytest.raises(ArgumentError, match="factor=None"):
        Lever("scale_quota", where=(("province", ("ON",)),))
    with pytest.raises(ArgumentError, match="enabled='no' must be True or False"):
        carms.Scenario("x").second_iteration("no")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="seats=True"):
        carms.Scenario("x").set_quota(True, province="ON")
    with pytest.raises(carms.CarmsError, match="must be True or False"):
        carms.Scenario.from_toml('name = "x"\n[[lever]]\naction = "second_iteration"\nvalue = "off"\n')


def test_a_misspelt_action_offers_near_names() -> None:
    with pytest.raises(UnknownNameError, match="scale_quota"):
        Lever("scale_qouta", 1.1)
    with pytest.raises(UnknownNameError):
        Lever(None, 1.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "value", "where"),
    [
        ("scale_demand", 2.0, {"province": "ON"}),
        ("scale_demand", 2.0, {}),
        ("scale_class", 2.0, {"discipline": "Psychiatry"}),
        ("second_iteration", False, {"province": "ON"}),
        ("add_program", 1, {"like": "11"}),
        ("move_seats", 1, {"from_stream": "CMG"}),
        ("set_rule", True, {"province": "ON"}),
        ("set_rule", True, {"rule": "reverts"}),
        ("set_rule", True, {"province": "ON", "rule": "reverts", "discipline": "Psychiatry"}),
    ],
)
def test_keys_that_are_missing_or_must_not_be_there_are_refused(action: str, value: object, where: object) -> None:
    with pytest.raises(ArgumentError, match=action):
        Lever(action, value, where)  # type: ignore[arg-type]


def test_levers_are_values_that_travel_as_plain_records() -> None:
    for lever in EXAMPLES.values():
        assert Lever.from_dict(lever.to_dict()) == lever
        assert hash(Lever.from_dict(lever.to_dict())) == hash(lever)


def test_a_split_in_half_is_half_of_the_seats_not_half_of_each_program(market: carms.Market) -> None:
    """Programs of one and three seats would each round up: by largest remainder the whole is right."""
    programs = market.programs.copy()
    programs["eligibility"] = "ALL"
    programs["quota"] = np.where(np.arange(len(programs)) % 2, 1, 3)
    odd = carms.Market.from_gold(programs, market.cohort)
    split = carms.Scenario("s").split_streams(0.5).apply(odd)
    seats = split.programs.groupby("eligibility")["quota"].sum()
    assert seats["IMG"] == (odd.seats + 1) // 2
    assert seats.sum() == odd.seats
    assert split.tables.program_demand_quota.sum() == odd.tables.program_demand_quota.sum()


def test_seats_still_revert_where_a_program_is_added(market: carms.Market) -> None:
    more = EXAMPLES["add_program"].apply(market)
    ids = more.programs["program_stream_id"].tolist()
    assert more.tables.reverts_to[ids.index("10")] == ids.index("11")


def test_no_seat_reverts_to_a_program_that_is_closed(market: carms.Market) -> None:
    """Of two programs the first takes the seats of the second, until it closes."""
    rows = market.programs[market.programs["program_stream_id"].isin(["10", "11"])]
    small = carms.Market.from_gold(rows.replace({"program_stream_id": {"11": "09"}}), market.cohort)
    assert reverting(small).tolist() == [-1, 0]
    closed = Lever("close_programs", None, {"program_stream_id": "09"}).apply(small)
    assert reverting(closed).tolist() == [-1, -1]
