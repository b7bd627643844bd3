"""Make the bundled facts of a release from the publisher's files.

Belongs here: which raw columns are facts, and the bytes of the bundle. Does not belong here: reading the files
(`carms_lib.loaders`) and reading the bundle back (the same).

Run ``python docs/make_release_bundle.py PATH`` where PATH is what `carms_lib.load_release` takes. The
bundle holds no prose and no person: free notes are left out, and the text of a section is given only where it is
a placeholder such as "n/a", because "present" is not "filled". The same files give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from carms_lib.loaders import Release, load_release
from carms_lib.transforms import to_bronze, to_silver

PLACEHOLDER = "n/a"
_DATA = Path(__file__).resolve().parents[1] / "carms_lib" / "data"

# Raw columns that are not facts, or that another bundled column says as well.
LEFT_OUT = {
    "page": ["source_url", "quota_note", "applications_note", "interview_note", "criteria_weights"],
    "section": ["heading"],
}


def bundle_files(release: Release) -> dict[str, bytes]:
    """Return the files of the bundle.

    Parameters
    ----------
    release : Release
        Read from the publisher's files, with the texts of sections.

    Returns
    -------
    dict of str to bytes
        File name -> content: UTF-8, line feeds, missing values empty.
    """
    tables = {name: frame.drop(columns=LEFT_OUT.get(name, [])) for name, frame in release.tables.items()}
    tables["section"] = tables["section"].assign(text=_placeholders(release))
    tables["sources"] = release.sources
    return {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode("utf-8") for name, frame in tables.items()
    }


def _placeholders(release: Release) -> pd.Series[str]:
    """Return "n/a" for each section that says nothing although its body has characters, else missing."""
    section = release["section"]
    silver = to_silver(to_bronze(release))["section"]
    silent = silver.loc[~silver["is_filled"], ["program_stream_id", "section_key"]].assign(silent=True)
    keys = section.assign(program_stream_id=section["document_id"].str.rpartition("-")[2])
    says_nothing = keys.merge(silent, on=["program_stream_id", "section_key"], how="left")["silent"].notna()
    has_body = (section["n_characters"] != "0").to_numpy()
    return pd.Series(PLACEHOLDER, index=section.index).where(says_nothing.to_numpy() & has_body)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the bundle of the release at the path given on the command line."""
    parser = argparse.ArgumentParser(description="Make the bundled facts of a release from the published files.")
    parser.add_argument("path", type=Path, help="folder or archive with the two workbooks and the pages")
    parser.add_argument("--out", type=Path, default=_DATA, help="folder for release_<id>/")
    options = parser.parse_args(arguments)
    release = load_release(options.path)
    folder = options.out / f"release_{release.release_id}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in bundle_files(release).items():
        folder.joinpath(name).write_bytes(content)


if __name__ == "__main__":
    main()
