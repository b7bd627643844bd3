"""The main job, end to end on the bundled release: what is written, that it is true, and that it can be repeated."""

from __future__ import annotations

import ast
import csv
import errno
import inspect
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, MemoError, SourceNotFoundError, TooFewDrawsWarning
from carms_lib.memo import (
    MemoPaths,
    beside_published,
    check_memo,
    published_backtest,
    published_forecasts,
    published_outcome,
    story,
)
from carms_lib.memo.forms import find_browser, print_pdf
from carms_lib.simulator import INPUT_GROUPS

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

SECTIONS = [
    "The question",
    "The answer",
    "Where the pressure is",
    "Beside the published outcome of 2025",
    *(["How its forecasts of past years did"] if published_backtest() is not None else []),
    "What more seats would do",
    "Where one more seat does most",
    "What we do not know",
    "Method",
    "Provenance",
]


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


class TestWhatIsWritten:
    def test_page_markdown_figures_and_tables(self, memo):
        assert memo == MemoPaths.of(memo.folder)
        assert sorted(path.name for path in memo.folder.iterdir()) == [
            "carms.db",
            "figures",
            "index.html",
            "memo.md",
            "provenance.json",
        ]
        figures = sorted(path.name for path in memo.figures.iterdir())
        assert figures == [
            "pressure-by-discipline.svg",
            "pressure-by-province.svg",
            "pressure-heat-map.svg",
            "pressure-international.svg",
            "scenario-1.svg",
            "seats-by-community.svg",
        ]

    def test_the_sections_stand_in_order_in_both_forms(self, memo):
        assert re.findall(r"^## (.+)$", memo.markdown.read_text("utf-8"), re.MULTILINE) == SECTIONS
        assert re.findall(r"<h2 [^>]*>(.+)</h2>", memo.html.read_text("utf-8")) == SECTIONS

    def test_every_figure_of_the_markdown_is_there_and_every_figure_is_used(self, memo):
        named = re.findall(r"\]\((figures/[^)]+)\)", memo.markdown.read_text("utf-8"))
        assert sorted(memo.folder / name for name in named) == sorted(memo.figures.iterdir())

    def test_the_page_stands_alone_and_can_be_mailed(self, memo):
        page = memo.html.read_text("utf-8")
        assert page.count("data:image/svg+xml;base64,") == 6
        assert not re.search(r'(?:src|href)="(?!data:)', page)
        assert len(page) < 2_000_000

    def test_the_warehouse_holds_the_tables_behind_it(self, memo):
        with carms.open_warehouse(f"sqlite:///{memo.warehouse}") as warehouse:
            page = warehouse.programs(limit=1_000)
            (study,) = warehouse.studies().to_dict("records")
            bands = warehouse.bands(study["study_id"], "pressure by discipline").to_frame()
        assert (study["n_draws"], study["entropy"]) == (30, "2025")
        assert set(bands["scenario"]) == {"baseline", "Ontario FM +10 %"}
        assert len(page.frame) == 815
        assert page.frame["quota"].sum() == 3_942

    def test_the_provenance_is_printed(self, memo):
        text = memo.markdown.read_text("utf-8")
        for line in ("release    1503", "entropy    2025", "setting    n_draws = 30", "versions   carms-lib"):
            assert line in text


