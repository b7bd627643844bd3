"""One database, opened: its connections, and one transaction for each question or write.

Belongs here: the life of the connection, trying again, and how long each verb took. Does not belong here: the verbs.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict, deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import URL, Connection

from carms_lib.exceptions import ArgumentError
from carms_lib.schemas import TEXT
from carms_lib.warehouse import revisions
from carms_lib.warehouse.engine import Settings, begin_read, begin_write, connect_engine, label
from carms_lib.warehouse.faults import attempt

__all__ = ["Database"]

T = TypeVar("T")

_REMEMBERED = 1_000  # calls of each verb


class Database:
    """What a warehouse stands on; users meet it as `Warehouse`.

    Parameters
    ----------
    url : sqlalchemy.URL
    settings : Settings
    clock : callable
        Returns the present moment with its zone.
    """

    def __init__(self, url: URL, settings: Settings, clock: Callable[[], dt.datetime]) -> None:
        self._url = url
        self._settings = settings
        self._clock = clock
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._engine = connect_engine(url, settings)
        try:
            self._ask("open", lambda connection: connection.exec_driver_sql("SELECT 1"), any_revision=True)
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back; the warehouse may be used again, and then connects anew."""
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"Warehouse({label(self._url)!r}{', read_only=True' if self._settings.read_only else ''})"

    def latencies(self) -> pd.DataFrame:
        """Return how long the verbs took since this warehouse was opened.

        Returns
        -------
        DataFrame
            One row per verb that succeeded at least once, sorted by verb: verb, n (calls, the last 1,000 of each), and
            p50, p95 and max of the time from asking to answer, with connecting and trying again [s].
        """
        rows = [
            (verb, len(seconds), *np.quantile(seconds, (0.5, 0.95, 1.0)).tolist())
            for verb, seconds in sorted(self._seconds.items())
        ]
        kinds = {"verb": TEXT, "n": "int64", "p50": "float64", "p95": "float64", "max": "float64"}
        return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)

    # --- one transaction each ----------------------------------------------------------------------------

    def _now(self) -> dt.datetime:
        now = self._clock()
        if now.tzinfo is None:
            raise ArgumentError(
                f"clock returned {now!r}, a moment without a zone. Return datetime.now(UTC), or the like."
            )
        return now

    def _ask(self, verb: str, question: Callable[[Connection], T], *, any_revision: bool = False) -> T:
        """Answer a question inside one transaction that sees one state of the database."""

        def operation() -> T:
            with begin_read(self._engine) as connection:
                if not any_revision:
                    revisions.require_head(connection)
                return question(connection)

        return self._timed(verb, operation)

    def _change(self, verb: str, change: Callable[[Connection], T]) -> T:
        """Make a change inside one transaction that holds the lock of writers; all of it or nothing."""

        def operation() -> T:
            with begin_write(self._engine, self._settings) as connection:
                revisions.require_head(connection)
                return change(connection)

        return self._timed(verb, operation, writes=True)

    def _timed(self, verb: str, operation: Callable[[], T], *, writes: bool = False) -> T:
        start = time.perf_counter()
        result = attempt(operation, self._url, self._settings, writes=writes)
        self._seconds[verb].append(time.perf_counter() - start)
        return result
