"""The page of published tables that no fit was aimed at: what stands there is what was published and simulated."""

from __future__ import annotations

from pathlib import Path

import pytest
from carms_lib.fitting.published import read_published

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "published-tables.md"


@pytest.mark.release
@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
def test_published_tables_stand_beside_bands(data_dir, docs_script):
    script = docs_script("make_published_tables")
    frame = script.compare(read_published(data_dir / "published"), n_draws=60)
    assert frame.groupby(["table", "year"]).size().to_dict() == {
        ("choices", 2016): 3, ("choices", 2017): 3, ("elsewhere", 2016): 20, ("elsewhere", 2017): 20,
        ("moves", 2016): 25, ("moves", 2017): 23, ("schools", 2016): 17, ("schools", 2017): 17,
    }  # fmt: skip
    second = frame[(frame["cell"] == "second choice") & (frame["year"] == 2016)]
    assert second["published"].item() == pytest.approx(433 / 2904)
    family = frame[(frame["cell"] == "Family Medicine") & (frame["year"] == 2017)]
    assert family["published"].item() == pytest.approx(0.187, abs=0.001)
    assert (frame["lower"] <= frame["estimate"]).all()
    assert 0.5 < frame["inside"].mean() < 1
    text = script.page(frame)
    assert text.count("**no**") == (~frame["inside"]).sum()
    # The page committed is of 1,000 draws, and of the same figures.
    committed = PAGE.read_text("utf-8")
    assert committed.count("\n| 201") == len(frame)
