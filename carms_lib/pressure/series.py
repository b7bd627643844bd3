"""The longitudinal layer: published series by year, where they go next, and how often such forecasts were right.

Belongs here: bundled headlines, simple trends with prediction intervals, their own back-test. Does not belong here:
simulated numbers; a series is what was published, one figure a year, with gaps where none was.

Four models, all by statsmodels, simple because the series are short. y is the series, or its logarithm or logit:

naive
    The last value stays: y + N(0, s2 g) after g years.
drift
    A random walk with drift: each step of g years is d g + N(0, s2 g), d by weighted least squares.
trend
    A straight line through all years, by ordinary least squares.
level
    A level that walks, seen with error (local level), by maximum likelihood in state-space form.

Intervals take the uncertainty of the parameters in and use Student's t; where earlier forecasts of the series missed by
more than they said, they are widened by the root mean square of their standardized errors. ``model="auto"`` keeps the
naive forecast unless another model's mean absolute error over at least four earlier forecasts was smaller by a tenth.
The back-test of each step chooses and widens by earlier steps only.

References
----------
Hyndman and Athanasopoulos (2021), *Forecasting: Principles and Practice*, 3rd ed., ch. 5: benchmarks, back-tests.
Durbin and Koopman (2012), *Time Series Analysis by State Space Methods*, 2nd ed., ch. 2: the local level.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from carms_lib._views import open_view
from carms_lib.exceptions import ArgumentError
from carms_lib.pressure._arguments import check_count, check_level, check_name, check_names
from carms_lib.provenance import Provenance
from carms_lib.result_files import SavedResult, save_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SERIES_MODELS", "Projection", "SeriesStep", "choose_model", "load_series", "project_series", "widening"]

SERIES_MODELS = ("naive", "drift", "trend", "level")
_TRANSFORMS = ("auto", "none", "log", "logit")
_FEWEST = 4  # values before a forecast is made
_ENOUGH = 4  # forecasts of a series before its models are compared
_CLEARLY = 0.9  # of the naive error


@dataclass(frozen=True)
class Projection:
    """Series continued, with prediction intervals; made by `project_series`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and year to come: the keys, year, estimate, lower, upper, level, kind ("forecast"), model,
        n_years (values behind it), reason (why there is no estimate, else missing).
    history : pandas.DataFrame
        The values that went in: the keys, year, value.
    tests : pandas.DataFrame
        The back-test: one row per series and value that earlier values could forecast one step ahead: the keys, year,
        years_ahead, value, estimate, lower, upper, covered, naive (the value before).
    keys : tuple of str
    level : float
    provenance : Provenance
    """

    frame: pd.DataFrame
    history: pd.DataFrame
    tests: pd.DataFrame
    keys: tuple[str, ...]
    level: float
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the frame of forecasts."""
        return self.frame.copy()

    def backtest(self) -> pd.DataFrame:
        """Return how earlier forecasts of each series fared.

        Returns
        -------
        pandas.DataFrame
            One row per series, and a last one for all of them ("all" in every key): the keys, forecasts (how many),
            coverage (share of values inside their interval), error and naive_error (mean absolute error), and
            better_than_naive, the error as a share of the naive one taken from 1: negative where the naive forecast,
            that nothing changes, was better. Errors of unlike units are not added up: missing in the last row, whose
            better_than_naive is the median over series.
        """
        rows = []
        for values, part in self.tests.groupby(list(self.keys), sort=False):
            error = (part["estimate"] - part["value"]).abs().mean()
            naive = (part["naive"] - part["value"]).abs().mean()
            gain = round(1.0 - error / naive, 9) + 0.0 if naive > 0 else np.nan
            rows.append([*values, len(part), part["covered"].mean(), error, naive, gain])
        names = [*self.keys, "forecasts", "coverage", "error", "naive_error", "better_than_naive"]
        frame = pd.DataFrame(rows, columns=names)
        if frame.empty:
            return frame
        covered = float(self.tests["covered"].mean())
        last = [
            *["all"] * len(self.keys),
            len(self.tests),
            covered,
            np.nan,
            np.nan,
            frame["better_than_naive"].median(),
        ]
        return pd.concat([frame, pd.DataFrame([last], columns=names)], ignore_index=True)

    def growth(self) -> pd.DataFrame:
        """Return the forecasts as factors on the last value known, such as a scenario's levers take.

        Returns
        -------
        pandas.DataFrame
            One row per row of the forecasts: the keys, year, last_year, estimate, lower, upper.
        """
        last = self.history.sort_values("year").groupby(list(self.keys), sort=False).last().reset_index()
        joined = self.frame.merge(last.rename(columns={"year": "last_year", "value": "_last"}), on=list(self.keys))
        for name in ("estimate", "lower", "upper"):
            joined[name] = joined[name] / joined["_last"].where(joined["_last"] > 0)
        return joined[[*self.keys, "year", "last_year", "estimate", "lower", "upper"]]

    def summary(self, rows: int = 20) -> str:
        """Return one screen of text: the forecasts, at most `rows` of them, and the back-test's coverage."""
        shown = self.frame.drop(columns=["level", "kind", "reason"]).head(rows)
        head = f"forecasts with {self.level:.0%} prediction intervals"
        reasons = "".join(
            f"\n{count} without an estimate: {reason}" for reason, count in self.frame["reason"].value_counts().items()
        )
        if self.tests.empty:
            told = "no back-test: no series is long enough"
        else:
            total = self.backtest().iloc[-1]
            told = (
                f"back-test: {total['forecasts']} forecasts of the next value, {total['coverage']:.0%} inside their "
                f"{self.level:.0%} interval; median over series of the error saved against no change "
                f"{total['better_than_naive']:.0%}"
            )
        return f"{head}\n{shown.to_string(index=False, float_format=lambda x: f'{x:,.3g}')}{reasons}\n{told}"

    def plot(self, *, ax: Axes | None = None, **series: str) -> Axes:
        """Draw the fan of one series; see `carms_lib.plotting.plot_series`.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a new figure.
        **series : str
            Which series, by its keys, such as ``series="fm_seats"``; needed when there are several.

        Returns
        -------
        matplotlib.axes.Axes
        """
        axes: Axes = open_view("plot_series")(self, ax=ax, **series)
        return axes

    def save(self, path: str | Path) -> Path:
        """Write forecasts, back-test and provenance to `path`, in the format of its suffix; see `Bands.save`."""
        notes = [f"estimate, lower and upper are forecasts with {self.level:.0%} prediction intervals."]
        saved = SavedResult(
            {"forecasts": self.frame, "backtest": self.backtest()}, self.provenance.to_dict(), notes,
            {"forecasts": {"level": "0%"}},
        )  # fmt: skip
        return save_tables(path, saved)

    def __repr__(self) -> str:
        return f"Projection by {list(self.keys)}\n{self.summary(8)}"


