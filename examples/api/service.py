"""What the service answers: questions to the warehouse, turned into the objects of `models`.

Nothing here knows of HTTP. Releases and studies are looked up at most every `cache_seconds`; a view of a study never
changes, so that it is kept for good.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import carms_lib as carms
import numpy as np
import pandas as pd
from carms_lib.exceptions import UnknownNameError
from carms_lib.schemas import load_reference
from carms_lib.warehouse import KeptBands, Warehouse
from examples.api import models
from examples.api.errors import ServiceError
from examples.api.settings import Settings

BASELINE_VIEWS = "pressure by country"


@dataclass(frozen=True)
class Current:
    """What is served now: the newest release, and the newest study of it."""

    release: str
    study: int
    programs: pd.DataFrame


class Service:
    """Reads for the routes; opens the warehouse when it is first asked, so that it starts before its database."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock, self._lock = settings, clock, Lock()
        self._warehouse: Warehouse | None = None
        self._current: tuple[float, Current] | None = None
        self._market: tuple[str, carms.Market] | None = None
        self.view = lru_cache(maxsize=64)(self._view)

    @property
    def warehouse(self) -> Warehouse:
        with self._lock:
            if self._warehouse is None:
                s = self._settings
                self._warehouse = carms.open_warehouse(
                    s.database_url.get_secret_value(),
                    read_only=True,
                    statement_timeout=s.statement_timeout,
                    lock_timeout=s.lock_timeout,
                    pool_size=s.pool_size,
                    retries=1,
                )
            return self._warehouse

    def close(self) -> None:
        if self._warehouse is not None:
            self._warehouse.close()

    # --- what is served now ---

    def current(self) -> Current:
        """Return the newest release and study; looked up again when it is older than `cache_seconds`."""
        known = self._current
        if known is not None and self._clock() - known[0] < self._settings.cache_seconds:
            return known[1]
        releases = self.warehouse.releases()
        if not releases:
            raise ServiceError(503, "No release was published yet.", headers={"Retry-After": "60"})
        studies = self.warehouse.studies()
        fitting = studies[(studies["release_id"] == releases[0]) & studies["views"].str.contains(BASELINE_VIEWS)]
        if fitting.empty:
            raise ServiceError(503, f"Release {releases[0]} has no study yet.", headers={"Retry-After": "60"})
        found = Current(releases[0], int(fitting["study_id"].iloc[-1]), self._all_programs(releases[0]))
        self._current = (self._clock(), found)
        return found

    def _all_programs(self, release: str) -> pd.DataFrame:
        def pages() -> Iterator[pd.DataFrame]:
            after = None
            while True:
                page = self.warehouse.programs(release=release, limit=1_000, after=after)
                yield page.frame
                if page.next_key is None:
                    return
                after = page.next_key

        return pd.concat(list(pages()), ignore_index=True)

    def _view(self, study: int, name: str) -> KeptBands:
        return self.warehouse.bands(study, name)

    # --- programs ---

    def programs(self, filters: dict[str, list[str] | None], text: str | None, limit: int, after: str | None) -> Any:
        page = self.warehouse.programs(**filters, text=text, limit=limit, after=after)
        items = [models.Program(**row) for row in rows(page.frame, models.Program)]
        return models.ProgramPage(release=page.release_id, items=items, next_after=page.next_key)

    def program(self, program_stream_id: str) -> models.ProgramDetail:
        try:
            history = self.warehouse.history(program_stream_id)
        except UnknownNameError as error:
            raise ServiceError(404, f"There is no program {program_stream_id}.") from error
        versions = [
            models.Version(
                release=row["release_id"],
                valid_from=row["valid_from"],
                valid_to=None if pd.isna(row["valid_to"]) else row["valid_to"],
                quota=row["quota"],
                stream=row["stream"],
            )
            for row in history.to_dict("records")
        ]
        newest = history.iloc[[-1]].rename(columns={"release_id": "release"})
        (record,) = rows(newest, models.ProgramDetail)
        return models.ProgramDetail(**record, versions=versions)

    def search(self, text: str, language: str | None, limit: int) -> list[models.Hit]:
        found = self.warehouse.search(text, language=language, limit=limit).rename(columns={"section_key": "section"})
        return [models.Hit(**row) for row in rows(found, models.Hit)]

    def disciplines(self, province: str | None) -> list[models.Discipline]:
        programs = self.current().programs
        if province is not None:
            _require("province", province, programs["school_province"])
            programs = programs[programs["school_province"] == province]
        counted = programs.groupby("discipline")["quota"].agg(programs="size", seats="sum").reset_index()
        named = counted.merge(load_reference().discipline, on="discipline", how="left")
        return [models.Discipline(**row) for row in rows(named, models.Discipline)]

    def map(self) -> models.Map:
        current = self.current()
        at_school = current.programs.groupby("school_province")["quota"].agg(programs="size", seats="sum")
        at_site = current.programs.groupby("site_province")["quota"].sum()
        kept = self.view(current.study, "pressure by province").frame
        kept = kept[(kept["metric"] == "pressure") & (kept["scenario"] == "baseline")]
        bands = {band.cell["province"]: band for band in bands_of(kept, ("province",))}
        places = [
            models.Place(
                province=row["province"],
                name=row["province_name"],
                name_fr=row["province_name_fr"],
                programs=int(at_school["programs"].get(row["province"], 0)),
                seats=int(at_school["seats"].get(row["province"], 0)),
                seats_at_sites=int(at_site.get(row["province"], 0)),
                pressure=bands.get(row["province"]),
            )
            for row in load_reference().province.to_dict("records")
        ]
        return models.Map(release=current.release, study=current.study, places=places)

    # --- analytics ---

    def pressure(
        self,
        by: models.Grouping,
        metric: models.Metric,
        filters: dict[str, list[str] | None],
        at_least: float | None,
        limit: int,
        after: str | None,
    ) -> models.BandPage:
        """Return the bands of one metric, the highest estimates first, cut by key: study and place in its order."""
        current = self.current()
        study, start = (current.study, 0) if after is None else (int(part) for part in after.split("-"))
        try:
            kept = self.view(study, f"pressure by {by}")
        except UnknownNameError as error:
            raise ServiceError(422, f"after={after!r} is not the next_after of a page.") from error
        frame = kept.frame[(kept.frame["metric"] == metric) & (kept.frame["scenario"] == "baseline")]
        frame = frame.sort_values(["estimate", *kept.keys], ascending=[False, *[True] * len(kept.keys)])
        place = np.arange(1, len(frame) + 1)  # in the whole order, whatever is filtered: a cursor outlives its filters
        chosen = place > start
        for name, wanted in filters.items():
            if wanted is None:
                continue
            if name not in kept.keys:
                raise ServiceError(422, f"{name} cannot filter bands by {by}; ask for a grouping that has it.")
            for value in wanted:
                _require(name, value, frame[name])
            chosen &= frame[name].isin(wanted).to_numpy()
        if at_least is not None:
            chosen &= (frame["estimate"] >= at_least).to_numpy()
        found = np.flatnonzero(chosen)
        return models.BandPage(
            release=kept.provenance.release_id,
            study=study,
            by=list(kept.keys),
            items=bands_of(frame.iloc[found[:limit]], kept.keys),
            next_after=f"{study}-{place[found[limit - 1]]}" if len(found) > limit else None,
        )

    def preferences(self, by: str, applicant_class: str) -> models.Preference:
        current = self.current()
        kept = self.view(current.study, f"preferences by {by}")
        frame = kept.frame
        _require("applicant_class", applicant_class, frame["applicant_class"])
        frame = frame[frame["applicant_class"] == applicant_class]
        order = frame.sort_values(["metric", "estimate"], ascending=[False, False])
        return models.Preference(release=current.release, study=current.study, items=bands_of(order, kept.keys))

    # --- scenarios ---

    def market(self) -> carms.Market:
        """Return the market of the release that is served now; made once a release."""
        current = self.current()
        known = self._market
        if known is None or known[0] != current.release:
            market = carms.Market.from_gold(current.programs, carms.load_cohort(self._settings.cohort))
            self._market = known = (current.release, market)
        return known[1]

    def check_scenario(self, request: models.ScenarioRequest) -> None:
        """Refuse a scenario that does not fit the market, before it waits for its turn."""
        if request.draws > self._settings.max_draws:
            raise ServiceError(422, f"draws={request.draws} is more than {self._settings.max_draws}, the most.")
        scenario_of(request).apply(self.market())

    def run_scenario(self, request: models.ScenarioRequest) -> models.ScenarioResult:
        """Simulate a scenario and return its paired differences; on one core, so that readers keep the others."""
        scenario = scenario_of(request)
        with ThreadPoolExecutor(1) as one_core:
            study = carms.simulate(
                self.market(), scenario, n_draws=request.draws, rng=request.entropy, executor=one_core
            )
        compared = study.compare(scenario.name)
        return models.ScenarioResult(
            outcomes=bands_of(compared.outcomes().to_frame(), ()),
            pressure_by_province=bands_of(
                compared.pressure(by="province", metric="pressure").to_frame(), ("province",)
            ),
        )


