"""Every error and warning class of the library, on one page.

Belongs here: the classes, and the one rule by which an unknown name is answered with near names. Does not
belong here: deciding when something is wrong; that is said where it is known.

A message tells what was given, what is wrong with it, what is allowed and what to do, and names the argument.
It never holds a contact detail, a password or more than five offending rows.

::

    CarmsError
    ├── SourceError                 a file, archive or download cannot be used
    │   ├── SourceNotFoundError     (FileNotFoundError) it is not there
    │   ├── CorruptSourceError      it is there and cannot be read
    │   ├── UnsafeSourceError       reading it could harm this machine
    │   └── FetchError              (ConnectionError) the download failed
    ├── SchemaError                 (ValueError) a table breaks its contract
    ├── QualityError                a critical check failed
    ├── ArgumentError               (ValueError) an argument has a value that is not allowed
    │   └── UnknownNameError        (LookupError) a name that nothing carries; offers near names
    ├── ProblemError                (ValueError) a matching problem that contradicts itself
    ├── CohortError                 (ValueError) a cohort with missing, contradictory or unsourced numbers
    ├── MarketError                 (ValueError) a table from which no market can be built
    ├── ScenarioError               (ValueError) a scenario that cannot be applied
    ├── StudyError                  (ValueError) results that cannot answer what is asked
    ├── WorkerError                 (RuntimeError) a worker died before its draws were done
    ├── WarehouseError              the database cannot do what is asked
    │   ├── WarehouseUnavailableError   server gone, wrong address, locked, read-only
    │   ├── MigrationError              schema missing, older or newer than this library
    │   └── WriteConflictError          another writer was first
    ├── MemoError                   a memo that cannot be written as asked
    └── MissingExtraError           (ImportError) an optional dependency is not installed

    CarmsWarning (UserWarning)
    ├── DroppedWarning              something was left out, with its count
    ├── QualityWarning              a check of severity "warning" failed
    ├── TooFewDrawsWarning          the number of draws is too small for the width shown
    ├── LargeChangeWarning          a lever changes far more seats than is usual
    └── StabilityWarning            a matching that is not stable was returned
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ArgumentError",
    "CarmsError",
    "CarmsWarning",
    "CohortError",
    "CorruptSourceError",
    "DroppedWarning",
    "FetchError",
    "LargeChangeWarning",
    "MarketError",
    "MemoError",
    "MigrationError",
    "MissingExtraError",
    "ProblemError",
    "QualityError",
    "QualityWarning",
    "ScenarioError",
    "SchemaError",
    "SourceError",
    "SourceNotFoundError",
    "StabilityWarning",
    "StudyError",
    "TooFewDrawsWarning",
    "UnknownNameError",
    "UnsafeSourceError",
    "WarehouseError",
    "WarehouseUnavailableError",
    "WorkerError",
    "WriteConflictError",
]


class CarmsError(Exception):
    """Root of every error that this library raises on purpose."""


class SourceError(CarmsError):
    """A file, archive or download cannot be used."""


class SourceNotFoundError(SourceError, FileNotFoundError):
    """A file or folder that was named, or that a release needs, is not there."""

    # FileNotFoundError formats (errno, text) pairs; ours is a sentence.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class CorruptSourceError(SourceError):
    """A file is there and cannot be read: truncated, damaged, or not of the kind its name says."""


class UnsafeSourceError(SourceError):
    """Reading a file could harm this machine: an entry leaves its folder, or expands without end."""


class FetchError(SourceError, ConnectionError):
    """A download failed, or brought something other than what was asked for."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class SchemaError(CarmsError, ValueError):
    """A table breaks its contract: a column, type, key or range."""


class QualityError(CarmsError):
    """A critical check failed; nothing downstream was touched."""


class ArgumentError(CarmsError, ValueError):
    """An argument has a value that is not allowed."""


