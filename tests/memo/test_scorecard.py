"""The scorecard's page: it says what the run found, also of a run that failed, and needs nothing but itself."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib.memo import score_release, write_scorecard
from carms_lib.quality import Check, Recorder, Scorecard

DAY = dt.date(2025, 3, 1)
START = dt.datetime(2025, 3, 1, 9, 30, tzinfo=dt.UTC)
VOID = {"meta", "img", "br", "hr", "link"}
SECTIONS = [
    *("Needs a look", "Freshness", "Completeness", "Checks", "Checks over time", "Drift", "Quarantine"),
    *("Query latency", "Run times", "Provenance"),
]


class Page(HTMLParser):
    """The tables of a page by the heading above them, its tiles, its text, and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.headings: list[str] = []
        self.tables: dict[str, list[list[list[str]]]] = {}
        self.tones: dict[str, list[str]] = {}
        self.tiles: dict[str, str] = {}
        self.text = ""
        self._label = ""
        self.feed(html)
        self.close()
        assert self.open == []

    @property
    def section(self) -> str:
        return self.headings[-1] if self.headings else ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset"}]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h2":
            self.headings.append("")
        elif tag == "table":
            self.tables.setdefault(self.section, []).append([])
        elif tag == "tr":
            self.tables[self.section][-1].append([])
        elif tag in {"td", "th"}:
            self.tables[self.section][-1][-1].append("")
            self.tones.setdefault(self.section, []).append(given.get("class") or "")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open or "title" in self.open:
            return
        self.text += data
        if "h2" in self.open:
            self.headings[-1] += data
        elif {"td", "th"} & set(self.open):
            self.tables[self.section][-1][-1][-1] += data
        elif "dt" in self.open:
            self._label = data
        elif self.open[-2:] == ["dd", "strong"]:
            self.tiles[self._label] = data


def recorder(**values) -> Recorder:
    return Recorder(clock=lambda: START, timer=itertools.count().__next__, **values)


def without_quota(release, n=3):
    page = release["page"].copy()
    page.loc[: n - 1, "quota"] = "some, ask a.person@example.org"
    return replace(release, tables=dict(release.tables) | {"page": page})


@pytest.fixture(scope="module")
def release(bundled):
    return bundled


@pytest.fixture(scope="module")
def passed(release, bundled_layers) -> Scorecard:
    """A run after two others, one of which failed; Ontario is new since the last release."""
    sound = score_release(release, as_of=DAY, recorder=recorder(run_id="r1", tags={"by": "nightly"}))
    broken = score_release(without_quota(release), as_of=DAY, recorder=recorder(run_id="r2"))
    assert (sound.passed, broken.passed) == (True, False)
    program = bundled_layers.gold["program"]
    before = {"gold": {"program": program[program["school_province"] != "ON"]}}
    return score_release(
        release,
        previous=before,
        as_of=DAY,
        earlier=[sound.record, broken.record],
        recorder=Recorder(run_id="r3", clock=lambda: START + dt.timedelta(days=1), timer=itertools.count().__next__),
    )


@pytest.fixture(scope="module")
def failed(release) -> Scorecard:
    return score_release(without_quota(release), as_of=DAY, recorder=recorder(run_id="r2"))


@pytest.fixture(scope="module")
def page(passed, tmp_path_factory) -> Page:
    path = tmp_path_factory.mktemp("scorecard") / "scorecard.html"
    assert write_scorecard(path, passed) is passed
    return Page(path.read_text(encoding="utf-8"))


def _schemes() -> dict[str, dict[str, str]]:
    """The colours of the page's style sheet by name: in light, in dark and on paper."""
    style = resources.files("carms_lib.memo").joinpath("page.css").read_text(encoding="utf-8")
    roots = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    light, dark, printed = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", root)) for root in roots)
    assert {"ink", "paper", "good", "good-ink"} <= set(dark) <= set(light)
    return {"light": light, "dark": light | dark, "print": light | printed}


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


WRITTEN_ON = [
    *(("ink", "paper"), ("ink", "tint"), ("ink", "rule"), ("quiet", "paper"), ("quiet", "tint"), ("accent", "paper")),
    *((f"{tone}-ink", ground) for tone in ("good", "fair", "poor") for ground in (tone, "tint", "paper")),
]


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "ground"), WRITTEN_ON)
def test_every_ink_can_be_read_on_what_it_is_written_on(scheme, ink, ground):
    """WCAG 2.2, success criterion 1.4.3: text has a contrast of at least 4.5 with what is behind it."""
    colours = _schemes()[scheme]
    darker, lighter = sorted(map(_luminance, (colours[ink], colours[ground])))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