def load_series() -> pd.DataFrame:
    """Return the bundled national headlines.

    Returns
    -------
    pandas.DataFrame
        One row per figure: series, label, year, value, unit, source (its address), note (the words of the source).
        Single figures from press releases and articles, so years are missing where none was found.
    """
    with resources.files("carms_lib.data").joinpath("published/series.csv").open(encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype={"value": "float64", "year": "int64"})


def project_series(
    frame: pd.DataFrame,
    *,
    until: int,
    keys: str | Sequence[str] = "series",
    value: str = "value",
    model: str = "auto",
    transform: str = "auto",
    level: float = 0.90,
) -> Projection:
    """Continue series by year, with prediction intervals and their back-test.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per year and series: year, the keys, and the value. Years may be missing.
    until : int
        The last year to forecast.
    keys : str or sequence of str, default "series"
        Columns that tell the series apart, such as "discipline".
    value : str, default "value"
        The column of values.
    model : {"auto", "naive", "drift", "trend", "level"}, default "auto"
    transform : {"auto", "none", "log", "logit"}, default "auto"
        Auto takes logits where all values lie between 0 and 1, logarithms where all are above 0, else the values as
        they are; forecasts then stay where values can be.
    level : float, default 0.90
        Of the prediction intervals, in (0, 1).

    Returns
    -------
    Projection
        A series of fewer than four values keeps its rows, without estimates, and says so.

    Raises
    ------
    UnknownNameError
        A column, model or transform that there is not.
    ArgumentError
        No rows, a year twice in a series, a value that is missing or no number, a year that is not later than all
        values, or a transform that does not suit the values.
    """
    level = check_level(level)
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(f"frame={type(frame).__name__} must be a frame with a year, keys and a value in each row.")
    names, until = check_names("keys", keys, frame.columns), check_count("until", until)
    model = check_name("model", model, ("auto", *SERIES_MODELS))
    transform = check_name("transform", transform, _TRANSFORMS)
    history = _check_series(frame, names, value, until)
    forecasts, tests = [], []
    for key, part in history.groupby(names, sort=False):
        years, numbers = part["year"].to_numpy(int), part["value"].to_numpy(float)
        ahead = np.arange(years[-1] + 1, until + 1)
        head = pd.DataFrame([key] * len(ahead), columns=names).assign(year=ahead)
        if len(numbers) < _FEWEST:
            reason = f"fewer than {_FEWEST} values"
            head = head.assign(estimate=np.nan, lower=np.nan, upper=np.nan, model=None, reason=reason)
        else:
            steps = _past_steps(years, numbers, transform, SERIES_MODELS if model == "auto" else (model,))
            chosen = choose_model(steps) if model == "auto" else model
            bounds = _forecast(years, numbers, ahead, chosen, transform, level, widening(steps[chosen]))
            head = head.assign(estimate=bounds[0], lower=bounds[1], upper=bounds[2], model=chosen, reason=None)
            tests.append(_replay(key, names, years, numbers, steps, model, transform, level))
        forecasts.append(head.assign(level=level, kind="forecast", n_years=len(numbers)))
    columns = [*names, "year", "estimate", "lower", "upper", "level", "kind", "model", "n_years", "reason"]
    result = pd.concat(forecasts, ignore_index=True)[columns]
    result = result.astype({"reason": "string", "model": "string"})
    test_columns = [*names, "year", "years_ahead", "value", "estimate", "lower", "upper", "covered", "naive"]
    tested = pd.concat(tests, ignore_index=True) if tests else pd.DataFrame(columns=test_columns)
    provenance = Provenance().with_settings(model=model, transform=transform, level=level, until=int(until))
    return Projection(result, history, tested[test_columns], tuple(names), level, provenance)