def scenario_of(request: models.ScenarioRequest) -> carms.Scenario:
    """Return the library's scenario; its own checks say what is wrong with a lever."""
    scenario = carms.Scenario(request.name)
    for lever in request.levers:
        needs_value = lever.action != "close_programs"
        if needs_value != (lever.value is not None):
            raise ServiceError(422, f"{lever.action} {'needs a' if needs_value else 'takes no'} value.")
        if lever.action == "scale_class" and set(lever.where) != {"applicant_class"}:
            raise ServiceError(422, "scale_class selects by applicant_class alone.")
        method = getattr(scenario, lever.action)
        scenario = method(lever.value, **lever.where) if needs_value else method(**lever.where)
    return scenario


def rows(frame: pd.DataFrame, model: type) -> list[dict[str, Any]]:
    """Return the columns that a model has, row by row, with None for what is missing."""
    names = [name for name in model.model_fields if name in frame.columns]
    chosen = frame[names].astype(object)
    return chosen.where(chosen.notna(), None).to_dict("records")


def bands_of(frame: pd.DataFrame, keys: tuple[str, ...]) -> list[models.Band]:
    cells = frame[list(keys)].to_dict("records") if keys else [{}] * len(frame)
    return [models.Band(cell=cell, **row) for cell, row in zip(cells, rows(frame, models.Band), strict=True)]


def _require(argument: str, value: str, known: pd.Series) -> None:
    if not (known == value).any():
        raise UnknownNameError(argument, value, known.unique())


def job_id_of(release: str, request: models.ScenarioRequest) -> str:
    """Return the id of a job: the same question to the same release is the same job, because it has the same answer."""
    text = json.dumps([release, request.model_dump()], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
