"""Rules by year and province: the record, what a cohort has of it, and the lever that sets one rule in one province."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, CohortError, ScenarioError, UnknownNameError
from carms_lib.simulator import load_rules
from carms_lib.simulator.inputs.levers import Lever
from carms_lib.simulator.inputs.market import with_rule
from carms_lib.simulator.inputs.rule_record import STATUSES, read_rules, rules_of, stated_rules
from carms_lib.simulator.inputs.rules import RULES, RuledPrograms, rule_arrays
from carms_lib.simulator.inputs.tables import Tables
from carms_lib.simulator.study.simulation import share_lists

CANADA = carms.load_cohort("2025").provinces.index
#: What the bundled cohorts assume and the record does not hold: each is said in the file of the record.
STATED = {("reverts", "AB"), ("reverts", "ON"), ("img_residents_only", "QC")}
ENTRY = """
[[rule]]
rule = "reverts"
provinces = ["ON"]
value = true
first = 2020
last = 2022
status = "applied"
public = "2020-05"
source = "https://example.org"
"""


# --- the record -----------------------------------------------------------------------------------------------------


def test_every_entry_has_its_source_its_years_and_a_known_status() -> None:
    rules = load_rules()
    assert rules["source"].str.startswith("https://").all()
    assert set(rules["status"]) <= set(STATUSES)
    assert rules["first"].between(2016, 2026).all()
    assert rules["public"].str.fullmatch(r"(\d{4}(-\d\d){0,2})?").all()
    assert set(rules["province"].dropna()) <= set(CANADA)
    assert set(rules["rule"]) <= set(RULES)


@pytest.mark.parametrize(
    ("year", "apart"),
    [(2016, "AB MB ON"), (2018, "AB MB ON"), (2019, "AB MB ON"), (2022, "AB MB ON"), (2023, "AB"), (2026, "AB")],
)
def test_where_streams_stay_apart_in_the_second_iteration(year: int, apart: str) -> None:
    merges = rules_of(year, CANADA)["streams_merge"]
    assert list(merges.index[~merges]) == apart.split()


def test_what_is_announced_is_off_and_what_was_applied_holds() -> None:
    assert not rules_of(2026, CANADA)["img_schooling"].any()
    family = {year: rules_of(year, CANADA)["family_medicine_reverts"] for year in (2023, 2024, 2026)}
    assert {year: list(column.index[column]) for year, column in family.items()} == {
        2023: [],
        2024: ["AB"],
        2026: ["AB"],
    }


def test_a_reversion_whose_province_is_not_published_holds_nowhere() -> None:
    assert load_rules().query("rule == 'reverts'")["province"].isna().all()
    assert not rules_of(2017, CANADA)["reverts"].any()


def test_years_before_the_record_have_its_first_rules_and_other_countries_the_defaults() -> None:
    pd.testing.assert_frame_equal(rules_of(2009, CANADA), rules_of(2016, CANADA))
    elsewhere = rules_of(2025, pd.Index(["North", "South"]))
    assert elsewhere.to_dict("list") == {name: [kind.default] * 2 for name, kind in RULES.items()}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"reverts"', '"revert"', "Did you mean 'reverts'"),
        ('"applied"', '"aplied"', "Did you mean 'applied'"),
        ("value = true", "value = 1", "entry 1: value=1 must be False or True"),
        ("first = 2020\n", "", r"entry 1 lacks \['first'\]"),
        ("https://example.org", "", r"entry 1 lacks \['source'\]"),
        ("last = 2022", "last = 2019", "ends before it begins"),
        (ENTRY, ENTRY + ENTRY.replace("first = 2020", "first = 2022").replace("last = 2022", ""), "'ON' overlap"),
    ],
)
def test_a_record_that_cannot_be_right_is_refused(old: str, new: str, message: str) -> None:
    assert read_rules(ENTRY)["province"].tolist() == ["ON"]
    assert old in ENTRY
    with pytest.raises(carms.CarmsError, match=message):
        read_rules(ENTRY.replace(old, new, 1))


def test_entries_may_follow_each_other_and_an_announced_one_contradicts_nothing() -> None:
    later = ENTRY.replace("first = 2020", "first = 2023").replace("last = 2022", "")
    announced = ENTRY.replace("applied", "announced")
    assert len(read_rules(ENTRY + later + announced)) == 3


def test_nobody_changes_the_record_by_what_it_was_handed() -> None:
    mine = load_rules()
    mine["value"] = None
    assert load_rules()["value"].notna().all()


# --- a cohort's rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["2016", "2017", "2025", "2026", "2027"])
def test_a_bundled_cohort_has_the_rules_of_its_year_but_for_what_it_states(name: str) -> None:
    cohort = carms.load_cohort(name)
    stated = stated_rules(cohort.provinces, cohort.year)
    assert {(rule, code) for rule in RULES for code in stated.index[stated[rule]]} == STATED
    text = cohort.to_toml()
    assert text.count("reverts = true") == 2
    assert text.count("img_residents_only = true") == 1
    assert "streams_merge =" not in text


def test_a_table_without_a_column_for_a_rule_has_that_of_the_year(cohort: carms.Cohort) -> None:
    bare = cohort.provinces.drop(columns=list(RULES))
    plain = replace(cohort.without_margins(), year=2019, provinces=bare, columns=cohort.columns)
    pd.testing.assert_frame_equal(plain.provinces[list(RULES)], rules_of(2019, CANADA))
    assert plain.columns["provinces.streams_merge"]["source"] == "rules.toml"


def test_a_cohort_says_otherwise_and_keeps_it_in_its_file(cohort: carms.Cohort) -> None:
    merge = cohort.provinces["streams_merge"].copy()
    merge["AB"], merge["NS"] = True, False
    said = replace(cohort, provinces=cohort.provinces.assign(streams_merge=merge))
    again = carms.Cohort.from_toml(said.to_toml())
    pd.testing.assert_series_equal(again.provinces["streams_merge"], merge)
    assert said.to_toml().count("streams_merge = ") == 2
    rows = said.to_frame().query("quantity == 'streams_merge'")
    assert set(rows["source"]) == {"STATED"}
    back = replace(said, provinces=said.provinces.assign(streams_merge=cohort.provinces["streams_merge"]))
    assert set(back.to_frame().query("quantity == 'streams_merge'")["source"]) == {"rules.toml"}
    assert "STATED" not in back.sources


def test_another_year_changes_the_rules_of_the_record_alone(cohort: carms.Cohort) -> None:
    before = cohort.with_year(2019)
    assert before.year == 2019
    assert not before.provinces.loc[["AB", "MB", "ON"], "streams_merge"].any()
    assert before.provinces.loc[["AB", "ON"], "reverts"].all()  # stated
    assert not before.provinces["family_medicine_reverts"].any()
    pd.testing.assert_frame_equal(before.with_year(2025).provinces, cohort.provinces)


@pytest.mark.parametrize("value", [1, "yes", None, float("nan")])
def test_a_rule_has_a_value_of_its_own_kind(cohort: carms.Cohort, value: object) -> None:
    column = cohort.provinces["reverts"].astype(object)
    column["ON"] = value
    with pytest.raises(CohortError, match=r"provinces\.'ON'\.reverts=.* must be False or True"):
        replace(cohort, provinces=cohort.provinces.assign(reverts=column))


# --- the registry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_touches_what_its_row_says_and_its_default_changes_nothing(rule: str, market: carms.Market) -> None:
    kind, cohort = RULES[rule], market.cohort
    assert kind.default in kind.allowed
    assert kind.meaning.endswith(".")
    off = cohort.provinces.assign(**{name: each.default for name, each in RULES.items()})
    plain = rule_arrays(market.programs, cohort.classes, off)
    for value in kind.allowed:
        ruled = rule_arrays(market.programs, cohort.classes, off.assign(**{rule: value}))
        changed = {name for name in plain if not np.array_equal(plain[name], ruled[name])}
        assert changed == (set() if value == kind.default else set(kind.touches))
        assert set(ruled) <= set(Tables._fields)
        assert all(ruled[name].dtype == getattr(market.tables, name).dtype for name in ruled)
    stream = {"CMG": 1, "IMG": 2, "MOTP": 4}
    values = np.full(market.n_programs, kind.allowed[-1])
    given = RuledPrograms(
        programs=market.programs,
        value=values,
        province=market.tables.program_province,
        stream=stream,
        arrays=plain,
    )
    assert set(kind.effect(given)) <= set(kind.touches)


def test_a_rule_need_not_be_true_or_false(market: carms.Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row and one function: international graduates apply never, in the second iteration alone, or in both."""

    def only_second(at: RuledPrograms) -> dict[str, np.ndarray]:
        shut = np.uint8(~np.uint8(at.stream["IMG"]))
        first, second = at.arrays["first_open"], at.arrays["second_open"]
        return {
            "first_open": np.where(at.value == "both", first, first & shut),
            "second_open": np.where(at.value == "never", second & shut, second),
        }

    row = replace(RULES["reverts"], effect=only_second, touches=("first_open", "second_open"))
    row = replace(row, allowed=("both", "second", "never"), default="both")
    monkeypatch.setitem(RULES, "img_iterations", row)
    img = 1 << list(market.cohort.classes.index).index("img")
    fresh = carms.Market.from_gold(market.programs, replace(market.cohort, columns=dict(market.cohort.columns)))
    scenario = carms.Scenario("s").set_rule(province="ON", rule="img_iterations", value="second")
    later = carms.Scenario.from_toml(scenario.to_toml()).apply(fresh)
    ontario = (market.programs["province"] == "ON").to_numpy()
    assert not (later.tables.first_open[ontario] & img).any()
    np.testing.assert_array_equal(later.tables.second_open, market.tables.second_open)
    with pytest.raises(ArgumentError, match="'both' or 'second' or 'never'"):
        carms.Scenario("s").set_rule(province="ON", rule="img_iterations", value="third")


