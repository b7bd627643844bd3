"""The listing that users were promised runs as it stands: names, arguments and columns.

Both blocks are copied from the design, comments included. The one change is the number of draws, so that the suite
stays quick; `TestMarket` asks the objects they leave behind what a reader of the listing would expect.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

DRAWS = "n_draws=1_000"

MARKET = """
import carms_lib as carms

release = carms.load_release()                 # bundled facts of 1503; load_release(path) reads the published files
bronze  = carms.to_bronze(release)             # typed, stamped with lineage, nothing dropped
silver  = carms.to_silver(bronze)              # one fact per row; bad rows quarantined with a reason
gold    = carms.to_gold(silver)                # analysis-ready; sums conserved
layers  = carms.build(release)                 # the three steps with checks between: .bronze .silver .gold .report

with carms.open_warehouse("sqlite:///carms.db") as warehouse:     # or postgresql+psycopg://…
    warehouse.upgrade()                        # migrations
    warehouse.write(layers)                    # idempotent; history kept; all or nothing
    page = warehouse.programs(province="ON", discipline="Psychiatry", limit=50, after=None)
    page.frame, page.next_key                  # next_key is None on the last page; pass it as `after`

cohort = carms.load_cohort("2025")             # who applies and what they want: assumptions, each with source and range
market = carms.Market.from_gold(gold, cohort)
more   = carms.Scenario("Ontario FM +10 %").scale_quota(1.10, province="ON", discipline="Family Medicine")

study  = carms.simulate(market, more, n_draws=1_000, rng=2025)    # the baseline is always in it, on common draws
study.pressure(by=["province", "discipline"], level=0.90).to_frame()
study.compare("Ontario FM +10 %").outcomes(by="discipline").to_frame()     # paired differences, with bands
study.pressure(by="discipline").plot()
carms.write_memo("memo/")                      # the main job: release -> tables -> match -> bands -> memo
"""

LISTS = """
from carms_lib.matching import MatchingProblem, solve

problem = MatchingProblem.from_lists(
    applicants={"ana": ["p", "q"], "ben": ["q"]},
    programs={"p": ["ana"], "q": ["ben", "ana"]},
    quotas={"p": 1, "q": 1},
    couples={("cy", "di"): [("p", "q"), ("p", None)]},   # optional; None is "no match"
)
matching = solve(problem, proposing="applicants")        # or "programs"
matching.to_frame()          # applicant, program (missing when unmatched), applicant_rank, program_rank (1 = first)
matching.blocking_pairs()    # a frame, empty iff stable
matching.is_stable           # with couples: under the rule asked for, "BIS" (default) or "MM"
matching.status              # "stable", "unstable" (see blocking_pairs), "none_exists", "budget"
matching.explain("ben")      # why this outcome: each better choice, and who holds the seats there
"""

BAND = ["estimate", "lower", "upper", "level", "kind", "n_draws"]

pytestmark = [
    pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning"),
    # the couple of the listing ranks programs that do not rank them back
    pytest.mark.filterwarnings("ignore::carms_lib.exceptions.DroppedWarning"),
]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the first block leaves behind."""
    assert MARKET.count(DRAWS) == 1
    folder = tmp_path_factory.mktemp("contract")
    listing = MARKET.replace(DRAWS, "n_draws=30").replace('"memo/"', '"memo/", n_draws=10, progress=False')
    names: dict[str, object] = {"__name__": "listing"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(listing, "the listing", "exec"), names)  # noqa: S102 - our own listing
    plt.close("all")
    return {**names, "folder": folder}


