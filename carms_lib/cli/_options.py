"""The options that several commands share.

Belongs here: an option's name, type and help. Does not belong here: what is done with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["DrawsOption", "OptionalOutOption", "OutOption", "ReleaseOption", "RngOption", "ScenarioOption", "UrlOption"]

ReleaseOption = Annotated[
    Path | None,
    typer.Option("--release", help="Folder or archive of the published files; the bundled 1503 without it."),
]
DrawsOption = Annotated[int, typer.Option("--draws", help="Simulated matches for each scenario.")]
RngOption = Annotated[int, typer.Option("--rng", help="Entropy; the same number gives the same result.")]
ScenarioOption = Annotated[
    list[Path] | None,
    typer.Option("--scenario", help="TOML file of a scenario to compare with the baseline; may be repeated."),
]
OutOption = Annotated[Path, typer.Option("--out", help="Where to write.")]
OptionalOutOption = Annotated[Path | None, typer.Option("--out", help="CSV file to write; standard output without it.")]
UrlOption = Annotated[str, typer.Option("--url", help="sqlite:///file.db or postgresql+psycopg://…")]
