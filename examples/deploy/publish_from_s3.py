"""Publish a release that lies in S3: ``python -m examples.deploy.publish_from_s3 PREFIX``.

The files under the prefix are fetched into a folder of their own and read as any other release; credentials and region
come from the role of the task.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
import carms_lib as carms
from examples.api.publish import main


def fetch(client: Any, bucket: str, prefix: str, folder: Path) -> Path:
    """Fetch every object under a prefix into a folder; return it."""
    below = prefix.rstrip("/") + "/"
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below):
        for found in page.get("Contents", []):
            target = (folder / found["Key"].removeprefix(below)).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise ValueError(f"{found['Key']!r} would leave the folder it is fetched into")
            if found["Key"].endswith("/"):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    return folder


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        place = fetch(boto3.client("s3"), os.environ["CARMS_RELEASES_BUCKET"], sys.argv[1], Path(scratch))
        main(carms.load_release(place))