class TestPage:
    def test_it_has_every_section_in_order(self, page):
        assert page.headings == SECTIONS

    def test_the_tiles_say_it_at_once(self, page, passed):
        results = passed.record.report.results
        n_passed = len(results) - len(passed.record.report.failures())
        assert page.tiles == {
            "Verdict": "Passed",
            "Checks passed": f"{n_passed} of {len(results)}",
            "Programs": "815",
            "Set aside": "0 rows",
            "Age of newest page": f"{(DAY - passed.freshness.newest).days} days",
            "Run time": f"{passed.record.seconds:.1f} s",
        }

    def test_every_failed_check_is_told_with_what_was_allowed(self, page, passed):
        (table,) = page.tables["Needs a look"]
        told = {row[0]: row for row in table[1:]}
        failures = passed.record.report.failures()
        assert set(told) == {result.check for result in failures}
        for result in failures:
            assert told[result.check][3:5] == [result.observed, result.expected]
        assert told["school_province distributed as in the last release"][5].startswith("ON (+")

    def test_completeness_is_counted_by_province(self, page, passed):
        (table,) = page.tables["Completeness"]
        assert table[0][1:] == ["All", "AB", "BC", "MB", "NL", "NS", "ON", "QC", "SK"]
        rows = {row[0]: row[1:] for row in table[1:]}
        assert set(rows["quota"]) == {"100%"}
        bronze = carms.load_release()["page"]
        assert passed.completeness.loc["exams", "all"] == pytest.approx(bronze["exams"].notna().mean())
        assert passed.completeness.loc["program_length", "all"] == pytest.approx(813 / 815)
        assert rows["program length"][0] == "99.8%"  # never 100 % where something is missing

    def test_checks_over_time_have_a_column_a_run(self, page):
        (table,) = page.tables["Checks over time"]
        ended = table[1]
        assert ended == ["ended", "passed", "data", "passed"]
        rows = {row[0]: row[1:] for row in table[2:]}
        assert rows["null"] == ["✓", "✓", "✓"]
        assert "critical" in rows["reconciliation"][1]
        assert rows["distribution"][:2] == ["–", "–"]
        assert "warn." in rows["distribution"][2]

    def test_drift_shows_how_far_each_column_moved(self, page, passed):
        table = page.tables["Drift"][0]
        moved = {row[0]: row[2] for row in table[1:]}
        for result in passed.drift:
            name = result.check.removesuffix(" distributed as in the last release").replace("_", " ")
            assert moved[name] == f"{result.measured:.3f}"
        assert any("bar" in tone and "fair" in tone for tone in page.tones["Drift"])
        assert [row[1] for row in table[1:]] == [f"{result.step}: {result.table}" for result in passed.drift]
        assert len({tuple(row[:2]) for row in table[1:]}) == len(passed.drift)  # each row says what it looked at

    def test_run_times_are_those_of_the_record(self, page, passed):
        steps, over_time = page.tables["Run times"]
        assert [row[0] for row in steps[1:]] == list(passed.record.timings)
        assert over_time[-1][0] == "whole run"
        assert len(over_time[0]) == 4

    def test_rows_read_kept_and_set_aside_are_all_there(self, page, passed):
        steps = page.tables["Quarantine"][0]
        assert len(steps) - 1 == len(passed.record.report.steps)
        assert ["silver", "page", "815", "815", "0", "3,942", "3,942", "0"] in steps
        aside = [int(run.report.steps["rows_quarantined"].sum()) for run in passed.runs]
        assert aside[1] > aside[0] == aside[2] == 0
        assert page.tables["Quarantine"][-1][-1] == ["rows set aside", *map(str, aside)]

    def test_it_fetches_nothing_and_runs_nothing(self, page):
        assert page.addresses == []
        assert not {"script", "link", "iframe", "img"} & set(page.tags)

    def test_the_same_run_gives_the_same_bytes(self, passed, tmp_path):
        for name in ("a.html", "b.html"):
            write_scorecard(tmp_path / name, passed)
        assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
        assert b"url(" not in (tmp_path / "a.html").read_bytes()


class TestFailedRun:
    def test_a_run_that_failed_has_a_page_that_says_so(self, failed, tmp_path):
        write_scorecard(tmp_path / "s.html", failed)
        page = Page((tmp_path / "s.html").read_text(encoding="utf-8"))
        assert page.headings == SECTIONS
        assert page.tiles["Verdict"] == "Failed"
        assert "nothing downstream was touched" in page.text
        assert "Programs" not in page.tiles
        reasons = page.tables["Quarantine"][1]
        assert ["page", "quota", "not a whole number", "3"] in [row[:4] for row in reasons]
        assert "example.org" not in page.text

    def test_files_that_cannot_be_read_are_a_failure_of_the_source(self, tmp_path):
        card = write_scorecard(tmp_path / "s.html", release=tmp_path / "nowhere", as_of=DAY)
        assert card.record.failure_class == "source"
        page = Page((tmp_path / "s.html").read_text(encoding="utf-8"))
        assert "does not exist" in page.text
        assert "The run ended before any check ran." in page.text
        assert page.text.startswith("\n\n\nData quality of release (not known)") or "(not known)" in page.text

    def test_a_fault_of_ones_own_code_is_not_hidden(self, release):
        broken = Check("gold", "broken", lambda evidence: 1 / 0)
        run = recorder()
        with pytest.raises(ZeroDivisionError):
            score_release(release, checks=[broken], recorder=run)
        assert run.record.failure_class == "code"


