"""GET: published files become raw frames, byte for byte as published, but for contact details.

Belongs here: finding, fetching, opening and parsing the files of a release, and stopping contact details.
Does not belong here: typing, cleaning or judging a value (`carms_lib.transforms`), or promising its shape
(`carms_lib.schemas`).
"""

from __future__ import annotations

from ._fetch import fetch_release
from ._release import Release
from ._release_reader import load_release

__all__ = ["Release", "fetch_release", "load_release"]