class TestMarket:
    def test_the_steps_and_the_build_give_the_same_gold(self, left):
        for name, frame in left["gold"].items():
            assert frame.equals(left["layers"].gold[name]), name
        for part in ("bronze", "silver", "gold", "report"):
            assert hasattr(left["layers"], part)

    def test_gold_has_the_columns_that_were_named(self, left):
        named = (
            "program_stream_id, discipline, school, site, stream, eligibility, school_province, site_province, "
            "language, quota, applications_band, interview_band"
        )
        program = left["gold"]["program"]
        assert set(named.split(", ")) <= set(program.columns)
        assert set(program["eligibility"]) == {"CMG", "IMG", "ALL", "MOTP"}
        assert program["program_stream_id"].is_unique

    def test_a_page_of_the_warehouse(self, left):
        page, program = left["page"], left["gold"]["program"]
        expected = program.loc[(program["school_province"] == "ON") & (program["discipline"] == "Psychiatry")]
        assert page.frame["program_stream_id"].tolist() == sorted(expected["program_stream_id"])
        assert page.next_key is None

    def test_a_band_is_columns(self, left):
        study = left["study"]
        frame = study.pressure(by=["province", "discipline"], level=0.90).to_frame()
        assert list(frame.columns)[:4] == ["metric", "scenario", "province", "discipline"]
        assert list(frame.columns)[4:10] == BAND
        assert set(frame["scenario"]) == {"baseline", "Ontario FM +10 %"}
        assert set(frame["kind"]) == {"outcome"}
        paired = study.compare("Ontario FM +10 %").outcomes(by="discipline").to_frame()
        assert {"metric", "scenario", "discipline", *BAND} <= set(paired.columns)

    @pytest.mark.parametrize("kind", ["outcome", "mean", "input"])
    def test_every_kind_of_band_answers(self, left, kind):
        frame = left["study"].pressure(by="province", kind=kind).to_frame()
        assert set(frame["kind"]) == {kind}

    def test_every_result_answers_alike(self, left):
        study = left["study"]
        for result in (study, study.pressure(by="discipline"), study.compare("Ontario FM +10 %").outcomes()):
            for verb in ("to_frame", "summary", "plot", "save"):
                assert callable(getattr(result, verb)), (type(result), verb)
            assert result.provenance.entropy == 2025
        axes = study.pressure(by="discipline").plot()
        assert isinstance(axes, Axes)
        plt.close("all")

    def test_the_study_names_the_release_and_the_hash_of_each_of_its_files(self, left):
        """Nobody had to say what gold was made from: it says so itself."""
        sources = left["release"].sources
        assert len(sources) >= 3
        for told in (left["study"].provenance, left["gold"].provenance, left["layers"].gold.provenance):
            assert told.release_id == "1503"
            assert told.sources == dict(zip(sources["file"], sources["sha256"], strict=True))

    def test_the_memo_is_there(self, left):
        assert (left["folder"] / "memo" / "index.html").stat().st_size > 100_000
        assert (left["folder"] / "carms.db").stat().st_size > 100_000


class TestLists:
    def test_it_runs_and_says_what_was_promised(self):
        names: dict[str, object] = {"__name__": "listing"}
        exec(compile(LISTS, "the listing", "exec"), names)  # noqa: S102 - our own listing
        matching = names["matching"]
        frame = matching.to_frame()
        assert list(frame.columns)[:4] == ["applicant", "program", "applicant_rank", "program_rank"]
        assert dict(zip(frame["applicant"], frame["program"].fillna(""), strict=True)) == {
            "ana": "p",
            "ben": "q",
            "cy": "",
            "di": "",
        }
        assert matching.blocking_pairs().empty
        assert (matching.is_stable, matching.status) == (True, "stable")
        assert "q" in str(matching.explain("ben"))

    def test_either_side_may_propose(self):
        without = LISTS.replace("    couples={", "    # couples={")
        for side in ("applicants", "programs"):
            names: dict[str, object] = {"__name__": "listing"}
            block = without.replace('proposing="applicants"', f'proposing="{side}"')
            exec(compile(block, "the listing", "exec"), names)  # noqa: S102
            assert names["matching"].to_frame()["program"].tolist() == ["p", "q"]