class TestThatItIsTrue:
    """Numbers of the text against a study that was made apart from the memo."""

    def row(self, bands, **where):
        frame = bands.to_frame()
        for column, value in where.items():
            frame = frame.loc[frame[column] == value]
        (row,) = frame.to_dict("records")
        return row

    def said(self, row):
        return f"**{row['estimate']:,.0f}** ({row['lower']:,.0f} to {row['upper']:,.0f})"

    def test_fault_11_the_answer_states_the_national_outcome(self, memo, study):
        text = memo.markdown.read_text("utf-8")
        national = study.outcomes(scenario="baseline")
        for metric in ("filled", "unfilled", "unfilled_first_iteration"):
            assert self.said(self.row(national, metric=metric)) in text
        seats, filled, empty = (
            number(part)
            for part in re.search(r"Of ([\d,]+) seats, \*\*([\d,]+)\*\* .*? and \*\*([\d,]+)\*\*", text).groups()
        )
        assert seats == filled + empty

    def test_fault_9_the_answer_names_the_most_and_least_pressed_disciplines(self, memo, study, bundled_layers):
        release_seats = bundled_layers.gold["program"].groupby("discipline")["quota"].sum()
        where = {"discipline": list(release_seats.index[release_seats >= 20]), "applicant_class": "cmg_current"}
        frame = study.pressure(by="discipline", metric="pressure", scenario="baseline", where=where).to_frame()
        ordered = frame.dropna(subset="estimate").sort_values("estimate")["discipline"].tolist()
        sentence = re.search(
            r"Among the (\d+) disciplines with 20 seats or more, .* is highest in \*\*(.+?)\*\*.* lowest in "
            r"\*\*(.+?)\*\*.*probability of ([\d,]+).%",
            memo.markdown.read_text("utf-8"),
        )
        assert sentence.groups()[:3] == (str(len(where["discipline"])), ordered[-1], ordered[0])
        ranks = study.ranks("discipline", k=1, where=where).to_frame().set_index("discipline")
        assert number(sentence[4]) == round(100 * ranks.loc[ordered[-1], "among_first"])

    def test_parts_of_pressure_add_up_in_the_table(self, memo):
        table = memo.markdown.read_text("utf-8").split("| Seats open to |")[1].split("\n\n")[0]
        for line in table.splitlines()[2:]:
            whole, *parts = (number(cell) for cell in re.findall(r"\*\*([\d,]+).%\*\*", line))
            assert whole == pytest.approx(sum(parts), abs=1.6)  # each is rounded

    def test_the_effect_of_the_scenario_is_the_paired_difference(self, memo, study):
        national = study.compare("Ontario FM +10 %").outcomes()
        sentence = re.search(r"“Ontario FM \+10 %” changes (.+)", memo.markdown.read_text("utf-8"))[1]
        said = [number(value) for value in re.findall(r"\*\*([+−\d,]+)\*\*", sentence)]
        rows = [self.row(national, metric=metric) for metric in ("seats", "matched", "unfilled")]
        assert said == [round(row["estimate"]) for row in rows]

    def test_the_gap_to_the_published_outcome_is_shown_figure_by_figure(self, memo, study):
        text = memo.markdown.read_text("utf-8")
        table = beside_published(study, published_outcome(2025), 0.90)
        assert len(table) == 16
        for figure in table.to_dict("records"):
            line = next(line for line in text.splitlines() if line.startswith(f"| {figure['label']}"))
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert number(cells[1]) == figure["value"]
            assert cells[2] == self.said(figure)
            assert number(cells[3]) == round(figure["estimate"] - figure["value"])
            assert cells[4] == ("yes" if figure["inside"] else "**no**")
        inside = int(table["inside"].sum())
        assert f"Of 16 published figures, {inside} lie inside the simulated" in text

    def test_the_value_of_a_seat_is_that_of_the_same_draws(self, memo, study, national):
        from carms_lib.pressure import seat_values

        values = seat_values(national, n_draws=study.n_draws, rng=2025)
        text = memo.markdown.read_text("utf-8")
        row = self.row(values.bands(metric="seat_value"), metric="seat_value")
        assert f"**{row['estimate']:.1f}** ({row['lower']:.1f} to {row['upper']:.1f})" in text
        option = [line for line in text.splitlines() if line.startswith("| Ontario FM +10 % |")][-1]
        where = values.bands(["discipline", "province"])
        for name, cell in zip(("seat_value", "newly_matched"), option.strip("| ").split(" | ")[-2:], strict=True):
            own = self.row(where, metric=name, discipline="Family Medicine", province="ON")
            assert number(re.search(r"\*\*(.+)\*\*", cell)[1]) == pytest.approx(own["estimate"], abs=0.1)
        table = values.bands("discipline", metric="seat_value").to_frame().set_index("discipline")["estimate"]
        told = re.findall(r"^\| ([A-Z][^|*+]+?) \| \*\*[\d.]+\*\* \([\d.]+ to [\d.]+\) \| \*\*", text, re.MULTILINE)
        assert len(told) == 6
        assert table[told].is_monotonic_decreasing
        quota = national.programs.groupby("discipline")["quota"].sum()
        pressure = study.pressure(
            by="discipline", metric="pressure", scenario="baseline", where={"applicant_class": "cmg_current"}
        )
        taken = values.bands("discipline", metric="seat_taken")
        for name in told:
            cells = next(line for line in text.splitlines() if line.startswith(f"| {name} |")).strip("| ").split(" | ")
            chance = self.row(taken, discipline=name)["estimate"]
            own = self.row(pressure, discipline=name)
            assert cells[3] == f"{100 * chance:.0f} %"
            assert number(cells[4]) == quota[name]
            assert cells[5].startswith(f"**{100 * own['estimate']:.0f} %** ({100 * own['lower']:.0f} to")

    def test_a_seat_of_an_option_stands_where_the_option_changes_seats(self, market):
        from carms_lib.memo.findings import seat_where_changed
        from carms_lib.pressure import seat_values

        values = seat_values(market, n_draws=20, rng=3)
        of_programs = values.bands("program_stream_id", metric="seat_value").to_frame().set_index("program_stream_id")
        one, two = market.programs["program_stream_id"].iloc[:2]
        more = carms.Scenario("two").add_seats(1, program_stream_id=one).add_seats(3, program_stream_id=two)
        found = seat_where_changed(more, market, values)
        estimates = of_programs["estimate"]
        assert found["seat_value"]["estimate"] == pytest.approx((estimates[one] + 3 * estimates[two]) / 4)
        assert set(found) == {"seat_value", "newly_matched"}
        assert seat_where_changed(carms.Scenario("nothing").scale_quota(1.0), market, values) == {}

    def test_what_goes_with_the_answer_is_said_in_words(self, market):
        from carms_lib.memo.findings import related_inputs
        from carms_lib.pressure import sensitivity_of
        from carms_lib.simulator import INPUT_GROUPS

        few = carms.simulate(market, n_draws=200, rng=3)
        assert related_inputs(few) == ()
        assert "too few draws" in story.inputs_in_words(SimpleNamespace(goes_with=()))
        study = carms.simulate(market, n_draws=700, rng=3)
        found = related_inputs(study)
        leading = sensitivity_of(study).drivers.loc[0, "leading"].split("; ")
        assert {row["input"] for row in found} == set(leading)
        words = story.inputs_in_words(SimpleNamespace(goes_with=found))
        assert all(INPUT_GROUPS[name].meaning in words for name in leading)
        alone = story.inputs_in_words(SimpleNamespace(goes_with=found[:1]))
        assert "The largest share of that spread" in alone

    def test_the_record_of_past_forecasts_is_that_of_the_documents(self, docs_script):
        summary = docs_script("make_backtest_summary")
        page = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "backtest.md"
        bundled = resources.files("carms_lib") / "data" / "published" / "backtest.csv"
        assert bundled.is_file() == page.is_file()
        if page.is_file():
            assert summary.summarise_page(page.read_text("utf-8")) == bundled.read_text("utf-8")
            assert summary.list_forecasts(page.read_text("utf-8")) == (
                bundled.with_name("backtest_forecasts.csv").read_text("utf-8")
            )

    def test_forecasts_one_by_one_bear_the_record_out(self):
        """Both are rounded to a tenth, the record's mean and each forecast, so that they agree to two halves of it."""
        record, forecasts = published_backtest(), published_forecasts()
        groups = forecasts.groupby(["forecast", "figures"], sort=False)
        assert [list(key) for key in groups.groups] == record[["forecast", "figures"]].to_numpy().tolist()
        for row, (_, own) in zip(record.itertuples(), groups, strict=True):
            assert (int(own["inside"].sum()), len(own)) == (row.inside, row.of)
            assert ((own["estimate"] >= own["lower"]) & (own["estimate"] <= own["upper"])).all()
            if not row.unit:
                assert own["error"].abs().mean() == pytest.approx(row.model_error, abs=0.1)
                assert own["naive_error"].abs().mean() == pytest.approx(row.naive_error, abs=0.1)
        assert record["proxy_order"].notna().sum() == 1

    def test_the_record_is_read_from_the_verdicts_of_the_page_and_told_without_kindness(self, docs_script):
        summary = docs_script("make_backtest_summary")
        page = """# Back-test

## 2017 from 2016

### Seats left

Mean absolute error 3.7 (model), 4.8 (last year's figure): the model beats the naive forecast. 19 of 20 90 % bands hold.

### National

Mean absolute error 19.9% of the figure (model), 1,019.7% of the figure (last year's figure): x. 8 of 9 90 % bands hold.

### 2024 from 2023

Mean absolute error 31.1 (model), 9.1 (last year's figure): **the model does not beat it**. 3 of 9 90 % bands hold.
"""
        table = pd.read_csv(io.StringIO(summary.summarise_page(page)), keep_default_na=False)
        assert table["forecast"].tolist() == ["2017 from 2016", "2017 from 2016", "2024 from 2023"]
        assert table["naive_error"].tolist() == [4.8, 1019.7, 9.1]
        assert table["unit"].tolist() == ["", "%", ""]
        heading, said, told, _ = story.past_forecasts(table)
        assert heading.text == "How its forecasts of past years did"
        assert "30 of 38 bands" in said.text
        assert "2 of 3 groups" in said.text
        assert said.text.endswith(
            "“Family Medicine seats left, by province” of 2024, with an error **3.4 times** as large."
        )
        _, kinder, *_ = story.past_forecasts(table.head(2))
        assert kinder.text.endswith("last year’s figure for 2 of 2 groups of figures.")
        assert [row[-1] for row in told.rows] == ["yes", "yes", "**no**"]
        assert list(story.past_forecasts(None)) == []

    def test_no_number_of_the_prose_was_typed(self):
        allowed = {"R-1 main residency match", "scenario-"}
        typed = [
            node.value
            for node in ast.walk(ast.parse(inspect.getsource(story)))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\d", node.value)
        ]
        assert [text for text in typed if not any(part in text for part in allowed)] == []

    def test_too_few_draws_are_admitted_in_the_text(self, memo):
        assert "A warning of the library" in memo.markdown.read_text("utf-8")

    def test_the_published_figures_carry_their_sources(self):
        table = resources.files("carms_lib") / "data" / "published" / "2025.csv"
        with table.open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert rows
        assert all(row["source"].startswith("https://") and row["label"] and int(row["value"]) > 0 for row in rows)

    def test_a_year_without_published_figures_has_no_comparison(self):
        assert published_outcome(1999) is None


