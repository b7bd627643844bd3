"""What a result was made from: release, file hashes, versions, entropy, settings.

Belongs here: the record itself, how it is read back and shown, and the hash of a file. Does not belong here:
the clock. A record holds nothing that differs between two runs on the same input, so that results, notebooks
and memos are reproducible to the byte.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Provenance", "package_versions", "sha256_bytes", "sha256_file"]

# The packages whose version can change a number or a drawing.
_PACKAGES = ("carms-lib", "numpy", "pandas", "pandera", "scipy", "statsmodels", "numba", "sqlalchemy", "matplotlib")


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change a number or a drawing."""
    return {"python": platform.python_version()} | {package: _version_of(package) for package in _PACKAGES}


@functools.cache  # a process has read a package in one version; to ask for it anew reads a file
def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "not installed"


@dataclass(frozen=True)
class Provenance:
    """What a result was made from.

    Parameters
    ----------
    release_id : str
        The release, such as "1503"; "" for a market that was built from a table of the user's own.
    sources : mapping of str to str
        File name -> SHA-256 in hexadecimal.
    versions : mapping of str to str
        Package -> version, and "python".
    entropy : int, optional
        The number from which all randomness was derived; None where nothing is random.
    settings : mapping
        Whatever else decides the numbers: cohort, scenarios, number of draws, levels.
    """

    release_id: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=package_versions)
    entropy: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def with_settings(self, *, entropy: int | None = None, **settings: Any) -> Provenance:
        """Return a copy with more settings, and with `entropy` where it is given."""
        return replace(
            self,
            entropy=self.entropy if entropy is None else entropy,
            settings={**self.settings, **settings},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, sorted by key, ready for JSON."""
        return {
            "release_id": self.release_id,
            "sources": dict(sorted(self.sources.items())),
            "versions": dict(sorted(self.versions.items())),
            "entropy": self.entropy,
            "settings": {key: self.settings[key] for key in sorted(self.settings)},
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Provenance:
        """Read a `record` that `to_dict` wrote."""
        return cls(
            release_id=str(record.get("release_id", "")),
            sources=dict(record.get("sources", {})),
            versions=dict(record.get("versions", {})),
            entropy=record.get("entropy"),
            settings=dict(record.get("settings", {})),
        )

    def to_json(self) -> str:
        """Return the record as indented JSON, the same bytes for the same content."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, default=str)

    def summary(self) -> str:
        """Return one screen of text for the end of a notebook or memo."""
        lines = [f"release    {self.release_id or '(own table)'}"]
        lines += [f"source     {name}  sha256 {digest[:16]}…" for name, digest in sorted(self.sources.items())]
        if self.entropy is not None:
            lines.append(f"entropy    {self.entropy}")
        lines += [f"setting    {key} = {self.settings[key]}" for key in sorted(self.settings)]
        lines.append("versions   " + ", ".join(f"{name} {version}" for name, version in sorted(self.versions.items())))
        return "\n".join(lines)


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of `content` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of the file at `path` in hexadecimal, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
