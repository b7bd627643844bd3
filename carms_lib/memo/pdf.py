"""A memo as PDF, printed by a browser that is there.

Belongs here: finding a browser, and asking it to print a page. Does not belong here: how the page looks in print;
that is in `page.css`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from carms_lib.exceptions import MemoError

__all__ = ["BROWSER_VARIABLE", "find_browser", "print_pdf"]

BROWSER_VARIABLE = "CARMS_BROWSER"
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_TIMEOUT = 120  # seconds


def find_browser() -> str:
    """Return the path of a browser that can print.

    Raises
    ------
    MemoError
        If none is found; said before a long run, not after it.
    """
    named = os.environ.get(BROWSER_VARIABLE)
    for name in (named,) if named else _BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    where = f"{BROWSER_VARIABLE}={named!r} names none" if named else f"looked for {', '.join(_BROWSERS[:4])} …"
    msg = (
        f"pdf=True needs a browser to print with, and there is none ({where}). Install Chromium or Chrome, or set "
        f"{BROWSER_VARIABLE} to its path; without pdf the page can be printed from any browser."
    )
    raise MemoError(msg)


def print_pdf(browser: str, page: Path, to: Path) -> None:
    """Print the HTML file `page` into the PDF file `to`; needs no display.

    Raises
    ------
    MemoError
        If the browser fails or writes nothing.
    """
    with tempfile.TemporaryDirectory(prefix="carms-browser-") as profile:
        command = [
            browser, "--headless=new", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer",
            f"--user-data-dir={profile}", f"--print-to-pdf={to.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            # The page is our own and holds no script; the browser is the user's own.
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            msg = f"The browser {browser!r} could not print the memo: {error}."
            raise MemoError(msg) from error
    if done.returncode != 0 or not to.is_file() or to.stat().st_size == 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        msg = f"The browser {browser!r} could not print the memo: exit code {done.returncode}, {said}"
        raise MemoError(msg)
