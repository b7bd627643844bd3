"""TELL: the page that a decision-maker reads, with every number computed and its provenance at the end.

Belongs here: the main job from release to memo, the words of the memo, and its form in HTML and Markdown. Does not
belong here: computing a number (`carms_lib.pressure`) or drawing a figure (`carms_lib.plotting`).
"""

from __future__ import annotations

from carms_lib.memo._memo_job import MemoPaths, check_memo, write_memo
from carms_lib.memo._scorecard_job import score_release, write_scorecard
from carms_lib.memo.findings import (
    beside_published,
    published_backtest,
    published_forecasts,
    published_outcome,
)

__all__ = [
    "MemoPaths",
    "beside_published",
    "check_memo",
    "published_backtest",
    "published_forecasts",
    "published_outcome",
    "score_release",
    "write_memo",
    "write_scorecard",
]
