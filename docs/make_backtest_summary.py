"""Write ``published/backtest.csv`` and ``backtest_forecasts.csv``: how far forecasts of past years were off.

Run ``python docs/make_backtest_summary.py`` after ``python docs/make_backtest.py`` has written its page. Belongs here:
taking the verdicts and forecasts of that page, number by number, for the memo and the notebook. Does not belong here:
the back-test itself.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["COLUMNS", "FORECAST_COLUMNS", "list_forecasts", "summarise_page"]

COLUMNS = (
    "forecast", "figures", "inside", "of", "model_error", "naive_error", "unit", "model_order", "naive_order",
    "proxy_order",
)  # fmt: skip
FORECAST_COLUMNS = ("forecast", "figures", "cell", "estimate", "lower", "upper", "inside", "error", "naive_error")

_DOCS = Path(__file__).resolve().parent
_PAGE = _DOCS / "explanation" / "backtest.md"
_OUT = _DOCS.parent / "carms_lib" / "data" / "published"
_BY_PROVINCE = "Family Medicine seats left, by province"
_YEARS = re.compile(r"^#{2,3} .*?(?P<forecast>\d{4} from \d{4})\s*$")
_VERDICT = re.compile(
    r"^Mean absolute error (?P<model>[\d.,]+)(?P<unit>%?)[^(]*\(model\), (?P<naive>[\d.,]+)%?[^(]*"
    r"\(last year's figure\).*?(?P<inside>\d+) of (?P<of>\d+) 90 % bands hold"
)
_ORDER = re.compile(
    r"^The order of .*the model (?P<model>−?-?[\d.]+), last year's figure (?P<naive>−?-?[\d.]+), "
    r"`supply_score` (?P<proxy>−?-?[\d.]+)\."
)
_ROW = re.compile(
    r"^\| (?P<cell>[^|]+) \| (?P<estimate>[\d.,]+) \| (?P<lower>[\d.,]+)\sto\s(?P<upper>[\d.,]+) \| "
    r"(?P<inside>yes|\*\*no\*\*) \| (?P<error>[+−]?[\d.,]+) \| (?P<naive>[+−]?[\d.,]+) \|$"
)


def summarise_page(page: str) -> str:
    """Return the verdicts of the page of the back-test as CSV.

    Parameters
    ----------
    page : str
        The Markdown that ``docs/make_backtest.py`` wrote.

    Returns
    -------
    str
        One row per table of the page: forecast ("2017 from 2016"), figures (what was forecast), inside and of (bands
        that hold the published figure, and all), model_error and naive_error (mean absolute error of the model and of
        last year's figure), unit ("%" of the figure, or nothing); model_order, naive_order and proxy_order (Spearman's
        correlation of the order of disciplines with the published one, for the model, last year's figure and
        `supply_score`), empty where the page has none.
    """
    rows: list[list[str]] = []
    for forecast, figures, line in _lines(page):
        verdict, order = _VERDICT.match(line), _ORDER.match(line)
        if verdict:
            numbers = [_plain(verdict[name]) for name in ("inside", "of", "model", "naive")]
            rows.append([forecast, figures, *numbers, verdict["unit"], "", "", ""])
        elif order:
            rows[-1][-3:] = [_plain(order[name]) for name in ("model", "naive", "proxy")]
    return _csv(COLUMNS, rows)


def list_forecasts(page: str) -> str:
    """Return every forecast of the page of the back-test as CSV.

    Parameters
    ----------
    page : str
        The Markdown that ``docs/make_backtest.py`` wrote.

    Returns
    -------
    str
        One row per forecast, as rounded on the page: forecast, figures, cell (which discipline, province or national
        figure), estimate, lower and upper (90 % band), inside (1 where the band holds what was published), error and
        naive_error (forecast, and last year's figure, minus what was published).
    """
    rows = []
    for forecast, figures, line in _lines(page):
        row = _ROW.match(line)
        if row:
            inside = "1" if row["inside"] == "yes" else "0"
            band = [_plain(row[name]) for name in ("estimate", "lower", "upper")]
            rows.append([forecast, figures, row["cell"], *band, inside, _plain(row["error"]), _plain(row["naive"])])
    return _csv(FORECAST_COLUMNS, rows)


def _lines(page: str) -> Iterator[tuple[str, str, str]]:
    """Give each line with the forecast and the figures that it belongs to."""
    forecast, figures = "", ""
    for line in page.splitlines():
        years = _YEARS.match(line)
        if years:
            forecast, figures = years["forecast"], _BY_PROVINCE
        elif line.startswith("### "):
            figures = line.removeprefix("### ").strip()
        else:
            yield forecast, figures, line


def _plain(number: str) -> str:
    return number.replace(",", "").replace("−", "-").removeprefix("+")


def _csv(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def _main() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    for name, text in (("backtest.csv", summarise_page(page)), ("backtest_forecasts.csv", list_forecasts(page))):
        (_OUT / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    _main()
