"""A study as one file: arrays and tables with their provenance.

Belongs here: writing and reading it, a few draws at a time. Does not belong here: checkpoints of a run that is not
done, which are `draw_store`.

The file is a numpy archive (.npz) that `numpy.load(…, allow_pickle=False)` reads: one array for each scenario and
field, and a head in JSON.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pandas as pd

from carms_lib.exceptions import ArgumentError, StudyError
from carms_lib.provenance import Provenance
from carms_lib.simulator.draw.block import DRAWS_PER_INPUT, BlockResult
from carms_lib.simulator.study.draw_store import OUTCOME_FIELDS, DrawStore, Layout, open_store
from carms_lib.simulator.study.outcomes import DrawnOutcomes

__all__ = ["StoredStudy", "read_study", "write_study"]

_FORMAT = 4
_LATER = ("interviews", "place")  # since format 4
_READABLE = (2, 3, 4)  # format 2 held the parameters alone of each setting; 3 no interviews and places on lists


class StoredStudy(NamedTuple):
    """What a file holds."""

    store: DrawStore
    rows: dict[str, tuple[pd.DataFrame, pd.DataFrame]]  # scenario -> programs, applicants
    n_draws: int
    entropy: int
    inputs: pd.DataFrame
    input_moments: pd.DataFrame | None  # None in files of versions that did not keep them
    provenance: Provenance


def write_study(study: DrawnOutcomes, path: Path) -> None:
    """Write a study to a file that does not exist yet.

    Parameters
    ----------
    study : DrawnOutcomes
    path : Path

    Raises
    ------
    ArgumentError
        The file exists, or cannot be written.
    """
    if path.exists():
        raise ArgumentError(f"path={str(path)!r} exists already: choose another name or remove it first.")
    rows = {name: study.outcomes_of(name, 0, 0) for name in study.scenarios}
    head = {
        "format": _FORMAT,
        "scenarios": list(study.scenarios),
        "n_draws": study.n_draws,
        "entropy": study.entropy,
        "inputs": list(study.inputs.columns),
        "provenance": study.provenance.to_dict(),
        "tables": {
            f"{number}/{field}": getattr(each, field).to_json(orient="table", index=False, date_format="iso")
            for number, each in enumerate(rows.values())
            for field in ("programs", "applicants")
        },
    }
    try:
        with zipfile.ZipFile(path, "x", compression=zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            text = json.dumps(head, ensure_ascii=False, default=str).encode()
            _write_array(archive, "head", np.frombuffer(text, dtype=np.uint8))
            _write_array(archive, "inputs", study.inputs.to_numpy())
            if study.input_moments is not None:
                _write_array(archive, "input_moments", study.input_moments.to_numpy(float))
            for number, name in enumerate(study.scenarios):
                for field in OUTCOME_FIELDS:
                    like = getattr(rows[name], field)
                    parts = (np.ascontiguousarray(getattr(part, field)) for _, part in study.chunks(name))
                    _write_parts(archive, f"{number}/{field}", (study.n_draws, *like.shape[1:]), like.dtype, parts)
    except OSError as error:
        raise ArgumentError(f"path={str(path)!r} cannot be written: {error}.") from error


def _write_array(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, array, allow_pickle=False)


def _write_parts(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], kind: np.dtype[Any], parts: Iterator[np.ndarray]
) -> None:
    """Write an array whose rows come in parts; a field that no draw has, as of a study made by hand, has no rows."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        first = next(parts)
        shape = (0, *shape[1:]) if len(first) == 0 else shape
        head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, head)
        member.write(first.tobytes())
        for part in parts:
            member.write(part.tobytes())


def read_study(path: Path) -> StoredStudy:
    """Read what `write_study` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    StoredStudy

    Raises
    ------
    StudyError
        The file is not a study, or of a format that this version does not read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(_read_array(archive, "head").tobytes())
            if head["format"] not in _READABLE:
                raise StudyError(f"path={str(path)!r} has format {head['format']}; this version reads {_READABLE}.")
            rows = {
                name: (_read_table(head["tables"][f"{i}/programs"]), _read_table(head["tables"][f"{i}/applicants"]))
                for i, name in enumerate(head["scenarios"])
            }
            inputs = pd.DataFrame(_read_array(archive, "inputs"), columns=head["inputs"])
            inputs.index.name = "setting"
            moments = None
            if "input_moments.npy" in archive.namelist():
                names = list(inputs.columns)
                moments = pd.DataFrame(
                    _read_array(archive, "input_moments"), index=["mean", "sd", *names], columns=inputs.columns
                )
            return StoredStudy(
                store=_fill_store(archive, rows, int(head["n_draws"])),
                rows=rows,
                n_draws=int(head["n_draws"]),
                entropy=int(head["entropy"]),
                inputs=inputs,
                input_moments=moments,
                provenance=Provenance.from_dict(head["provenance"]),
            )
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(f"path={str(path)!r} is not a saved study: {error}.") from error


def _fill_store(
    archive: zipfile.ZipFile, rows: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], n_draws: int
) -> DrawStore:
    shapes = {name: (len(applicants), len(programs)) for name, (programs, applicants) in rows.items()}
    blocks = -(-n_draws // DRAWS_PER_INPUT)
    layout = Layout([[name] for name in rows], shapes)
    store = open_store(layout, blocks, None, {})
    known = set(archive.namelist())
    members = {
        name: {
            field: archive.open(f"{number}/{field}.npy")
            for field in OUTCOME_FIELDS
            if f"{number}/{field}.npy" in known or field not in _LATER
        }
        for number, name in enumerate(rows)
    }
    heads = {
        name: {field: _read_array_head(member) for field, member in opened.items()} for name, opened in members.items()
    }
    for block in range(blocks):
        count = min(DRAWS_PER_INPUT, n_draws - block * DRAWS_PER_INPUT)
        results = {}
        for name, opened in members.items():
            parts = {field: _read_rows(member, *heads[name][field], count) for field, member in opened.items()}
            for field in _LATER:  # not there, or of a study made by hand, which has no columns
                if parts.get(field, np.empty((0, 0))).shape[1] == 0:
                    parts[field] = np.zeros((count, shapes[name][0]), dtype=np.int16)
            results[name] = BlockResult(**parts)
        store.write(block, results)
    for opened in members.values():
        for member in opened.values():
            member.close()
    return store


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
    return array


def _read_array_head(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    np.lib.format.read_magic(member)
    shape, _, kind = np.lib.format.read_array_header_1_0(member)
    if kind.hasobject:
        raise StudyError("The file is not a saved study: an array holds objects.")
    return shape, kind


def _read_rows(member: IO[bytes], shape: tuple[int, ...], kind: np.dtype[Any], count: int) -> np.ndarray:
    if shape[0] == 0:
        return np.zeros((count, *shape[1:]), dtype=kind)
    size = count * int(np.prod(shape[1:])) * kind.itemsize
    read = member.read(size)
    if len(read) < size:
        raise StudyError("The file is not a saved study: an array is shorter than its head says.")
    return np.frombuffer(read, dtype=kind).reshape(count, *shape[1:])


def _read_table(text: str) -> pd.DataFrame:
    record = json.loads(text)
    kinds = {"integer": "int64", "number": "float64", "boolean": "bool"}
    frame = pd.DataFrame(record["data"], columns=[field["name"] for field in record["schema"]["fields"]])
    for field in record["schema"]["fields"]:
        if field["type"] in kinds and not frame[field["name"]].isna().any():
            frame[field["name"]] = frame[field["name"]].astype(kinds[field["type"]])
    return frame
