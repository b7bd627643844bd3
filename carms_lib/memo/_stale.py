"""Whether a memo is still of the release and the code at hand.

Belongs here: the record that lies beside a memo, and comparing it with what a memo would be made from today. Does not
belong here: the record itself (`carms_lib.provenance`), or making the memo anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from carms_lib.exceptions import MemoError
from carms_lib.loaders import Release, load_release
from carms_lib.provenance import Provenance, package_versions

__all__ = ["RECORD", "check_memo"]

RECORD = "provenance.json"


def check_memo(folder: str | Path, *, release: Release | str | Path | None = None) -> None:
    """Raise MemoError if the memo in `folder` is stale: of other files, or made by other code, than those at hand.

    Parameters
    ----------
    folder : str or Path
        Where `write_memo` wrote.
    release : Release, str or Path, optional
        What the memo should rest on; None takes the bundled facts of release 1503.

    Raises
    ------
    MemoError
        There is no memo in `folder`, its record cannot be read, or it is stale; the message names what differs. Nothing
        is changed.
    SourceError
        The release cannot be read.

    Notes
    -----
    Files are compared by their SHA-256, code by the versions of this library and of the packages that can change a
    number.
    """
    made = _record(Path(folder))
    source = release if isinstance(release, Release) else load_release(release)
    now = source.provenance
    differs = _differences("file", made.sources, now.sources) + _differences(
        "version of", made.versions, package_versions()
    )
    if made.release_id != now.release_id:
        differs.insert(0, f"release {made.release_id} then, {now.release_id} now")
    if differs:
        more = f"; and {len(differs) - 5} more" if len(differs) > 5 else ""
        msg = (
            f"folder={str(folder)!r}: the memo is stale: {'; '.join(differs[:5])}{more}. Write it anew with "
            "overwrite=True (--overwrite), or into another folder to compare."
        )
        raise MemoError(msg)


def _record(folder: Path) -> Provenance:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"folder={str(folder)!r} holds no memo: {RECORD} is not there. Give a folder that write_memo wrote."
        raise MemoError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"folder={str(folder)!r}: {RECORD} cannot be read ({error}). Write the memo anew."
        raise MemoError(msg) from error
    if not isinstance(record, dict):
        msg = f"folder={str(folder)!r}: {RECORD} cannot be read (it holds no record). Write the memo anew."
        raise MemoError(msg)
    return Provenance.from_dict(record)


def _differences(what: str, then: Any, now: Any) -> list[str]:
    return [
        f"{what} {name} {_short(then.get(name))} then, {_short(now.get(name))} now"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "absent"
    return f"{value[:12]}…" if len(value) == 64 else value