def _check_series(frame: pd.DataFrame, names: list[str], value: str, until: int) -> pd.DataFrame:
    for name in ("year", value):
        check_name("column", name, frame.columns)
    if not names:
        raise ArgumentError("keys names no column. Give the column that tells the series apart.")
    if frame.empty:
        raise ArgumentError("frame has no rows, so there is nothing to project.")
    history = frame[[*names, "year", value]].rename(columns={value: "value"})
    numbers = pd.to_numeric(history["value"], errors="coerce")
    if not np.isfinite(numbers.to_numpy(float)).all():
        bad = history[~np.isfinite(numbers.to_numpy(float))].iloc[0].to_dict()
        raise ArgumentError(f"{value} must be a finite number in every row; see {bad}. Leave out years without one.")
    twice = history.duplicated([*names, "year"])
    if twice.any():
        raise ArgumentError(f"A series holds a year twice: {history[twice].iloc[0].to_dict()}. Keep one figure a year.")
    if until <= history["year"].max():
        raise ArgumentError(f"until={until} must lie after the last year given, {history['year'].max()}.")
    ordered = history.assign(value=numbers.astype(float)).sort_values([*names, "year"], ignore_index=True)
    return ordered.astype({"year": "int64"})


class SeriesStep(NamedTuple):
    """One forecast of a published value from those before it, on the transformed scale where not said otherwise."""

    mean: float
    error: float
    freedom: float
    surprise: float  # (value - mean) / error
    miss: float  # absolute error, on the scale of the values


def _past_steps(
    years: np.ndarray, numbers: np.ndarray, transform: str, models: Sequence[str]
) -> dict[str, list[SeriesStep]]:
    """Forecast every value from those before it, from the fifth on."""
    into, back = _transform(numbers, transform)
    y, found = into(numbers), {}
    for model in models:
        steps = []
        for at in range(_FEWEST, len(numbers)):
            (mean,), (error,), freedom = _MODELS[model](
                years[:at].astype(float), y[:at], years[at : at + 1].astype(float)
            )
            error = max(error, 1e-12)
            steps.append(SeriesStep(mean, error, freedom, (y[at] - mean) / error, abs(back(mean) - numbers[at])))
        found[model] = steps
    return found


def choose_model(steps: dict[str, list[SeriesStep]], upto: int | None = None) -> str:
    """Return the model to use after the first `upto` steps: naive, unless another was clearly better."""
    known = len(next(iter(steps.values()))[:upto])
    if known < _ENOUGH:
        return "naive"
    means = {model: float(np.mean([step.miss for step in of_model[:upto]])) for model, of_model in steps.items()}
    best = min(means, key=lambda model: (means[model], SERIES_MODELS.index(model)))
    return best if means[best] < _CLEARLY * means["naive"] else "naive"


def widening(steps: list[SeriesStep], upto: int | None = None) -> float:
    """Return the factor that makes the errors made so far as large as they were said to be, at least 1."""
    surprises = [step.surprise for step in steps[:upto]]
    return max(1.0, float(np.sqrt(np.mean(np.square(surprises))))) if surprises else 1.0


