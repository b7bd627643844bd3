"""Where things lie and how much is drawn: the one resource of the project."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import carms_lib as carms
import dagster as dg
import pandas as pd
from carms_lib.warehouse import Warehouse


class Platform(dg.ConfigurableResource):
    """Folders and database; `inbox` holds one folder for each release, named as its partition."""

    inbox: str
    studies: str
    database_url: str
    cohort: str = "2025"
    draws: int = 1_000
    entropy: int = 2025

    def folders(self) -> list[Path]:
        """Return the folders of releases that have arrived, by name."""
        return sorted(path for path in Path(self.inbox).iterdir() if path.is_dir())

    def read(self, partition: str) -> carms.Release:
        return carms.load_release(Path(self.inbox) / partition)

    def warehouse(self) -> Warehouse:
        """Open the warehouse with its tables; use it in a ``with`` statement."""
        warehouse = carms.open_warehouse(self.database_url)
        warehouse.upgrade()
        return warehouse

    def last_published(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Return what was published last, to compare with: as much of it as the warehouse gives, or nothing."""
        with self.warehouse() as warehouse:
            if not warehouse.releases():
                return {}
            return {"gold": {"program": pd.concat(_pages(warehouse), ignore_index=True)}}

    def study_file(self, release_id: str, gold_digest: str) -> Path:
        """Return where a study is kept: another release, other quotas or other settings make another file."""
        asked = f"{release_id} {gold_digest} {self.cohort} {self.draws} {self.entropy}"
        return Path(self.studies) / f"{release_id}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.npz"


def _pages(warehouse: Warehouse) -> Iterator[pd.DataFrame]:
    after: str | None = None
    while True:
        page = warehouse.programs(limit=1_000, after=after)
        yield page.frame
        after = page.next_key
        if after is None:
            return


def fingerprint(folder: Path) -> str:
    """Return what changes when a file of a release does: names, sizes and times, without reading them."""
    told = [
        f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
