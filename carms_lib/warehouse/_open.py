"""Opening a warehouse.

Belongs here: `open_warehouse`, with every setting that production needs. Does not belong here: what the settings do
(`engine`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy import URL

from carms_lib.warehouse._warehouse import Warehouse
from carms_lib.warehouse.engine import Settings, parse_url

__all__ = ["open_warehouse"]


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def open_warehouse(
    url: str | URL,
    *,
    read_only: bool = False,
    statement_timeout: float = 30.0,
    lock_timeout: float = 10.0,
    pool_size: int = 5,
    retries: int = 3,
    clock: Callable[[], dt.datetime] = _utc_now,
) -> Warehouse:
    """Open the database that keeps the releases.

    Parameters
    ----------
    url : str or sqlalchemy.URL
        "sqlite:///carms.db" for a file, or "postgresql+psycopg://user@host/database" for a server.
    read_only : bool, default False
        Let the database itself refuse every change; a file that is not there is an error then, not a new file.
    statement_timeout : float, default 30.0
        Longest time that one query may run [s]; writes and migrations are exempt.
    lock_timeout : float, default 10.0
        Longest time to wait for another writer [s].
    pool_size : int, default 5
        Most connections to a server at once; they are kept open between questions.
    retries : int, default 3
        How often an operation is tried again after a passing fault, such as a server that restarts.
    clock : callable
        Returns the present moment with its zone. Nothing else but the record of a run asks for the time.

    Returns
    -------
    Warehouse
        Use it in a ``with`` statement, or call its `close`.

    Raises
    ------
    ArgumentError
        The address or a setting is not allowed.
    MissingExtraError
        The address names PostgreSQL and psycopg is not installed.
    WarehouseUnavailableError
        The database does not answer, or does not accept the user.

    Examples
    --------
    >>> import carms_lib as carms
    >>> with carms.open_warehouse("sqlite://") as warehouse:  # in memory
    ...     revision = warehouse.upgrade()
    ...     report = warehouse.write(carms.build(carms.load_release()))
    ...     page = warehouse.programs(province="ON", discipline="Psychiatry", limit=50)
    >>> report.n_new, report.seats
    (815, 3942)
    """
    settings = Settings(
        read_only=read_only,
        statement_timeout=statement_timeout,
        lock_timeout=lock_timeout,
        pool_size=pool_size,
        retries=retries,
    )
    return Warehouse(parse_url(url), settings, clock)