def _replay(
    key: tuple[Any, ...], names: list[str], years: np.ndarray, numbers: np.ndarray, steps: dict[str, list[SeriesStep]],
    model: str, transform: str, level: float,
) -> pd.DataFrame:  # fmt: skip
    _, back = _transform(numbers, transform)
    rows = []
    for i, at in enumerate(range(_FEWEST, len(numbers))):
        chosen = choose_model(steps, i) if model == "auto" else model
        step = steps[chosen][i]
        reach = stats.t.ppf((1.0 + level) / 2.0, step.freedom) * step.error * widening(steps[chosen], i)
        estimate, lower, upper = back(step.mean), back(step.mean - reach), back(step.mean + reach)
        rows.append(
            [
                *key, years[at], years[at] - years[at - 1], numbers[at], estimate, lower, upper,
                bool(lower <= numbers[at] <= upper), numbers[at - 1],
            ]
        )  # fmt: skip
    columns = [*names, "year", "years_ahead", "value", "estimate", "lower", "upper", "covered", "naive"]
    return pd.DataFrame(rows, columns=columns)


def _forecast(
    years: np.ndarray, numbers: np.ndarray, ahead: np.ndarray, model: str, transform: str, level: float, wider: float
) -> np.ndarray:  # fmt: skip
    """Return estimate, lower and upper for the years ahead, float64 of shape (3, len(ahead))."""
    into, back = _transform(numbers, transform)
    mean, error, freedom = _MODELS[model](years.astype(float), into(numbers), ahead.astype(float))
    reach = stats.t.ppf((1.0 + level) / 2.0, freedom) * error * wider
    return np.stack([back(mean), back(mean - reach), back(mean + reach)])


def _transform(numbers: np.ndarray, transform: str) -> tuple[Any, Any]:
    inside, positive = bool(((numbers > 0) & (numbers < 1)).all()), bool((numbers > 0).all())
    if transform == "auto":
        transform = "logit" if inside else "log" if positive else "none"
    if (transform == "logit" and not inside) or (transform == "log" and not positive):
        raise ArgumentError(f"transform={transform!r} does not suit values from {numbers.min()} to {numbers.max()}.")
    if transform == "logit":
        return (lambda x: np.log(x / (1.0 - x))), (lambda x: 1.0 / (1.0 + np.exp(-x)))
    if transform == "log":
        return np.log, np.exp
    return (lambda x: x), (lambda x: x)


def _naive(years: np.ndarray, y: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    gaps = np.diff(years)
    variance = (np.diff(y) ** 2 / gaps).mean()
    far = ahead - years[-1]
    return np.full(len(ahead), y[-1]), np.sqrt(variance * far), float(len(gaps))


def _drift(years: np.ndarray, y: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    import statsmodels.api as sm  # noqa: PLC0415 - a second to import, and rarely asked

    gaps = np.diff(years)
    fit = sm.WLS(np.diff(y), gaps, weights=1.0 / gaps).fit()
    far = ahead - years[-1]
    error = np.sqrt(fit.scale * far + far**2 * fit.cov_params()[0, 0])
    return y[-1] + fit.params[0] * far, error, float(fit.df_resid)


def _trend(years: np.ndarray, y: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    import statsmodels.api as sm  # noqa: PLC0415 - as above

    middle = years.mean()
    fit = sm.OLS(y, sm.add_constant(years - middle)).fit()
    found = fit.get_prediction(sm.add_constant(ahead - middle, has_constant="add"))
    return found.predicted_mean, found.se_obs, float(fit.df_resid)


def _level(years: np.ndarray, y: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    import statsmodels.api as sm  # noqa: PLC0415 - as above

    grid = np.full(int(years[-1] - years[0]) + 1, np.nan)
    grid[(years - years[0]).astype(int)] = y
    unit = float(np.std(y)) or 1.0  # the search for variances starts well near one
    with warnings.catch_warnings():
        # Short series often put a variance at zero, the edge of what is allowed: an answer, not a failure.
        warnings.simplefilter("ignore")
        fit = sm.tsa.UnobservedComponents(grid / unit, "llevel").fit(disp=False, maxiter=200)
        found = fit.get_forecast(int(ahead[-1] - years[-1]))
        mean, error = np.asarray(found.predicted_mean), np.asarray(found.se_mean)
    at = (ahead - years[-1]).astype(int) - 1
    return mean[at] * unit, error[at] * unit, float(max(len(y) - 2, 1))


_MODELS = {"naive": _naive, "drift": _drift, "trend": _trend, "level": _level}
