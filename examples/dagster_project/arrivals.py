"""When a run begins: a sensor on new files of a release, and a schedule that judges the newest one again."""

import time

import dagster as dg
from examples.dagster_project.assets import AS_OF, ASSETS, RELEASES
from examples.dagster_project.platform import Platform, fingerprint

QUIET_SECONDS = 60.0  # files that changed more recently may still be on their way

publish_release = dg.define_asset_job("publish_release", selection=dg.AssetSelection.assets(*ASSETS))


@dg.sensor(job=publish_release, minimum_interval_seconds=60)
def new_release_files(context: dg.SensorEvaluationContext, platform: Platform) -> dg.SensorResult | dg.SkipReason:
    """Publish a release when its files have arrived, or were replaced: each state of the files once."""
    requests, waiting = [], []
    for folder in platform.folders():
        newest = max((path.stat().st_mtime for path in folder.rglob("*") if path.is_file()), default=None)
        if newest is None or time.time() - newest < QUIET_SECONDS:
            waiting.append(folder.name)
            continue
        requests.append(dg.RunRequest(run_key=f"{folder.name}-{fingerprint(folder)}", partition_key=folder.name))
    if not requests:
        return dg.SkipReason(f"nothing has arrived; still being copied: {', '.join(waiting) or 'nothing'}")
    known = set(context.instance.get_dynamic_partitions(RELEASES.name))
    fresh = [request.partition_key for request in requests if request.partition_key not in known]
    return dg.SensorResult(
        run_requests=requests, dynamic_partitions_requests=[RELEASES.build_add_request(fresh)] if fresh else []
    )


@dg.schedule(job=publish_release, cron_schedule="0 6 * * 1", execution_timezone="America/Toronto")
def every_monday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Run the newest release again: unchanged rows are untouched, and its age is judged by this day."""
    known = context.instance.get_dynamic_partitions(RELEASES.name)
    if not known:
        return dg.SkipReason("no release has arrived yet")
    day = context.scheduled_execution_time.date().isoformat()
    newest = max(known)
    return dg.RunRequest(run_key=f"{newest}-{day}", partition_key=newest, tags={AS_OF: day})