@pytest.fixture(scope="module")
def kept(release, bundled_layers, tmp_path_factory):
    """A warehouse with one release and the records of two runs."""
    place = tmp_path_factory.mktemp("warehouse") / "carms.db"
    with carms.open_warehouse(f"sqlite:///{place}") as warehouse:
        warehouse.upgrade()
        warehouse.write(bundled_layers)
        for number in (1, 2):
            run = Recorder(run_id=f"r{number}", clock=lambda day=number: START + dt.timedelta(days=day))
            source = release if number == 1 else without_quota(release)
            score_release(source, warehouse=warehouse, keep=True, as_of=DAY, recorder=run)
        yield warehouse


class TestWarehouse:
    def test_runs_are_kept_failed_or_not_and_shown_beside_the_next(self, kept, release, tmp_path):
        assert kept.builds()["run_id"].tolist() == ["r2", "r1"]
        assert kept.builds()["failure_class"].tolist()[0] == "data"
        card = write_scorecard(tmp_path / "s.html", release=release, warehouse=kept, as_of=DAY)
        assert [run.run_id for run in card.earlier] == ["r1", "r2"]
        assert kept.builds()["run_id"].tolist() == ["r2", "r1"]  # not kept unless asked
        page = Page((tmp_path / "s.html").read_text(encoding="utf-8"))
        assert page.tables["Checks over time"][0][1] == ["ended", "passed", "data", "passed"]
        asked = {row[0] for row in page.tables["Query latency"][0][1:]}
        assert {"programs", "search", "history"} <= asked

    def test_the_kept_release_is_what_the_next_is_compared_with(self, kept, release):
        card = score_release(release, warehouse=kept, as_of=DAY)
        assert "Compared with release 1503 as the warehouse keeps it." in card.notes
        assert card.drift
        assert all(result.passed for result in card.drift)

    def test_records_of_another_form_are_told_of_and_passed_over(self, kept, release):
        kept.write_build({"run_id": "x", "release_id": "", "started_at": START, "seconds": 1.0, "failure_class": None})
        card = score_release(release, warehouse=kept, as_of=DAY)
        assert any("1 kept records are not of this library's form" in note for note in card.notes)
        assert "x" not in [run.run_id for run in card.earlier]


class TestArguments:
    def test_a_record_can_only_be_kept_somewhere(self, release):
        with pytest.raises(carms.CarmsError, match="keep=True needs a warehouse"):
            score_release(release, keep=True)

    def test_a_place_that_cannot_be_written_is_found_before_the_run(self, tmp_path):
        (tmp_path / "file").write_text("a file")
        with pytest.raises(carms.CarmsError, match="is a folder"):
            write_scorecard(tmp_path, release=tmp_path / "not looked for")
        with pytest.raises(carms.CarmsError, match="cannot be written"):
            write_scorecard(tmp_path / "file" / "s.html", release=tmp_path / "not looked for")

    def test_a_scorecard_is_of_a_record(self):
        with pytest.raises(carms.CarmsError, match="record must be a RunRecord; dict was given"):
            Scorecard.of({})

    def test_another_release_may_be_given_as_the_last_one(self, release, passed):
        card = score_release(release, previous=release, as_of=DAY)
        assert "Compared with release 1503." in card.notes
        assert {result.kind for result in card.drift} == {"row_count", "distribution"}


def test_the_terminal_says_what_the_page_says(passed, failed):
    text = passed.summary()
    assert text.startswith("PASSED   release 1503, run r3")
    for heading in ("Needs a look", "Freshness", "Completeness", "Checks ", "Against the last release", "Set aside"):
        assert re.search(rf"^{heading}", text, flags=re.MULTILINE)
    assert "r2  FAILED" in text
    assert failed.summary().startswith("FAILED (data)")
    assert "example.org" not in failed.summary()


def test_a_latency_is_told_in_milliseconds(passed):
    latencies = pd.DataFrame({"verb": ["programs"], "n": [5], "p50": [0.001], "p95": [0.0125], "max": [0.02]})
    text = replace(passed, latencies=latencies).summary()
    assert re.search(r"programs +5 +1\.0 +12\.5$", text, flags=re.MULTILINE)


def test_at_most_twelve_runs_are_shown(passed):
    many = [replace(passed.record, run_id=f"m{n}", started_at=START - dt.timedelta(days=n)) for n in range(20)]
    card = Scorecard.of(passed.record, earlier=many)
    assert len(card.runs) == 12
    assert card.runs[-2].run_id == "m0"
    assert card.as_of == passed.record.started_at.date()
