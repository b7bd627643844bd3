"""Stable matching of applicants to programs: the mechanism of a residency match, useful without CaRMS data.

Belongs here: the face of the package. Does not belong here: anything about Canada, tables or years.
"""
