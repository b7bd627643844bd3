"""KEEP: every release in one database, with its history.

Belongs here: tables, migrations, idempotent writes, history and queries, the same in SQLite and PostgreSQL. Does not
belong here: computing anything; what is kept was built before, and what is asked is only found.

- A *release* is kept as it was published, program by program, and as it was corrected: each program of a release has
  versions that follow one another.
- A *write* compares hashes, touches what differs, and commits all of it or nothing.
- A *question* is answered with a typed frame, page by page.
"""

from __future__ import annotations

from carms_lib.warehouse._frames import csv_text, write_csv
from carms_lib.warehouse._open import open_warehouse
from carms_lib.warehouse._programs import Page
from carms_lib.warehouse._results import KeptBands
from carms_lib.warehouse._warehouse import Warehouse
from carms_lib.warehouse._write import WriteReport
from carms_lib.warehouse.revisions import migration_sql

__all__ = [
    "KeptBands",
    "Page",
    "Warehouse",
    "WriteReport",
    "csv_text",
    "migration_sql",
    "open_warehouse",
    "write_csv",
]
