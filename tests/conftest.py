"""What every test may use: the published files where they are, and a reason where they are not."""

from __future__ import annotations

import gc
import importlib.util
import os
import pickle
import shutil
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import carms_lib as carms
import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("Agg")


def _has_browser() -> bool:
    program = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    return program and shutil.which("chromedriver") is not None


#: Marker -> whether its tests can run here, and what to do where they cannot.
_NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "release": (
        lambda: bool(os.environ.get("CARMS_DATA_DIR")),
        "set CARMS_DATA_DIR to a folder that holds release_1503 and published",
    ),
    "postgres": (
        lambda: bool(os.environ.get("CARMS_TEST_POSTGRES_URL")),
        "set CARMS_TEST_POSTGRES_URL to an empty test database",
    ),
    "browser": (_has_browser, "needs Chromium and its driver; on Debian: apt-get install chromium chromium-driver"),
}


def pytest_configure(config: pytest.Config) -> None:
    spec = importlib.util.spec_from_file_location("budget", Path(__file__).with_name("budget.py"))
    assert spec is not None
    assert spec.loader is not None
    budget = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(budget)
    config.pluginmanager.register(budget.Budget(config), "processor-time")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Compile the kernels before the workers start, where none is compiled yet; each worker would compile them all."""
    kept = os.environ.get("NUMBA_CACHE_DIR") or Path(carms.__file__).parent
    if not any(Path(kept).rglob("*.nbi")):
        market = carms.Market.from_gold(_small_programs(), _small_cohort())
        carms.seat_values(market, n_draws=10, rng=1)
        carms.simulate(market, n_draws=10, rng=1)


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of garbage collection: millions of objects that stay to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {marker: advice for marker, (is_here, advice) in _NEEDS.items() if not is_here()}
    for item in items:
        for marker, advice in missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skipif(True, reason=advice))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Fail a test that skips though CARMS_TEST_PROMISED names its marker: what CI promised runs."""
    report = yield
    promised = [name for name in os.environ.get("CARMS_TEST_PROMISED", "").split() if item.get_closest_marker(name)]
    if report.skipped and promised:
        report.outcome = "failed"
        report.longrepr = f"skipped, though CARMS_TEST_PROMISED names {promised[0]!r}: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with release_1503/, published/ and matching_cases/; use it only in tests marked `release`."""
    return Path(os.environ["CARMS_DATA_DIR"]).resolve()


@pytest.fixture(scope="session")
def release_dir(data_dir: Path) -> Path:
    """The published files of release 1503; use it only in tests marked `release`."""
    return data_dir / "release_1503"


@pytest.fixture(scope="session")
def published(release_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> carms.Release:
    """Release 1503 read from its published files, once for all tests; never changed; marked `release`.

    Of several workers the first reads it, which takes many seconds, and the others take what it read.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return carms.load_release(release_dir)
    folder = tmp_path_factory.getbasetemp().parent  # that of the run; each worker has one below it
    kept, lock = folder / "published.pickle", folder / "published.lock"
    until = time.monotonic() + 300
    while not kept.exists() and time.monotonic() < until:
        try:
            lock.touch(exist_ok=False)
        except FileExistsError:
            time.sleep(0.2)
            continue
        try:
            release = carms.load_release(release_dir)
            lock.write_bytes(pickle.dumps(release))
            lock.rename(kept)  # whole, or not there
        finally:
            lock.unlink(missing_ok=True)
        return release
    return pickle.loads(kept.read_bytes())  # noqa: S301 - written by the run itself


@pytest.fixture(scope="session")
def published_layers(published: carms.Release) -> carms.Layers:
    """The tables built from the published files, once for all tests; never changed; marked `release`."""
    return carms.build(published)


@pytest.fixture(scope="session")
def bundled() -> carms.Release:
    """The release that ships with the library, read once for all tests; never changed."""
    return carms.load_release()


@pytest.fixture(scope="session")
def bundled_layers(bundled: carms.Release) -> carms.Layers:
    """The tables built from the bundled release, once for all tests; never changed."""
    return carms.build(bundled)


@pytest.fixture(scope="session")
def national(bundled_layers: carms.Layers) -> carms.Market:
    """The market of the bundled release and the cohort of 2025."""
    return carms.Market.from_gold(bundled_layers.gold, carms.load_cohort("2025"))


@pytest.fixture(scope="session")
def docs_script() -> Callable[[str], ModuleType]:
    """Import a script of docs/ by its name, as `python docs/NAME.py` finds it."""
    folder = str(Path(__file__).resolve().parents[1] / "docs")

    def load(name: str) -> ModuleType:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            return importlib.import_module(name)

    return load


def _small_programs() -> pd.DataFrame:
    rows = [
        ("10", "Family Medicine", "University of Toronto", "CMG", "ON", "en", 12, "76 - 100"),
        ("11", "Family Medicine", "University of Toronto", "IMG", "ON", "en", 3, "0 - 25"),
        ("12", "Family Medicine", "Université Laval", "ALL", "QC", "fr", 8, "76 - 100"),
        ("13", "Psychiatry", "University of Toronto", "CMG", "ON", "en", 4, "26 - 50"),
        ("14", "Psychiatry", "Université Laval", "ALL", "QC", "fr", 2, "51 - 75"),
        ("15", "Dermatology", "University of Calgary", "CMG", "AB", "either", 1, "0 - 25"),
        ("16", "Family Medicine", "University of Calgary", "CMG", "AB", "en", 5, "76 - 100"),
        ("17", "Family Medicine", "University of Calgary", "IMG", "AB", "en", 1, "0 - 25"),
        ("18", "Family Medicine", "University of Calgary", "MOTP", "AB", "en", 2, "51 - 75"),
    ]
    columns = ["program_stream_id", "discipline", "school", "eligibility", "school_province", "language", "quota"]
    return pd.DataFrame(rows, columns=[*columns, "interview_band"])


@pytest.fixture(scope="session")
def programs() -> pd.DataFrame:
    """Nine programs that a person can follow."""
    return _small_programs()


def _small_cohort() -> carms.Cohort:
    national = carms.load_cohort("2025")
    classes = national.classes.copy()
    for column, share in (("size", 1.0), ("low", 0.9), ("high", 1.1)):
        classes[column] = (national.classes["size"] / 100.0).clip(lower=2.0) * share
    return replace(national, classes=classes)


@pytest.fixture(scope="session")
def cohort() -> carms.Cohort:
    """The bundled cohort, a hundred times smaller."""
    return _small_cohort()


@pytest.fixture(scope="session")
def market(programs: pd.DataFrame, cohort: carms.Cohort) -> carms.Market:
    """The nine programs and about fifty applicants."""
    return carms.Market.from_gold(programs, cohort)