@pytest.mark.release
def test_the_bundled_outcome_is_that_of_the_published_tables(data_dir):
    """Each bundled figure stands in the collected tables, under its source, with the same value."""
    collected = set()
    for name in ("national_by_year.csv", "geography_by_year.csv"):
        with (data_dir / "published" / name).open(encoding="utf-8") as stream:
            collected |= {
                (row["source_url"], float(row["value"])) for row in csv.DictReader(stream) if row["year"] == "2025"
            }
    for figure in published_outcome(2025).to_dict("records"):
        if figure["metric"] == "seats":  # a sum of two published figures, which its note names
            matched = next(value for source, value in collected if "newswire" in source and value == 3_873)
            vacant = next(value for source, value in collected if source == figure["source"] and value == 118)
            assert figure["value"] == matched + vacant
        else:
            assert (figure["source"], figure["value"]) in collected


class TestThatItCanBeRepeated:
    def test_the_same_inputs_give_the_same_bytes(self, memo, write_few, tmp_path):
        again = write_few(tmp_path / "again")
        for name in ("index.html", "memo.md", *(f"figures/{path.name}" for path in memo.figures.iterdir())):
            assert (again.folder / name).read_bytes() == (memo.folder / name).read_bytes(), name

    def test_other_entropy_gives_other_numbers_and_an_empty_folder_will_do(self, memo, write_few, tmp_path):
        (tmp_path / "other").mkdir()
        other = write_few(tmp_path / "other", rng=7, n_draws=10, scenarios=[])
        text = other.markdown.read_text("utf-8")
        assert "entropy    7" in text
        assert text != memo.markdown.read_text("utf-8")
        assert "What more seats would do" not in text
        assert sorted(path.name for path in other.figures.iterdir()) == [
            "pressure-by-discipline.svg",
            "pressure-by-province.svg",
            "pressure-heat-map.svg",
            "pressure-international.svg",
            "seats-by-community.svg",
        ]

    def test_warnings_of_many_views_are_passed_on_once(self, tmp_path):
        with pytest.warns(TooFewDrawsWarning) as caught:
            carms.write_memo(tmp_path / "memo", n_draws=10, scenarios=[], progress=False)
        texts = [str(warning.message) for warning in caught if warning.category is TooFewDrawsWarning]
        assert len(texts) == len(set(texts))