class UnknownNameError(ArgumentError, LookupError):
    """A name that nothing carries.

    Parameters
    ----------
    argument : str
        The argument or column in which the name was given.
    value : object
        The name as given.
    allowed : iterable of str
        Every name that would have been accepted. Near names are offered first; when none is near, a few of
        the allowed ones are listed.
    advice : str, default ""
        Said in place of near names, where more is known of the name than that it is unknown.

    Attributes
    ----------
    argument : str
    value : object
    suggestions : tuple of str
        The near names, nearest first; empty when none is near.
    """

    def __init__(self, argument: str, value: object, allowed: Iterable[object], *, advice: str = "") -> None:
        names = sorted({str(name) for name in allowed})
        folded: dict[str, str] = {}
        for name in names:
            folded.setdefault(name.casefold(), name)
        close = difflib.get_close_matches(str(value).casefold(), list(folded), n=3, cutoff=0.6)
        self.argument = argument
        self.value = value
        self.suggestions = tuple(folded[name] for name in close)
        if advice:
            self.suggestions = ()
            hint = advice
        elif self.suggestions:
            hint = "Did you mean " + " or ".join(repr(name) for name in self.suggestions) + "?"
        elif names:
            more = f" and {len(names) - 8} more" if len(names) > 8 else ""
            hint = "Allowed: " + ", ".join(repr(name) for name in names[:8]) + more + "."
        else:
            hint = "Nothing is allowed here: the table has no such values."
        super().__init__(f"{argument}={value!r} is unknown. {hint}")

    def __reduce__(self) -> tuple[object, ...]:
        # The message is built once; a worker process that raises this must be able to send it back.
        return (_rebuild_unknown_name, (self.argument, self.value, self.suggestions, str(self)))


def _rebuild_unknown_name(argument: str, value: object, suggestions: tuple[str, ...], message: str) -> UnknownNameError:
    error = UnknownNameError.__new__(UnknownNameError)
    Exception.__init__(error, message)
    error.argument, error.value, error.suggestions = argument, value, suggestions
    return error


class ProblemError(CarmsError, ValueError):
    """A matching problem that contradicts itself or names what is not there."""


class CohortError(CarmsError, ValueError):
    """A cohort with missing, contradictory or unsourced numbers."""


class MarketError(CarmsError, ValueError):
    """A table from which no market can be built."""


class ScenarioError(CarmsError, ValueError):
    """A scenario that cannot be applied to the market at hand."""


class StudyError(CarmsError, ValueError):
    """Results that cannot answer what is asked of them."""


class WorkerError(CarmsError, RuntimeError):
    """A worker died before its draws were done; what was done is in the checkpoint, if there is one."""


class WarehouseError(CarmsError):
    """The database cannot do what is asked."""


class WarehouseUnavailableError(WarehouseError):
    """The database cannot be reached, is locked, full or read-only."""


class MigrationError(WarehouseError):
    """The schema is missing, or older or newer than this library knows."""


class WriteConflictError(WarehouseError):
    """Another writer was first; nothing was written."""


class MemoError(CarmsError):
    """A memo that cannot be written as asked."""


class MissingExtraError(CarmsError, ImportError):
    """An optional dependency is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of this library that brings it.
    purpose : str
        What it is needed for, as the end of "… is needed to …".
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"The package {package!r} is needed to {purpose} and is not installed. "
            f"Install it with: pip install 'carms-lib[{extra}]'"
        )


class CarmsWarning(UserWarning):
    """Root of every warning of this library."""


class DroppedWarning(CarmsWarning):
    """Something was left out; the message holds its count and reason."""


class QualityWarning(CarmsWarning):
    """A check of severity "warning" failed; the build went on."""


class TooFewDrawsWarning(CarmsWarning):
    """The number of draws is too small for the width shown."""


class LargeChangeWarning(CarmsWarning):
    """A lever changes far more than is usual; the message holds how many seats it adds or removes."""


class StabilityWarning(CarmsWarning):
    """A matching that is not stable was returned; its blocking coalitions are in the result."""