# --- the lever -------------------------------------------------------------------------------------------------------


def _rule(rule: str, value: bool, province: str = "ON") -> carms.Scenario:
    return carms.Scenario(f"{rule} {value}").set_rule(province=province, rule=rule, value=value)


def test_the_listing_of_the_design_runs() -> None:
    more = carms.Scenario("more").scale_quota(1.10, province="ON", discipline="Family Medicine")
    ruled = more.set_rule(province="ON", rule="streams_merge", value=True)
    assert ruled.levers[-1] == Lever("set_rule", True, {"province": "ON", "rule": "streams_merge"})


def test_the_lever_travels_as_toml_and_json() -> None:
    scenario = carms.Scenario("x").set_rule(province=["ON", "AB"], rule="reverts", value=False)
    assert carms.Scenario.from_toml(scenario.to_toml()) == scenario
    record = json.loads(json.dumps(scenario.levers[0].to_dict()))
    assert record == {"action": "set_rule", "value": False, "province": ["ON", "AB"], "rule": ["reverts"]}
    assert Lever.from_dict(record) == scenario.levers[0]


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda s: s.set_rule(province="ON", rule="stream_merge", value=True), UnknownNameError, "'streams_merge'"),
        (lambda s: s.set_rule(province="ON", rule="reverts", value="yes"), ArgumentError, "value='yes' must be False"),
        (lambda s: s.set_rule(province="ON", rule="reverts", value=1), ArgumentError, "unfilled CMG seats revert"),
        (lambda s: s.set_rule(province=[], rule="reverts", value=True), ArgumentError, r"province=\[\]"),
        (lambda s: s.set_rule(province="ON", rule=["reverts"] * 2, value=True), ArgumentError, "one rule at a time"),
    ],
)
def test_a_lever_that_cannot_be_right_is_refused_when_it_is_made(
    make: Callable[[carms.Scenario], carms.Scenario], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        make(carms.Scenario("x"))


@pytest.mark.parametrize(
    ("province", "advice"),
    [
        ("ZZ", "Allowed: 'AB', 'ON', 'QC'"),
        ("Ontario", "Allowed: 'AB', 'ON', 'QC'"),
        ("NU", "No program's school is in NU: NU has no program"),
    ],
)
def test_a_province_without_programs_is_refused_with_those_that_have_some(
    market: carms.Market, province: str, advice: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"province='{province}' is unknown. {advice}"):
        _rule("reverts", True, province).apply(market)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", [False, True])
def test_a_rule_set_is_the_market_of_a_cohort_that_has_it(market: carms.Market, rule: str, value: bool) -> None:
    scenario = _rule(rule, value).apply(market)
    column = market.cohort.provinces[rule].copy()
    column["ON"] = value
    cohort = replace(market.cohort, provinces=market.cohort.provinces.assign(**{rule: column}))
    anew = carms.Market.from_gold(market.programs, cohort)
    for name in Tables._fields:
        np.testing.assert_array_equal(getattr(scenario.tables, name), getattr(anew.tables, name), err_msg=name)
    pd.testing.assert_frame_equal(scenario.cohort.provinces, cohort.provinces)


def test_lists_are_shared_where_the_rule_does_not_decide_them(market: carms.Market) -> None:
    assert share_lists(market, _rule("streams_merge", False).apply(market))
    assert share_lists(market, _rule("reverts", False).apply(market))
    assert share_lists(market, _rule("img_residents_only", False).apply(market))  # as it is: nothing changes
    assert not share_lists(market, _rule("img_residents_only", True).apply(market))
    assert not share_lists(market, _rule("img_schooling", True).apply(market))


def test_earlier_levers_stay(market: carms.Market) -> None:
    """A closed program stays closed; seats that a lever let revert nowhere revert in the one province again."""
    closed = carms.Scenario("x").close_programs(program_stream_id="10")
    shut = closed.set_rule(province="ON", rule="streams_merge", value=False)
    shut = shut.set_rule(province="ON", rule="streams_merge", value=True).apply(market)
    at = list(market.programs["program_stream_id"]).index("10")
    assert (shut.tables.first_open[at], shut.tables.second_open[at], shut.tables.reverts_to[at]) == (0, 0, -1)
    off = carms.Scenario("x").reversions(False)
    back = off.set_rule(province="AB", rule="reverts", value=True).apply(market)
    ids = list(market.programs["program_stream_id"])
    assert {ids[i]: ids[to] for i, to in enumerate(back.tables.reverts_to) if to >= 0} == {"16": "17"}


def test_later_levers_know_the_rule(market: carms.Market) -> None:
    """A program added afterwards, and `reversions`, go by the rules that were set."""
    scenario = _rule("reverts", False).add_program("19", like="10", seats=2).reversions(True).apply(market)
    ids = list(scenario.programs["program_stream_id"])
    assert {ids[i] for i in np.flatnonzero(scenario.tables.reverts_to >= 0)} == {"16"}
    apart = _rule("streams_merge", False).add_program("19", like="10", seats=2).apply(market)
    at = ids.index("19")
    assert apart.tables.second_open[at] == apart.tables.first_open[at]


# --- it reaches a draw -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def roomy(market: carms.Market) -> carms.Market:
    """Forty seats for Canadian graduates and three for others in Toronto: some of either stay unfilled."""
    return carms.Scenario("roomy").set_quota(40, program_stream_id="10").apply(market)


def _matched(study: carms.Study, name: str, field: str, **where: str) -> int:
    """How many applicants hold a seat in programs of Ontario, over all draws, of those that `where` tells."""
    outcomes = study.outcomes_of(name)
    match = np.asarray(getattr(outcomes, field))
    program = (outcomes.programs["province"] == "ON") & (
        outcomes.programs["eligibility"] == where.pop("eligibility", "CMG")
    )
    who = pd.Series(True, index=outcomes.applicants.index)
    for column, value in where.items():
        texts = outcomes.applicants[column]
        who &= texts != value.removeprefix("not ") if value.startswith("not ") else texts == value
    held = match[:, who.to_numpy()]
    return int(program.to_numpy()[held[held >= 0]].sum())


def _study(market: carms.Market, *scenarios: carms.Scenario) -> carms.Study:
    return carms.simulate(market, *scenarios, n_draws=60, rng=4)


def test_who_may_apply_in_the_second_iteration(roomy: carms.Market) -> None:
    """Apart, no graduate from abroad holds a seat of the CMG stream; merged, some do; the first is the same bits."""
    apart = _rule("streams_merge", False)
    study = _study(roomy, apart)
    assert _matched(study, "baseline", "final", applicant_class="img") > 30
    assert _matched(study, "baseline", "first", applicant_class="img") == 0
    assert _matched(study, apart.name, "final", applicant_class="img") == 0
    one, other = (study.outcomes_of(name) for name in ("baseline", apart.name))
    for field in ("wished", "ranked", "first", "quota"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize("rule", ["streams_merge", "reverts"])
def test_lists_shared_are_the_lists_that_the_scenario_would_draw(roomy: carms.Market, rule: str) -> None:
    """The scenario as a market of its own, drawn anew, gives the same bits as beside the baseline."""
    scenario = _rule(rule, False)
    beside, alone = _study(roomy, scenario), _study(scenario.apply(roomy))
    for field in ("wished", "ranked", "first", "final", "quota"):
        one, other = beside.outcomes_of(scenario.name), alone.outcomes_of("baseline")
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_where_unfilled_seats_revert(roomy: carms.Market) -> None:
    """Seats of Toronto's CMG program go to its IMG program, one for one; without the rule they stay."""
    stay = _rule("reverts", False)
    study = _study(roomy, stay)
    ids = list(roomy.programs["program_stream_id"])
    gives, takes = ids.index("10"), ids.index("11")
    quota, kept = (np.asarray(study.outcomes_of(name).quota) for name in ("baseline", stay.name))
    assert (quota[:, takes] > kept[:, takes]).sum() > 20
    np.testing.assert_array_equal(quota[:, gives] + quota[:, takes], kept[:, gives] + kept[:, takes])
    assert _matched(study, "baseline", "first", eligibility="IMG") > _matched(
        study, stay.name, "first", eligibility="IMG"
    )


def test_where_graduates_from_abroad_must_live_or_have_gone_to_school(roomy: carms.Market) -> None:
    """By residence nobody from elsewhere in either iteration; by schooling in the second alone. Residents stay."""
    residents, schooled = _rule("img_residents_only", True), _rule("img_schooling", True)
    study = _study(roomy, residents, schooled)

    def from_elsewhere(name: str, field: str) -> int:
        cells = ("CMG", "IMG")
        return sum(
            _matched(study, name, field, eligibility=cell, applicant_class="img", home_province="not ON")
            for cell in cells
        )

    assert from_elsewhere("baseline", "first") > 30
    assert [from_elsewhere(residents.name, field) for field in ("first", "final")] == [0, 0]
    assert from_elsewhere(schooled.name, "first") == 0
    assert from_elsewhere(schooled.name, "final") > 30
    for rule in (residents, schooled):
        mine = {"applicant_class": "img", "home_province": "ON", "eligibility": "IMG"}
        assert _matched(study, rule.name, "first", **mine) > _matched(study, "baseline", "first", **mine)


def test_a_rule_of_one_province_leaves_the_lists_of_others_as_they_are(roomy: carms.Market) -> None:
    """Lists of Canadian and US graduates are to the bit those of the baseline, whatever Ontario asks of others."""
    schooled = _rule("img_schooling", True)
    study = _study(roomy, schooled)
    canadian = (roomy.applicants["applicant_class"] != "img").to_numpy()
    one, other = (np.asarray(study.outcomes_of(name).wished)[:, canadian] for name in ("baseline", schooled.name))
    np.testing.assert_array_equal(one, other)


def test_a_rule_that_holds_already_changes_no_number(roomy: carms.Market) -> None:
    same = _rule("streams_merge", True)
    study = _study(roomy, same)
    one, other = (study.outcomes_of(name) for name in ("baseline", same.name))
    np.testing.assert_array_equal(one.final, other.final)
    np.testing.assert_array_equal(one.first, other.first)


def test_arrays_that_do_not_change_stay_the_same_arrays(market: carms.Market) -> None:
    made = with_rule(market, "streams_merge", ["ON"], False)
    names = {name for name in Tables._fields if getattr(made.tables, name) is not getattr(market.tables, name)}
    assert names == {"second_open"}


def test_a_scenario_that_selects_nothing_is_an_error_as_for_any_lever(market: carms.Market) -> None:
    with pytest.raises((UnknownNameError, ScenarioError)):
        _rule("reverts", True, "BC").apply(market)


def test_a_saved_study_says_which_rule_was_set(roomy: carms.Market, tmp_path: Path) -> None:
    scenario = _rule("streams_merge", False)
    study = carms.simulate(roomy, scenario, n_draws=10, rng=4)
    again = carms.Study.load(study.save(tmp_path / "study.npz"))
    assert again.provenance == study.provenance
    told = json.dumps(again.provenance.to_dict())
    assert all(word in told for word in ("set_rule", "streams_merge", "ON"))
