"""The commands of calibration and back-test from beginning to end, with ensembles too small to believe.

Belongs here: that they run, and that what does not depend on the ensemble is right. Does not belong here: whether a fit
is good, which the pages that they write say.
"""

from __future__ import annotations

import io
import sys
from importlib import resources
from pathlib import Path

import carms_lib as carms
import pandas as pd
import pytest
from carms_lib.fitting import __main__ as command
from carms_lib.fitting import stages
from carms_lib.forecasting import backtest

pytestmark = [pytest.mark.release, pytest.mark.slow]

MEMBERS = 14


def brisk(function, **forced):
    """Return `function` with some options as given here, whatever its caller says."""
    return lambda *arguments, **options: function(*arguments, **{**options, **forced})


@pytest.fixture
def small(monkeypatch, data_dir, tmp_path):
    """Both scripts with ensembles of a few members and one step, their output in a folder of their own."""
    for script in (stages, backtest):
        monkeypatch.setattr(script, "fit_year", brisk(script.fit_year, members=MEMBERS, steps=1))
        monkeypatch.setattr(script, "fit_headlines", brisk(script.fit_headlines, steps=1))
    sample = stages.sample
    monkeypatch.setattr(stages, "sample", lambda prior, _, rng: sample(prior, MEMBERS, rng))
    assert data_dir.is_dir()
    return tmp_path


def test_the_back_test_writes_its_page_and_repeats_last_years_figures_rightly(small, monkeypatch, capsys, docs_script):
    page = small / "backtest.md"
    monkeypatch.setattr(sys, "argv", ["backtest", "--page", str(page)])
    docs_script("make_backtest").main()
    assert capsys.readouterr().out.endswith("wrote backtest.md\n")
    text = page.read_text(encoding="utf-8")
    summary = docs_script("make_backtest_summary")
    published = resources.files("carms_lib") / "data" / "published"
    for name, made, of_the_naive in (
        (
            "backtest.csv",
            summary.summarise_page(text),
            ["forecast", "figures", "of", "naive_error", "naive_order", "proxy_order"],
        ),
        ("backtest_forecasts.csv", summary.list_forecasts(text), ["forecast", "figures", "cell", "naive_error"]),
    ):
        bundled = pd.read_csv(io.StringIO((published / name).read_text("utf-8")))
        again = pd.read_csv(io.StringIO(made))
        # How many digits an error is given depends on the model's beside it.
        pd.testing.assert_frame_equal(again[of_the_naive], bundled[of_the_naive], rtol=0.0, atol=0.051)
    assert "| published |" not in text  # the reports' tables are not shown


def test_the_calibration_writes_cohorts_that_can_be_used_and_its_page(small, monkeypatch, capsys, docs_script):
    page, cohorts = small / "calibration.md", small / "cohorts"
    cohorts.mkdir()
    monkeypatch.setattr(sys, "argv", ["make_calibration", "--cohorts", str(cohorts), "--page", str(page)])
    docs_script("make_calibration").main()
    assert capsys.readouterr().out.endswith("wrote calibration.md\n")
    assert sorted(path.stem for path in cohorts.iterdir()) == ["2016", "2017", "2025"]
    for path in cohorts.iterdir():
        made, bundled = carms.Cohort.read(path), carms.load_cohort(path.stem)
        assert len(made.draws) == MEMBERS
        assert list(made.parameters.index) == list(bundled.parameters.index)
        assert (made.parameters["fitted"] == bundled.parameters["fitted"]).all()
        assert made.classes["size"].round().equals(bundled.classes["size"].round())
        assert made.sources == bundled.sources
    text = page.read_text(encoding="utf-8")
    committed = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "calibration.md").read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [line for line in committed.splitlines() if line.startswith("#")]
    assert text.split("## How")[0] == committed.split("## How")[0]
    assert f"moves\n{MEMBERS} settings" in text or f"{MEMBERS} settings of all inputs" in text

    again = small / "again"  # the command of the package gives the same files as the script of the page
    again.mkdir()
    monkeypatch.setattr(sys, "argv", ["fitting", "--cohorts", str(again)])
    command.main()
    assert "done in" in capsys.readouterr().out
    for path in cohorts.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
