"""Every view groups and filters by every documented column, those of places among them."""

from __future__ import annotations

import carms_lib as carms
import pytest
from carms_lib.exceptions import UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

PLACES = ("site_class", "community", "distributed_campus", "site_province", "site_population", "distance_km")
PROGRAMS = (
    *("province", "school_province", "discipline", "school", "site", "stream", "eligibility", "language"),
    *("home_province", "program_stream_id", *PLACES),
)
APPLICANTS = ("applicant_class", "graduation_school", "home_province", "first_language")
VIEWS = ("pressure", "outcomes", "preferences", "ranks")


@pytest.fixture(scope="module")
def market() -> carms.Market:
    return carms.Market.from_gold(carms.build(carms.load_release()).gold, carms.load_cohort("2025"))


@pytest.fixture(scope="module")
def study(market) -> carms.Study:
    more = carms.Scenario("more rural seats").scale_quota(1.1, site_class="rural")
    return carms.simulate(market, more, n_draws=10, rng=5, progress=False)


@pytest.fixture(scope="module")
def seats(study, market):
    return study.seat_value(market)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("by", dict.fromkeys((*PROGRAMS, *APPLICANTS)))
def test_every_column_groups_every_view(study, view, by):
    frame = getattr(study, view)(by=by).to_frame()
    assert by in frame
    assert len(frame)


@pytest.mark.parametrize("by", PROGRAMS)
def test_every_column_of_programs_groups_comparisons_and_seat_values(study, seats, by):
    metric = "matched" if by in APPLICANTS else "filled"
    assert by in study.compare("more rural seats").outcomes(by=by, metric=metric).to_frame()
    assert by in seats.bands(by).to_frame()


def test_seats_by_class_sum_to_all_seats(study, market):
    seats = study.outcomes(by="site_class", metric="seats", scenario="baseline").to_frame().set_index("site_class")
    held = market.programs.groupby("site_class")["quota"].sum()
    assert set(seats.index) == {"urban", "regional", "rural", "several"}
    assert seats["estimate"].sum() == pytest.approx(held.sum(), rel=0.03)


@pytest.mark.parametrize("view", VIEWS)
def test_fault_4_a_province_of_training_alone_is_explained_in_every_filter(study, view):
    with pytest.raises(UnknownNameError, match="51 seats are trained there: use site_province='NB'"):
        getattr(study, view)(by="discipline", where={"province": "NB"})
    with pytest.raises(UnknownNameError, match="YT has no program"):
        getattr(study, view)(by="discipline", where={"province": "YT"})
    assert len(getattr(study, view)(by="discipline", where={"site_province": "NB"}).to_frame())
