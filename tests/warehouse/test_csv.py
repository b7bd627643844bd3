"""CSV that a spreadsheet shows and does not execute."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from carms_lib.warehouse import write_csv


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK('http://host.invalid','open')",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1:A9)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        "＝1+1",
    ],
)
def test_text_that_a_spreadsheet_would_execute_is_marked_as_text(tmp_path, cell):
    path = write_csv(pd.DataFrame({"site": [cell]}), tmp_path / "sites.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["site"]
    assert row == ["'" + cell]


def test_everything_else_is_written_as_it_is(tmp_path):
    frame = pd.DataFrame(
        {
            "site": ["Québec, Lévis", 'the "old" site', None, "4B", "a=b", "first - second"],
            "change": [-1.5, 2.0, None, 0.0, 1.0, 3.0],
            "quota": [-1, 2, 3, 4, 5, 6],
            "day": pd.to_datetime(["2031-01-15"] * 6),
        }
    )
    path = write_csv(frame, tmp_path / "all.csv")
    assert '"2031-01-15"' in path.read_text(encoding="utf-8")  # a day is written as a day
    read = pd.read_csv(path, parse_dates=["day"])
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)


def test_a_column_name_is_text_too(tmp_path):
    path = write_csv(pd.DataFrame({"=1+1": [1]}), tmp_path / "names.csv")
    assert path.read_text(encoding="utf-8").startswith('"\'=1+1"')


def test_the_frame_given_is_not_changed(tmp_path):
    frame = pd.DataFrame({"site": ["=1"]})
    write_csv(frame, tmp_path / "sites.csv")
    assert frame["site"].tolist() == ["=1"]
