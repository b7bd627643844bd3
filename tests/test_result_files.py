"""Results are saved in the format that the suffix names, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import carms_lib as carms
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from carms_lib.exceptions import ArgumentError
from carms_lib.pressure import allocate_seats, compare_supply, project_series, seat_values
from carms_lib.result_files import SUFFIXES, SavedResult, save_tables

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

SERIES = pd.DataFrame({"series": "x", "year": range(2010, 2016), "value": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})


@pytest.fixture(scope="module")
def results(market: carms.Market) -> dict[str, Any]:
    study = carms.simulate(market, carms.Scenario("=more").add_seats(4, province="QC"), n_draws=20, rng=1)
    return {
        "bands": study.pressure("discipline", fewest=0),
        "differences": study.compare("=more").outcomes("discipline"),
        "comparison": study.compare("=more"),
        "ranks": study.ranks("discipline", fewest=0),
        "seat values": seat_values(market, n_draws=10, rng=1),
        "allocation": allocate_seats(market, 2, n_draws=10, n_check=10, rng=1),
        "proxy": compare_supply(study, ["province", "discipline"], fewest=0),
        "projection": project_series(SERIES, until=2017),
    }


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".xlsx": pd.read_excel,
    ".parquet": pd.read_parquet,
    ".json": lambda path: pd.DataFrame(next(iter(json.loads(path.read_text("utf-8"))["tables"].values()))),
}
NAMES = ("bands", "differences", "comparison", "ranks", "seat values", "allocation", "proxy", "projection")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_every_result_comes_back_from_every_format(
    results: dict[str, Any], name: str, suffix: str, tmp_path: Path
) -> None:
    path = results[name].save(tmp_path / f"result{suffix}")
    again = READERS[suffix](path)
    if name == "seat values":  # what is saved is every metric of every program
        assert len(again) > len(results[name].to_frame())
        return
    frame = results[name].to_frame()
    assert list(again.columns) == list(frame.columns)
    for column in frame.columns:
        if pd.api.types.is_float_dtype(frame[column]):
            np.testing.assert_allclose(again[column].to_numpy(float), frame[column].to_numpy(float), rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["x.pdf", "x", "x.xls", "x.csv.zip", "x.CSVV", 3, None])
def test_fault_15_any_other_suffix_is_an_error_and_nothing_is_written(
    results: dict[str, Any], name: str, path: Any, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=r"^path="):
        results[name].save(tmp_path / path if isinstance(path, str) else path)
    assert list(tmp_path.iterdir()) == []


def test_csv_is_read_by_spreadsheets_and_differences_say_from_what(results: dict[str, Any], tmp_path: Path) -> None:
    path = results["differences"].save(tmp_path / "d.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert set(pd.read_csv(path)["against"]) == {"baseline"}
    assert "against" not in pd.read_csv(results["bands"].save(tmp_path / "b.csv")).columns


def test_a_workbook_has_notes_provenance_and_number_formats(results: dict[str, Any], tmp_path: Path) -> None:
    book = openpyxl.load_workbook(results["differences"].save(tmp_path / "d.xlsx"))
    assert book.sheetnames == ["bands", "notes", "provenance"]
    notes = " ".join(str(row[0].value) for row in book["notes"].iter_rows(min_row=2))
    assert "next match" in notes
    assert "minus baseline" in notes
    what = {row[0].value: row[1].value for row in book["provenance"].iter_rows(min_row=2)}
    assert what["entropy"] == "1"
    sheet = book["bands"]
    header = [cell.value for cell in sheet[1]]
    scenario = sheet.cell(2, header.index("scenario") + 1)
    assert (scenario.value, scenario.data_type) == ("=more", "s")  # a text, not a formula
    assert sheet.cell(2, header.index("estimate") + 1).number_format == "#,##0.0"
    shares = openpyxl.load_workbook(results["bands"].save(tmp_path / "b.xlsx"))["bands"]
    assert shares.cell(2, [cell.value for cell in shares[1]].index("estimate") + 1).number_format == "0.0%"


def test_provenance_is_inside_a_parquet_file_and_beside_it(results: dict[str, Any], tmp_path: Path) -> None:
    path = results["bands"].save(tmp_path / "b.parquet")
    inside = json.loads(pq.read_schema(path).metadata[b"carms_lib"])
    beside = json.loads((tmp_path / "b.parquet.provenance.json").read_text("utf-8"))
    assert inside["entropy"] == beside["entropy"] == 1


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ArgumentError, match=r"pip install 'carms-lib\[parquet\]'"):
        save_tables(tmp_path / "x.parquet", SavedResult({"x": SERIES}, {}))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be written"):
        save_tables(tmp_path / "nowhere" / "x.csv", SavedResult({"x": SERIES}, {}))


def test_a_study_is_no_table(market: carms.Market, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"must end in \.npz.*study\.outcomes\(\)\.save"):
        carms.simulate(market, n_draws=10, rng=1).save(tmp_path / "x.csv")
