"""Counting draws: kernels that turn program numbers into counts per draw and group.

Belongs here: loops over draws and applicants. Does not belong here: what a count means.
"""

from __future__ import annotations

import numpy as np

from carms_lib.kernels.jit import kernel

__all__ = ["count_applicants", "count_first_choices", "count_seats"]


@kernel
def count_first_choices(
    choice: np.ndarray,
    match: np.ndarray,
    cell: np.ndarray,
    applicant_class: np.ndarray,
    cells: int,
    choosing: np.ndarray,
    outside: np.ndarray,
    unmatched: np.ndarray,
) -> None:
    """Count applicants by the cell of their first choice.

    Parameters
    ----------
    choice, match : ndarray of shape (D, n), int
        First-choice program and outcome; negative for none.
    cell : ndarray of shape (P,), int32
    applicant_class : ndarray of shape (n,), int32
    cells : int
    choosing, outside, unmatched : ndarray of shape (D, G), int32
        Written: applicants whose first choice lies in the cell; of these, those who end outside it (unmatched
        included); of these, the unmatched.
    """
    for d in range(choice.shape[0]):
        for a in range(choice.shape[1]):
            wanted = choice[d, a]
            if wanted < 0:
                continue
            g = applicant_class[a] * cells + cell[wanted]
            choosing[d, g] += 1
            got = match[d, a]
            if got < 0:
                unmatched[d, g] += 1
                outside[d, g] += 1
            elif cell[got] != cell[wanted]:
                outside[d, g] += 1


@kernel
def count_seats(match: np.ndarray, cell: np.ndarray, filled: np.ndarray) -> None:
    """Add up, in `filled` of shape (D, cells), the seats that are taken."""
    for d in range(match.shape[0]):
        for a in range(match.shape[1]):
            if match[d, a] >= 0:
                filled[d, cell[match[d, a]]] += 1


@kernel
def count_applicants(
    match: np.ndarray, applicant_class: np.ndarray, taking_part: np.ndarray, matched: np.ndarray
) -> None:
    """Add up, in arrays of shape (D, classes), who takes part and who is matched."""
    for d in range(match.shape[0]):
        for a in range(match.shape[1]):
            if match[d, a] > -2:
                taking_part[d, applicant_class[a]] += 1
                if match[d, a] >= 0:
                    matched[d, applicant_class[a]] += 1
