"""The project: ``dagster dev -m examples.dagster_project.definitions``."""

import dagster as dg
from examples.dagster_project.arrivals import every_monday, new_release_files, publish_release
from examples.dagster_project.assets import ASSETS
from examples.dagster_project.platform import Platform

defs = dg.Definitions(
    assets=ASSETS,
    jobs=[publish_release],
    sensors=[new_release_files],
    schedules=[every_monday],
    resources={
        "platform": Platform(
            inbox=dg.EnvVar("CARMS_INBOX"),
            studies=dg.EnvVar("CARMS_STUDIES"),
            database_url=dg.EnvVar("CARMS_DATABASE_URL"),
        )
    },
)
