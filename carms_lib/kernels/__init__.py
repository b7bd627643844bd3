"""GROUND: what the compiled code of both engines stands on.

=============== ======================================================================================
module          holds
=============== ======================================================================================
`jit`           the decorators of kernels
`compilation`   how a kernel and all that it calls become one piece of machine code
`bundles`       named tuples of arrays that kernels take as one pointer
`cache`         machine code on disk, kept apart by everything that decides it
`arrays`        names of array types, and arrays that are closed to writing
`noise`         keyed random numbers: a function of entropy, purpose, draw, applicant and program
`variates`      normal, exponential and logistic numbers from random bits
`lanes`         eight integers compared at a time
=============== ======================================================================================

Belongs here: what any kernel may need. Does not belong here: anything that knows of applicants and programs.
"""

from __future__ import annotations

from carms_lib.kernels import arrays, jit, lanes, noise, variates

__all__ = ["arrays", "jit", "lanes", "noise", "variates"]
