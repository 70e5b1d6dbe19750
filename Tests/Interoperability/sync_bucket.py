"""Copies a folder to a bucket or back, as `aws s3 sync` does.

    sync_bucket.py ENDPOINT KEY SECRET s3://bucket/prefix FOLDER     downloads
    sync_bucket.py ENDPOINT KEY SECRET FOLDER s3://bucket/prefix     uploads
"""

import os
import sys

import botocore.session
from botocore.config import Config

endpoint, key, secret, source, target = sys.argv[1:6]
s3 = botocore.session.get_session().create_client(
    "s3",
    endpoint_url=endpoint,
    aws_access_key_id=key,
    aws_secret_access_key=secret,
    region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}),
)


def parts(url):
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return bucket, prefix.rstrip("/") + "/"


if source.startswith("s3://"):
    bucket, prefix = parts(source)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            path = os.path.join(target, entry["Key"].removeprefix(prefix))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
else:
    bucket, prefix = parts(target)
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                s3.put_object(Bucket=bucket, Key=prefix + os.path.relpath(path, source), Body=file.read())
