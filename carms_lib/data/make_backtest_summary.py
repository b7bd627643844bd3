"""Write ``published/backtest.csv``: how far forecasts of past years were off, in a few rows, for the memo.

Run ``python -m carms_lib.data.make_backtest_summary`` after ``python -m carms_lib.data.calibrate.backtest`` has written
its page. Belongs here: taking the verdicts of that page, number by number. Does not belong here: the back-test itself.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import carms_lib

__all__ = ["COLUMNS", "summarise_page"]

COLUMNS = ("forecast", "figures", "inside", "of", "model_error", "naive_error", "unit")

_PAGE = Path(carms_lib.__file__).parent.parent / "docs" / "explanation" / "backtest.md"
_OUT = Path(carms_lib.__file__).parent / "data" / "published" / "backtest.csv"
_YEARS = re.compile(r"^#{2,3} .*?(?P<forecast>\d{4} from \d{4})\s*$")
_VERDICT = re.compile(
    r"^Mean absolute error (?P<model>[\d.,]+)(?P<unit>%?)[^(]*\(model\), (?P<naive>[\d.,]+)%?[^(]*"
    r"\(last year's figure\).*?(?P<inside>\d+) of (?P<of>\d+) 90 % bands hold"
)


def summarise_page(page: str) -> str:
    """Return the verdicts of the page of the back-test as CSV.

    Parameters
    ----------
    page : str
        The Markdown that ``calibrate.backtest`` wrote.

    Returns
    -------
    str
        One row per table of the page: forecast ("2017 from 2016"), figures (what was forecast), inside and of (bands
        that hold the published figure, and all), model_error and naive_error (mean absolute error of the model and of
        last year's figure), unit ("%" of the figure, or nothing).
    """
    rows, forecast, figures = [], "", ""
    for line in page.splitlines():
        years, verdict = _YEARS.match(line), _VERDICT.match(line)
        if years:
            forecast, figures = years["forecast"], "Family Medicine seats left, by province"
        elif line.startswith("### "):
            figures = line.removeprefix("### ").strip()
        elif verdict:
            numbers = (verdict[name].replace(",", "") for name in ("inside", "of", "model", "naive"))
            rows.append((forecast, figures, *numbers, verdict["unit"]))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return stream.getvalue()


if __name__ == "__main__":
    _OUT.write_text(summarise_page(_PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
