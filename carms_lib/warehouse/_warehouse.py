"""The warehouse: one object that a user fills and asks.

Belongs here: the public verbs, each one transaction. Does not belong here: how any of them works, nor opening
(`_open`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from carms_lib.argument_checks import check_mapping, check_text, check_whole
from carms_lib.exceptions import ArgumentError, UnknownNameError
from carms_lib.provenance import package_versions
from carms_lib.schemas import codes
from carms_lib.warehouse import _builds, _programs, _results, gold_view, revisions
from carms_lib.warehouse._database import Database
from carms_lib.warehouse._frames import BuiltLayers
from carms_lib.warehouse._programs import Page, Question
from carms_lib.warehouse._results import BandsLike, KeptBands, StudyLike
from carms_lib.warehouse._write import WriteReport, write_layers

__all__ = ["Warehouse"]


def _version() -> str:
    return package_versions()["carms-lib"]


class Warehouse(Database):
    """The database that keeps every release, with its history; made by `open_warehouse`.

    Parameters
    ----------
    url : sqlalchemy.URL
    settings : Settings
    clock : callable
        Returns the present moment with its zone.
    """

    # --- the schema --------------------------------------------------------------------------------------

    def upgrade(self, revision: str = "head") -> str:
        """Bring the tables up to a revision, all of the way or not at all.

        Parameters
        ----------
        revision : str, default "head"
            Where to go; by default to the newest that this library knows.

        Returns
        -------
        str
            The revision that the database is at now.

        Raises
        ------
        MigrationError
            The database is at an unknown or later revision, or holds other tables of the same name.
        UnknownNameError
            There is no such revision.
        """
        _, after = self._timed(
            "upgrade", lambda: revisions.upgrade(self._engine, self._settings, revision), writes=True
        )
        return after or revisions.BASE

    def downgrade(self, revision: str) -> str:
        """Take the tables back to a revision; each migration says in its notes what is lost.

        Parameters
        ----------
        revision : str
            Where to go; "base" removes every table.

        Returns
        -------
        str
            The revision that the database is at now.

        Raises
        ------
        MigrationError
            The database is at an unknown revision, or has no tables of ours.
        UnknownNameError
            There is no such revision before the current one.
        """
        _, after = self._timed(
            "downgrade", lambda: revisions.downgrade(self._engine, self._settings, revision), writes=True
        )
        return after or revisions.BASE

    def current(self) -> str | None:
        """Return the revision of the database; None where no migration has run."""
        return self._ask("current", revisions.current, any_revision=True)

    def check(self) -> None:
        """Raise MigrationError unless tables, keys, indexes and check constraints are those declared here."""
        self._timed("check", lambda: revisions.check(self._engine))

    # --- writing -----------------------------------------------------------------------------------------

    def write(self, layers: BuiltLayers) -> WriteReport:
        """Keep a release: idempotent, incremental, all or nothing.

        Parameters
        ----------
        layers : Layers
            What `build` returned, of one release.

        Returns
        -------
        WriteReport
            What was new, changed, vanished or untouched.

        Raises
        ------
        SchemaError
            A table breaks its contract.
        MigrationError
            The tables are missing, older or newer; the message says what to do.
        WriteConflictError
            Another writer was at work for longer than `lock_timeout`.
        WarehouseUnavailableError
            The database cannot be written: gone, read-only, full.
        WarehouseError
            The release contradicts what is kept for good.

        Notes
        -----
        Each program of a release has versions that follow one another (slowly changing dimension, type 2). A program
        whose page says the same as before is untouched. One that changed has its version closed at this moment and
        another opened. One that the release no longer has is closed as "vanished".
        """
        given: Any = layers
        if not hasattr(given, "silver"):
            raise ArgumentError(f"layers={type(layers).__name__} must be layers. Make them: build(load_release()).")
        return self._change("write", lambda connection: write_layers(connection, layers, self._now(), _version()))

    # --- asking ------------------------------------------------------------------------------------------

    def programs(
        self,
        *,
        province: str | Sequence[str] | None = None,
        discipline: str | Sequence[str] | None = None,
        school: str | Sequence[str] | None = None,
        stream: str | Sequence[str] | None = None,
        eligibility: str | Sequence[str] | None = None,
        site_province: str | Sequence[str] | None = None,
        site_class: str | Sequence[str] | None = None,
        text: str | None = None,
        release: str | None = None,
        as_of: dt.datetime | dt.date | str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Return one page of programs, sorted by program_stream_id.

        Parameters
        ----------
        province : str or sequence of str, optional
            Province of the school, two-letter code.
        discipline, school, stream, eligibility : str or sequence of str, optional
            Names as in gold; several are alternatives.
        site_province, site_class : str or sequence of str, optional
            Province in which the seat trains, and class of its community.
        text : str, optional
            Words and "phrases in quotes" that must all occur in the program's facts or in one section of its page.
        release : str, optional
            By default the newest match and iteration.
        as_of : datetime, date or str, optional
            As the release was kept at this moment, UTC where no zone is given; by default as it is now.
        limit : int, default 50
            Most rows, at most 1,000.
        after : str, optional
            The `next_key` of the page before.

        Returns
        -------
        Page
            With `frame`, in the columns and types of gold's table of programs, and `next_key`.

        Raises
        ------
        UnknownNameError
            A filter names what nothing carries; near names are offered.
        ArgumentError
            `limit`, `text`, `as_of` or `after` is not allowed.
        """
        question = Question(province, discipline, school, stream, eligibility, site_province, site_class, text)
        moment = gold_view.read_as_of(as_of)
        return self._ask(
            "programs",
            lambda connection: _programs.programs(
                connection, question, release=release, as_of=moment, limit=limit, after=after
            ),
        )

    def history(self, program_stream_id: str) -> pd.DataFrame:
        """Return every version of a program that was ever kept; see `carms_lib.warehouse` for the columns.

        Parameters
        ----------
        program_stream_id : str

        Returns
        -------
        DataFrame
            One row per version: the columns of gold's table of programs, then valid_from, valid_to, closed_as, run_id,
            closed_by_run_id, source_file, source_sha256, source_row, loaded_at.

        Raises
        ------
        UnknownNameError
            No release ever had such a program.
        """
        check_text("program_stream_id", program_stream_id, "27447")
        return self._ask("history", lambda connection: _programs.history(connection, program_stream_id))

    def diff(self, release_a: str, release_b: str) -> pd.DataFrame:
        """Return what differs between two releases as they now stand.

        Parameters
        ----------
        release_a, release_b : str
            Before and after.

        Returns
        -------
        DataFrame
            One row per program and column that differs: program_stream_id, change ("added", "removed", "changed"),
            column, before, after. An added or removed program has one row, with its quota.

        Raises
        ------
        UnknownNameError
            There is no such release.
        """
        return self._ask("diff", lambda connection: _programs.diff(connection, release_a, release_b))

    def releases(self) -> list[str]:
        """Return the releases that are kept, the newest match and iteration first."""
        return self._ask("releases", gold_view.releases)

    def search(
        self, text: str, *, language: str | None = None, release: str | None = None, limit: int = 20
    ) -> pd.DataFrame:
        """Search facts and, where the published pages were read, the text of their sections; the best first.

        Parameters
        ----------
        text : str
            Words and "phrases in quotes"; all must occur in one text. Case and accents do not matter.
        language : {"en", "fr"}, optional
            Only pages in this language; facts are searched in both.
        release : str, optional
            By default the newest.
        limit : int, default 20
            Most rows, at most 1,000.

        Returns
        -------
        DataFrame
            program_stream_id, discipline, school, site, stream, section_key ("facts" for the program's facts),
            language, score (higher is better; comparable within one answer only), snippet.

        Raises
        ------
        ArgumentError
            There is no word in `text`, or `limit` is not allowed.
        UnknownNameError
            There is no such language or release.
        """
        if language is not None:
            check_text("language", language, "fr")
        if language is not None and language not in codes.PAGE_LANGUAGES:
            raise UnknownNameError("language", language, codes.PAGE_LANGUAGES)
        return self._ask(
            "search",
            lambda connection: _programs.search(connection, text, language=language, release=release, limit=limit),
        )

    # --- studies -----------------------------------------------------------------------------------------

    def write_study(
        self, study: StudyLike, views: Mapping[str, BandsLike] | None = None, *, draws: pd.DataFrame | None = None
    ) -> int:
        """Keep what a simulation came to, with its provenance; all or nothing, and the same study once only.

        Parameters
        ----------
        study : Study
            What `simulate` returned: its scenarios, entropy and provenance are kept, not its applicants.
        views : mapping of str to Bands, optional
            Bands by a name of your own, such as ``{"pressure by discipline": study.pressure(by="discipline")}``.
        draws : DataFrame, optional
            Draw summaries: scenario, draw (from 0), metric, value.

        Returns
        -------
        int
            The number of the study; the same when it was kept before, and then new views join it.

        Raises
        ------
        SchemaError
            A frame lacks columns, or names a draw that the study does not have.
        UnknownNameError
            A frame names a scenario that the study does not have.
        WarehouseError
            A view of the same name is kept with other numbers.
        MigrationError, WriteConflictError, WarehouseUnavailableError
            As for `write`.
        """
        given: Any = study
        if not all(hasattr(given, name) for name in ("provenance", "scenarios", "n_draws")):
            raise ArgumentError(
                f"study={type(study).__name__} must be a study. Make one: simulate(market, n_draws=1_000)."
            )
        if views is not None:
            check_mapping("views", views, "{'outcomes': study.outcomes()}")
        return self._change(
            "write_study",
            lambda connection: _results.write_study(connection, study, views or {}, draws, self._now(), _version()),
        )

    def studies(self) -> pd.DataFrame:
        """Return the studies that are kept.

        Returns
        -------
        DataFrame
            One row per study: study_id, release_id (missing where that release is not kept), entropy, n_draws,
            scenarios and views (joined with semicolons), library_version, loaded_at [UTC].
        """
        return self._ask("studies", _results.studies)

    def bands(self, study_id: int, view: str) -> KeptBands:
        """Return a view of a study as it was given to `write_study`.

        Parameters
        ----------
        study_id : int
        view : str

        Returns
        -------
        KeptBands
            With `frame` and `provenance`.

        Raises
        ------
        UnknownNameError
            There is no such study or view.
        """
        _check_study_id(study_id)
        check_text("view", view, "outcomes")
        return self._ask("bands", lambda connection: _results.bands(connection, study_id, view))

    def draws(self, study_id: int) -> pd.DataFrame:
        """Return the draw summaries of a study.

        Parameters
        ----------
        study_id : int

        Returns
        -------
        DataFrame
            scenario, draw (from 0), metric, value; sorted by scenario, draw and metric.

        Raises
        ------
        UnknownNameError
            There is no such study.
        """
        _check_study_id(study_id)
        return self._ask("draws", lambda connection: _results.draws(connection, study_id))

    # --- builds ------------------------------------------------------------------------------------------

    def write_build(
        self,
        record: Mapping[str, Any],
        *,
        checks: pd.DataFrame | None = None,
        counts: pd.DataFrame | None = None,
        load: WriteReport | None = None,
    ) -> str:
        """Keep the record of a build, also of one that failed and brought no release; the same record once only.

        Parameters
        ----------
        record : mapping
            Must hold run_id, release_id ("" where it is not known), started_at (a moment with its zone, or ISO text),
            seconds, and failure_class, which is None for a build that passed. `timings`, a mapping of step to seconds,
            is kept step by step. All of it, whatever else it holds, comes back from `build_record`.
        checks : DataFrame, optional
            What its checks found (contract audit.check; kind, measured and threshold may be left out).
        counts : DataFrame, optional
            Rows and seats by step and table (contract audit.step).
        load : WriteReport, optional
            What `write` returned, where the build was written.

        Returns
        -------
        str
            Its run_id.

        Raises
        ------
        ArgumentError
            The record lacks something, or a value is not allowed.
        SchemaError
            A frame breaks its contract.
        WarehouseError
            Another record is kept under this run_id, or there was no such load.
        MigrationError, WriteConflictError, WarehouseUnavailableError
            As for `write`.
        """
        check_mapping("record", record, "recorder.record.to_dict()")
        return self._change(
            "write_build", lambda connection: _builds.write_build(connection, record, checks, counts, load)
        )

    def builds(self) -> pd.DataFrame:
        """Return the builds that are kept, the latest first.

        Returns
        -------
        DataFrame
            One row per build: run_id, release_id, started_at [UTC], seconds, status ("passed" or "failed"),
            failure_class (missing where it passed), load_run_id (missing where nothing was written).
        """
        return self._ask("builds", _builds.builds)

    def build_record(self, run_id: str) -> dict[str, Any]:
        """Return the whole record of the build `run_id`, as it was given to `write_build`."""
        check_text("run_id", run_id, "20250304T120000")
        return self._ask("build_record", lambda connection: _builds.record(connection, run_id))

    def build_details(self, what: str, *, run_id: str | None = None) -> pd.DataFrame:
        """Return what builds did and found, over time.

        Parameters
        ----------
        what : {"timings", "counts", "checks"}
            Seconds by step; rows and seats by step and table; or what each check found.
        run_id : str, optional
            Only of this build; by default of all.

        Returns
        -------
        DataFrame
            run_id, release_id and started_at [UTC] of the build, the earliest first; then step and seconds, or the
            columns of the contract audit.step or audit.check.

        Raises
        ------
        UnknownNameError
            There is no such detail or build.
        """
        check_text("what", what, "checks")
        if run_id is not None:
            check_text("run_id", run_id, "20250304T120000")
        return self._ask("build_details", lambda connection: _builds.details(connection, what, run_id))


def _check_study_id(study_id: Any) -> None:
    """Refuse what cannot be a key; text names no study, which is said with the studies that there are."""
    if not isinstance(study_id, str):
        check_whole("study_id", study_id, 1)