class TestWhereItMayBeWritten:
    def test_a_folder_with_files_is_left_alone(self, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(MemoError, match=r"is not empty, and nothing in it was changed.*overwrite=True"):
            carms.write_memo(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    def test_overwriting_replaces_the_memo_and_nothing_else(self, write_few, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        (tmp_path / "index.html").write_text("old")
        (tmp_path / "figures").mkdir()
        (tmp_path / "figures" / "scenario-9.svg").write_text("of an older memo")
        paths = write_few(tmp_path, overwrite=True, n_draws=10, scenarios=[])
        assert (tmp_path / "notes.txt").read_text() == "mine"
        assert paths.html.read_text("utf-8").startswith("<!DOCTYPE html>")
        assert not (tmp_path / "figures" / "scenario-9.svg").exists()
        assert not list(tmp_path.glob(".memo-*"))

    def test_a_file_is_no_folder(self, tmp_path):
        (tmp_path / "memo").write_text("a file")
        with pytest.raises(MemoError, match=r"is a file. Give a folder"):
            carms.write_memo(tmp_path / "memo", overwrite=True)

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("a file")
        with pytest.raises(MemoError, match=r"cannot be written: .+ Give a folder you may write to"):
            carms.write_memo(tmp_path / "file" / "memo")

    @pytest.mark.parametrize("name", ["figures", "index.html", "memo.md", "carms.db"])
    def test_something_of_another_kind_in_the_way_is_found_before_the_run(self, tmp_path, name):
        if name == "figures":
            (tmp_path / name).write_text("mine")
        else:
            (tmp_path / name).mkdir()
        with pytest.raises(MemoError, match=rf"{name}' is a .*in the way.*nothing was changed"):
            carms.write_memo(tmp_path, release=tmp_path / "not looked for", overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_a_disc_that_refuses_is_said_with_its_reason(self, tmp_path, monkeypatch):
        def refuse(*_, **__):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
        with pytest.raises(MemoError, match=r"cannot be written: Read-only file system. Give a folder"):
            carms.write_memo(tmp_path / "memo", release=tmp_path / "not looked for")
        assert list(tmp_path.iterdir()) == []

    def test_no_display_is_needed(self, tmp_path):
        """A figure is drawn without a window: no display, and a backend that would need one."""
        code = (
            "import sys, warnings; warnings.simplefilter('ignore')\n"
            "import carms_lib as carms\n"
            f"paths = carms.write_memo({str(tmp_path / 'memo')!r}, n_draws=10, scenarios=[], progress=False)\n"
            "print(paths.html.stat().st_size > 100_000, 'matplotlib.pyplot' in sys.modules)"
        )
        bare = {key: value for key, value in os.environ.items() if key not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**bare, "MPLBACKEND": "tkagg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split() == ["True", "False"], done.stderr

    def test_a_run_that_fails_leaves_nothing_behind(self, tmp_path):
        with pytest.raises(SourceNotFoundError):
            carms.write_memo(tmp_path / "memo", release=tmp_path / "nowhere")
        with pytest.raises(ArgumentError, match="n_draws=0"):
            carms.write_memo(tmp_path / "memo", n_draws=0, progress=False)
        assert list(tmp_path.iterdir()) == []


class TestStaleness:
    def test_a_fresh_memo_is_not_stale(self, memo):
        check_memo(memo.folder)

    @pytest.mark.parametrize(
        ("part", "name", "message"),
        [
            ("versions", "carms-lib", r"version of carms-lib 0\.0\.0 then"),
            ("sources", "1503_discipline.xlsx", r"file 1503_discipline.xlsx 0\.0\.0 then, 3f0515cd32cb… now"),
        ],
    )
    def test_another_code_or_file_makes_it_stale_and_nothing_is_changed(self, memo, tmp_path, part, name, message):
        record = json.loads(memo.provenance.read_text("utf-8"))
        record[part][name] = "0.0.0"
        (tmp_path / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
        with pytest.raises(MemoError, match=message + ".*overwrite=True"):
            check_memo(tmp_path)
        assert json.loads((tmp_path / "provenance.json").read_text("utf-8")) == record

    def test_another_release_makes_it_stale(self, memo):
        other = carms.load_release()
        object.__setattr__(other, "release_id", "1504")
        with pytest.raises(MemoError, match="release 1503 then, 1504 now"):
            check_memo(memo.folder, release=other)

    def test_a_folder_without_a_memo(self, tmp_path):
        with pytest.raises(MemoError, match="holds no memo"):
            check_memo(tmp_path)

    @pytest.mark.parametrize("text", ["{", "[]"])
    def test_a_record_that_cannot_be_read(self, tmp_path, text):
        (tmp_path / "provenance.json").write_text(text, encoding="utf-8")
        with pytest.raises(MemoError, match=r"provenance\.json cannot be read"):
            check_memo(tmp_path)


class TestPdf:
    def test_without_a_browser_nothing_is_begun(self, tmp_path, monkeypatch):
        monkeypatch.setenv("CARMS_BROWSER", str(tmp_path / "no-such-browser"))
        with pytest.raises(MemoError, match=r"needs a browser.*CARMS_BROWSER.*names none"):
            carms.write_memo(tmp_path / "memo", pdf=True)
        monkeypatch.delenv("CARMS_BROWSER")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(MemoError, match="looked for chromium"):
            carms.write_memo(tmp_path / "memo", pdf=True)
        assert list(tmp_path.iterdir()) == []

    def test_a_browser_that_fails_is_named(self, tmp_path):
        browser = tmp_path / "browser"
        browser.write_text("#!/bin/sh\necho 'no sandbox' >&2\nexit 3\n")
        browser.chmod(0o755)
        page = tmp_path / "index.html"
        page.write_text("<p>page</p>")
        with pytest.raises(MemoError, match="exit code 3, no sandbox"):
            print_pdf(str(browser), page, tmp_path / "memo.pdf")
        with pytest.raises(MemoError, match="could not print"):
            print_pdf(str(tmp_path / "gone"), page, tmp_path / "memo.pdf")

    @pytest.mark.browser
    def test_a_browser_that_is_there_prints_the_page(self, memo, tmp_path):
        print_pdf(find_browser(), memo.html, tmp_path / "memo.pdf")
        assert (tmp_path / "memo.pdf").read_bytes().startswith(b"%PDF-")


def test_the_database_of_the_memo_is_sqlite(memo):
    with sqlite3.connect(memo.warehouse) as database:
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    database.close()
    assert tables >= 5


def test_every_group_of_inputs_can_be_part_of_a_sentence() -> None:
    for group in INPUT_GROUPS:
        text = story.group_in_words(group)
        assert text.split()[0] in {"the", "growth"}
        assert not text.endswith(".")
