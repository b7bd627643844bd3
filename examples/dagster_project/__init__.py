"""The library as a Dagster project: releases come into a folder, tables, studies and bands come out of the warehouse.

    dagster dev -m examples.dagster_project.definitions

``assets`` are the steps of the library with their metadata and checks, ``platform`` says where things lie, ``arrivals``
starts a run when files arrive and once a week, ``definitions`` puts it together.
"""
